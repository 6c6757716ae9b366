"""The jobs of a node on a real store: demos run out and go, old calls are shortened, sessions end."""

import datetime
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from tests.migrated import bring_up_to_date

from stimme.operations.agenda import RETRY, Every
from stimme.operations.jobs import Job, JobRunner, node_jobs
from stimme.store.accounts import Accounts
from stimme.store.call_recordings import CallRecordings
from stimme.store.database import Database
from stimme.store.live import customer_ids
from stimme.store.models import CallRecordRow, Session
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault

START = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


@dataclass
class Loaded:
    """The tenants of a node: takes over what is in the store."""

    database: Database
    ids: set[str] = field(default_factory=set)
    reloaded: list[str] = field(default_factory=list)

    def running(self) -> Collection[str]:
        return self.ids

    async def reload(self, tenant_id: str) -> None:
        self.reloaded.append(tenant_id)
        if tenant_id in await customer_ids(self.database):
            self.ids.add(tenant_id)
        else:
            self.ids.discard(tenant_id)


@dataclass
class World:
    """A node's jobs, a clock, and what makes customers."""

    database: Database
    make: Provisioning
    provider: str
    tenants: Loaded
    now: list[datetime.datetime]
    runner: JobRunner


async def no_mail(_now: datetime.datetime) -> None:
    """What sends mail has a test of its own."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    now = [START]
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    await bring_up_to_date(database)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, Vault(Fernet.generate_key()), passwords, now=lambda: now[0])
    provider = await make.create_provider("P", "root", "a long password")
    tenants = Loaded(database)
    recordings = CallRecordings(database, None)
    jobs = node_jobs(database, tenants, no_mail, recordings=recordings, shorten_after=90 * DAY, started=START)
    yield World(database, make, provider, tenants, now, JobRunner(jobs, lambda: now[0]))
    await database.close()


async def test_a_demo_is_told_to_its_tenant_and_dropped_thirty_days_later(world: World) -> None:
    demo = await world.make.create_customer(world.provider, "D", "d.example", licence="demo")
    await world.runner.run_due()
    assert (world.tenants.reloaded, world.tenants.ids) == ([demo], {demo})
    world.now[0] += 28 * DAY - datetime.timedelta(minutes=30)
    await world.runner.run_due()
    assert world.tenants.reloaded == [demo]
    # The sweep asked to be run at the very end of the demo, half an hour before its regular time.
    world.now[0] += datetime.timedelta(minutes=30)
    await world.runner.run_due()
    assert world.tenants.reloaded == [demo, demo]
    world.now[0] += 30 * DAY
    await world.runner.run_due()
    assert world.tenants.ids == set()
    assert await customer_ids(world.database) == set()


async def test_customers_of_the_command_line_are_taken_over_within_a_minute(world: World) -> None:
    await world.runner.run_due()
    made = await world.make.create_customer(world.provider, "C", "c.example")
    await world.runner.run_due()
    assert world.tenants.ids == set()
    world.now[0] += datetime.timedelta(minutes=1)
    await world.runner.run_due()
    assert world.tenants.ids == {made}


async def test_old_calls_lose_digits_at_night_and_sessions_end(world: World) -> None:
    customer = await world.make.create_customer(world.provider, "C", "c.example")
    person = await Accounts(world.database).by_login("root")
    assert person is not None
    accounts = Accounts(world.database, now=lambda: START)
    await accounts.open_session(person.account.id, remember=False)
    await accounts.open_session(person.account.id, remember=True)
    async with world.database.system() as session, session.begin():
        session.add(
            CallRecordRow(
                id="x",
                customer_id=customer,
                direction="incoming",
                caller_number="+4930111222",
                started_at=START,
                ended_at=START,
                result="missed",
            )
        )
    await world.runner.run_due()
    world.now[0] = START + 89 * DAY
    await world.runner.run_due()
    assert await _number(world) == "+4930111222"
    world.now[0] = START + 91 * DAY
    await world.runner.run_due()
    assert await _number(world) == "+4930111xxx"
    async with world.database.system() as session:
        assert (await session.scalars(select(Session))).all() == []


async def _number(world: World) -> str | None:
    async with world.database.system() as session:
        return (await session.scalars(select(CallRecordRow.caller_number))).one()


async def test_an_unreachable_store_is_no_end(world: World) -> None:
    runs: list[datetime.datetime] = []

    async def fails_once(now: datetime.datetime) -> None:
        runs.append(now)
        if len(runs) == 1:
            raise OperationalError("SELECT 1", None, OSError("away"))

    runner = JobRunner({"it": Job(Every(HOUR), fails_once)}, lambda: world.now[0])
    await runner.run_due()
    world.now[0] += RETRY
    await runner.run_due()
    await runner.run_due()
    assert runs == [START, START + RETRY]
    runner.hurry("it")
    await runner.run_due()
    assert len(runs) == 3
