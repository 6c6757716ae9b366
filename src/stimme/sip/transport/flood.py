"""Keeps one source from taking the whole node: a token bucket for each address, without I/O.

Policy: a source that never authenticated may send 50 requests a second that begin something (INVITE,
REGISTER, OPTIONS, …), 200 at once; responses and requests within dialogs count a tenth, what cannot be parsed
counts five. What is over that is dropped unread. A source that goes on, 500 messages dropped within a minute,
is blocked for five minutes: nothing of it is read. A source that authenticated, and a provider's address, is
trusted for an hour and may send forty times as much. Tables are bounded; the source that was quiet longest
leaves first.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_SOURCES = 20_000
_CHEAP = (b"SIP/", b"ACK ", b"BYE ", b"PRAC", b"CANC", b"INFO", b"UPDA", b"NOTI")


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Figures of the policy: messages a second, messages at once, seconds."""

    rate: float = 50.0
    burst: float = 200.0
    trusted_factor: float = 40.0
    trust: float = 3600.0
    drops: int = 500
    window: float = 60.0
    block: float = 300.0
    malformed: float = 5.0
    enabled: bool = True


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    dropped: int = 0
    since: float = 0.0


@dataclass(slots=True)
class FloodCounts:
    """What the guard has done since the start."""

    throttled: int = 0
    refused: int = 0
    blocks: int = 0


class FloodGuard:
    """See the module's docstring.

    Args:
        clock: seconds.
        limits: figures.
        on_blocked: called with the address of a source that is blocked from now on.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        limits: FloodLimits,
        on_blocked: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self.limits = limits
        self.on_blocked = on_blocked
        self.counts = FloodCounts()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._blocked: OrderedDict[str, float] = OrderedDict()
        self._trusted: OrderedDict[str, float] = OrderedDict()

    def admits(self, source: str, data: bytes) -> bool:
        """Whether a message of this source is to be read."""
        if not self.limits.enabled:
            return True
        return self._take(source, 0.1 if data[:4] in _CHEAP else 1.0)

    def malformed(self, source: str) -> None:
        """A message could not be parsed."""
        if self.limits.enabled:
            self._take(source, self.limits.malformed)

    def blocked(self, source: str) -> bool:
        """True while nothing of this source is read."""
        until = self._blocked.get(source)
        if until is None:
            return False
        if until > self._clock():
            return True
        del self._blocked[source]
        return False

    def trust(self, source: str) -> None:
        """Somebody authenticated from here."""
        if source in self._trusted:
            self._trusted.move_to_end(source)
        self._trusted[source] = self._clock() + self.limits.trust
        self._blocked.pop(source, None)
        _bound(self._trusted)

    def trusted(self, source: str) -> bool:
        """Whether somebody authenticated from here of late; everybody is while the guard is off."""
        return not self.limits.enabled or self._trusts(source, self._clock())

    def _trusts(self, source: str, now: float) -> bool:
        return self._trusted.get(source, 0.0) > now

    def _take(self, source: str, cost: float) -> bool:
        now = self._clock()
        if self._blocked and self.blocked(source):
            self.counts.refused += 1
            return False
        factor = self.limits.trusted_factor if self._trusts(source, now) else 1.0
        burst = self.limits.burst * factor
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = _Bucket(burst, now)
            _bound(self._buckets)
        else:
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * self.limits.rate * factor)
            bucket.at = now
            self._buckets.move_to_end(source)
        if bucket.tokens >= cost:
            bucket.tokens -= cost
            return True
        self.counts.throttled += 1
        self._dropped(source, bucket, now)
        return False

    def _dropped(self, source: str, bucket: _Bucket, now: float) -> None:
        if now - bucket.since > self.limits.window:
            bucket.since, bucket.dropped = now, 0
        bucket.dropped += 1
        if bucket.dropped >= self.limits.drops and not self._trusts(source, now):
            del self._buckets[source]
            self._blocked[source] = now + self.limits.block
            _bound(self._blocked)
            self.counts.blocks += 1
            self.on_blocked(source)


def _bound(table: OrderedDict[str, float] | OrderedDict[str, _Bucket]) -> None:
    while len(table) > MAX_SOURCES:
        table.popitem(last=False)
