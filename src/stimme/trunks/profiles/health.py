"""Whether a provider is there (T1): OPTIONS now and then (RFC 3261 §11), and what calls show.

Policy:
    * A request every `options_interval` of the profile; while there is doubt, every tenth of it, at least
      five seconds.
    * Any final answer but 408 and 503 proves that the provider is there: many answer OPTIONS by 403 or 405.
    * Three in a row without a sign, and the provider is down: an alarm. One sign, and it is up again.
    * A call that the provider answered is a sign like any other, and saves the next request.
    * The state never keeps a call from being tried: it is for people, and for the order in which trunks are
      tried.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

FAILURES = 3
SHORTEST = 5.0
_KEPT = 1440


class State(Enum):
    """Of a provider, as people see it."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    UNKNOWN = "unknown"
    UP = "up"
    DOUBTFUL = "doubtful"
    DOWN = "down"


class Sign(Enum):
    """What was seen of a provider."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    ALIVE = "an answer"
    SILENT = "no answer, no connection, 408, 503"
    SILENT_TOO_LONG = "the last of several in a row"


TRANSITIONS: dict[tuple[State, Sign], State] = {
    **{(state, Sign.ALIVE): State.UP for state in State},
    (State.UNKNOWN, Sign.SILENT): State.DOUBTFUL,
    (State.UP, Sign.SILENT): State.DOUBTFUL,
    (State.DOUBTFUL, Sign.SILENT): State.DOUBTFUL,
    (State.DOWN, Sign.SILENT): State.DOWN,
    **{(state, Sign.SILENT_TOO_LONG): State.DOWN for state in State},
}


def is_alive(status: int) -> bool:
    """Whether a final answer proves that the provider is there."""
    return status not in (408, 503)


@dataclass(slots=True)
class Health:
    """One provider. Times are seconds of any steady clock.

    Attributes:
        interval: seconds between requests; 0 sends none.
    """

    interval: float = 60.0
    state: State = State.UNKNOWN
    changed_at: float | None = None
    last_sign: float | None = None
    round_trip: float | None = None
    _failures: int = 0
    _next: float | None = None
    _seen: deque[bool] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def begin(self, now: float) -> None:
        """Starts asking."""
        self._next = now if self.interval else None

    def next_wakeup(self) -> float | None:
        """When OPTIONS is to be sent; None while an answer is awaited, or when none is sent."""
        return self._next

    def asking(self) -> None:
        """OPTIONS is being sent: nothing more before `alive` or `silent`."""
        self._next = None

    def alive(self, now: float, round_trip: float | None = None) -> State | None:
        """A sign of life; gives the new state when it changed."""
        self._failures = 0
        self.last_sign = now
        if round_trip is not None:
            self.round_trip = round_trip
        return self._step(Sign.ALIVE, now)

    def silent(self, now: float) -> State | None:
        """No sign of life where one was due; gives the new state when it changed."""
        self._failures += 1
        return self._step(Sign.SILENT_TOO_LONG if self._failures >= FAILURES else Sign.SILENT, now)

    @property
    def availability(self) -> float | None:
        """The share of good signs among the last ones kept (a day at one a minute), None without any."""
        return sum(self._seen) / len(self._seen) if self._seen else None

    def view(self, now: float) -> dict[str, Any]:
        """For the health view: ages in seconds, the round trip in milliseconds."""
        return {
            "state": self.state.value,
            "for_seconds": None if self.changed_at is None else now - self.changed_at,
            "last_sign_seconds_ago": None if self.last_sign is None else now - self.last_sign,
            "round_trip_ms": None if self.round_trip is None else round(self.round_trip * 1000, 1),
            "availability": self.availability,
        }

    def _step(self, sign: Sign, now: float) -> State | None:
        before, self.state = self.state, TRANSITIONS[(self.state, sign)]
        self._seen.append(sign is Sign.ALIVE)
        if self.interval:
            pause = self.interval if self.state is State.UP else max(SHORTEST, self.interval / 10)
            self._next = now + pause
        if self.state is before:
            return None
        self.changed_at = now
        return self.state
