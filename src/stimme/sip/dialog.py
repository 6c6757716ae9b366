"""A dialog: its identity, sequence numbers and routes, and the requests within it (RFC 3261 §12)."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stimme.sip.auth import DigestClient
from stimme.sip.flow import DEFAULT_PORTS, Destination, Flow, Target, address_of
from stimme.sip.message import Headers, Message, Request, Response
from stimme.sip.session_id import HEADER, SessionIds
from stimme.sip.uri import NameAddr, SipUri, Uri, parse_uri

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent

HeaderFields = Sequence[tuple[str, str]]
SDP = "application/sdp"
_CSEQ_GAP = 100
_CREDENTIALS = ("Authorization", "Proxy-Authorization")
_TARGET_REFRESH = ("INVITE", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY")


class Dialog:
    """See the module's docstring.

    Attributes:
        id: our tag, unique.
        caller: whether we made the Call-ID: decides who waits longer after glare (§14.1).
        pinned: in-dialog requests go to where the dialog came from (devices behind NAT) instead of the peer's
            Contact or the route set's first hop (trunks).
    """

    __slots__ = (
        "_contact_text",
        "_credentials",
        "_local_text",
        "_proof",
        "_remote",
        "_remote_text",
        "_ua",
        "call_id",
        "caller",
        "contact",
        "destination",
        "id",
        "local",
        "local_cseq",
        "pinned",
        "remote_cseq",
        "remote_target",
        "route_set",
    )

    def __init__(
        self,
        ua: "UserAgent",
        *,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        contact: SipUri,
        destination: Destination,
    ) -> None:
        self._ua = ua
        self.call_id = call_id
        self.local = local
        self._local_text = ""
        self.remote = remote
        self.contact = contact
        self._contact_text = ""
        self.destination = destination
        self.id = local.tag or ""
        self.caller = True
        self.pinned = True
        self.remote_target: Uri = remote.uri
        self.route_set: list[str] = []
        self.local_cseq = 0
        self.remote_cseq = -1
        self._credentials: DigestClient | None = None
        self._proof: HeaderFields = ()

    @property
    def flow(self) -> Destination:
        """Where messages of this session go."""
        return self.destination

    def move(self, flow: Flow) -> None:
        """The peer's connection changed, for example after it registered over a new socket."""
        self.destination = flow

    @property
    def remote(self) -> NameAddr:
        """The other side, with its tag once it is known."""
        return self._remote

    @remote.setter
    def remote(self, address: NameAddr) -> None:
        self._remote = address
        self._remote_text = ""

    @property
    def agent(self) -> "UserAgent":
        """The user agent that this dialog belongs to."""
        return self._ua

    def takes(self, request: Request) -> bool:
        """Whether a request with an unknown tag is ours: one that overtook the response with that tag."""
        return False

    def next_hop(self) -> Destination:
        """Where requests within the dialog go."""
        if self.pinned:
            return self.destination
        return self._ua.locate(
            self.route_set[0] if self.route_set else str(self.remote_target), self.destination
        )

    def contact_field(self) -> str:
        """Our Contact as a header value."""
        if not self._contact_text:
            self._contact_text = f"<{self.contact}>"
        return self._contact_text

    def _local_field(self) -> str:
        if not self._local_text:
            self._local_text = str(self.local)
        return self._local_text

    def _remote_field(self) -> str:
        if not self._remote_text:
            self._remote_text = str(self._remote)
        return self._remote_text

    def build(self, method: str, cseq: int, headers: HeaderFields, body: bytes, content_type: str) -> Request:
        """A request within the dialog (§12.2.1.1), loose routing only."""
        fields = [
            ("Max-Forwards", "70"),
            ("From", self._local_field()),
            ("To", self._remote_field()),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        ]
        if method in _TARGET_REFRESH:
            fields.append(("Contact", self.contact_field()))
        if method in ("INVITE", "UPDATE"):
            # Without an offer of ours a reliable response would carry one, and its PRACK had to answer it.
            early = body or method == "UPDATE"
            fields.append(("Allow", self._ua.allow))
            fields.append(("Supported", self._ua.supported if early else self._ua.supported_late))
        fields += [("Route", route) for route in self.route_set]
        conversation = self._conversation()
        if conversation is not None:
            fields.append((HEADER, str(conversation)))
        if body:
            fields.append(("Content-Type", content_type))
        request = Request(method, self.remote_target, Headers.of(fields), body)
        request.headers.extend(headers)
        return request

    def _conversation(self) -> SessionIds | None:
        """The Session-ID of the conversation; None for dialogs that are no calls."""
        return None

    def establish(self, response: Response) -> None:
        """The dialog of a response to a request of ours, early or confirmed (§12.1.2)."""
        self.remote = response.to
        self.route_set = list(reversed(response.headers.values("Record-Route")))
        self.refresh_target(response)

    def refresh_target(self, message: Message) -> None:
        """The peer's Contact moved (§12.2.1.2, §12.2.2). Raises SipParseError."""
        contacts = message.contacts
        if contacts:
            uri = contacts[0].uri
            if isinstance(uri, SipUri) and "gr" in uri.params:  # a GRUU of ours: the device knows its contact
                uri = self._ua.contact_behind(uri) or uri
            self.remote_target = uri

    def acknowledge(self, cseq: int) -> bytes:
        """Sends the ACK of a 2xx and gives its bytes, for when the 2xx comes again (§13.2.2.4)."""
        request = self.build("ACK", cseq, self._proof, b"", SDP)
        data = self._ua.stamp(request, self.next_hop())
        self._ua.transmit(data, self.next_hop(), None)
        return data

    def _keep_proof(self, invite: Request) -> None:
        """The ACK carries the credentials of its INVITE (§22.1)."""
        if self._credentials is not None:
            self._proof = [field for field in invite.headers.items() if field[0] in _CREDENTIALS]

    def send_request(
        self,
        method: str,
        headers: HeaderFields,
        body: bytes,
        content_type: str,
        done: Callable[[Response | None], None],
        *,
        authorized: bool = False,
    ) -> None:
        """Sends a request within the dialog; `done` gets each response, or None when nobody answered.

        One challenge is answered when the dialog has credentials.
        """
        self.local_cseq += 1
        request = self.build(method, self.local_cseq, headers, body, content_type)

        def on_response(response: Response) -> None:
            if response.status in (401, 407) and self._credentials is not None and not authorized:
                header = self._credentials.authorize(request, response)
                if header is not None:
                    self.send_request(method, [*headers, header], body, content_type, done, authorized=True)
                    return
            done(response)

        if method == "INVITE":
            self._keep_proof(request)
        self._ua.send(request, self.next_hop(), on_response, lambda _: done(None))

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs, as JSON types. Secrets are not part of it."""
        return {
            "call_id": self.call_id,
            "local": self._local_field(),
            "remote": self._remote_field(),
            "contact": self.contact_field()[1:-1],
            "remote_target": str(self.remote_target),
            "route_set": self.route_set,
            "local_cseq": self.local_cseq,
            "remote_cseq": self.remote_cseq,
            "pinned": self.pinned,
            "caller": self.caller,
            "transport": self.destination.transport,
            "address": list(address_of(self.destination)),
        }

    def _resume(self, snapshot: dict[str, Any]) -> None:
        """Takes the rest of a snapshot over; CSeq leaves a gap for what was sent after it was made."""
        self.remote_target = parse_uri(snapshot["remote_target"])
        self.route_set = list(snapshot["route_set"])
        self.local_cseq = int(snapshot["local_cseq"]) + _CSEQ_GAP
        self.remote_cseq = int(snapshot["remote_cseq"])
        self.pinned = bool(snapshot["pinned"])
        self.caller = bool(snapshot["caller"])


def target_of(uri: SipUri, transport: str | None = None) -> Target:
    """Where a SIP URI points to, without DNS (RFC 3263 §4.1 for numeric hosts and explicit ports)."""
    chosen = "tls" if uri.scheme == "sips" else uri.transport or transport or "udp"  # RFC 5630 §4
    return Target(
        chosen, uri.host, uri.port or DEFAULT_PORTS.get(chosen, 5060), uri.host if chosen == "tls" else None
    )


def without_tag(address: NameAddr) -> NameAddr:
    """The same party outside a dialog."""
    params = {name: value for name, value in address.params.items() if name != "tag"}
    return NameAddr(address.uri, address.display_name, params)
