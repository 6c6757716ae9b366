"""Automatic redial (P2).

Policy: a number that was busy, or where nobody answered, is called again every minute, ten times at most.
Each time the user's telephones ring first, showing the number; once answered there, the number is called as
if it had been dialled. A colleague whose line is in use is not tried, which counts as busy. While the user's
own line is in use it waits. It ends when somebody answers, when the number cannot be called, when the user
does not lift, switches it off, or calls another number.

Sans-I/O. Times are seconds of any clock.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

PAUSE = 60.0
MOST_ATTEMPTS = 10


class State(Enum):
    """Of an automatic redial."""

    PAUSING = "waiting for the next attempt"
    TRYING = "the number is being called"
    DONE = "answered, given up, or stopped"


class Event(Enum):
    """What moves it."""

    DUE = "the pause is over and the line is free"
    IN_VAIN = "the callee is busy, or did not answer"
    GIVE_UP = "too many attempts"
    END = "answered, another failure, switched off"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.PAUSING, Event.DUE): State.TRYING,
    (State.PAUSING, Event.END): State.DONE,
    (State.TRYING, Event.IN_VAIN): State.PAUSING,
    (State.TRYING, Event.GIVE_UP): State.DONE,
    (State.TRYING, Event.END): State.DONE,
}


@dataclass(slots=True)
class AutoRedialing:
    """One user's automatic redial of one number."""

    user_id: str
    number: str
    next_at: float
    attempts: int = 0
    state: State = State.PAUSING

    def due(self, now: float, *, line_free: bool) -> bool:
        """True when the number is to be called now; it is then taken as being called."""
        if self.state is not State.PAUSING or now < self.next_at or not line_free:
            return False
        self.state = TRANSITIONS[(self.state, Event.DUE)]
        self.attempts += 1
        return True

    def in_vain(self, now: float) -> None:
        """Busy, or no reply: once more after the pause, if not too often. Raises KeyError unless trying."""
        event = Event.GIVE_UP if self.attempts >= MOST_ATTEMPTS else Event.IN_VAIN
        self.state = TRANSITIONS[(self.state, event)]
        self.next_at = now + PAUSE

    def end(self) -> None:
        """Answered, or the user has stopped it. Raises KeyError when it has ended already."""
        self.state = TRANSITIONS[(self.state, Event.END)]

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it; an attempt that is going on counts."""
        return {"number": self.number, "next_at": self.next_at, "attempts": self.attempts}

    @classmethod
    def from_json(cls, user_id: str, value: dict[str, Any]) -> "AutoRedialing":
        """From the store. Raises KeyError or ValueError for a damaged value."""
        return cls(user_id, str(value["number"]), float(value["next_at"]), int(value["attempts"]))
