"""When the regular jobs of a node are due; no clock of its own, no work.

Policy: every job is due at the start, so that what a stopped node missed is caught up; then at its own
times. A job may ask to be run earlier than its next time, never later. One that failed is tried again after
a minute. Jobs may run more than once for the same reason, on this node or another: each must bear that.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

RETRY = datetime.timedelta(minutes=1)


class Timing(Protocol):
    """Says when a job is due next."""

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Return the first time after ``moment``."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, ``period`` after the end of the last run."""

    period: datetime.timedelta

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Return the first time after ``moment``."""
        return moment + self.period


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at a time of day in a zone; once, also on the days on which the clocks change."""

    at: datetime.time
    zone: datetime.tzinfo

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Return the first time after ``moment``."""
        day = moment.astimezone(self.zone).date()
        while (due := self._on(day)) <= moment:
            day += datetime.timedelta(days=1)
        return due

    def _on(self, day: datetime.date) -> datetime.datetime:
        return datetime.datetime.combine(day, self.at, self.zone).astimezone(datetime.UTC)


class Agenda:
    """The jobs by name with the next time of each."""

    def __init__(self, timings: Mapping[str, Timing], now: datetime.datetime) -> None:
        self._timings = dict(timings)
        self._next = dict.fromkeys(timings, now)

    def due(self, now: datetime.datetime) -> list[str]:
        """Return the jobs whose time has come, the longest overdue first."""
        names = [name for name, moment in self._next.items() if moment <= now]
        return sorted(names, key=lambda name: self._next[name])

    def begun(self, name: str, now: datetime.datetime) -> None:
        """A job runs: its next time is the regular one."""
        self._next[name] = self._timings[name].after(now)

    def sooner(self, name: str, moment: datetime.datetime) -> None:
        """A job asks to be run at a time already, when its next one is later."""
        self._next[name] = min(self._next[name], moment)

    def failed(self, name: str, now: datetime.datetime) -> None:
        """A job could not be done."""
        self._next[name] = min(now + RETRY, self._timings[name].after(now))

    def hurry(self, name: str, now: datetime.datetime) -> None:
        """There is something for a job to do at once."""
        self._next[name] = now

    def wait(self, now: datetime.datetime) -> datetime.timedelta:
        """Return how long nothing is due; zero when something is."""
        soonest = min(self._next.values(), default=now + RETRY)
        return max(datetime.timedelta(), soonest - now)
