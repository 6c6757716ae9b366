"""Handing over, forgetting and shortening personal data."""

import datetime
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import select
from tests.migrated import bring_up_to_date

from stimme.store.accounts import Accounts
from stimme.store.audit import Actor
from stimme.store.changes import ANY, Authority
from stimme.store.customer_models import CustomerLicence
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.models import Account, CallListEntry, CallRecordRow, Device, Session, User
from stimme.store.privacy import Privacy
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault
from stimme.store.service_models import TenantState

START = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass
class Office:
    database: Database
    privacy: Privacy
    customer: str
    anna: str
    bert: str
    stranger: Scope

    @property
    def who(self) -> Authority:
        return Authority(Scope("customer", self.customer), Actor("admin", "customer"))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/p.db")
    await bring_up_to_date(database)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, Vault(Fernet.generate_key()), passwords)
    provider = await make.create_provider("P", "root", "a long password")
    customer = await make.create_customer(provider, "C", "c.example")
    other = await make.create_customer(provider, "O", "o.example")
    anna = await make.create_user(customer, "10", "Anna", package="volle", number="+4930111110")
    bert = await make.create_user(customer, "11", "Bert", package="klare")
    await make.create_device(anna, "anna", password="device secret")
    account = await make.create_account(customer, "user", "anna", "annas password", user_id=anna)
    await Accounts(database).open_session(account, remember=False, source="192.0.2.1", agent="Firefox")
    async with database.system() as session, session.begin():
        for key, value in (
            (f"user:{anna}", {"dnd": True}),
            (f"member:sales/{anna}", {"in": True}),
            (f"pin:{anna}", {"hash": "argon2"}),
            (f"user:{bert}", {"dnd": False}),
        ):
            session.add(TenantState(id=f"{customer}|{key}", customer_id=customer, key=key, value=value))
        for number, (caller, callee, outside) in enumerate(
            ((anna, bert, None), (bert, None, "+4940123456"), (anna, None, "+4940123456"), (bert, anna, None))
        ):
            started = START + number * DAY
            session.add(
                CallRecordRow(
                    id=f"call{number}",
                    customer_id=customer,
                    direction="outgoing" if outside else "internal",
                    caller_user_id=caller,
                    caller_number="+4930111110" if caller == anna else "11",
                    caller_name="Anna" if caller == anna else "Bert",
                    callee_user_id=callee,
                    callee_number=outside or ("10" if callee == anna else "11"),
                    callee_name=None if outside else "Somebody",
                    answered_by=callee,
                    started_at=started,
                    ended_at=started,
                    result="answered",
                    quality={},
                )
            )
            await session.flush()
            for user, peer in ((caller, callee), (callee, caller)):
                if user is not None:
                    session.add(
                        CallListEntry(
                            id=f"call{number}:{user}",
                            customer_id=customer,
                            user_id=user,
                            call_id=f"call{number}",
                            direction="outgoing" if user == caller else "incoming",
                            result="answered",
                            number=outside if outside else "+4930111110" if peer == anna else "11",
                            name="Anna" if peer == anna else "Name",
                            peer_user_id=peer,
                            started_at=started,
                            seen=False,
                        )
                    )
    yield Office(database, Privacy(database), customer, anna, bert, Scope("customer", other))
    await database.close()


async def test_everything_about_a_user_is_handed_over_without_secrets(office: Office) -> None:
    data = await office.privacy.personal_data(Scope("customer", office.customer), office.anna)
    text = json.dumps(data)
    assert (data["user"]["name"], data["account"]["login"]) == ("Anna", "anna")
    assert [one["sip_user"] for one in data["devices"]] == ["anna"]
    assert [one["id"] for one in data["call_records"]] == ["call0", "call2", "call3"]
    assert len(data["call_list"]) == 3
    assert data["settings"] == {"user": {"dnd": True}, "member:sales": {"in": True}}
    assert [one["agent"] for one in data["sessions"]] == ["Firefox"]
    assert (data["tokens"], data["passkeys"], data["single_sign_on"]) == ([], [], [])
    assert "secret" not in text
    assert "argon2" not in text
    with pytest.raises(NotFoundError):
        await office.privacy.personal_data(office.stranger, office.anna)


async def test_a_forgotten_user_is_in_no_row_any_more(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await office.privacy.forget(Authority(office.stranger, Actor("x", "customer")), office.anna, ANY)
    await office.privacy.forget(office.who, office.anna, ANY)
    async with office.database.system() as session:
        states = (await session.scalars(select(TenantState.key))).all()
        assert states == [f"user:{office.bert}"]
        assert (await session.scalars(select(Session))).all() == []
        for model in (User, Device, Account, CallListEntry, CallRecordRow):
            for row in await session.scalars(select(model)):
                values = {column.key: getattr(row, column.key) for column in model.__table__.columns}
                assert not {office.anna, "Anna", "+4930111110"} & set(map(str, values.values())), values
        records = (await session.scalars(select(CallRecordRow).order_by(CallRecordRow.id))).all()
        assert [(row.id, row.result) for row in records] == [(f"call{n}", "answered") for n in range(4)]
        assert records[0].callee_user_id == office.bert
        held = await session.get_one(CustomerLicence, office.customer)
        assert (held.klare, held.volle) == (1, 0)


async def test_old_calls_are_shortened_once(office: Office) -> None:
    assert await office.privacy.shorten_calls(START + 2 * DAY) == 2
    assert await office.privacy.shorten_calls(START + 2 * DAY) == 0
    async with office.database.system() as session:
        records = {row.id: row for row in await session.scalars(select(CallRecordRow))}
        lines = {row.id: row for row in await session.scalars(select(CallListEntry))}
    assert (records["call0"].caller_number, records["call0"].caller_name) == ("+4930111xxx", None)
    assert records["call0"].callee_number == "11"
    assert records["call1"].callee_number == "+4940123xxx"
    assert records["call2"].callee_number == "+4940123456"
    assert records["call3"].caller_name == "Bert"
    assert lines[f"call1:{office.bert}"].number == "+4940123xxx"
    assert lines[f"call1:{office.bert}"].name is None
    assert lines[f"call2:{office.anna}"].number == "+4940123456"
