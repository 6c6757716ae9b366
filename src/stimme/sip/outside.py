"""Requests outside a dialog: OPTIONS, MESSAGE (RFC 3428), PUBLISH (RFC 3903), NOTIFY without subscription."""

from collections.abc import Sequence

from stimme.sip.message import Headers, Request
from stimme.sip.uri import NameAddr, Uri


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
