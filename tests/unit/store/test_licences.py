"""Licences in the database: counted with what is set up, limited under concurrency, never rewritten."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from tests.migrated import bring_up_to_date

from stimme.licensing.errors import LicenceLimitError, LicenceMissingError
from stimme.store.audit import Actor
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.database import Database, Scope, TenantLeakError
from stimme.store.ledger_models import AuditEntry, LicenceEventRow
from stimme.store.licences import LicenceRepository, change_licences
from stimme.store.models import Device, User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault

PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/l.db")
    await bring_up_to_date(opened)
    yield opened
    await opened.close()


@pytest.fixture
def make(database: Database) -> Provisioning:
    return Provisioning(database, Vault(Fernet.generate_key()), PASSWORDS, now=lambda: NOW)


async def history(database: Database, customer: str) -> list[tuple[str, int]]:
    events = await LicenceRepository(database).events(
        Scope("customer", customer), customer, before=None, limit=100
    )
    return [(event.kind, event.quantity) for event in reversed(events)]


async def trunk(make: Provisioning, customer: str, number: int) -> str:
    return await make.create_trunk(
        customer,
        f"Trunk {number}",
        kind="static",
        host="127.0.0.1",
        port=5060,
        transport="udp",
        username="",
        password="",
    )


async def test_what_is_set_up_is_counted(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    customer = await make.create_customer(provider, "C", "c.example")
    await make.create_user(customer, "10", "Anna", package="volle")
    await make.create_user(customer, "11", "Bert", package="volle")
    await trunk(make, customer, 1)
    await trunk(make, customer, 2)
    assert await history(database, customer) == [("base", 1), ("volle", 1), ("volle", 2), ("trunk", 1)]
    other = await make.create_customer(provider, "D", "d.example", licence=None)
    with pytest.raises(LicenceMissingError):
        await make.create_user(other, "10", "Anna", package="klare")
    async with database.system() as session:
        numbers = [row.number for row in await session.scalars(select(CustomerLicence))]
        assert sorted(numbers) == [10001, 10002]
        assert (await session.scalars(select(User.id).where(User.customer_id == other))).all() == []


async def test_limits_hold_when_everybody_comes_at_once(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    demo = await make.create_customer(provider, "Demo", "demo.example", licence="demo")
    users = await asyncio.gather(
        *(make.create_user(demo, str(number), "Somebody", package="klare") for number in range(10, 17)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, str) for one in users) == 3
    assert {type(one) for one in users} == {str, LicenceLimitError}
    customer = await make.create_customer(provider, "C", "c.example")
    trunks = await asyncio.gather(
        *(trunk(make, customer, number) for number in range(19)), return_exceptions=True
    )
    assert sum(isinstance(one, str) for one in trunks) == 16
    assert (await history(database, customer))[-1] == ("trunk", 15)


async def test_the_database_itself_holds_the_limits(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    demo = await make.create_customer(provider, "Demo", "demo.example", licence="demo")
    for values in ({"trunks": 2}, {"klare": 2, "volle": 2}, {"demo_ends": None}, {"klare": -1}):
        with pytest.raises(IntegrityError):
            async with database.system() as session, session.begin():
                await session.execute(
                    update(CustomerLicence).where(CustomerLicence.customer_id == demo).values(**values)
                )


@pytest.mark.parametrize("book", ["licence_events", "audit_entries"])
async def test_books_cannot_be_rewritten(database: Database, make: Provisioning, book: str) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    await make.create_customer(provider, "C", "c.example")
    for statement in (f"UPDATE {book} SET actor = 'me'", f"DELETE FROM {book}"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with database.engine.begin() as connection:
                await connection.execute(text(statement))


async def test_history_never_runs_backwards(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    customer = await make.create_customer(provider, "C", "c.example")
    earlier = NOW - datetime.timedelta(days=1)
    async with database.system() as session, session.begin():
        await change_licences(session, customer, lambda held: held.with_trunk(), cause="x", now=earlier)
        await change_licences(session, customer, lambda held: held.with_trunk(), cause="x", now=earlier)
    async with database.system() as session:
        assert {row.at for row in await session.scalars(select(LicenceEventRow))} == {NOW}


async def test_changes_are_recorded_with_before_and_after(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    reseller = await make.create_reseller(provider, "R")
    customer = await make.create_customer(reseller, "C", "c.example")
    user_id = await make.create_user(customer, "10", "Anna", package="klare")
    await make.create_device(user_id, "anna", password="very secret")
    actor = Actor("admin@c.example", "customer", "account-1")
    async with database.scoped(Scope("customer", customer), actor) as session, session.begin():
        user = (await session.scalars(select(User))).one()
        user.name = "Anne"
        device = (await session.scalars(select(Device))).one()
        device.secret = "other"
    async with database.scoped(Scope("customer", customer), actor) as session, session.begin():
        await session.delete((await session.scalars(select(Device))).one())
    async with database.scoped(Scope("reseller", reseller)) as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()))).all()
    gone, renamed_or_secret = entries[0], entries[1:3]
    assert (gone.action, gone.subject, gone.after, gone.actor) == ("delete", "device", None, actor.name)
    by_subject = {entry.subject: entry for entry in renamed_or_secret}
    assert (by_subject["user"].before, by_subject["user"].after) == ({"name": "Anna"}, {"name": "Anne"})
    assert by_subject["device"].after == {"secret": "(secret)"}
    assert {entry.customer_id for entry in entries} == {customer, None}
    assert {entry.reseller_id for entry in entries} == {reseller}
    assert "very secret" not in str([(entry.before, entry.after) for entry in entries])
    async with database.scoped(Scope("customer", customer)) as session:
        assert {e.customer_id for e in await session.scalars(select(AuditEntry))} == {customer}
    other = await make.create_customer(provider, "D", "d.example")
    async with database.scoped(Scope("customer", other)) as session:
        assert {e.customer_id for e in await session.scalars(select(AuditEntry))} == {other}


async def test_nobody_writes_above_or_beside_himself(database: Database, make: Provisioning) -> None:
    provider = await make.create_provider("P", "root", "a long password")
    mine, other = await make.create_reseller(provider, "Mine"), await make.create_reseller(provider, "Other")
    theirs = await make.create_customer(other, "T", "t.example")
    address = {"name": "X", "street": "S", "postcode": "1", "city": "C"}
    for organisation in (theirs, other, provider):
        async with database.scoped(Scope("reseller", mine)) as session:
            session.add(BillingAddress(organisation_id=organisation, **address))
            with pytest.raises(TenantLeakError):
                await session.flush()
    async with database.scoped(Scope("reseller", mine)) as session, session.begin():
        await session.execute(delete(BillingAddress))
        session.add(BillingAddress(organisation_id=mine, **address))
