"""Call records and call lists: what remains of a call."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Direction = Literal["internal", "incoming", "outgoing", "emergency"]
Result = Literal["answered", "missed", "busy", "declined", "cancelled", "failed", "no_answer"]
HangupBy = Literal["caller", "callee", "system"]


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call. `user_id` is None for somebody outside."""

    number: str
    name: str = ""
    user_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As events and the journal carry it."""
        return {"number": self.number, "name": self.name, "user_id": self.user_id}


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call; its id makes writing it twice the same as writing it once. Times are UTC."""

    id: str
    tenant_id: str
    direction: Direction
    caller: Party
    callee: Party
    answered_by: str | None
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    result: Result
    sip_status: int
    trunk_id: str | None = None
    hangup_by: HangupBy | None = None
    quality: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the journal carries it."""
        return {
            "id": self.id,
            "tenant_id": self.tenant_id,
            "direction": self.direction,
            "caller": self.caller.to_json(),
            "callee": self.callee.to_json(),
            "answered_by": self.answered_by,
            "started_at": self.started_at.isoformat(),
            "ringing_at": self.ringing_at.isoformat() if self.ringing_at else None,
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
            "ended_at": self.ended_at.isoformat(),
            "result": self.result,
            "sip_status": self.sip_status,
            "trunk_id": self.trunk_id,
            "hangup_by": self.hangup_by,
            "quality": self.quality,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CallRecord":
        """Raises KeyError, TypeError or ValueError for a damaged one."""
        times = {name: _time(value[name]) for name in ("ringing_at", "answered_at")}
        times |= {name: datetime.fromisoformat(value[name]) for name in ("started_at", "ended_at")}
        parties = {name: Party(**value[name]) for name in ("caller", "callee")}
        return cls(**{**value, **times, **parties})


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value is not None else None


@dataclass(frozen=True, slots=True)
class CallListEntry:
    """A call as one user's call list shows it; the peer is the other side."""

    user_id: str
    call_id: str
    direction: Literal["incoming", "outgoing"]
    result: Result
    peer: Party
    started_at: datetime
    answered_at: datetime | None
    duration_seconds: int | None

    @property
    def id(self) -> str:
        """Unique: users may call themselves, so the direction is part of it."""
        return f"{self.call_id}:{self.user_id}:{self.direction}"


@dataclass(frozen=True, slots=True)
class CallNote:
    """What a user notes of a call, while it goes on or afterwards; the time is UTC."""

    tenant_id: str
    call_id: str
    user_id: str
    kind: Literal["malicious"]
    noted_at: datetime


def result_of(status: int, *, answered: bool, cancelled: bool) -> Result:
    """How a call ended, from the final SIP status that its caller got."""
    if answered:
        return "answered"
    if cancelled:
        return "cancelled"
    if status in (486, 600):
        return "busy"
    if status == 603:
        return "declined"
    return "no_answer" if status in (408, 480) else "failed"


def call_list_entries(record: CallRecord, called_user_ids: tuple[str, ...]) -> list[CallListEntry]:
    """The lines that a call leaves: one for a caller who is a user, one for each user whose devices rang."""
    duration = None
    if record.answered_at is not None:
        duration = max(0, round((record.ended_at - record.answered_at).total_seconds()))
    entries: list[CallListEntry] = []
    if record.caller.user_id is not None:
        entries.append(
            CallListEntry(
                record.caller.user_id,
                record.id,
                "outgoing",
                record.result,
                record.callee,
                record.started_at,
                record.answered_at,
                duration,
            )
        )
    for user_id in called_user_ids:
        took = record.answered_by == user_id
        result: Result = record.result if took or record.result in ("declined", "busy") else "missed"
        entries.append(
            CallListEntry(
                user_id,
                record.id,
                "incoming",
                result,
                record.caller,
                record.started_at,
                record.answered_at if took else None,
                duration if took else None,
            )
        )
    return entries
