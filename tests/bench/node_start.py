"""`node-start`: how long a node with 200 customers of 50 users takes to start, and what a user weighs.

Measured from the command to the first answer to OPTIONS, which a node gives once it has its customers, their
registrations and the engine. The peer is the same node with a single customer: the ratio tells what the
state adds. Aimed at: less than 5 s; at most 8 kB for a user who does nothing.
"""

import datetime
import os
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from tests.bench import accounting, report, sip_client, stimme_server
from tests.bench.processes import FreePorts, Server

from stimme.store.customer_models import CustomerLicence
from stimme.store.database import Database
from stimme.store.models import BindingRow, Device, Organisation, User
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import open_vault

NAME = "node-start"
TARGET = 3.0
CUSTOMERS, USERS = 200, 50
_LIMIT_SECONDS, _LIMIT_BYTES = 5.0, 8_000


@dataclass(frozen=True, slots=True)
class Options:
    """How many starts on each side."""

    runs: int = 3


@dataclass(frozen=True, slots=True)
class _Start:
    seconds: float
    memory: int


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Start both nodes, alternating."""
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch:
        full = _site(Path(scratch) / "full", ports, furnished=True)
        small = _site(Path(scratch) / "small", ports, furnished=False)
        # The first start of each migrates the database and fills the file cache.
        for site in (full, small):
            _start(site)
        runs = [(_start(full), _start(small)) for _ in range(options.runs)]
    measurement = report.compare(
        NAME,
        [ours.seconds for ours, _ in runs],
        [peer.seconds for _, peer in runs],
        peer_name="the node with one customer",
        target=TARGET,
        unit="s to the first answer",
        command=command,
        machine=machine,
    )
    weight = sum(ours.memory - peer.memory for ours, peer in runs) / len(runs) / (CUSTOMERS * USERS)
    notes = [
        f"{CUSTOMERS} customers x {USERS} users, each with a registered telephone: "
        f"{measurement.ours:.2f} s (aimed at: {_LIMIT_SECONDS:.0f} s)",
        f"memory for a user who does nothing: {weight:.0f} bytes (aimed at: {_LIMIT_BYTES})",
    ]
    raw = [{"full": ours.seconds, "small": peer.seconds, "bytes": ours.memory} for ours, peer in runs]
    return report.Outcome(measurement, list(raw), notes)


def _site(directory: Path, ports: FreePorts, *, furnished: bool) -> tuple[stimme_server.Site, list[str]]:
    directory.mkdir()
    sip, web, metrics, trunk = ports.take(4)
    site = stimme_server.Site(
        directory,
        sip_port=sip,
        web_port=web,
        metrics_port=metrics,
        trunk_port=trunk,
        furnish=_Furnisher(directory) if furnished else None,
    )
    return site, site.server().command


def _start(made: tuple[stimme_server.Site, list[str]]) -> _Start:
    site, command = made
    server = Server("stimme", command, log=site.directory / "stimme.log")
    began = time.monotonic()
    with server:
        server.wait_until(lambda: sip_client.answers_options(site.sip_port), seconds=60)
        seconds = time.monotonic() - began
        pid = int((site.directory / "run" / "call-control.pid").read_text())
        return _Start(seconds, accounting.anonymous_memory_of_all(pid))


class _Furnisher:
    """Puts the customers in, each user with a telephone that was registered before."""

    def __init__(self, directory: Path) -> None:
        self._vault = open_vault(directory / "secret.key")

    async def __call__(self, database: Database, make: Provisioning, provider: str, customer: str) -> None:
        now = datetime.datetime.now(datetime.UTC)
        customers: list[dict[str, Any]] = [
            {
                "id": str(uuid.uuid4()),
                "kind": "customer",
                "parent_id": provider,
                "name": f"Kunde {number}",
                "domain": f"k{number}.example",
                "language": "de",
                "created_at": now,
            }
            for number in range(CUSTOMERS)
        ]
        licence = {"base": "base", "trunks": 1, "klare": USERS, "klingende": 0, "volle": 0, "changes": 0}
        licences = [
            {"customer_id": one["id"], "number": 20_000 + n, **licence} for n, one in enumerate(customers)
        ]
        users: list[dict[str, str]] = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": one["id"],
                "extension": str(10 + number),
                "name": f"Nutzer {number}",
                "package": "klare",
                "language": "de",
            }
            for one in customers
            for number in range(USERS)
        ]
        devices = [self._device(n, user) for n, user in enumerate(users)]
        bindings = [_binding(n, device) for n, device in enumerate(devices)]
        async with database.engine.begin() as connection:
            for model, rows in (
                (Organisation, customers),
                (CustomerLicence, licences),
                (User, users),
                (Device, devices),
                (BindingRow, bindings),
            ):
                await connection.execute(insert(model), rows)

    def _device(self, number: int, user: dict[str, str]) -> dict[str, str]:
        return {
            "id": str(uuid.uuid4()),
            "customer_id": user["customer_id"],
            "user_id": user["id"],
            "sip_user": f"telephone-{number}",
            "kind": "phone",
            "name": "",
            "secret": self._vault.encrypt(os.urandom(9).hex()),
        }


def _binding(number: int, device: dict[str, str]) -> dict[str, object]:
    contact = f"sip:{device['sip_user']}@127.0.0.1:{30_000 + number % 2_000}"
    value = {
        "device_id": device["id"],
        "contact": contact,
        "expires_at": time.time() + 86_400,
        "q": 1.0,
        "call_id": f"{device['sip_user']}@bench",
        "cseq": 2,
        "transport": "udp",
        "instance": "",
        "reg_id": 0,
        "path": [],
        "remote": ["127.0.0.1", 30_000 + number % 2_000],
    }
    return {"key": f"{device['id']}|{contact}", "tenant_id": device["customer_id"], "value": value}
