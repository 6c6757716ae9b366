"""From dialled digits to a destination: a pure function over the tenant's configuration.

Order: emergency numbers first, whatever else matches; then the user's own extensions; then numbers of this
customer, so that a colleague's public number does not leave the house; then the public network.
"""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.model import Tenant, TrunkConfig, User
from stimme.sip.uri import NameAddr, OtherUri, Uri

_LONGEST_INTERNAL = 5
# The numbers of a house come again and again. Nothing that is longer than this is a number.
_KEPT = 4096
_LONGEST_KEPT = 250
_SEPARATORS = str.maketrans("", "", " -()/.")


@dataclass(frozen=True, slots=True)
class ToUser:
    """A user of this tenant: all devices ring."""

    user: User


@dataclass(frozen=True, slots=True)
class ToTrunk:
    """The public network. `number` is E.164, or the digits themselves for emergency and service numbers."""

    trunk: TrunkConfig
    number: str
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Unroutable:
    """No destination: the SIP status and phrase for the caller."""

    status: int
    reason: str


Destination = ToUser | ToTrunk | Unroutable


def normalise(dialled: str, region: str = "DE") -> str | None:
    """A dialled public number as E.164, None when it cannot be one (00, 0 and + forms, visual separators)."""
    return _known(dialled, region) if len(dialled) <= _LONGEST_KEPT else None


def _normalise(dialled: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_known = lru_cache(maxsize=_KEPT)(_normalise)


def dialled_of(uri: Uri) -> str:
    """What a telephone dialled: user part or number of the request URI, or an emergency service (RFC 5031).

    `urn:service:sos.police` is 110, every other `urn:service:sos` is 112.
    """
    if isinstance(uri, OtherUri):
        service = uri.rest.lower()
        if uri.scheme != "urn" or not (service + ".").startswith("service:sos."):
            return ""
        return "110" if service.startswith("service:sos.police") else "112"
    return NameAddr(uri).user


def emergency_trunks(tenant: Tenant, caller: User | None) -> list[TrunkConfig]:
    """The trunks for an emergency call: the one of the caller's own site, then every other one.

    Another site's address is better than no answer; the order says which is tried first.
    """
    own = tenant.trunk_for(caller)
    others = [trunk for trunk in tenant.trunks.values() if own is None or trunk.id != own.id]
    return [own, *others] if own is not None else others


def route_from_user(tenant: Tenant, caller: User, dialled: str) -> Destination:
    """Where a call of one of the tenant's users goes."""
    emergency = emergency_number(dialled)
    if emergency is not None:
        return _to_trunk(tenant, caller, emergency, emergency=True)
    digits = dialled.partition(";")[0].translate(_SEPARATORS)
    colleague = tenant.by_extension(digits)
    if colleague is not None:
        return ToUser(colleague)
    if not digits.isascii() or not digits.removeprefix("+").isdigit():
        return Unroutable(404, "Not Found")
    if len(digits) <= _LONGEST_INTERNAL and not digits.startswith(("0", "+", "11")):
        return Unroutable(404, "Not Found")
    number = normalise(digits) if digits.startswith(("0", "+")) else digits
    if number is None:
        return Unroutable(484, "Address Incomplete")
    return _within(tenant, number) or _to_trunk(tenant, caller, number, emergency=False)


def route_from_trunk(tenant: Tenant, number: str) -> Destination:
    """Where a call from the public network to one of the tenant's numbers goes."""
    return _within(tenant, number) or Unroutable(404, "Not Found")


def _within(tenant: Tenant, number: str) -> Destination | None:
    user = tenant.by_number(number)
    if user is not None:
        return ToUser(user)
    if any(number.startswith(block.head) for block in tenant.numbers):
        return Unroutable(404, "Not Found")
    return None


def _to_trunk(tenant: Tenant, caller: User, number: str, *, emergency: bool) -> Destination:
    trunk = tenant.trunk_for(caller)
    if trunk is None:
        return Unroutable(503, "No Trunk")
    return ToTrunk(trunk, number, emergency)
