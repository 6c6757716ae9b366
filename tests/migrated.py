"""Databases for tests: filled once a process, copied for each test that starts from the same."""

import functools
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from stimme.store import migrate
from stimme.store.database import Database


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="stimme-databases-")


async def fill_once(database: Database, name: str, fill: Callable[[Database], Awaitable[Any]]) -> Any:
    """Gives a new SQLite file that nobody has opened yet what `fill` puts into an empty one.

    Returns what `fill` returned, which JSON can hold; it is called for the first database of that name only.
    """
    template = Path(_folder().name) / f"{name}.db"
    told = template.with_suffix(".json")
    if not told.exists():
        first = Database(f"sqlite+aiosqlite:///{template}")
        result = await fill(first)
        await first.close()
        told.write_text(json.dumps(result))
    target = database.engine.url.database
    assert target is not None
    assert not Path(target).exists(), "a database that is there already is not replaced"
    shutil.copyfile(template, target)
    return json.loads(told.read_text())


async def bring_up_to_date(database: Database) -> None:
    """As `migrate.upgrade` for a new SQLite file, in a fraction of the time."""
    await fill_once(database, "migrated", lambda first: migrate.upgrade(first.engine))
