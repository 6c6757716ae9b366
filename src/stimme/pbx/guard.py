"""Slows down guessing of SIP passwords, by source address.

Policy: after 20 wrong passwords within a minute a source is refused for five minutes without looking at its
credentials. A right password forgives. The table is bounded; the source that was quiet longest leaves first.
"""

from collections import OrderedDict
from collections.abc import Callable

MAX_SOURCES = 10_000
FAILURES = 20
WINDOW = 60.0
BLOCK = 300.0


class GuessingGuard:
    """See the module's docstring. `clock` is in seconds; `failures` and `blocks` count since the start."""

    def __init__(self, clock: Callable[[], float], *, enabled: bool) -> None:
        self._clock = clock
        self._enabled = enabled
        self.failures = 0
        self.blocks = 0
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._blocked: OrderedDict[str, float] = OrderedDict()

    def failed(self, source: str) -> bool:
        """A wrong password came from here; True when the source is refused from now on."""
        self.failures += 1
        if not self._enabled:
            return False
        now = self._clock()
        since, count = self._failures.pop(source, (now, 0))
        if now - since > WINDOW:
            since, count = now, 0
        self._failures[source] = (since, count + 1)
        if count + 1 >= FAILURES:
            self._failures.pop(source)
            self._blocked[source] = now + BLOCK
            self.blocks += 1
        for table in (self._failures, self._blocked):
            while len(table) > MAX_SOURCES:
                table.popitem(last=False)
        return count + 1 >= FAILURES

    def succeeded(self, source: str) -> None:
        """A right password came from here."""
        self._failures.pop(source, None)

    def blocked(self, source: str) -> bool:
        """True while this source is refused."""
        until = self._blocked.get(source)
        if until is None:
            return False
        if until <= self._clock():
            del self._blocked[source]
            return False
        return True
