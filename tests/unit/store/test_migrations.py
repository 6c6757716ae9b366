"""The migrations make what the models say, and take it back."""

from pathlib import Path

from sqlalchemy import inspect

from stimme.store import migrate
from stimme.store.database import Database
from stimme.store.models import Base


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_up_matches_models_and_down_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/m.db")
    await migrate.upgrade(database.engine)
    assert await tables(database) == set(Base.metadata.tables) | {"alembic_version"}
    await migrate.check(database.engine)
    await migrate.downgrade(database.engine, "base")
    assert await tables(database) == {"alembic_version"}
    await migrate.upgrade(database.engine)
    await migrate.upgrade(database.engine)
    await database.close()
