"""What a customer's calls to the public network are bound by (T4, T5, T7), as plain values and as JSON.

Policy: everybody may call what `barring` says, who is named in `barring_of` what is said there. A trunk that
is not named in `channels` carries as many calls as its provider lets through. None of it concerns emergency
calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stimme.pbx.apps.fields import FieldError, Fields
from stimme.sentences import Sentence
from stimme.trunks.barring import Barring, Reach
from stimme.trunks.fraud import Limits


@dataclass(frozen=True, slots=True)
class EmergencySite:
    """What a site says of emergency calls: its trunk, its network number (E.164), its address in words."""

    trunk_id: str
    number: str | None
    address: str = ""


@dataclass(frozen=True, slots=True)
class OutsideRules:
    """The rules of one customer.

    Attributes:
        barring: of everybody who is not named, and of calls that the house itself places.
        barring_of: by user id.
        limits: of the guard against toll fraud.
        channels: how many calls a trunk carries, by its id.
    """

    barring: Barring = field(default_factory=Barring)
    barring_of: Mapping[str, Barring] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    channels: Mapping[str, int] = field(default_factory=dict)

    def of(self, user_id: str) -> Barring:
        """What a user may call."""
        return self.barring_of.get(user_id, self.barring)


def read_rules(value: Any, path: str = "") -> OutsideRules:
    """The rules from JSON. Raises FieldError."""
    fields = Fields(value, path)
    barring = _read_barring(dict(fields.items("everybody")), fields.path("everybody"))
    users = {
        user_id: _read_barring(item, fields.path(f"users.{user_id}"))
        for user_id, item in fields.items("users")
    }
    limits = _read_limits(dict(fields.items("limits")), fields.path("limits"))
    trunks = Fields(dict(fields.items("channels")), fields.path("channels"))
    channels = {trunk_id: trunks.whole(trunk_id) for trunk_id, _ in fields.items("channels")}
    fields.done()
    return OutsideRules(barring, users, limits, channels)


def write_rules(rules: OutsideRules) -> dict[str, Any]:
    """The rules as JSON."""
    limits = rules.limits
    return {
        "everybody": _write_barring(rules.barring),
        "users": {user_id: _write_barring(barring) for user_id, barring in rules.barring_of.items()},
        "limits": {
            "user_calls": limits.user_calls,
            "user_minutes": limits.user_minutes,
            "customer_calls": limits.customer_calls,
            "customer_minutes": limits.customer_minutes,
        },
        "channels": dict(rules.channels),
    }


def _read_barring(value: Any, path: str) -> Barring:
    fields = Fields(value, path)
    name = fields.text("reach", Reach.INTERNATIONAL.name.lower())
    known = {reach.name.lower(): reach for reach in Reach}
    if name not in known:
        raise FieldError(
            fields.path("reach"),
            Sentence("none-of", "{text} is none of {known}", text=repr(name), known=", ".join(known)),
        )
    starts = Fields(dict(fields.items("exceptions")), fields.path("exceptions"))
    exceptions = {start: starts.flag(start) for start, _ in fields.items("exceptions")}
    fields.done()
    return Barring(known[name], exceptions)


def _write_barring(barring: Barring) -> dict[str, Any]:
    return {"reach": barring.reach.name.lower(), "exceptions": dict(barring.exceptions)}


def _read_limits(value: Any, path: str) -> Limits:
    fields = Fields(value, path)
    standard = Limits()
    limits = Limits(
        fields.whole("user_calls", standard.user_calls),
        fields.number("user_minutes", standard.user_minutes),
        fields.whole("customer_calls", standard.customer_calls),
        fields.number("customer_minutes", standard.customer_minutes),
    )
    fields.done()
    return limits
