"""The guard against toll fraud (T7): a stolen password must not cost a fortune overnight.

Policy:
    * Counted are calls to expensive zones (`barring.is_expensive`), by user and by customer, over the last
      hour: how many began, and how many minutes were spoken, calls that go on included.
    * At a limit further calls to these zones are refused; all others, and emergency calls, go on as always.
    * Calls that go on are ended once the minutes are used up.
    * Each time a limit is reached it is reported once, and again only after the hour has let it go.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

WINDOW = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many calls and minutes to expensive zones in an hour."""

    user_calls: int = 20
    user_minutes: float = 60.0
    customer_calls: int = 60
    customer_minutes: float = 240.0


@dataclass(frozen=True, slots=True)
class LimitReached:
    """For the alarm: whose limit, and how far it was used. `who` is the user's id, empty for the customer."""

    scope: Literal["user", "customer"]
    who: str
    calls: int
    minutes: float


@dataclass(slots=True)
class _Call:
    user_id: str
    started: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """May the call begin? `reached` is what is to be reported, None when it was reported already."""

    allowed: bool
    reached: LimitReached | None = None


@dataclass(slots=True)
class FraudGuard:
    """The guard of one customer. Times are seconds of any steady clock; minutes count from the answer."""

    limits: Limits = field(default_factory=Limits)
    _attempts: deque[tuple[float, str]] = field(default_factory=deque)
    _calls: dict[str, _Call] = field(default_factory=dict)
    _reported: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, user_id: str, now: float) -> Verdict:
        """A user places a call to an expensive zone."""
        self._forget(now)
        over = self._over(user_id, now, more_calls=1)
        if over is not None:
            return Verdict(allowed=False, reached=self._report(over))
        self._attempts.append((now, user_id))
        return Verdict(allowed=True)

    def answered(self, call_id: str, user_id: str, now: float) -> None:
        """The call was answered: from now on it costs."""
        self._calls[call_id] = _Call(user_id, now)

    def ended(self, call_id: str, now: float) -> None:
        """The call is over."""
        call = self._calls.get(call_id)
        if call is not None and call.ended is None:
            call.ended = now

    def to_cut(self, now: float) -> tuple[list[str], list[LimitReached]]:
        """Calls that are to be ended because the minutes are used up, and what is to be reported."""
        self._forget(now)
        cut: list[str] = []
        reports: list[LimitReached] = []
        for call_id, call in self._calls.items():
            over = self._over_minutes(call.user_id, now) if call.ended is None else None
            if over is None:
                continue
            cut.append(call_id)
            report = self._report(over)
            reports += [report] if report is not None else []
        return cut, reports

    def minutes(self, now: float, user_id: str | None = None) -> float:
        """Minutes within the last hour, of a user or of all."""
        seconds = 0.0
        for call in self._calls.values():
            if user_id in (None, call.user_id):
                until = now if call.ended is None else call.ended
                seconds += max(0.0, until - max(call.started, now - WINDOW))
        return seconds / 60

    def _over(self, user_id: str, now: float, *, more_calls: int) -> LimitReached | None:
        mine = sum(who == user_id for _, who in self._attempts)
        if mine + more_calls > self.limits.user_calls:
            return LimitReached("user", user_id, mine, self.minutes(now, user_id))
        if len(self._attempts) + more_calls > self.limits.customer_calls:
            return LimitReached("customer", "", len(self._attempts), self.minutes(now))
        return self._over_minutes(user_id, now)

    def _over_minutes(self, user_id: str, now: float) -> LimitReached | None:
        mine, all_ = self.minutes(now, user_id), self.minutes(now)
        if mine >= self.limits.user_minutes:
            return LimitReached("user", user_id, sum(who == user_id for _, who in self._attempts), mine)
        if all_ >= self.limits.customer_minutes:
            return LimitReached("customer", "", len(self._attempts), all_)
        return None

    def _report(self, reached: LimitReached) -> LimitReached | None:
        key = (reached.scope, reached.who)
        if key in self._reported:
            return None
        self._reported.add(key)
        return reached

    def _forget(self, now: float) -> None:
        while self._attempts and self._attempts[0][0] <= now - WINDOW:
            self._attempts.popleft()
        gone = [
            call_id
            for call_id, call in self._calls.items()
            if call.ended is not None and call.ended <= now - WINDOW
        ]
        for call_id in gone:
            del self._calls[call_id]
        for scope, who in list(self._reported):
            users = {user for _, user in self._attempts} | {call.user_id for call in self._calls.values()}
            quiet = (who not in users) if scope == "user" else not users
            if quiet or self._within(scope, who, now):
                self._reported.discard((scope, who))

    def _within(self, scope: str, who: str, now: float) -> bool:
        """True when a limit that was reported has room again."""
        if scope == "user":
            calls = sum(user == who for _, user in self._attempts)
            return calls < self.limits.user_calls and self.minutes(now, who) < self.limits.user_minutes
        return (
            len(self._attempts) < self.limits.customer_calls
            and self.minutes(now) < self.limits.customer_minutes
        )
