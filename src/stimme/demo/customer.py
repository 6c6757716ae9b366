"""The demo customer "Muster GmbH": who works there, and with which passwords.

Policy: made at the first start in a folder and found again at the next. Passwords are random and kept beside
the database (mode 0600), because people and programs have to be told them each time; a real installation
keeps hashes only.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select, update

from stimme.demo.network import HEAD_NUMBER, REALM, TrunkAccount
from stimme.pbx.apps.attendant import Attendant
from stimme.pbx.apps.menu import ByName, ConnectTo, Menu, Repeat
from stimme.pbx.apps.written import write_attendant, write_group, write_menu, write_queue
from stimme.pbx.groups.group import Group, Strategy
from stimme.pbx.groups.queue import QueueSettings
from stimme.prompts.say import Say
from stimme.store import migrate
from stimme.store.database import Database
from stimme.store.models import Trunk
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, open_vault
from stimme.trunks.barring import Barring, Reach
from stimme.trunks.rules import OutsideRules, write_rules

NAME = "Muster GmbH"
DOMAIN = "muster.example"
TRUNK_USER = "muster-trunk"
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
)
_DEVICES_PER_USER = 2


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

    @property
    def trunk(self) -> TrunkAccount:
        """What the customer's trunk registers with."""
        return TrunkAccount(TRUNK_USER, self.trunk_password)


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
            number=HEAD_NUMBER + extension,
            package=package,
            login=f"{name.split()[0].lower()}@{DOMAIN}",
            password=_password(),
            devices=tuple(
                Phone(f"muster-{extension}-{index}", _password()) for index in range(1, _DEVICES_PER_USER + 1)
            ),
        )
        for extension, name, package in _STAFF
    )
    return Credentials(accounts, employees, _password())


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
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the demo's passwords cannot be read: {error}") from error


async def provision(url: str, secret_key_file: Path, known: Credentials, exchange_port: int) -> None:
    """Bring the customer into the database, once; the trunk's port follows the exchange's each time.

    Raises:
        SecretKeyError: When the key file holds no key.
    """
    database = Database(url)
    try:
        await migrate.upgrade(database.engine)
        vault = open_vault(secret_key_file)
        async with database.system() as session, session.begin():
            there = await session.scalar(select(Trunk.id).where(Trunk.username == TRUNK_USER))
            if there is not None:
                await session.execute(update(Trunk).where(Trunk.id == there).values(port=exchange_port))
                return
        await _create(Provisioning(database, vault, Passwords()), known, exchange_port)
    finally:
        await database.close()


async def _create(make: Provisioning, known: Credentials, exchange_port: int) -> None:
    signs = {sign.role: sign for sign in known.accounts}
    provider = await make.create_provider("stimme", signs["provider"].login, signs["provider"].password)
    reseller = await make.create_reseller(provider, "Systemhaus Nord")
    await make.create_account(reseller, "reseller", signs["reseller"].login, signs["reseller"].password)
    customer = await make.create_customer(reseller, NAME, DOMAIN)
    await make.create_account(customer, "customer", signs["customer"].login, signs["customer"].password)
    users: dict[str, str] = {}
    for employee in known.employees:
        user = users[employee.extension] = await make.create_user(
            customer, employee.extension, employee.name, package=employee.package, number=employee.number
        )
        await make.create_account(customer, "user", employee.login, employee.password, user_id=user)
        for index, phone in enumerate(employee.devices, start=1):
            await make.create_device(
                user, phone.sip_user, password=phone.sip_password, name=f"Tischtelefon {index}"
            )
    trunk = await make.create_trunk(
        customer,
        "Öffentliches Netz (simuliert)",
        kind="register",
        host="127.0.0.1",
        port=exchange_port,
        transport="udp",
        username=TRUNK_USER,
        password=known.trunk_password,
        realm=REALM,
    )
    await make.add_numbers(trunk, HEAD_NUMBER, EXTENSION_DIGITS)
    for kind, extension, value in services(users):
        await make.create_service(customer, kind, extension, value)


def services(users: Mapping[str, str]) -> list[tuple[str, str | None, dict[str, Any]]]:
    """What the customer's house offers: kind, extension and value of each service.

    Args:
        users: Ids of the users by extension.
    """
    sales = Group("sales", "30", "Vertrieb", (users["11"], users["12"]), display="Vertrieb")
    support = Group(
        "support",
        "31",
        "Support",
        (users["13"], users["14"], users["15"]),
        strategy=Strategy.ROUND_ROBIN,
        ring_seconds=10.0,
        overflow="30",
        display="Support",
    )
    hotline = QueueSettings(
        Group("hotline", "32", "Hotline", (users["13"], users["14"]), display="Hotline"),
        exits={"9": sales.extension},
    )
    menu = Menu(
        "main",
        "40",
        "Begrüßung",
        (Say("attendant.welcome"),),
        {
            "1": ConnectTo(sales.extension),
            "2": ConnectTo(hotline.group.extension),
            "5": ByName(),
            "9": Repeat(),
        },
        dial_extensions=True,
    )
    attendant = Attendant("0", "10", nights=("11", "30"), recall_seconds=15.0)
    return [
        ("group", sales.extension, write_group(sales)),
        ("group", support.extension, write_group(support)),
        ("queue", hotline.group.extension, write_queue(hotline)),
        ("menu", menu.extension, write_menu(menu)),
        ("attendant", "0", write_attendant(attendant)),
        ("barring", None, write_rules(OutsideRules(barring_of={users["19"]: Barring(Reach.INTERNAL)}))),
        ("pickup_group", None, {"members": [users["10"], users["11"], users["12"]]}),
        ("parking", None, {"slots": [str(number) for number in range(701, 706)]}),
    ]
