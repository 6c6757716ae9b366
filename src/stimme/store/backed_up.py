"""The databases that a backup is taken from and put back into: SQLite's file, or PostgreSQL.

Policy: a copy is of one consistent moment while the node goes on (SQLite's online backup, pg_dump's
snapshot). PostgreSQL is asked by its own programs, which must be at least as new as the server; its password
goes to them by the environment, where other users do not see it. What is put back replaces everything in one
step: the file, or the schema in one transaction.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import URL, make_url

_PAGES_AT_ONCE = 1000
_PRIVATE = 0o600
_NULL = r"\N"


class BackupError(Exception):
    """A backup cannot be made or restored; nothing was replaced."""


class BackedUp(Protocol):
    """A database, as backups need it.

    Attributes:
        member: The name of its copy in the archive.
    """

    member: str

    def is_there(self) -> bool:
        """Tell whether there is something that a restore would replace."""

    def copy(self, target: Path) -> None:
        """Write a copy of this moment.

        Raises:
            BackupError: When there is nothing, or it cannot be read.
        """

    def revision(self, copy: Path) -> str:
        """Return the revision of a copy's tables.

        Raises:
            BackupError: When it is no copy of ours.
        """

    def check(self, copy: Path) -> str | None:
        """Look whether a copy is whole; returns one of its encrypted secrets, if it has any.

        Raises:
            BackupError: When it is damaged.
        """

    def put(self, copy: Path) -> None:
        """Replace everything by a copy.

        Raises:
            BackupError: When that fails; then nothing was replaced.
        """

    def __str__(self) -> str:
        """The database for people, without its password."""


def backed_up(url: str) -> BackedUp:
    """Return the database that a URL of the configuration names.

    Raises:
        BackupError: When it is of another kind.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite" if parsed.database:
            return SqliteFile(Path(parsed.database))
        case "postgresql":
            return PostgresDatabase(parsed)
        case _:
            raise BackupError("only SQLite files and PostgreSQL are backed up")


class SqliteFile:
    """A database file."""

    member = "stimme.db"

    def __init__(self, file: Path) -> None:
        self._file = file

    def __str__(self) -> str:
        return str(self._file)

    def is_there(self) -> bool:
        """Tell whether there is a file."""
        return self._file.exists()

    def copy(self, target: Path) -> None:
        """Copy the file page by page while others write."""
        if not self._file.is_file():
            raise BackupError(f"there is no database {self}")
        with (
            contextlib.closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied, pages=_PAGES_AT_ONCE)

    def revision(self, copy: Path) -> str:
        """Read it from the copy."""
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None:
            raise BackupError(f"{self} is not a database of this program")
        return str(row[0])

    def check(self, copy: Path) -> str | None:
        """Let SQLite look at every page."""
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise BackupError("the database in the backup is damaged")
            secret = connection.execute("SELECT secret FROM devices LIMIT 1").fetchone()
        return None if secret is None else str(secret[0])

    def put(self, copy: Path) -> None:
        """Move the copy into place; on another disk it is copied beside the file first."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f".{self._file.name}.part")
        shutil.copyfile(copy, part)
        part.chmod(_PRIVATE)
        for leftover in ("-wal", "-shm"):
            Path(f"{self._file}{leftover}").unlink(missing_ok=True)
        part.replace(self._file)


class PostgresDatabase:
    """A database of a PostgreSQL server, reached as the node reaches it."""

    member = "stimme.pgdump"

    def __init__(self, url: URL) -> None:
        self._address = url.set(drivername="postgresql", password=None, query={}).render_as_string()
        self._password = url.password
        self._name = url.database or ""

    def __str__(self) -> str:
        return self._address

    def is_there(self) -> bool:
        """Tell whether there are tables."""
        count = self._run("psql", "-XAtc", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return count.strip() != "0"

    def copy(self, target: Path) -> None:
        """Let pg_dump write its own format, which names no owner."""
        options = ("--format=custom", "--no-owner", "--no-privileges")
        self._run("pg_dump", *options, f"--file={target}")

    def revision(self, copy: Path) -> str:
        """Read it from the copy."""
        row = self._first_row(copy, "alembic_version", "version_num")
        if row is None:
            raise BackupError(f"{self} is not a database of this program")
        return row

    def check(self, copy: Path) -> str | None:
        """Let pg_restore read all of it."""
        self._run("pg_restore", f"--file={os.devnull}", str(copy), connected=False)
        return self._first_row(copy, "devices", "secret")

    def put(self, copy: Path) -> None:
        """Drop the schema and restore it in one transaction."""
        script = copy.with_suffix(".sql")
        options = ("--no-owner", "--no-privileges", f"--file={script}")
        self._run("pg_restore", *options, str(copy), connected=False)
        script.chmod(_PRIVATE)
        drop = "DROP SCHEMA IF EXISTS public CASCADE"
        once = ("-Xq", "-v", "ON_ERROR_STOP=1", "--single-transaction")
        self._run("psql", *once, "-c", drop, "-c", "CREATE SCHEMA public", "-f", str(script))

    def _first_row(self, copy: Path, table: str, column: str) -> str | None:
        options = ("--data-only", f"--table={table}", "--file=-")
        lines = self._run("pg_restore", *options, str(copy), connected=False).splitlines()
        for number, line in enumerate(lines):
            if line.startswith(f"COPY public.{table} ("):
                columns = line[line.index("(") + 1 : line.index(")")].split(", ")
                values = lines[number + 1].split("\t")
                value = values[columns.index(column)] if len(values) == len(columns) else _NULL
                return None if value in (_NULL, r"\.") else value
        return None

    def _run(self, program: str, *arguments: str, connected: bool = True) -> str:
        found = shutil.which(program)
        if found is None:
            raise BackupError(f"{program} is missing; install the client programs of PostgreSQL")
        where = (f"--dbname={self._address}",) if connected else ()
        secret = {} if self._password is None else {"PGPASSWORD": str(self._password)}
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            [found, *where, *arguments],
            env={**os.environ, **secret},
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()
            raise BackupError(f"{program}: {reason[0] if reason else done.returncode}")
        return done.stdout
