"""A customer of a hundred users, each with a telephone that was registered before, and three hunt groups."""

import datetime
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from stimme.pbx.apps.written import write_group
from stimme.pbx.groups.group import Group
from stimme.store.database import Database
from stimme.store.models import BindingRow, Device, User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import open_vault

PASSWORD = "a password of the house"
USERS = 100
FIRST = 300
"""The extension of the first user."""
GROUPS = {10: "810", 50: "850", 100: "900"}
"""The extensions of the parallel groups, by the number of their members."""


@dataclass(frozen=True, slots=True)
class House:
    """Furnishes a `stimme_server.Site` whose extensions have three digits.

    Attributes:
        directory: Of the site.
        port: Where all the telephones are, at 127.0.0.1.
    """

    directory: Path
    port: int

    async def __call__(self, database: Database, make: Provisioning, provider: str, customer: str) -> None:
        """Puts them into the database."""
        vault = open_vault(self.directory / "secret.key")
        users = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": customer,
                "extension": str(FIRST + number),
                "name": f"Nutzer {number}",
                "package": "klingende",
                "language": "de",
            }
            for number in range(USERS)
        ]
        devices = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": customer,
                "user_id": user["id"],
                "sip_user": telephone(number),
                "kind": "phone",
                "name": "",
                "secret": vault.encrypt(PASSWORD),
            }
            for number, user in enumerate(users)
        ]
        bindings = [self._binding(device) for device in devices]
        async with database.engine.begin() as connection:
            for model, rows in ((User, users), (Device, devices), (BindingRow, bindings)):
                await connection.execute(insert(model), rows)
        for size, extension in GROUPS.items():
            members = tuple(user["id"] for user in users[:size])
            group = Group(extension, extension, f"Group of {size}", members)
            await make.create_service(customer, "group", extension, write_group(group))

    def _binding(self, device: dict[str, str]) -> dict[str, object]:
        contact = f"sip:{device['sip_user']}@127.0.0.1:{self.port}"
        value = {
            "device_id": device["id"],
            "contact": contact,
            "expires_at": time.time() + datetime.timedelta(days=1).total_seconds(),
            "q": 1.0,
            "call_id": f"{device['sip_user']}@bench",
            "cseq": 2,
            "transport": "udp",
            "instance": "",
            "reg_id": 0,
            "path": [],
            "remote": ["127.0.0.1", self.port],
        }
        return {"key": f"{device['id']}|{contact}", "tenant_id": device["customer_id"], "value": value}


def telephone(number: int) -> str:
    """The SIP user of a telephone."""
    return f"house-{number}"
