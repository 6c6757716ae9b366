"""A PostgreSQL server of the test's own, started from the Debian package and gone with it."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.ports import free_ports

_ACCOUNT = "postgres"
"""Whom the server runs as when the tests run as root, which it refuses."""


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "PostgreSQL is missing: run make packages"
    return found[-1].parent


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60, user=_user(), cwd="/")


def _user() -> str | None:
    return _ACCOUNT if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the server's address as ``host:port``."""
    folder = Path(tempfile.mkdtemp(prefix="stimme-pg-"))
    if (user := _user()) is not None:
        shutil.chown(folder, user)
    (port,) = free_ports(1)
    programs, data = _programs(), folder / "data"
    _run(str(programs / "initdb"), "-D", str(data), "-U", "stimme", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    log = folder / "server.log"
    _run(str(programs / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(log), "-w", "start")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        _run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def postgres_url(postgres: str) -> AsyncIterator[str]:
    """Yield the address of an empty database."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_async_engine(
        f"postgresql+asyncpg://stimme@{postgres}/postgres", isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"postgresql+asyncpg://stimme@{postgres}/{name}"
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()
