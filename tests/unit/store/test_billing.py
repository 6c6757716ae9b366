"""Closing months in the database: once, for all, without gaps, and never again."""

import asyncio
import datetime
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from tests.migrated import bring_up_to_date
from tests.unit.licensing.test_usage import recount

from stimme.licensing.errors import ClosingError, InvoiceError, PriceError
from stimme.licensing.holding import Holding
from stimme.licensing.packages import LicenceKind, Package
from stimme.licensing.prices import DEFAULT_PRICES, Price, VatRate
from stimme.licensing.usage import LicenceEvent, Month
from stimme.store.audit import Actor
from stimme.store.billing import Billing
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.licences import change_licences, holding_of
from stimme.store.models import User
from stimme.store.price_list import Prices
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault

MONTH = Month(2026, 11)
STAFF = Actor("root", "provider", "account")
AMOUNTS = {price.kind: price.amount for price in DEFAULT_PRICES}


@dataclass
class Books:
    database: Database
    make: Provisioning
    billing: Billing
    prices: Prices
    clock: list[datetime.datetime]
    provider: Scope
    home: Scope
    customers: list[str]

    async def address(self, organisation_id: str, **more: str) -> None:
        async with self.database.system() as session, session.begin():
            session.add(
                BillingAddress(
                    organisation_id=organisation_id,
                    **{"name": "N", "street": "S", "postcode": "1", "city": "C", **more},
                )
            )


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/b.db")
    await bring_up_to_date(database)
    clock = [MONTH.start + datetime.timedelta(hours=1)]
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, Vault(Fernet.generate_key()), passwords, now=lambda: clock[0])
    provider = await make.create_provider("P", "root", "a long password")
    home = await make.create_reseller(provider, "Home")
    customers = [
        await make.create_customer(provider, "Own", "own.example"),
        await make.create_customer(home, "North", "north.example"),
        await make.create_customer(home, "South", "south.example"),
    ]
    opened = Books(
        database,
        make,
        Billing(database, now=lambda: clock[0]),
        Prices(database),
        clock,
        Scope("provider", provider),
        Scope("reseller", home),
        customers,
    )
    await opened.address(provider, vat_id="DE123456789", iban="DE02120300000000202051")
    for customer in customers:
        await opened.address(customer)
    yield opened
    await database.close()


async def test_two_closings_at_once_are_one(books: Books) -> None:
    await books.make.create_user(books.customers[1], "10", "Anna", package="volle")
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    results = await asyncio.gather(*(books.billing.close(books.provider, STAFF, MONTH) for _ in range(5)))
    assert [one.now for one in results].count(True) == 1
    assert {(one.closing.invoices, one.closing.net) for one in results} == {(3, Decimal("87.60"))}
    rows = await books.billing.invoices(books.provider)
    assert [row.number for row in rows] == ["2026-000003", "2026-000002", "2026-000001"]
    assert [row.customer_id for row in reversed(rows)] == books.customers
    await books.make.create_user(books.customers[1], "11", "Bert", package="volle")
    again = await books.billing.close(books.provider, STAFF, MONTH)
    assert (again.now, again.closing.net) == (False, Decimal("87.60"))
    assert len(await books.billing.invoices(books.provider)) == 3


async def test_a_failed_closing_leaves_no_gap(books: Books) -> None:
    lost = await books.make.create_customer(books.provider.organisation_id, "Lost", "lost.example")
    books.clock[0] = MONTH.end
    with pytest.raises(ClosingError, match="can be closed from 2026-12-01 01:00 on"):
        await books.billing.close(books.provider, STAFF, MONTH)
    books.clock[0] += datetime.timedelta(hours=2)
    with pytest.raises(ClosingError, match="Lost has no billing address"):
        await books.billing.close(books.provider, STAFF, MONTH)
    assert await books.billing.invoices(books.provider) == []
    await books.address(lost)
    await books.billing.close(books.provider, STAFF, MONTH)
    numbers = [row.number for row in await books.billing.invoices(books.provider)]
    assert numbers == [f"2026-{sequence:06}" for sequence in (4, 3, 2, 1)]


async def test_everybody_sees_its_own(books: Books) -> None:
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    with pytest.raises(NotFoundError):
        await books.billing.close(books.home, Actor("home", "reseller"), MONTH)
    await books.billing.close(books.provider, STAFF, MONTH)
    own, north, south = books.customers
    seen = {
        scope: {row.customer_id for row in await books.billing.invoices(scope)}
        for scope in (books.provider, books.home, Scope("customer", north))
    }
    assert seen == {
        books.provider: {own, north, south},
        books.home: {north, south},
        Scope("customer", north): {north},
    }
    with pytest.raises(NotFoundError):
        await books.billing.invoice(books.home, "2026-000001")
    assert {account.customer_id for account, _ in await books.billing.usage(books.home, MONTH)} == {
        north,
        south,
    }
    assert await books.billing.closing(books.home, MONTH) is None


async def test_credit_notes_continue_the_series_and_asking_twice_is_asking_once(books: Books) -> None:
    await books.make.create_user(books.customers[0], "10", "Anna", package="klare")
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    await books.billing.close(books.provider, STAFF, MONTH)

    async def credit(request_id: str, count: int = 1) -> str:
        note = await books.billing.credit(
            books.provider,
            STAFF,
            "2026-000001",
            {LicenceKind.KLARE: count},
            reason="Irrtum",
            request_id=request_id,
        )
        return note.number

    numbers = await asyncio.gather(*(credit("same") for _ in range(3)))
    assert set(numbers) == {"2026-000004"}
    with pytest.raises(InvoiceError, match="has 0 of Klare stimme left"):
        await credit("other")
    note = await books.billing.invoice(books.provider, "2026-000004")
    assert (note.corrects, note.net, note.reason) == ("2026-000001", Decimal("5.90"), "Irrtum")
    assert [one.number for one in await books.billing.documents(books.provider, MONTH)][-1] == "2026-000004"


@pytest.mark.parametrize(
    "statement", ["UPDATE invoices SET gross = 1, net = 1, vat = 0", "DELETE FROM invoices"]
)
async def test_what_is_written_stays(books: Books, statement: str) -> None:
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    await books.billing.close(books.provider, STAFF, MONTH)
    with pytest.raises(IntegrityError, match="append-only"):
        async with books.database.engine.begin() as connection:
            await connection.execute(text(statement))


async def test_prices_of_closed_months_stay(books: Books) -> None:
    volle = Price(
        LicenceKind.VOLLE, MONTH.first_day, Decimal("10.00"), Decimal("0.25"), books.home.organisation_id
    )
    await books.prices.set_price(books.provider, STAFF, volle)
    await books.make.create_user(books.customers[1], "10", "Anna", package="volle")
    await books.make.create_user(books.customers[0], "10", "Bert", package="volle")
    books.clock[0] = MONTH.end + datetime.timedelta(hours=2)
    await books.billing.close(books.provider, STAFF, MONTH)
    own, north, _south = await books.billing.documents(books.provider, MONTH)
    assert (own.net, own.commission) == (Decimal("37.80"), Decimal("0.00"))
    assert (north.net, north.commission) == (Decimal("34.90"), Decimal("2.50"))
    with pytest.raises(ClosingError, match="set from 2026-12 on"):
        await books.prices.set_price(books.provider, STAFF, volle)
    with pytest.raises(ClosingError):
        await books.prices.set_vat_rate(books.provider, STAFF, VatRate(MONTH.last_day, Decimal(20)))
    rows = await books.prices.prices(books.home)
    assert [row.amount for row in rows if row.reseller_id] == [Decimal("10.00")]
    with pytest.raises(ClosingError):
        await books.prices.delete_price(books.provider, STAFF, rows[0].id)
    later = Price(LicenceKind.VOLLE, datetime.date(2026, 12, 1), Decimal("11.00"))
    first = await books.prices.set_price(books.provider, STAFF, later)
    second = await books.prices.set_price(books.provider, STAFF, later)
    assert first.id == second.id
    await books.prices.delete_price(books.provider, STAFF, first.id)
    with pytest.raises(NotFoundError):
        await books.prices.set_price(books.home, STAFF, later)
    with pytest.raises(PriceError):
        await books.prices.set_price(
            books.provider, STAFF, Price(LicenceKind.DEMO, MONTH.first_day, Decimal(1))
        )


async def test_random_months_equal_a_recount(books: Books) -> None:
    """Real changes through the store at random times; the invoices against a recount of what was done."""
    chance = random.Random(20261125)
    done: dict[str, list[LicenceEvent]] = {
        customer: [LicenceEvent(books.clock[0], LicenceKind.BASE, 1)] for customer in books.customers
    }
    held: dict[str, dict[str, Package]] = {customer: {} for customer in books.customers}
    number = 100
    while books.clock[0] < MONTH.following.end:
        books.clock[0] += datetime.timedelta(hours=chance.randint(1, 40))
        customer = chance.choice(books.customers)
        users = held[customer]
        package = chance.choice(list(Package))
        if not users or chance.random() < 0.55:
            number += 1
            user = await books.make.create_user(customer, str(number), "X", package=package.value)
            users[user] = package
        else:
            user, old = chance.choice(list(users.items()))
            async with books.database.system() as session, session.begin():
                row = await session.get_one(User, user)
                await change_licences(
                    session,
                    customer,
                    partial(Holding.without_user, package=old),
                    cause="gone",
                    now=books.clock[0],
                )
                await session.delete(row)
            del users[user]
        for kind in Package:
            count = sum(one is kind for one in users.values())
            done[customer].append(LicenceEvent(books.clock[0], LicenceKind(kind.value), count))
    async with books.database.system() as session:
        for customer in books.customers:
            counts = holding_of(await session.get_one(CustomerLicence, customer)).users
            kept = select(User.package, func.count()).where(User.customer_id == customer)
            there = {Package(name): n for name, n in await session.execute(kept.group_by(User.package))}
            assert counts == there
    for month in (MONTH, MONTH.following):
        books.clock[0] = max(books.clock[0], month.end + datetime.timedelta(hours=2))
        await books.billing.close(books.provider, STAFF, month)
        for invoice in await books.billing.documents(books.provider, month):
            counted = recount(done[invoice.customer_id], month)
            assert {line.kind: line.quantity for line in invoice.lines} == counted
            assert invoice.net == sum(AMOUNTS[kind] * count for kind, count in counted.items())
