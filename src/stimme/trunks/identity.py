"""Who is calling and who is called, towards the provider and from it (RFC 3325, RFC 3455)."""

from stimme.pbx.model import NumberBlock, Tenant, TrunkConfig, User
from stimme.pbx.records import Party
from stimme.pbx.routing import normalise
from stimme.sip.errors import SipParseError
from stimme.sip.message import Request
from stimme.sip.uri import NameAddr, SipUri


def outgoing_number(tenant: Tenant, user: User | None, trunk: TrunkConfig) -> str:
    """The network number of a user on this trunk: the own one, head number with extension, or head number.

    Without a user it is the head number: the house itself calls.
    """
    if user is None:
        heads = [block.head for block in tenant.numbers if block.trunk_id == trunk.id]
        return heads[0] if heads else trunk.username
    if user.number is not None and _belongs(user.number, tenant.numbers, trunk):
        return user.number
    for block in tenant.numbers:
        if block.trunk_id == trunk.id:
            return (
                block.head + user.extension if len(user.extension) <= block.extension_digits else block.head
            )
    return user.number or trunk.username


def _belongs(number: str, blocks: list[NumberBlock], trunk: TrunkConfig) -> bool:
    return any(block.trunk_id == trunk.id and number.startswith(block.head) for block in blocks)


def outgoing_headers(number: str, trunk: TrunkConfig) -> tuple[NameAddr, list[tuple[str, str]]]:
    """From and the identity headers of a call to the provider, by the network number (SIPconnect 2.0)."""
    identity = NameAddr(SipUri(trunk.host, number))
    return identity, [("P-Preferred-Identity", str(identity)), ("P-Asserted-Identity", str(identity))]


def caller_of(request: Request) -> Party:
    """The caller of a call from the provider: P-Asserted-Identity, else From; a number becomes E.164."""
    try:
        asserted = request.headers.values("P-Asserted-Identity")
        identity = NameAddr.parse(asserted[0]) if asserted else request.from_
    except SipParseError:
        identity = request.from_
    digits = identity.user
    number = normalise(digits) if digits.lstrip("+").isdigit() else None
    name = request.from_.display_name
    return Party(number or digits, "" if name == digits else name)


def _called_party(request: Request) -> list[str]:
    try:
        return [NameAddr.parse(value).user for value in request.headers.values("P-Called-Party-ID")[:1]]
    except SipParseError:
        return []


def dialled_number(request: Request, tenant: Tenant, trunk: TrunkConfig) -> str:
    """The number that the provider's caller dialled.

    It stands in the request URI. When that is the Contact that we registered, it is in P-Called-Party-ID,
    where the provider's proxy keeps what it has replaced (RFC 3455 §4.2), or in To.
    """
    for text in (*_called_party(request), request.user, request.to.user):
        digits = text.replace(" ", "")
        if digits == trunk.username and len(digits) < 8:
            continue
        number = normalise(digits) if digits.lstrip("+").isdigit() else None
        if number is not None and any(number.startswith(block.head) for block in tenant.numbers):
            return number
    return request.to.user or request.user
