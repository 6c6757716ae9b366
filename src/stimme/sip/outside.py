"""Requests outside a dialog: REGISTER, OPTIONS, MESSAGE (RFC 3428), PUBLISH (RFC 3903), NOTIFY unasked.

Policy: one challenge is answered when there are credentials. When a server cannot be reached, does not answer
within `PATIENCE` or says 503, the next of the list gets the request (RFC 3263 §4.3).
"""

from collections.abc import Callable, Sequence

from stimme.sip.auth import DigestClient
from stimme.sip.flow import Destination
from stimme.sip.headers import CSeq
from stimme.sip.layer import TransactionLayer
from stimme.sip.message import Headers, Request, Response
from stimme.sip.transaction import ClientTransaction, Failure
from stimme.sip.uri import NameAddr, Uri

PATIENCE = 4.0


def request_outside(
    method: str,
    uri: Uri,
    *,
    from_: NameAddr,
    to_header: NameAddr,
    call_id: str,
    tag: str,
    cseq: int = 1,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "text/plain;charset=utf-8",
) -> Request:
    """A request for `UserAgent.request`; `call_id` and `tag` come from `UserAgent.token`."""
    fields = Headers(
        [
            ("Max-Forwards", "70"),
            ("From", str(from_.with_tag(tag))),
            ("To", str(to_header)),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} {method}"),
            *headers,
        ]
    )
    if body:
        fields.add("Content-Type", content_type)
    return Request(method, uri, fields, body)


class Exchange:
    """One request and what it takes to get its final response."""

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        destinations: Sequence[Destination],
        *,
        on_response: Callable[[Response], None],
        on_failure: Callable[[Failure], None],
        credentials: DigestClient | None,
        patience: float | None = None,
    ) -> None:
        self._layer = layer
        self._request = request
        self._ways = layer.ways(request, destinations)
        self._way = self._ways.pop(0)
        self._on_response = on_response
        self._on_failure = on_failure
        self._credentials = credentials
        self._patience = patience

    def start(self) -> ClientTransaction:
        """Sends the request."""
        patience = min(PATIENCE, self._patience or PATIENCE) if self._ways else self._patience
        return self._layer.send(self._request, self._way, self._answered, self._failed, patience=patience)

    def _answered(self, response: Response) -> None:
        header = None
        if self._credentials is not None and response.status in (401, 407):
            header = self._credentials.authorize(self._request, response)
            self._credentials = None
        if header is not None:
            self._again(header)
        elif response.status == 503 and self._ways:
            self._next()
        else:
            self._on_response(response)

    def _failed(self, failure: Failure) -> None:
        self._layer.failed_at(self._way)
        if self._ways:
            self._next()
        else:
            self._on_failure(failure)

    def _next(self) -> None:
        self._way = self._ways.pop(0)
        self._again(None)

    def _again(self, header: tuple[str, str] | None) -> None:
        again = Request(
            self._request.method, self._request.uri, self._request.headers.copy(), self._request.body
        )
        again.headers.remove("Via")
        if header is not None:
            again.headers.set("CSeq", str(CSeq(self._request.cseq.number + 1, self._request.method)))
            again.headers.set(*header)
        self._request = again
        self.start()
