"""Many customers with many telephones in a node's database, and their list for sipp."""

import datetime
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from stimme.store.customer_models import CustomerLicence
from stimme.store.database import Database
from stimme.store.models import Device, Organisation, User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import open_vault

PASSWORD = "crowd-password"
_USERS = 50


@dataclass(frozen=True, slots=True)
class Crowd:
    """Telephones, fifty to a customer, each of a user of its own; all have the same password.

    It furnishes a `stimme_server.Site`.

    Attributes:
        directory: Of the site.
        telephones: How many, a multiple of fifty.
    """

    directory: Path
    telephones: int

    def list_for_sipp(self) -> Path:
        """A file for sipp's `-inf`: name, domain and credentials of each telephone, taken in turn."""
        lines = [
            f"{_name(number)};{_domain(number // _USERS)};"
            f"[authentication username={_name(number)} password={PASSWORD}]"
            for number in range(self.telephones)
        ]
        path = self.directory / "crowd.csv"
        path.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
        return path

    async def __call__(self, database: Database, make: Provisioning, provider: str, customer: str) -> None:
        """Puts them into the database."""
        vault = open_vault(self.directory / "secret.key")
        customers = [_customer(number, provider) for number in range(self.telephones // _USERS)]
        licence = {"base": "base", "trunks": 1, "klare": _USERS, "klingende": 0, "volle": 0, "changes": 0}
        licences = [
            {"customer_id": one["id"], "number": 50_000 + number, **licence}
            for number, one in enumerate(customers)
        ]
        users = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": one["id"],
                "extension": str(10 + number),
                "name": f"Nutzer {number}",
                "package": "klare",
                "language": "de",
            }
            for one in customers
            for number in range(_USERS)
        ]
        devices = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": user["customer_id"],
                "user_id": user["id"],
                "sip_user": _name(number),
                "kind": "phone",
                "name": "",
                "secret": vault.encrypt(PASSWORD),
            }
            for number, user in enumerate(users)
        ]
        tables: list[tuple[Any, list[dict[str, Any]]]] = [
            (Organisation, customers),
            (CustomerLicence, licences),
            (User, users),
            (Device, devices),
        ]
        async with database.engine.begin() as connection:
            for model, rows in tables:
                await connection.execute(insert(model), rows)


def _customer(number: int, provider: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "kind": "customer",
        "parent_id": provider,
        "name": f"Kunde {number}",
        "domain": _domain(number),
        "language": "de",
        "created_at": datetime.datetime.now(datetime.UTC),
    }


def _name(number: int) -> str:
    return f"crowd-{number}"


def _domain(customer: int) -> str:
    return f"crowd{customer}.example"
