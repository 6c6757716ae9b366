"""What holds on SQLite holds on PostgreSQL, with connections that really run at once."""

import asyncio
import datetime
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from stimme.directory.entry import Entry, EntryNumber
from stimme.licensing.errors import LicenceLimitError
from stimme.licensing.usage import Month
from stimme.store import migrate
from stimme.store.audit import Actor
from stimme.store.backed_up import BackupError
from stimme.store.backup import Passphrase, backup, restore
from stimme.store.billing import Billing
from stimme.store.changes import ANY, Authority, Expectation, Put
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.database import Database, Scope, TenantLeakError
from stimme.store.errors import FieldRefusedError, StaleError
from stimme.store.models import CallRecordRow, Device, User
from stimme.store.phone_books import NewBook, PhoneBookRepository
from stimme.store.provisioning import ConflictError, Provisioning
from stimme.store.schema import metadata
from stimme.store.secrets import Passwords, Vault
from stimme.store.telephony_configuration import TelephonyConfiguration
from stimme.store.transfer import CustomerTransfer
from stimme.store.writer import WriteBehind

MONTH = Month(2026, 11)
STAFF = Actor("root", "provider")
KEY = Fernet.generate_key()
VAULT = Vault(KEY)
ADDRESS = {"name": "N", "street": "S", "postcode": "1", "city": "C"}


@dataclass
class Books:
    database: Database
    make: Provisioning
    billing: Billing
    clock: list[datetime.datetime]
    provider: str
    customers: list[str]


@pytest.fixture
async def books(postgres_url: str) -> AsyncIterator[Books]:
    database = Database(postgres_url)
    await migrate.upgrade(database.engine)
    clock = [MONTH.start]
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, VAULT, passwords, now=lambda: clock[0])
    provider = await make.create_provider("P", "root", "a long password")
    reseller = await make.create_reseller(provider, "R")
    customers = [
        await make.create_customer(parent, f"C{number}", f"c{number}.example")
        for number, parent in enumerate((provider, reseller, reseller))
    ]
    async with database.system() as session, session.begin():
        session.add(
            BillingAddress(
                organisation_id=provider, vat_id="DE136695976", iban="DE02120300000000202051", **ADDRESS
            )
        )
        session.add_all(BillingAddress(organisation_id=one, **ADDRESS) for one in customers)
    yield Books(database, make, Billing(database, now=lambda: clock[0]), clock, provider, customers)
    await database.close()


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_migrations_go_up_and_down(postgres_url: str) -> None:
    database = Database(postgres_url)
    await migrate.upgrade(database.engine)
    assert await tables(database) == set(metadata.tables) | {"alembic_version"}
    await migrate.check(database.engine)
    await migrate.downgrade(database.engine, "base")
    assert await tables(database) == {"alembic_version"}
    await migrate.upgrade(database.engine)
    await database.close()


@pytest.mark.feature("L3")
async def test_limits_hold_when_everybody_comes_at_once(books: Books) -> None:
    demo = await books.make.create_customer(books.provider, "Demo", "demo.example", licence="demo")
    users = await asyncio.gather(
        *(books.make.create_user(demo, str(number), "X", package="klare") for number in range(10, 18)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, str) for one in users) == 3
    assert {type(one) for one in users} == {str, LicenceLimitError}
    async with books.database.system() as session:
        assert (await session.get_one(CustomerLicence, demo)).klare == 3


@pytest.mark.feature("L6", "L7")
async def test_closings_and_corrections_at_once_leave_no_gap(books: Books) -> None:
    for customer in books.customers:
        await books.make.create_user(customer, "10", "Anna", package="volle")
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    provider = Scope("provider", books.provider)
    results = await asyncio.gather(*(books.billing.close(provider, STAFF, MONTH) for _ in range(6)))
    assert [one.now for one in results].count(True) == 1
    assert {one.closing.invoices for one in results} == {3}
    asked = [(number, request) for number in (1, 2, 3) for request in ("a", "b", "c")]
    notes = await asyncio.gather(
        *(
            books.billing.credit(
                provider, STAFF, f"2026-{number:06}", None, reason="x", request_id=f"{request}{number}"
            )
            for number, request in asked
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in notes) == 3
    numbers = sorted(row.number for row in await books.billing.invoices(provider))
    assert numbers == [f"2026-{sequence:06}" for sequence in range(1, 7)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE licence_events SET quantity = 9",
        "DELETE FROM invoices",
        "TRUNCATE audit_entries",
        "UPDATE month_closings SET net = 0",
    ],
)
async def test_books_cannot_be_rewritten(books: Books, statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        async with books.database.engine.begin() as connection:
            await connection.execute(text(statement))


async def test_tenants_are_kept_apart_and_clashes_named(books: Books) -> None:
    mine, other = books.customers[:2]
    configuration = TelephonyConfiguration(books.database, VAULT, now=lambda: books.clock[0])
    who = Authority(Scope("customer", mine), Actor("admin", "customer"))
    values = {"extension": "10", "name": "A", "package": "klare", "number": "+4930123", "language": "de"}
    put = await configuration.put_user(who, "u1", mine, values=values, expected=Expectation())
    assert put.created
    for change, field in (({}, "extension"), ({"extension": "11"}, "number")):
        with pytest.raises(FieldRefusedError) as caught:
            await configuration.put_user(who, "u2", mine, values={**values, **change}, expected=Expectation())
        assert caught.value.field == field
    renamed = {**values, "name": "B"}
    changes = await asyncio.gather(
        *(
            configuration.put_user(who, "u1", mine, values={**renamed, "name": name}, expected=Expectation(1))
            for name in "BCDE"
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, StaleError) for one in changes) == 3
    assert sum(isinstance(one, Put) for one in changes) == 1
    await books.make.create_user(other, "10", "B", package="klare")
    async with books.database.scoped(Scope("customer", mine)) as session:
        assert {user.customer_id for user in await session.scalars(select(User))} == {mine}
        session.add(User(id="x", customer_id=other, extension="12", name="X", package="klare"))
        with pytest.raises(TenantLeakError):
            await session.flush()
    with pytest.raises(ConflictError):
        await books.make.create_customer("nowhere", "Lost", "lost.example")


async def test_a_customer_travels_from_sqlite_and_back(books: Books, tmp_path: Path) -> None:
    user = await books.make.create_user(books.customers[0], "10", "Anna", package="volle")
    await books.make.create_device(user, "anna", password="secret")
    here = CustomerTransfer(books.database, VAULT)
    document = await here.export(books.customers[0], with_secrets=True)
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/there.db")
    await migrate.upgrade(database.engine)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    await Provisioning(database, VAULT, passwords).create_provider("P", "root", "a long password")
    there = CustomerTransfer(database, VAULT)
    await there.apply(document)
    assert await there.export(books.customers[0], with_secrets=True) == document
    assert await here.plan(document) == []
    async with database.system() as session:
        assert VAULT.decrypt((await session.scalars(select(Device))).one().secret) == "secret"
    await database.close()


async def test_a_phone_book_is_taken_in_and_replaced(books: Books) -> None:
    mine = books.customers[0]
    who = Authority(Scope("customer", mine), Actor("admin", "customer"))
    repository = PhoneBookRepository(books.database)
    made = await repository.put(who, None, str(uuid.uuid4()), NewBook(mine, None, "Alle"), ANY)
    for count in (1_100, 3):
        people = [
            Entry(str(uuid.uuid4()), f"Müller {place}", (EntryNumber(f"+4930{place:06}"),))
            for place in range(count)
        ]
        await repository.add_many(who, made.row, people, replace=True)
        kept = [entry async for entry in repository.entries(made.row.id)]
        assert sorted(kept, key=lambda entry: entry.id) == sorted(people, key=lambda entry: entry.id)


async def test_calls_are_written_behind(books: Books) -> None:
    table = CallRecordRow.__table__
    writer = WriteBehind(books.database, (table,))  # type: ignore[arg-type]
    for customer in (books.customers[0], "gone"):
        writer.put(
            table,  # type: ignore[arg-type]
            f"call-{customer}",
            {
                "id": f"call-{customer}",
                "customer_id": customer,
                "direction": "internal",
                "started_at": MONTH.start,
                "ended_at": MONTH.start,
                "result": "answered",
                "quality": {},
            },
        )
    await writer.flush()
    async with books.database.system() as session:
        assert [row.customer_id for row in await session.scalars(select(CallRecordRow))] == [
            books.customers[0]
        ]


@pytest.mark.feature("O6")
async def test_a_backup_comes_back_with_everything(books: Books, tmp_path: Path) -> None:
    user = await books.make.create_user(books.customers[0], "10", "Anna", package="volle")
    await books.make.create_device(user, "anna", password="sip secret")
    url = str(books.database.engine.url.render_as_string(hide_password=False))
    key, target, words = tmp_path / "secret.key", tmp_path / "b.age", Passphrase("four words of mine")
    key.write_bytes(KEY)
    now = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
    manifest = await asyncio.to_thread(backup, url, key, target, words, now=now)
    await books.make.create_user(books.customers[0], "99", "Later", package="klare")
    with pytest.raises(BackupError, match="exists; a restore would replace it"):
        await asyncio.to_thread(restore, target, url, key, words)
    with pytest.raises(BackupError, match="this kind of database"):
        await asyncio.to_thread(
            restore, target, f"sqlite+aiosqlite:///{tmp_path}/x.db", tmp_path / "x.key", words
        )
    await books.database.engine.dispose()
    assert await asyncio.to_thread(restore, target, url, key, words, force=True) == manifest
    async with books.database.system() as session:
        users = (await session.scalars(select(User.extension))).all()
        (device,) = await session.scalars(select(Device))
    assert users == ["10"]
    assert VAULT.decrypt(device.secret) == "sip secret"
    await migrate.check(books.database.engine)
    with pytest.raises(IntegrityError, match="append-only"):
        async with books.database.engine.begin() as connection:
            await connection.execute(text("UPDATE audit_entries SET actor = 'x'"))
