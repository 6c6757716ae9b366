"""The guard against guessing passwords.

Policy: within a quarter of an hour, five wrong passwords for one account from one source, fifty for one
account from anywhere, or thirty from one source close that door until the oldest of them is a quarter of
an hour old. An attempt counts from its beginning, so that many at once do not slip through; a right
password takes its own count back.
"""

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 900.0
_PER_PAIR = 5
_PER_ACCOUNT = 50
_PER_SOURCE = 30
_MAX_KEYS = 100_000

_Key = tuple[str, str]


class SignInThrottle:
    """Counts attempts to sign in. ``clock`` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], *, enabled: bool) -> None:
        self._clock = clock
        self._enabled = enabled
        self._attempts: dict[_Key, deque[float]] = {}

    def attempt(self, login: str, source: str) -> float | None:
        """Count an attempt; returns the seconds to wait when it must not be made."""
        if not self._enabled:
            return None
        now = self._clock()
        waits = [
            wait
            for key, limit in self._limits(login, source)
            if (wait := self._wait(key, limit, now)) is not None
        ]
        if waits:
            return max(waits)
        self._forget_old(now)
        for key, _limit in self._limits(login, source):
            self._attempts.setdefault(key, deque()).append(now)
        return None

    def succeeded(self, login: str, source: str) -> None:
        """The password was right: the account's doors are open again for this source."""
        pair, account, from_source = (key for key, _limit in self._limits(login, source))
        self._attempts.pop(pair, None)
        for key in (account, from_source):
            times = self._attempts.get(key)
            if times:
                times.pop()

    @staticmethod
    def _limits(login: str, source: str) -> tuple[tuple[_Key, int], ...]:
        return (((login, source), _PER_PAIR), ((login, ""), _PER_ACCOUNT), (("", source), _PER_SOURCE))

    def _wait(self, key: _Key, limit: int, now: float) -> float | None:
        times = self._attempts.get(key)
        if times is None:
            return None
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return times[0] + WINDOW_SECONDS - now if len(times) >= limit else None

    def _forget_old(self, now: float) -> None:
        if len(self._attempts) < _MAX_KEYS:
            return
        self._attempts = {
            key: times for key, times in self._attempts.items() if times and times[-1] > now - WINDOW_SECONDS
        }
