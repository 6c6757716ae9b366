"""Timer values of RFC 3261 Table 4, and the queue that wakes transactions."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

_SPARE = 1000


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

    __slots__ = ("_queue", "action", "at")

    def __init__(self, at: float, action: Callable[[], None], queue: "AlarmQueue") -> None:
        self.at = at
        self.action: Callable[[], None] | None = action
        self._queue = queue

    def cancel(self) -> None:
        """Takes the action away; the entry leaves the queue later."""
        if self.action is not None:
            self.action = None
            self._queue.cancelled()


class AlarmQueue:
    """Alarms in order of time. The clock is the owner's: nothing here reads one.

    Cancelled alarms stay until their time comes or until they are more than half of the queue, so that the
    session timers of calls that ended long ago cost no memory.
    """

    __slots__ = ("_cancelled", "_heap", "_order")

    def __init__(self) -> None:
        # With a number of their own two entries never compare their alarms, which Python would have to do.
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = 0
        self._cancelled = 0

    def set(self, at: float, action: Callable[[], None]) -> Alarm:
        """Calls `action` once `run` is given a time of `at` or later."""
        alarm = Alarm(at, action, self)
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, alarm))
        return alarm

    def cancelled(self) -> None:
        """An alarm of this queue was cancelled."""
        self._cancelled += 1
        if self._cancelled > _SPARE and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def next(self) -> float | None:
        """When the next alarm is due, None when there is none."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Calls everything that is due."""
        while self._heap and self._heap[0][0] <= now:
            alarm = heapq.heappop(self._heap)[2]
            action, alarm.action = alarm.action, None
            if action is not None:
                action()
            else:
                self._cancelled -= 1

    def __len__(self) -> int:
        """Alarms that are kept, cancelled ones included."""
        return len(self._heap)
