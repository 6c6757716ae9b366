"""The migrations make what the models say, and take it back."""

import json
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from stimme.store import migrate
from stimme.store.database import Database
from stimme.store.schema import metadata


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_up_matches_models_and_down_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/m.db")
    await migrate.upgrade(database.engine)
    assert await tables(database) == set(metadata.tables) | {"alembic_version"}
    await migrate.check(database.engine)
    await migrate.downgrade(database.engine, "base")
    assert await tables(database) == {"alembic_version"}
    await migrate.upgrade(database.engine)
    await migrate.upgrade(database.engine)
    await database.close()


OLD_ROWS = """
INSERT INTO organisations (id, kind, parent_id, name, domain, language, created_at) VALUES
  ('p', 'provider', NULL, 'P', NULL, 'de', '2026-11-01 00:00:00'),
  ('r', 'reseller', 'p', 'R', NULL, 'de', '2026-11-01 00:00:00'),
  ('c', 'customer', 'r', 'C', 'c.example', 'de', '2026-11-01 00:00:00');
INSERT INTO users (id, customer_id, extension, name, package, language) VALUES
  ('u', 'c', '10', 'Anna', 'volle', 'de'), ('v', 'c', '11', 'Bert', 'volle', 'de');
INSERT INTO accounts (id, organisation_id, user_id, login, password_hash, role, language, created_at) VALUES
  ('a', 'c', 'u', 'anna', 'x', 'user', 'de', '2026-11-01 00:00:00');
INSERT INTO devices (id, customer_id, user_id, kind, name, sip_user, secret) VALUES
  ('d', 'c', 'u', 'phone', '', 'anna', 'x');
INSERT INTO trunks (id, customer_id, name, kind, host, port, transport, username, secret, expires) VALUES
  ('t', 'c', 'T', 'static', 'h', 5060, 'udp', '', 'x', 600),
  ('s', 'c', 'S', 'static', 'h', 5060, 'udp', '', 'x', 600)
"""


async def count(database: Database, table: str) -> int:
    async with database.engine.connect() as connection:
        rows: int = (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
        return rows


async def first_version(tmp_path: Path) -> Database:
    """A database of the first version with a customer in it."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/m.db")
    await migrate.upgrade(database.engine, "0001")
    async with database.engine.begin() as connection:
        for statement in OLD_ROWS.split(";\n"):
            await connection.execute(text(statement))
    return database


async def test_customers_of_the_first_version_keep_everything_and_are_licensed(tmp_path: Path) -> None:
    database = await first_version(tmp_path)
    await migrate.upgrade(database.engine)
    for table, rows in (("users", 2), ("accounts", 1), ("devices", 1), ("trunks", 2)):
        assert await count(database, table) == rows
    async with database.engine.connect() as connection:
        events = (
            await connection.execute(text("SELECT kind, quantity, reseller_id FROM licence_events"))
        ).all()
        assert {tuple(row) for row in events} == {("base", 1, "r"), ("trunk", 1, "r"), ("volle", 2, "r")}
        held = (
            await connection.execute(text("SELECT number, base, trunks, volle FROM customer_licences"))
        ).one()
        assert tuple(held) == (10001, "base", 2, 2)
        enforced = (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one()
        assert enforced == 1
    await migrate.downgrade(database.engine, "0001")
    for table, rows in (("users", 2), ("accounts", 1), ("devices", 1), ("trunks", 2)):
        assert await count(database, table) == rows
    await database.close()


async def test_a_telephone_of_nobody_is_lost_on_the_way_back_and_others_are_not(tmp_path: Path) -> None:
    database = await first_version(tmp_path)
    await migrate.upgrade(database.engine)
    free = "INSERT INTO devices (id, customer_id, user_id, kind, name, sip_user, secret, version) VALUES "
    async with database.engine.begin() as connection:
        await connection.execute(text(free + "('e', 'c', NULL, 'phone', '', 'free', 'x', 1)"))
    with pytest.raises(IntegrityError):
        async with database.engine.begin() as connection:
            await connection.execute(text(free + "('f', 'c', NULL, 'web', '', 'browser', 'x', 1)"))
    await migrate.downgrade(database.engine, "0016")
    async with database.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT id, user_id FROM devices"))).all()
    assert [tuple(row) for row in kept] == [("d", "u")]
    await migrate.upgrade(database.engine)
    await migrate.check(database.engine)
    await database.close()


async def test_phone_books_that_were_services_become_books(tmp_path: Path) -> None:
    database = await first_version(tmp_path)
    await migrate.upgrade(database.engine, "0015")
    entries = [
        {"name": "Weiß", "numbers": ["030 901820", "112"], "short": "7"},
        {"company": "X", "numbers": ["x"]},
    ]
    values = {
        "1": {"id": "b", "name": "Firma", "entries": entries},
        "2": {"id": "p", "name": "Privat", "owner": "u", "entries": []},
        "3": {"id": "q", "name": "Niemandes", "owner": "gone", "entries": []},
    }
    async with database.engine.begin() as connection:
        for row_id, value in values.items():
            await connection.execute(
                text(
                    "INSERT INTO services (id, customer_id, kind, value, version)"
                    " VALUES (:id, 'c', 'phone_book', :value, 1)"
                ),
                {"id": row_id, "value": json.dumps(value)},
            )
    await migrate.upgrade(database.engine)
    async with database.engine.connect() as connection:
        books = (
            await connection.execute(text("SELECT id, name, owner_id FROM phone_books ORDER BY id"))
        ).all()
        assert [tuple(row) for row in books] == [("1", "Firma", None), ("2", "Privat", "u")]
        kept = (
            await connection.execute(text("SELECT name, place, short, numbers FROM phone_book_entries"))
        ).one()
    assert (kept.name, kept.place, kept.short) == ("Weiß", "weiss", "7")
    assert json.loads(kept.numbers) == [{"number": "+4930901820", "kind": "other"}]
    assert await count(database, "services") == 0
    await migrate.downgrade(database.engine, "0015")
    await database.close()


async def test_speech_of_earlier_telephones_and_trunks_gets_the_standards(tmp_path: Path) -> None:
    database = await first_version(tmp_path)
    await migrate.upgrade(database.engine)
    for table, standard in (("devices", "prefer"), ("trunks", "accept")):
        async with database.engine.connect() as connection:
            assert set(await connection.scalars(text(f"SELECT srtp FROM {table}"))) == {standard}
    for wrong in (
        "UPDATE devices SET srtp = 'always'",
        "UPDATE trunks SET srtp = 'always'",
        "UPDATE trunks SET srtp = 'require' WHERE transport = 'udp'",
    ):
        with pytest.raises(IntegrityError):
            async with database.engine.begin() as connection:
                await connection.execute(text(wrong))
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE trunks SET transport = 'tls', srtp = 'require'"))
    await migrate.downgrade(database.engine, "0018")
    assert await count(database, "trunks") == 2
    await migrate.upgrade(database.engine)
    await migrate.check(database.engine)
    await database.close()
