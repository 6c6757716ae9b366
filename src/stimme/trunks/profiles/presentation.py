"""Whose number a call to a provider shows (T6): as its profile wants it (RFC 3323, RFC 3325, SIPconnect 2.0).

Policy:
    * The network number is one that the provider knows: the user's own or the head number. It always goes
      along, in the identity headers, so that the provider can bill and trace the call.
    * What people see is From: the extension, the head number, a group's number or, with CLIP no screening,
      any other number that the customer may use.
    * A hidden number (CLIR) is hidden by `Privacy: id`; what the network knows is not changed.
    * An emergency call shows the network number of the site, whatever is set: no other number, and nothing
      hidden.
"""

from dataclasses import dataclass
from enum import Enum

from stimme.sip.identity import ANONYMOUS
from stimme.sip.uri import NameAddr, SipUri
from stimme.trunks.numbers import to_provider
from stimme.trunks.profiles.profile import Profile


class Show(Enum):
    """What a user's outside calls show to people."""

    OWN = "own"
    HEAD = "head"
    OTHER = "other"


def shown_number(show: Show, head: str | None, other: str | None) -> str | None:
    """The number for `shown` of `present`; None for the network number.

    Args:
        head: the head number of the trunk.
        other: a group's number, or one of CLIP no screening that the customer may use.
    """
    return {Show.OWN: None, Show.HEAD: head, Show.OTHER: other}[show]


@dataclass(frozen=True, slots=True)
class Presentation:
    """From and the headers that say who is calling."""

    from_: NameAddr
    headers: tuple[tuple[str, str], ...]


def present(
    profile: Profile,
    host: str,
    network: str,
    *,
    shown: str | None = None,
    name: str = "",
    hidden: bool = False,
    emergency: bool = False,
) -> Presentation:
    """From and identity headers of a call to a provider.

    Args:
        host: the provider's domain, as it stands in our address there.
        network: the network number (E.164), or the account's name where there is none.
        shown: the number that people are to see, None for the network number.
        name: a name for people, where the provider passes it on.
        hidden: CLIR.
        emergency: overrides `shown` and `hidden`.
    """
    identity = NameAddr(SipUri(host, to_provider(network, profile.numbers_out)))
    if emergency:
        return Presentation(identity, _identity(profile, identity))
    seen = shown if shown is not None and profile.clip_no_screening else network
    from_ = NameAddr(SipUri(host, to_provider(seen, profile.numbers_out)), name)
    if not hidden:
        return Presentation(from_, _identity(profile, identity))
    visible = ANONYMOUS if profile.anonymous_from else from_
    if profile.network_in == "from":
        # Without a header of its own the provider must find the number in From.
        visible = identity
    return Presentation(visible, (*_identity(profile, identity), ("Privacy", "id")))


def _identity(profile: Profile, identity: NameAddr) -> tuple[tuple[str, str], ...]:
    names = {
        "ppi": ("P-Preferred-Identity",),
        "pai": ("P-Asserted-Identity",),
        "both": ("P-Preferred-Identity", "P-Asserted-Identity"),
        "from": (),
    }[profile.network_in]
    return tuple((name, str(identity)) for name in names)
