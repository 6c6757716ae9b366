"""The regular jobs of a node, and what runs them.

Policy: jobs run one after another beside the calls and must give way to the event loop. A store that cannot
be reached now is no reason to end: the job is logged and tried again. The wall clock may jump; it is read
again at least once a minute.
"""

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from stimme.operations.agenda import Agenda, Daily, Every, Timing
from stimme.operations.garbage import collect_everything
from stimme.store.accounts import Accounts
from stimme.store.call_recordings import CallRecordings
from stimme.store.database import Database
from stimme.store.demos import DemoLicences
from stimme.store.errors import StoreError
from stimme.store.live import customer_ids
from stimme.store.privacy import Privacy

_LONGEST_SLEEP = datetime.timedelta(minutes=1)
_MAIL_EVERY = datetime.timedelta(seconds=5)
_BERLIN = ZoneInfo("Europe/Berlin")
_log = structlog.get_logger(__name__)

Work = Callable[[datetime.datetime], Awaitable[datetime.datetime | None]]
"""Does a job at a time; returns when it wants to be done again if that is earlier than usual."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do regularly."""

    timing: Timing
    work: Work


class Tenants(Protocol):
    """The telephone systems that run on this node."""

    def running(self) -> Collection[str]:
        """Ids of the tenants that are loaded."""
        ...

    async def reload(self, tenant_id: str) -> None:
        """Read a tenant's configuration again; one that is gone from the store ends."""
        ...


class JobRunner:
    """Runs jobs at their times until cancelled."""

    def __init__(self, jobs: Mapping[str, Job], now: Callable[[], datetime.datetime]) -> None:
        self._jobs = jobs
        self._now = now
        self._agenda = Agenda({name: job.timing for name, job in jobs.items()}, now())
        self._hurried = asyncio.Event()

    def hurry(self, name: str) -> None:
        """Run a job as soon as possible: there is something for it to do."""
        self._agenda.hurry(name, self._now())
        self._hurried.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await self.run_due()
            pause = min(_LONGEST_SLEEP, self._agenda.wait(self._now()))
            try:
                await asyncio.wait_for(self._hurried.wait(), pause.total_seconds())
            except TimeoutError:
                continue

    async def run_due(self) -> None:
        """Run what is due now, each job once."""
        self._hurried.clear()
        for name in self._agenda.due(self._now()):
            # Entered first: whoever hurries it while it runs is not overlooked.
            self._agenda.begun(name, self._now())
            try:
                sooner = await self._jobs[name].work(self._now())
            except (SQLAlchemyError, StoreError, OSError) as error:
                _log.error("job failed, trying again", job=name, reason=str(error))
                self._agenda.failed(name, self._now())
            else:
                if sooner is not None:
                    self._agenda.sooner(name, sooner)


def node_jobs(
    database: Database,
    tenants: Tenants,
    send_mail: Work,
    *,
    recordings: CallRecordings,
    shorten_after: datetime.timedelta,
    started: datetime.datetime,
) -> dict[str, Job]:
    """Build the jobs of every node.

    Args:
        database: The store.
        tenants: The telephone systems that are told of changes.
        send_mail: Empties the outbox.
        recordings: Of calls: those whose time is over are deleted.
        shorten_after: How long after its end a call keeps the numbers of outsiders in full.
        started: When the tenants were loaded.
    """
    return {
        "demo licences": Job(Every(datetime.timedelta(hours=1)), _demo_sweep(database, tenants, started)),
        "customers": Job(Every(datetime.timedelta(minutes=1)), _follow_customers(database, tenants)),
        "sessions": Job(Every(datetime.timedelta(hours=1)), Accounts(database).forget_expired),
        "mail": Job(Every(_MAIL_EVERY), send_mail),
        "old calls": Job(Daily(datetime.time(3, 20), _BERLIN), _shortening(database, shorten_after)),
        "old recordings": Job(Daily(datetime.time(3, 40), _BERLIN), _forgetting(recordings)),
        "memory": Job(Daily(datetime.time(4, 10), _BERLIN), collect_everything),
    }


def _demo_sweep(database: Database, tenants: Tenants, started: datetime.datetime) -> Work:
    demos = DemoLicences(database)
    last = started

    async def sweep(now: datetime.datetime) -> datetime.datetime | None:
        nonlocal last
        found = await demos.sweep(now, since=last)
        last = now
        for customer_id in (*found.expired, *found.erased):
            await tenants.reload(customer_id)
        if found.expired or found.erased:
            _log.info("demo licences ended", expired=len(found.expired), erased=len(found.erased))
        return found.next_at

    return sweep


def _follow_customers(database: Database, tenants: Tenants) -> Work:
    """Takes over customers that another process (the command line, another node) has made or deleted."""

    async def follow(_now: datetime.datetime) -> None:
        stored = await customer_ids(database)
        for customer_id in stored ^ set(tenants.running()):
            await tenants.reload(customer_id)

    return follow


def _forgetting(recordings: CallRecordings) -> Work:
    async def forget(now: datetime.datetime) -> None:
        count = await recordings.forget_old(now)
        if count:
            _log.info("old recordings deleted", recordings=count)

    return forget


def _shortening(database: Database, after: datetime.timedelta) -> Work:
    privacy = Privacy(database)

    async def shorten(now: datetime.datetime) -> None:
        count = await privacy.shorten_calls(now - after)
        if count:
            _log.info("old calls shortened", calls=count)

    return shorten
