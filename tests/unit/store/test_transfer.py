"""A customer as one file: out, in, and out again."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import select
from tests.migrated import bring_up_to_date

from stimme.licensing.errors import LicenceLimitError
from stimme.store.accounts import Accounts
from stimme.store.customer_models import BillingAddress, CustomerLicence, Site
from stimme.store.database import Database
from stimme.store.errors import NotFoundError
from stimme.store.ledger_models import LicenceEventRow
from stimme.store.models import Base, CustomerOwned, Device, Historic, User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault
from stimme.store.transfer import CustomerTransfer
from stimme.store.transfer_file import NOT_CONFIGURATION, TransferError, read_file, sections, write_file

PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Node:
    database: Database
    make: Provisioning
    transfer: CustomerTransfer
    vault: Vault
    provider: str


async def node(path: Path) -> Node:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await bring_up_to_date(database)
    vault = Vault(Fernet.generate_key())
    make = Provisioning(database, vault, PASSWORDS)
    provider = await make.create_provider("P", "root", "a long password")
    return Node(database, make, CustomerTransfer(database, vault), vault, provider)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    made = await node(tmp_path / "here.db")
    yield made
    await made.database.close()


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Node]:
    made = await node(tmp_path / "there.db")
    yield made
    await made.database.close()


async def customer(on: Node) -> str:
    customer_id = await on.make.create_customer(on.provider, "Müller & Söhne", "mueller.example")
    trunk = await on.make.create_trunk(
        customer_id,
        "Amt",
        kind="register",
        host="sip.example",
        port=5060,
        transport="tls",
        username="user",
        password="trunk secret",
    )
    await on.make.add_numbers(trunk, "+4930999", 2)
    for extension in ("10", "011"):
        user = await on.make.create_user(customer_id, extension, f"User {extension}", package="volle")
        await on.make.create_device(user, f"device-{extension}", password=f"secret {extension}")
    await on.make.create_account(customer_id, "user", "anna", "annas password", user_id=user)
    await on.make.create_account(customer_id, "customer", "admin", "admins password")
    address = {"street": "Weg 1", "postcode": "10115", "city": "Berlin"}
    async with on.database.system() as session, session.begin():
        session.add(BillingAddress(organisation_id=customer_id, name="Müller & Söhne KG", **address))
        session.add(Site(id="site", customer_id=customer_id, name="Haus", trunk_id=trunk, **address))
        await session.flush()
        (await session.get_one(User, user)).site_id = "site"
    return customer_id


async def test_out_in_and_out_is_the_same_file(here: Node, there: Node) -> None:
    customer_id = await customer(here)
    assert await here.transfer.find("MUELLER.example") == customer_id
    assert await here.transfer.find("10001") == await here.transfer.find("Müller & Söhne") == customer_id
    first = write_file(await here.transfer.export(customer_id, with_secrets=True))
    changes = await there.transfer.apply(read_file(first))
    assert {change.action for change in changes} == {"create", "change"}
    second = write_file(await there.transfer.export(customer_id, with_secrets=True))
    assert first == second
    assert await there.transfer.plan(read_file(second)) == []
    assert await there.transfer.apply(read_file(second)) == []
    person = await Accounts(there.database).by_login("anna")
    assert person is not None
    assert PASSWORDS.verify(person.account.password_hash, "annas password")
    async with there.database.system() as session:
        device = (await session.scalars(select(Device).where(Device.sip_user == "device-011"))).one()
        assert there.vault.decrypt(device.secret) == "secret 011"
        events = [(row.kind, row.quantity) for row in await session.scalars(select(LicenceEventRow))]
        assert events == [("base", 1), ("volle", 2)]
    json_text = json.dumps(await here.transfer.export(customer_id, with_secrets=True))
    assert await there.transfer.plan(read_file(json_text)) == []


async def test_without_secrets_none_is_written_and_those_there_stay(here: Node) -> None:
    customer_id = await customer(here)
    text = write_file(await here.transfer.export(customer_id))
    assert "secret" not in text
    assert "argon2" not in text
    document = read_file(text)
    assert await here.transfer.plan(document) == []
    document["users"][0]["name"] = "Other"
    await here.transfer.apply(document)
    async with here.database.system() as session:
        secrets = {here.vault.decrypt(row.secret) for row in await session.scalars(select(Device))}
    assert secrets == {"secret 10", "secret 011"}


async def test_the_file_is_the_whole_truth(here: Node) -> None:
    customer_id = await customer(here)
    document = read_file(write_file(await here.transfer.export(customer_id)))
    by_extension = {user["extension"]: user for user in document["users"]}
    by_extension["10"]["package"] = "klare"
    gone = by_extension["011"]
    document["users"] = [
        by_extension["10"],
        {"id": "new", "extension": "12", "name": "Neu", "package": "klare", "language": "de"},
    ]
    document["devices"] = [one for one in document["devices"] if one["user_id"] != gone["id"]]
    document["accounts"] = [one for one in document["accounts"] if one["user_id"] is None]
    document["billing_address"]["city"] = "Köln"
    planned = await here.transfer.plan(document)
    done = {(one.action, one.section, one.label, one.fields) for one in planned}
    assert done == {
        ("change", "users", "User 10", ("package",)),
        ("create", "users", "Neu", ()),
        ("delete", "users", "User 011", ()),
        ("delete", "devices", "device-011", ()),
        ("delete", "accounts", "anna", ()),
        ("change", "billing_address", "billing_address", ("city",)),
    }
    assert await here.transfer.apply(document) == planned
    async with here.database.system() as session:
        held = await session.get_one(CustomerLicence, customer_id)
        assert (held.klare, held.volle) == (2, 0)
    assert await here.transfer.plan(document) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour: is not known"),
        ({"users": [{"id": "x"}]}, r"users\[0\].extension: is missing"),
        ({"users": {"id": "x"}}, "users: is not a list"),
        ({"licence": {"base": "gold"}}, "licence.base: 'gold' is no base licence"),
        ({"customer": None}, "customer: is not a group of values"),
    ],
)
async def test_mistakes_say_where_they_are(here: Node, change: dict[str, Any], message: str) -> None:
    document = await here.transfer.export(await customer(here))
    with pytest.raises(TransferError, match=message):
        await here.transfer.plan({**document, **change})


async def test_speech_encryption_goes_along_and_a_file_from_before_it_changes_nothing(here: Node) -> None:
    document = await here.transfer.export(await customer(here))
    assert {device["srtp"] for device in document["devices"]} == {"prefer"}
    document["trunks"][0]["srtp"] = document["devices"][0]["srtp"] = "require"
    done = {(one.section, one.fields) for one in await here.transfer.apply(document)}
    assert done == {("trunks", ("srtp",)), ("devices", ("srtp",))}
    for row in (*document["trunks"], *document["devices"]):
        del row["srtp"]
    assert await here.transfer.plan(document) == []
    unprotected = [{**document["trunks"][0], "srtp": "require", "transport": "udp"}]
    with pytest.raises(TransferError, match=r"trunks\[0\].srtp: 'require' needs the transport 'tls'"):
        await here.transfer.plan({**document, "trunks": unprotected})


async def test_a_number_without_quotes_is_no_extension(here: Node) -> None:
    text = write_file(await here.transfer.export(await customer(here)))
    assert "extension: '011'" in text
    with pytest.raises(TransferError, match=r"users\[\d\].extension: is no text \(put it in quotes\)"):
        await here.transfer.plan(read_file(text.replace("extension: '011'", "extension: 011")))
    for broken in ("- 1", "format: other/1", "a: [", "{"):
        with pytest.raises(TransferError):
            read_file(broken)


async def test_all_or_nothing(here: Node, there: Node) -> None:
    document = await here.transfer.export(await customer(here), with_secrets=True)
    extra = [
        {"id": f"t{number}", "name": f"T{number}", "kind": "static", "host": "h", "port": 5060}
        | {"transport": "udp", "username": "", "expires": 600, "password": ""}
        for number in range(16)
    ]
    with pytest.raises(LicenceLimitError):
        await there.transfer.apply({**document, "trunks": document["trunks"] + extra})
    await there.make.create_user(
        await there.make.create_customer(there.provider, "X", "x.example"),
        "1",
        "X",
        package="klare",
        number="+4940123",
    )
    document["users"][0]["number"] = "+4940123"
    with pytest.raises(TransferError, match="contradicts what is there"):
        await there.transfer.apply(document)
    with pytest.raises(NotFoundError):
        await there.transfer.find("mueller.example")


def test_everything_of_a_customer_is_exported_or_left_out_on_purpose() -> None:
    owned = {mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, CustomerOwned)}
    exported = set(sections().values())
    assert owned - exported == NOT_CONFIGURATION
    for model in exported:
        assert [column.name for column in model.__table__.primary_key.columns] == ["id"]
        assert not issubclass(model, Historic)
