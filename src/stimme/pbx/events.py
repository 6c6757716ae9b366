"""What happened in a tenant, as typed events. Readers: web clients, later BLF, presence, reporting."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from stimme.pbx.records import CallListEntry, Party

LineState = Literal["free", "ringing", "busy", "offline"]
NEVER = datetime.min.replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """See `Event.at`. Made only for those who read events: most are read by nobody."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Event:
    """Base of all events. `user_ids` None means everybody of the tenant; `moment` is given by the bus."""

    type: ClassVar[str] = ""
    tenant_id: str
    user_ids: Collection[str] | None = field(default=None, kw_only=True)
    moment: datetime = field(default=NEVER, kw_only=True)

    @property
    def at(self) -> str:
        """The moment as clients get it, and give it back to resume: ISO 8601, UTC, microseconds."""
        return stamp(self.moment)

    def data(self) -> dict[str, Any]:
        """The event's own fields."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """As sent to clients."""
        return {"type": self.type, "at": self.at, "data": self.data()}


@dataclass(slots=True)
class RegistrationChanged(Event):
    """A device registered or is gone."""

    type: ClassVar[str] = "registration.changed"
    user_id: str | None
    device_id: str
    registered: bool
    devices_online: int

    def data(self) -> dict[str, Any]:
        """Who (None: nobody has logged in there), which device, and how many devices the user has online."""
        return {
            "user_id": self.user_id,
            "device_id": self.device_id,
            "registered": self.registered,
            "devices_online": self.devices_online,
        }


@dataclass(slots=True)
class CallChanged(Event):
    """A call moved on."""

    type: ClassVar[str] = "call.changed"
    call_id: str
    state: str
    direction: str
    caller: Party
    callee: Party
    started_at: datetime
    answered_at: datetime | None = None
    result: str | None = None

    def data(self) -> dict[str, Any]:
        """The call as it is now."""
        return {
            "call_id": self.call_id,
            "state": self.state,
            "direction": self.direction,
            "caller": self.caller.to_json(),
            "callee": self.callee.to_json(),
            "started_at": self.started_at.isoformat(),
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
            "result": self.result,
        }


@dataclass(slots=True)
class LineChanged(Event):
    """A user's line is free, ringing, busy or offline."""

    type: ClassVar[str] = "line.changed"
    user_id: str
    state: LineState

    def data(self) -> dict[str, Any]:
        """Whose line, and how it is."""
        return {"user_id": self.user_id, "state": self.state}


@dataclass(slots=True)
class CallListAdded(Event):
    """A line was added to a user's call list."""

    type: ClassVar[str] = "call_list.added"
    entry: CallListEntry

    def data(self) -> dict[str, Any]:
        """The new line as the call list shows it."""
        entry = self.entry
        return {
            "entry": {
                "id": entry.id,
                "call_id": entry.call_id,
                "direction": entry.direction,
                "result": entry.result,
                "number": entry.peer.number,
                "name": entry.peer.name,
                "user_id": entry.peer.user_id,
                "started_at": entry.started_at.isoformat(),
                "answered_at": entry.answered_at.isoformat() if entry.answered_at else None,
                "duration_seconds": entry.duration_seconds,
                "seen": False,
            }
        }


@dataclass(slots=True)
class SettingsChanged(Event):
    """A user's own settings changed, wherever that was done."""

    type: ClassVar[str] = "settings.changed"
    user_id: str
    settings: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """Whose settings, and what they are now."""
        return {"user_id": self.user_id, **self.settings}


@dataclass(slots=True)
class FeaturesChanged(Event):
    """A user has another package."""

    type: ClassVar[str] = "features.changed"
    user_id: str
    package: str
    features: list[str]

    def data(self) -> dict[str, Any]:
        """Whose package, which, and every feature that is on now."""
        return {"user_id": self.user_id, "package": self.package, "features": self.features}


@dataclass(slots=True)
class TrunkChanged(Event):
    """A trunk can or cannot carry calls."""

    type: ClassVar[str] = "trunk.changed"
    trunk_id: str
    name: str
    state: str
    detail: str

    def data(self) -> dict[str, Any]:
        """Which trunk, how it is, and a sentence for people."""
        return {"trunk_id": self.trunk_id, "name": self.name, "state": self.state, "detail": self.detail}
