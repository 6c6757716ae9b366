"""Timer values of RFC 3261 Table 4, and the queue that wakes transactions."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timers:
    """T1, T2 and T4 in seconds (RFC 3261 §17.1.1.1); everything else follows from them."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def timeout(self) -> float:
        """64 × T1: timers B, F, H, J, L, M."""
        return 64 * self.t1


class Alarm:
    """One pending call of the queue; `cancel` makes it never happen."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Takes the action away; the entry leaves the queue when its time comes."""
        self.action = None

    def __lt__(self, other: "Alarm") -> bool:
        return self.at < other.at


class AlarmQueue:
    """Alarms in order of time. The clock is the owner's: nothing here reads one."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[Alarm] = []

    def set(self, at: float, action: Callable[[], None]) -> Alarm:
        """Calls `action` once `run` is given a time of `at` or later."""
        alarm = Alarm(at, action)
        heapq.heappush(self._heap, alarm)
        return alarm

    def next(self) -> float | None:
        """When the next alarm is due, None when there is none."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def run(self, now: float) -> None:
        """Calls everything that is due."""
        while self._heap and self._heap[0].at <= now:
            action = heapq.heappop(self._heap).action
            if action is not None:
                action()
