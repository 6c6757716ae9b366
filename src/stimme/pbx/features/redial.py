"""Redial and automatic redial (P2).

Policy: automatic redial calls the number again every minute until it is not busy, ten times at most. It
ends when the user switches it off, or places another call. While the user's line is in use it waits. An
attempt is placed without the user; as soon as it rings at the other end, the user's telephone rings too.
"""

from dataclasses import dataclass
from enum import Enum

PAUSE = 60.0
MOST_ATTEMPTS = 10


class State(Enum):
    """Of an automatic redial."""

    PAUSING = "waiting for the next attempt"
    TRYING = "the number is being called"
    DONE = "rings, given up, or stopped"


class Event(Enum):
    """What moves it."""

    DUE = "the pause is over and the line is free"
    BUSY = "the callee is busy"
    GIVE_UP = "too many attempts"
    END = "rings, another failure, switched off"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.PAUSING, Event.DUE): State.TRYING,
    (State.PAUSING, Event.END): State.DONE,
    (State.TRYING, Event.BUSY): State.PAUSING,
    (State.TRYING, Event.GIVE_UP): State.DONE,
    (State.TRYING, Event.END): State.DONE,
}


@dataclass(slots=True)
class AutoRedialing:
    """One user's automatic redial of one number. Times are seconds of any clock."""

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

    def busy(self, now: float) -> None:
        """The callee was busy: once more after the pause, if not too often. Raises KeyError unless trying."""
        event = Event.GIVE_UP if self.attempts >= MOST_ATTEMPTS else Event.BUSY
        self.state = TRANSITIONS[(self.state, event)]
        self.next_at = now + PAUSE

    def end(self) -> None:
        """It rings, or the user has stopped it. Raises KeyError when it has ended already."""
        self.state = TRANSITIONS[(self.state, Event.END)]
