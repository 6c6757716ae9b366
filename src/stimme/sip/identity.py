"""Who calls, as the network says and as the caller wants it shown: RFC 3323, 3325 and the older draft header.

Whether a peer's assertion is to be believed is the application's matter: P-Asserted-Identity means nothing
from outside the trust domain (RFC 3325 §5).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from stimme.sip.errors import SipParseError
from stimme.sip.message import Message
from stimme.sip.uri import NameAddr, SipUri

ANONYMOUS = NameAddr(SipUri("anonymous.invalid", "anonymous"), "Anonymous")
_HIDING = frozenset({"id", "user", "header"})
_MOST = 8


@dataclass(frozen=True, slots=True)
class IdentityHeaders:
    """What a request says of its caller.

    Attributes:
        from_: the From as it stands.
        asserted: P-Asserted-Identity, or Remote-Party-ID of older systems: what the network vouches for.
        preferred: P-Preferred-Identity: what a device wants to be asserted.
        privacy: the values of Privacy in lower case.
    """

    from_: NameAddr
    asserted: tuple[NameAddr, ...] = ()
    preferred: NameAddr | None = None
    privacy: frozenset[str] = frozenset()

    @property
    def withheld(self) -> bool:
        """True when the caller's number is not to be shown (CLIR)."""
        hidden = isinstance(self.from_.uri, SipUri) and self.from_.uri.host.lower() == "anonymous.invalid"
        return hidden or bool(self.privacy & _HIDING)


def read_identity(message: Message) -> IdentityHeaders:
    """The identity headers of a message; those that cannot be read are left out.

    Raises SipParseError when From cannot be read.
    """
    asserted = _addresses(message, "P-Asserted-Identity")
    privacy = {
        part.strip().lower() for value in message.headers.get_all("Privacy") for part in value.split(";")
    }
    if not asserted:
        asserted = _addresses(message, "Remote-Party-ID")
        if any((address.params.get("privacy") or "off").lower() != "off" for address in asserted):
            privacy.add("id")
    preferred = _addresses(message, "P-Preferred-Identity")
    return IdentityHeaders(
        message.from_, asserted, next(iter(preferred), None), frozenset(privacy - {"", "none"})
    )


def _addresses(message: Message, name: str) -> tuple[NameAddr, ...]:
    found: list[NameAddr] = []
    for value in message.headers.values(name)[:_MOST]:
        try:
            found.append(NameAddr.parse(value))
        except SipParseError:
            continue
    return tuple(found)


def identity_fields(
    *, asserted: Iterable[NameAddr] = (), preferred: NameAddr | None = None, withheld: bool = False
) -> list[tuple[str, str]]:
    """The identity headers of a request of ours.

    A withheld number still goes to the network in P-Asserted-Identity with `Privacy: id` (RFC 3325 §9.3);
    From is then `ANONYMOUS`, which is the caller's to set.
    """
    fields = [("P-Asserted-Identity", str(address)) for address in asserted]
    if preferred is not None:
        fields.append(("P-Preferred-Identity", str(preferred)))
    if withheld:
        fields.append(("Privacy", "id"))
    return fields
