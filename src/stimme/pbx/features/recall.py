"""What becomes of a transferred call that nobody takes (K12): it comes back.

Policy: a call that was transferred to a ringing telephone comes back to the one who transferred it when it
was not answered in time, or when the target refuses or cannot be reached; it shows where it was. When that
one does not answer either, it goes to the attendant, and when nobody does, it ends. A target that is busy
keeps the call waiting when call waiting allows it; otherwise the call comes back at once.
"""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Where a transferred call rings."""

    TARGET = "at the target"
    BACK = "at the one who transferred it"
    ATTENDANT = "at the attendant"
    ANSWERED = "answered"
    ENDED = "given up"


class Event(Enum):
    """What happens there."""

    ANSWER = "answered"
    NO_ANSWER = "time is up, refused, busy, unreachable"
    HANG_UP = "the transferred party hung up"


_RINGING = (State.TARGET, State.BACK, State.ATTENDANT)
TRANSITIONS: dict[tuple[State, Event], State] = {
    **{(state, Event.ANSWER): State.ANSWERED for state in _RINGING},
    **{(state, Event.HANG_UP): State.ENDED for state in _RINGING},
    (State.TARGET, Event.NO_ANSWER): State.BACK,
    (State.BACK, Event.NO_ANSWER): State.ATTENDANT,
    (State.ATTENDANT, Event.NO_ANSWER): State.ENDED,
}


@dataclass(frozen=True, slots=True)
class RingAt:
    """Ring at a number for so many seconds, showing the number where the call was before."""

    number: str
    seconds: float
    came_from: str | None


@dataclass(slots=True)
class TransferRecall:
    """One transferred call.

    Args:
        target: the number it was transferred to.
        by: the number of the one who transferred it.
        attendant: the last resort, None for none.
    """

    target: str
    by: str
    attendant: str | None = None
    seconds: float = 30.0
    state: State = State.TARGET

    def begin(self) -> RingAt:
        """The call is transferred."""
        return RingAt(self.target, self.seconds, None)

    def step(self, event: Event) -> RingAt | None:
        """What happened; gives where the call rings next, None for nowhere. Raises KeyError after its end."""
        self.state = TRANSITIONS[(self.state, event)]
        if self.state is State.ATTENDANT and self.attendant in (None, self.by):
            self.state = State.ENDED
        match self.state:
            case State.BACK:
                return RingAt(self.by, self.seconds, self.target)
            case State.ATTENDANT if self.attendant is not None:
                return RingAt(self.attendant, self.seconds, self.by)
            case _:
                return None
