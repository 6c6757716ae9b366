"""Writing behind: coalescing, write-once, rows the database refuses, and a killed process."""

import asyncio
import datetime
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, event, select
from tests.migrated import bring_up_to_date

from stimme.store.calls import CallHistory
from stimme.store.database import Database, Scope
from stimme.store.models import BindingRow, CallRecordRow, Organisation
from stimme.store.writer import WriteBehind

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
RECORDS: Table = CallRecordRow.__table__  # type: ignore[assignment]
BINDINGS: Table = BindingRow.__table__  # type: ignore[assignment]
TABLES = (BINDINGS, RECORDS)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/w.db")
    await bring_up_to_date(opened)
    async with opened.system() as session, session.begin():
        session.add(Organisation(id="p", kind="provider", name="P", created_at=NOW))
        await session.flush()
        session.add(
            Organisation(id="c", kind="customer", parent_id="p", name="C", domain="c.example", created_at=NOW)
        )
    yield opened
    await opened.close()


async def bindings(database: Database) -> dict[str, Any]:
    async with database.system() as session:
        return {row.key: row.value for row in await session.scalars(select(BindingRow))}


def record(call_id: str, result: str, customer: str = "c") -> dict[str, Any]:
    return {
        "id": call_id,
        "customer_id": customer,
        "direction": "internal",
        "started_at": NOW,
        "ended_at": NOW,
        "result": result,
        "quality": {},
    }


def entry(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "tenant_id": "c", "value": {"n": value}}


@pytest.fixture
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


async def test_last_state_wins_and_short_calls_never_reach_the_disk(
    database: Database, statements: list[str]
) -> None:
    writer = WriteBehind(database, TABLES)
    statements.clear()
    writer.put(BINDINGS, "a", entry("a", 1))
    writer.put(BINDINGS, "a", entry("a", 2))
    writer.put(BINDINGS, "b", entry("b", 1))
    writer.delete(BINDINGS, "b")
    await writer.flush()
    assert [statement.split()[0] for statement in statements] == ["DELETE", "INSERT"]
    assert await bindings(database) == {"a": {"n": 2}}
    writer.delete(BINDINGS, "a")
    await writer.flush()
    assert await bindings(database) == {}


async def test_a_call_is_recorded_once(database: Database) -> None:
    writer = WriteBehind(database, TABLES)
    writer.put(RECORDS, "x", record("x", "answered"))
    writer.put(RECORDS, "x", record("x", "failed"))
    await writer.flush()
    writer.put(RECORDS, "x", record("x", "failed"))
    await writer.flush()
    async with database.system() as session:
        (row,) = await session.scalars(select(CallRecordRow))
    assert row.result == "answered"


async def test_a_refused_row_does_not_take_others_with_it(database: Database) -> None:
    writer = WriteBehind(database, TABLES)
    writer.put(RECORDS, "good", record("good", "answered"))
    writer.put(RECORDS, "orphan", record("orphan", "answered", customer="gone"))
    writer.put(BINDINGS, "a", entry("a", 1))
    await writer.flush()
    async with database.system() as session:
        assert [row.id for row in await session.scalars(select(CallRecordRow))] == ["good"]
    assert await bindings(database) == {"a": {"n": 1}}


async def test_who_reads_calls_misses_none_that_is_still_to_be_written(database: Database) -> None:
    writer = WriteBehind(database, TABLES, interval=3600)
    history = CallHistory(database, writer)
    everything = Scope("provider", "p")
    assert await history.call_records(everything, customer_id=None, before=None, limit=10) == []
    writer.put(RECORDS, "x", record("x", "answered"))
    (row,) = await history.call_records(everything, customer_id=None, before=None, limit=10)
    assert row.id == "x"


async def test_closing_writes_the_rest(database: Database) -> None:
    writer = WriteBehind(database, TABLES, interval=3600)
    writer.start()
    writer.put(BINDINGS, "a", entry("a", 1))
    await asyncio.wait_for(writer.close(), 10)
    assert await bindings(database) == {"a": {"n": 1}}


VICTIM = """
import asyncio, sys
from stimme.store.database import Database
from stimme.store.models import BindingRow
from stimme.store.writer import WriteBehind

async def main():
    database = Database(sys.argv[1])
    table = BindingRow.__table__
    writer = WriteBehind(database, (table,))
    writer.start()
    writer.put(table, "call", {"key": "call", "tenant_id": "c", "value": {"n": 1}})
    reader = Database(sys.argv[1])
    from sqlalchemy import select
    while True:
        async with reader.system() as session:
            if (await session.scalars(select(BindingRow))).first() is not None:
                break
        await asyncio.sleep(0.01)
    writer.put(table, "late", {"key": "late", "tenant_id": "c", "value": {"n": "x" * 1000}})
    print("written", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_what_was_written_survives_a_kill(database: Database) -> None:
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, str(database.engine.url), stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"written\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    assert (await bindings(database))["call"] == {"n": 1}
    writer = WriteBehind(database, TABLES)
    writer.delete(BINDINGS, "call")
    await writer.flush()
    assert "call" not in await bindings(database)
