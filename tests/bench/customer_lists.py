"""List pages of the API with 1,000 customers of 50 users, against SQLite's own time for the same rows.

The API answers over its ASGI door, with sign-in, tenancy and JSON, from a database file on disk; the peer is
the `sqlite3` module with the same query by hand on the same file. The figure is the search that no index
helps; every other page, and the search over everything, is in the notes. Aimed at: no page above 200 ms.
"""

import asyncio
import datetime
import sqlite3
import statistics
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert
from tests.bench import report
from tests.unit.api.world import World, build_world

from stimme.store.customer_models import CustomerLicence
from stimme.store.models import Device, Organisation, User

NAME = "customer-lists"
CUSTOMERS, USERS = 1000, 50
LOGIN = "home@reseller.example"
SEARCH = "User 999 4"
SEARCH_PAGE = f"/users?query={SEARCH}"
EVERYWHERE = f"/search?query={SEARCH}"
TARGET = 5.0
PAGES = (
    "/customers",
    "/customers?query=0999",
    "/users",
    SEARCH_PAGE,
    EVERYWHERE,
    "/search?query=0999",
    "/devices",
    "/trunks",
    "/audit",
)
BY_HAND = (
    "SELECT * FROM users WHERE customer_id IN (SELECT id FROM organisations WHERE parent_id = "
    "(SELECT id FROM organisations WHERE name = 'Home')) AND name LIKE ? "
    "ORDER BY customer_id, extension LIMIT 201"
)


@dataclass(frozen=True, slots=True)
class Options:
    """How often each page is asked for in a run, and how many runs."""

    repeats: int = 5
    runs: int = 3


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Fill a database, ask for the pages."""
    return asyncio.run(_run(options, command, machine))


async def _run(options: Options, command: str, machine: dict[str, str | int]) -> report.Outcome:
    runs: list[tuple[dict[str, float], float]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as folder:
        async for world in build_world(Path(folder)):
            await _fill(world)
            for _ in range(options.runs):
                pages = await _pages(world, options.repeats)
                runs.append((pages, _by_hand(Path(folder) / "api.db", options.repeats)))
    medians = {page: statistics.median(pages[page] for pages, _peer in runs) for page in PAGES}
    measurement = report.compare(
        NAME,
        [pages[SEARCH_PAGE] for pages, _peer in runs],
        [peer for _ours, peer in runs],
        peer_name=f"SQLite {sqlite3.sqlite_version}",
        target=TARGET,
        unit="ms a page",
        command=command,
        machine=machine,
    )
    notes = [f"{page}: {medians[page]:.1f} ms" for page in PAGES]
    return report.Outcome(measurement, [{"pages": pages, "peer": peer} for pages, peer in runs], notes)


async def _fill(world: World) -> None:
    now = datetime.datetime.now(datetime.UTC)
    async with world.services.database.engine.begin() as connection:
        found = await connection.exec_driver_sql("SELECT id FROM organisations WHERE name = 'Home'")
        home = found.scalar_one()
        customers = [
            {
                "id": str(uuid.uuid4()),
                "kind": "customer",
                "parent_id": home,
                "name": f"Kunde {number:04}",
                "domain": f"k{number}.example",
                "language": "de",
                "created_at": now,
            }
            for number in range(CUSTOMERS)
        ]
        users = [
            {
                "id": str(uuid.uuid4()),
                "customer_id": customer["id"],
                "extension": str(10 + number),
                "name": f"User {index} {number}",
                "package": "klare",
                "language": "de",
            }
            for index, customer in enumerate(customers)
            for number in range(USERS)
        ]
        licence = {"base": "base", "trunks": 1, "klare": USERS, "klingende": 0, "volle": 0, "changes": 0}
        device = {"kind": "phone", "name": "", "secret": "x"}
        await connection.execute(insert(Organisation), customers)
        await connection.execute(
            insert(CustomerLicence),
            [{"customer_id": one["id"], "number": 20000 + n, **licence} for n, one in enumerate(customers)],
        )
        await connection.execute(insert(User), users)
        await connection.execute(
            insert(Device),
            [
                {"id": str(uuid.uuid4()), "customer_id": one["customer_id"], "user_id": one["id"]}
                | {"sip_user": f"p-{one['id']}", **device}
                for one in users
            ],
        )


async def _pages(world: World, repeats: int) -> dict[str, float]:
    """Return the median time of each page in milliseconds."""
    times: dict[str, float] = {}
    async with await world.signed_in(LOGIN) as client:
        for page in PAGES:
            single = []
            for _ in range(repeats):
                started = time.perf_counter()
                answer = await client.get(f"/api/v1{page}")
                single.append((time.perf_counter() - started) * 1000)
                answer.raise_for_status()
            times[page] = statistics.median(single)
    return times


def _by_hand(database: Path, repeats: int) -> float:
    connection = sqlite3.connect(database)
    single = []
    for _ in range(repeats):
        started = time.perf_counter()
        connection.execute(BY_HAND, (f"%{SEARCH}%",)).fetchall()
        single.append((time.perf_counter() - started) * 1000)
    connection.close()
    return statistics.median(single)
