"""A scoped session sees and touches its customers only, whatever the query says."""

import datetime
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import delete, func, select, update
from tests.migrated import bring_up_to_date

from stimme.store.accounts import Accounts
from stimme.store.database import Database, Scope, TenantLeakError
from stimme.store.models import Device, Organisation, User
from stimme.store.provisioning import ConflictError, Provisioning, WeakPasswordError
from stimme.store.secrets import Passwords, SecretKeyError, Vault, open_vault

PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/s.db")
    await bring_up_to_date(opened)
    yield opened
    await opened.close()


@pytest.fixture
def provisioning(database: Database) -> Provisioning:
    return Provisioning(database, Vault(Fernet.generate_key()), PASSWORDS)


async def two_customers(provisioning: Provisioning) -> tuple[str, str]:
    provider = await provisioning.create_provider("P", "root", "a long password")
    ours = await provisioning.create_customer(provider, "Ours", "ours.example")
    theirs = await provisioning.create_customer(provider, "Theirs", "theirs.example")
    for customer in (ours, theirs):
        user = await provisioning.create_user(customer, "10", "Anna", package="volle")
        await provisioning.create_device(user, f"{customer}-10")
    return ours, theirs


async def test_selects_updates_and_deletes_stay_inside(
    database: Database, provisioning: Provisioning
) -> None:
    ours, theirs = await two_customers(provisioning)
    scope = Scope("customer", ours)
    async with database.scoped(scope) as session, session.begin():
        assert {user.customer_id for user in await session.scalars(select(User))} == {ours}
        assert await session.scalar(select(func.count()).select_from(Device)) == 1
        assert not (await session.scalars(select(User).where(User.customer_id == theirs))).all()
        assert {row.id for row in await session.scalars(select(Organisation))} == {ours}
        await session.execute(update(User).values(name="Changed"))
        await session.execute(delete(Device))
    async with database.system() as session:
        names = {user.customer_id: user.name for user in await session.scalars(select(User))}
        assert names == {ours: "Changed", theirs: "Anna"}
        assert {device.customer_id for device in await session.scalars(select(Device))} == {theirs}


async def test_rows_of_others_cannot_be_added(database: Database, provisioning: Provisioning) -> None:
    ours, theirs = await two_customers(provisioning)
    async with database.scoped(Scope("customer", ours)) as session:
        session.add(User(id="x", customer_id=theirs, extension="12", name="X", package="klare"))
        with pytest.raises(TenantLeakError):
            await session.flush()


async def test_the_database_refuses_what_cannot_be(provisioning: Provisioning) -> None:
    ours, theirs = await two_customers(provisioning)
    with pytest.raises(ConflictError):
        await provisioning.create_provider("Second", "second", "a long password")
    with pytest.raises(ConflictError):
        await provisioning.create_user(ours, "10", "Again", package="klare")
    with pytest.raises(ConflictError):
        await provisioning.create_customer("nowhere", "Lost", "lost.example")
    user = await provisioning.create_user(ours, "11", "Bert", package="klare")
    with pytest.raises(ConflictError):
        await provisioning.create_account(theirs, "user", "bert", "a long password", user_id=user)
    with pytest.raises(ConflictError):
        await provisioning.create_device("nobody", "phone")
    with pytest.raises(WeakPasswordError):
        await provisioning.create_account(ours, "customer", "admin", "short")


async def test_sessions_end_by_time_and_by_new_password(
    database: Database, provisioning: Provisioning
) -> None:
    await provisioning.create_provider("P", "root", "a long password")
    now = [datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)]
    accounts = Accounts(database, now=lambda: now[0])
    person = await accounts.by_login("ROOT")
    assert person is not None
    short = await accounts.open_session(person.account.id, remember=False)
    long = await accounts.open_session(person.account.id, remember=True)
    now[0] += datetime.timedelta(hours=13)
    assert await accounts.by_token(short.token) is None
    assert await accounts.by_token(long.token) is not None
    assert await accounts.set_password("root", PASSWORDS.hash("another password"))
    assert await accounts.by_token(long.token) is None
    assert not await accounts.set_password("nobody", "")


def test_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    stored = open_vault(path).encrypt("secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_vault(path).decrypt(stored) == "secret"
    with pytest.raises(SecretKeyError):
        Vault(Fernet.generate_key()).decrypt(stored)
    path.write_text("no key")
    with pytest.raises(SecretKeyError):
        open_vault(path)
