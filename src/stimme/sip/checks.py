"""What a user agent checks before it lets a message in (RFC 3261 §8.2, §12.1.1, §16.3)."""

from stimme.sip.errors import SipParseError
from stimme.sip.headers import parse_media_type
from stimme.sip.message import Message, Request
from stimme.sip.uri import NameAddr, SipUri, Uri

SDP = "application/sdp"
INFO_BODIES = ("application/dtmf-relay", "application/dtmf", "application/media_control+xml")
ACCEPTED_BODIES = (SDP, "multipart/mixed", "multipart/alternative", "multipart/related")
_ACCEPT_OF_SDP = (SDP, "application/*", "*/*")
_SINGLE_HEADERS = ("From", "To", "Call-ID", "CSeq", "Max-Forwards")


def fault_of(request: Request) -> str | None:
    """What is wrong with a request that could be parsed (400). Raises SipParseError for unreadable values."""
    if request.headers.repeated:
        for name in _SINGLE_HEADERS:
            if len(request.headers.get_all(name)) > 1:
                return f"more than one {name}"
    if request.cseq.method != request.method:
        return "CSeq names another method"
    if not request.call_id:
        return "empty Call-ID"
    request.to.tag  # noqa: B018  parsing is the check
    request.from_.tag  # noqa: B018  parsing is the check
    request.max_forwards  # noqa: B018  parsing is the check
    if isinstance(request.uri, SipUri) and request.uri.headers:
        return "headers in the request URI"
    if request.method == "INVITE":
        check_dialog(request)
        if not request.contacts:
            return "an INVITE without Contact"
    return None


def check_dialog(message: Message) -> None:
    """Raises SipParseError when a dialog could not be made of a message (§12.1.1)."""
    for contact in message.contacts:
        if not isinstance(contact.uri, SipUri):
            raise SipParseError("a Contact that is not a SIP URI")
    for hop in message.headers.values("Record-Route"):
        if not isinstance(NameAddr.parse(hop).uri, SipUri):
            raise SipParseError("a route that is not a SIP URI")


def wants_sips(request: Request) -> bool:
    """Whether the dialog of a request needs a SIPS Contact from us (RFC 3261 §12.1.1, RFC 5630 §5.1.2)."""
    if _is_sips(request.uri):
        return True
    try:
        hops = request.headers.values("Record-Route")
        next_hops = [NameAddr.parse(hops[0])] if hops else request.contacts
    except SipParseError:
        return False  # what cannot be read is refused elsewhere
    return bool(next_hops) and _is_sips(next_hops[0].uri)


def _is_sips(uri: Uri) -> bool:
    return isinstance(uri, SipUri) and uri.scheme == "sips"


def refusal_of_info(info: Request) -> tuple[int, list[tuple[str, str]]] | None:
    """469 for an Info Package, of which we know none, 415 for a body that says nothing to us.

    None for the usage from before packages (RFC 6086 §4.2.2, §5.2.2): digits, and what is ignored.
    """
    if "Info-Package" in info.headers:
        return 469, [("Recv-Info", "")]
    media_type = parse_media_type(info.headers.get("Content-Type") or "")[0]
    if info.body and media_type not in INFO_BODIES:
        return 415, [("Accept", ", ".join(INFO_BODIES))]
    return None


def refusal_of_body(invite: Request) -> tuple[int, list[tuple[str, str]]] | None:
    """415 for a description that we cannot read, 406 for a caller who reads none of ours (§8.2.3, §13.3.1).

    None when the call may go on.
    """
    headers = invite.headers
    if invite.body:
        media_type = parse_media_type(headers.get("Content-Type") or SDP)[0]
        coding = (headers.get("Content-Encoding") or "identity").lower()
        if media_type not in ACCEPTED_BODIES or coding != "identity":
            return 415, [("Accept", ", ".join(ACCEPTED_BODIES)), ("Accept-Encoding", "identity")]
    accept = headers.values("Accept")
    if accept and not any(parse_media_type(value)[0] in _ACCEPT_OF_SDP for value in accept):
        return 406, []
    return None
