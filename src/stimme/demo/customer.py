"""The demo customer "Muster GmbH": who works there, where, and with which passwords.

Policy: two sites, each with a trunk of its own: the head office in Berlin and a branch in Munich. Made at the
first start in a folder and found again at the next. Passwords are random and kept beside the database (mode
0600), because people and programs have to be told them each time; a real installation keeps hashes only.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select, update

from stimme.demo.furnishing import furnish
from stimme.demo.house import services
from stimme.demo.network import BRANCH_NUMBER, HEAD_NUMBER, REALM, SPARE_NUMBER, TrunkAccount
from stimme.store import migrate
from stimme.store.database import Database
from stimme.store.models import Trunk
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, open_vault

NAME = "Muster GmbH"
DOMAIN = "muster.example"
TRUNK_USER = "muster-trunk"
SPARE_USER = "new-trunk"
BRANCH_USER = "muster-branch"
EXTENSION_DIGITS = 2
Package = Literal["klare", "klingende", "volle"]

_STAFF: tuple[tuple[str, str, Package], ...] = (
    ("10", "Anna Arendt", "volle"),
    ("11", "Bernd Brandt", "volle"),
    ("12", "Clara Conrad", "volle"),
    ("13", "David Dreyer", "volle"),
    ("14", "Elif Erdem", "klingende"),
    ("15", "Frank Förster", "klingende"),
    ("16", "Greta Graf", "klingende"),
    ("17", "Hanna Huber", "klare"),
    ("18", "Igor Iwanow", "klare"),
    ("19", "Jana Jansen", "klare"),
    ("20", "Karl Kaiser", "klingende"),
    ("21", "Lena Lang", "klare"),
)
_BRANCH = frozenset({"20", "21"})
"""The extensions of who works in Munich."""
_DEVICES_PER_USER = 2
_ADDRESSES: tuple[dict[str, str], ...] = (
    {
        "name": "stimme Betriebsgesellschaft mbH",
        "street": "Hafenstraße 1",
        "postcode": "20457",
        "city": "Hamburg",
        "vat_id": "DE136695976",
        "email": "rechnung@stimme.example",
        "phone": "+49 40 231250",
        "contact": "Rechnungsstelle",
        "iban": "DE02120300000000202051",
        "bic": "BYLADEM1001",
    },
    {
        "name": "Systemhaus Nord GmbH",
        "street": "Deichweg 7",
        "postcode": "24103",
        "city": "Kiel",
        "email": "buchhaltung@systemhaus.example",
    },
    {
        "name": "Muster GmbH",
        "street": "Musterstraße 1",
        "postcode": "10115",
        "city": "Berlin",
        "email": f"buchhaltung@{DOMAIN}",
        "contact": "Jana Jansen",
    },
)
"""Who bills and who is billed, so that invoices are complete: provider, reseller, customer. All invented but
for the shape of the numbers."""


@dataclass(frozen=True, slots=True)
class _Site:
    """A site and its trunk; control centres are shown its head number, or each user's own."""

    name: str
    street: str
    postcode: str
    trunk: str
    shows_head: bool


_SITES = (
    _Site("Berlin", "Musterstraße 1", "10115", "Öffentliches Netz (simuliert)", shows_head=False),
    _Site("München", "Beispielweg 2", "80331", "Öffentliches Netz, München (simuliert)", shows_head=True),
)
"""The first trunk by name is the house's own: calls that nobody placed go out there."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign-in of the web client."""

    role: str
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Phone:
    """What a desk telephone registers with."""

    sip_user: str
    sip_password: str


@dataclass(frozen=True, slots=True)
class Employee:
    """A user of the demo customer; ``number`` is E.164."""

    extension: str
    name: str
    number: str
    package: Package
    login: str
    password: str
    devices: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Every password of the demo."""

    accounts: tuple[Sign, ...]
    employees: tuple[Employee, ...]
    trunk_password: str
    branch_password: str
    spare_password: str

    @property
    def spare(self) -> TrunkAccount:
        """What nobody registers with yet: a trunk to set up a new customer with."""
        return TrunkAccount(SPARE_USER, self.spare_password, SPARE_NUMBER)

    @property
    def trunks(self) -> tuple[TrunkAccount, TrunkAccount]:
        """What the customer's trunks register with: the head office's, the branch's."""
        return (
            TrunkAccount(TRUNK_USER, self.trunk_password, HEAD_NUMBER),
            TrunkAccount(BRANCH_USER, self.branch_password, BRANCH_NUMBER),
        )


def load_credentials(file: Path) -> Credentials:
    """Read the passwords, making them at the first start.

    Raises:
        OSError: When the file can be neither read nor made.
        ValueError: When it was damaged.
    """
    if file.exists():
        return _credentials(json.loads(file.read_text()))
    made = _new_credentials()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:  # noqa: PTH123
        json.dump(asdict(made), stream)
    part.rename(file)
    return made


def _new_credentials() -> Credentials:
    accounts = (
        Sign("provider", "provider@stimme.example", _password()),
        Sign("reseller", "reseller@stimme.example", _password()),
        Sign("customer", f"admin@{DOMAIN}", _password()),
    )
    employees = tuple(
        Employee(
            extension=extension,
            name=name,
            number=(BRANCH_NUMBER if extension in _BRANCH else HEAD_NUMBER) + extension,
            package=package,
            login=f"{name.split()[0].lower()}@{DOMAIN}",
            password=_password(),
            devices=tuple(
                Phone(f"muster-{extension}-{index}", _password()) for index in range(1, _DEVICES_PER_USER + 1)
            ),
        )
        for extension, name, package in _STAFF
    )
    return Credentials(accounts, employees, _password(), _password(), _password())


def _password() -> str:
    return secrets.token_urlsafe(12)


def _credentials(value: dict[str, Any]) -> Credentials:
    try:
        return Credentials(
            accounts=tuple(Sign(**item) for item in value["accounts"]),
            employees=tuple(
                Employee(**{**item, "devices": tuple(Phone(**phone) for phone in item["devices"])})
                for item in value["employees"]
            ),
            trunk_password=value["trunk_password"],
            # A folder of an earlier version has no branch: nobody registers with this one then.
            branch_password=value.get("branch_password") or _password(),
            spare_password=value.get("spare_password") or _password(),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the demo's passwords cannot be read: {error}") from error


async def provision(url: str, secret_key_file: Path, known: Credentials, exchange_port: int) -> None:
    """Bring the customer into the database, once; the trunks' port follows the exchange's each time.

    Raises:
        SecretKeyError: When the key file holds no key.
    """
    database = Database(url)
    try:
        await migrate.upgrade(database.engine)
        vault = open_vault(secret_key_file)
        async with database.system() as session, session.begin():
            there = (await session.scalars(select(Trunk.id).where(Trunk.realm == REALM))).all()
            if there:
                await session.execute(update(Trunk).where(Trunk.id.in_(there)).values(port=exchange_port))
                return
        customer, users = await _create(Provisioning(database, vault, Passwords()), known, exchange_port)
        await furnish(database, customer, users)
    finally:
        await database.close()


async def _create(make: Provisioning, known: Credentials, exchange_port: int) -> tuple[str, dict[str, str]]:
    """Return the customer's id, and those of its users by extension."""
    signs = {sign.role: sign for sign in known.accounts}
    provider = await make.create_provider("stimme", signs["provider"].login, signs["provider"].password)
    reseller = await make.create_reseller(provider, "Systemhaus Nord")
    await make.create_account(reseller, "reseller", signs["reseller"].login, signs["reseller"].password)
    customer = await make.create_customer(reseller, NAME, DOMAIN)
    for organisation, address in zip((provider, reseller, customer), _ADDRESSES, strict=True):
        await make.set_billing_address(organisation, **address)
    await make.create_account(customer, "customer", signs["customer"].login, signs["customer"].password)
    sites = [
        await _create_site(make, customer, each, exchange_port)
        for each in zip(_SITES, known.trunks, strict=True)
    ]
    users: dict[str, str] = {}
    for employee in known.employees:
        user = users[employee.extension] = await make.create_user(
            customer,
            employee.extension,
            employee.name,
            package=employee.package,
            number=employee.number,
            site_id=sites[employee.extension in _BRANCH],
        )
        await make.create_account(customer, "user", employee.login, employee.password, user_id=user)
        for index, phone in enumerate(employee.devices, start=1):
            await make.create_device(
                user, phone.sip_user, password=phone.sip_password, name=f"Tischtelefon {index}"
            )
    for kind, extension, value in services(users):
        await make.create_service(customer, kind, extension, value)
    return customer, users


async def _create_site(
    make: Provisioning, customer: str, planned: tuple[_Site, TrunkAccount], exchange_port: int
) -> str:
    site, account = planned
    trunk = await make.create_trunk(
        customer,
        site.trunk,
        kind="register",
        host="127.0.0.1",
        port=exchange_port,
        transport="udp",
        username=account.username,
        password=account.password,
        realm=REALM,
    )
    await make.add_numbers(trunk, account.head, EXTENSION_DIGITS)
    return await make.create_site(
        trunk,
        site.name,
        street=site.street,
        postcode=site.postcode,
        city=site.name,
        emergency_number=account.head if site.shows_head else None,
    )
