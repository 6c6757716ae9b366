"""Demos run out by the clock."""

import datetime
from pathlib import Path

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import func, select
from tests.migrated import bring_up_to_date

from stimme.licensing.holding import Standing
from stimme.licensing.packages import LicenceKind
from stimme.store.audit import Actor
from stimme.store.changes import Authority
from stimme.store.database import Database, Scope
from stimme.store.demos import DemoLicences
from stimme.store.ledger_models import LicenceEventRow
from stimme.store.models import Device, Organisation
from stimme.store.organisations import Organisations
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault

START = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
SECOND = datetime.timedelta(seconds=1)


async def test_a_demo_ends_and_thirty_days_later_its_data_goes(tmp_path: Path) -> None:
    now = [START]
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    await bring_up_to_date(database)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, Vault(Fernet.generate_key()), passwords, now=lambda: now[0])
    provider = await make.create_provider("P", "root", "a long password")
    paying = await make.create_customer(provider, "Paying", "paying.example")
    unlicensed = await make.create_customer(provider, "None", "none.example", licence=None)
    lost = await make.create_customer(provider, "Lost", "lost.example", licence="demo")
    kept = await make.create_customer(provider, "Kept", "kept.example", licence="demo")
    for customer in (lost, kept):
        user = await make.create_user(customer, "10", "Anna", package="volle")
        await make.create_device(user, f"{customer}-10")
    demos = DemoLicences(database)
    end = START + 28 * DAY

    assert await demos.standings(START) == {
        paying: Standing.LICENSED,
        unlicensed: Standing.UNLICENSED,
        lost: Standing.DEMO,
        kept: Standing.DEMO,
    }
    first = await demos.sweep(end - SECOND, since=START)
    assert (first.expired, first.erased, first.next_at) == ((), (), end)
    second = await demos.sweep(end, since=end - SECOND)
    assert (set(second.expired), second.erased, second.next_at) == ({lost, kept}, (), end + 30 * DAY)
    assert (await demos.standings(end))[lost] is Standing.EXPIRED
    assert (await demos.sweep(end + DAY, since=end)).expired == ()

    now[0] = end + 10 * DAY
    who = Authority(Scope("provider", provider), Actor("root", "provider"))
    organisations = Organisations(database, now=lambda: now[0])
    await organisations.set_base(who, kept, LicenceKind.BASE, gateway_id=None, site_id=None)
    assert (await demos.standings(now[0]))[kept] is Standing.LICENSED
    third = await demos.sweep(end + 30 * DAY, since=end)
    assert (third.expired, third.erased, third.next_at) == ((), (lost,), None)
    async with database.system() as session:
        assert set(await session.scalars(select(Organisation.name))) == {"P", "Paying", "None", "Kept"}
        assert {row.customer_id for row in await session.scalars(select(Device))} == {kept}
        books = select(func.count()).where(LicenceEventRow.customer_id == lost)
        assert await session.scalar(books) == 2
    await database.close()
