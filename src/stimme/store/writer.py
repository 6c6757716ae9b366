"""Writing behind: what the PBX reports is gathered and put into the database in one transaction, soon after.

Policy: a report costs its caller a dictionary entry. After at most ``interval`` seconds everything
gathered goes into one transaction; a key reported several times meanwhile is written once, with its last
state, so that what comes and goes at once often never touches the disk. When the database refuses one
row for good (its tenant was deleted meanwhile), that row is logged and dropped and the others are
written; when the database is busy or away, everything is kept and tried again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection, Table, delete
from sqlalchemy.exc import IntegrityError, SQLAlchemyError, StatementError

from stimme.store.database import Database
from stimme.store.upsert import Row, RowError, Upsert

INTERVAL_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_log = structlog.get_logger("stimme.store")


class WriteBehind:
    """Gathers rows per table and key; the tables' order is that of the foreign keys between them."""

    def __init__(
        self, database: Database, tables: Sequence[Table], *, interval: float = INTERVAL_SECONDS
    ) -> None:
        self._database = database
        self._interval = interval
        self._tables = {table.name: table for table in tables}
        # Made once: building a statement costs more than executing it.
        self._upserts = {table.name: Upsert(table, database.engine.dialect) for table in tables}
        self._pending: dict[str, dict[str, Row | None]] = {name: {} for name in self._tables}
        self._afterwards: list[Callable[[], None]] = []
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def put(self, table: Table, key: str, row: Row) -> None:
        """Write ``row`` soon, in place of what is under ``key``; ``write_once`` tables keep the first."""
        if table.info.get("write_once"):
            self._pending[table.name].setdefault(key, row)
        else:
            self._pending[table.name][key] = row
        self._wake.set()

    def delete(self, table: Table, key: str) -> None:
        """Delete what is under ``key`` soon."""
        self._pending[table.name][key] = None
        self._wake.set()

    def then(self, work: Callable[[], None]) -> None:
        """Do something once everything that was reported until now is in the database."""
        self._afterwards.append(work)
        self._wake.set()

    def start(self) -> None:
        """Begin writing in the background."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def flush(self) -> None:
        """Return once everything reported before is in the database.

        Raises:
            SQLAlchemyError: When the database cannot be written; the rows are kept.
        """
        async with self._writing:
            await self._write()

    async def settle(self) -> None:
        """As `flush`, for somebody who wants to read and takes what is there when nothing can be written."""
        try:
            await self.flush()
        except SQLAlchemyError as error:
            _log.error("store cannot be written, reading without", error=str(error))

    async def close(self) -> None:
        """Stop the background task and write the rest."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._interval)
            try:
                await self.flush()
            except SQLAlchemyError as error:
                _log.error("store cannot be written, trying again", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _write(self) -> None:
        self._wake.clear()
        batch, afterwards = self._pending, self._afterwards
        self._pending, self._afterwards = {name: {} for name in self._tables}, []
        written = False
        try:
            await self._write_together(batch)
            written = True
        except (RowError, IntegrityError, StatementError) as error:
            if not _is_about_a_row(error):
                raise
            await self._write_singly(batch)
            written = True
        finally:
            # Also when cancelled in the middle: whether it was written is not known then, and nothing may be
            # lost. Written twice is written once, each key has one row.
            if not written:
                self._keep(batch)
                self._afterwards = [*afterwards, *self._afterwards]
        for work in afterwards:
            work()

    def _keep(self, batch: dict[str, dict[str, Row | None]]) -> None:
        for name, rows in batch.items():
            self._pending[name] = {**rows, **self._pending[name]}
            if self._pending[name]:
                self._wake.set()

    async def _write_together(self, batch: dict[str, dict[str, Row | None]]) -> None:
        if not any(batch.values()):
            return
        steps = [step for name, rows in batch.items() for step in self._steps(name, rows)]

        def work(connection: Connection) -> None:
            for step in steps:
                step(connection)

        await self._database.together(work)

    async def _write_singly(self, batch: dict[str, dict[str, Row | None]]) -> None:
        def work(connection: Connection) -> None:
            for name, rows in batch.items():
                for key, row in rows.items():
                    self._write_one(connection, name, key, row)

        await self._database.together(work)

    def _write_one(self, connection: Connection, name: str, key: str, row: Row | None) -> None:
        try:
            with connection.begin_nested():
                for step in self._steps(name, {key: row}):
                    step(connection)
        except (RowError, IntegrityError, StatementError) as error:
            if not _is_about_a_row(error):
                raise
            _log.error("row refused by the store", table=name, key=key, error=str(error))

    def _steps(self, name: str, rows: Mapping[str, Row | None]) -> Iterator[Callable[[Connection], object]]:
        """The statements for one table, everything prepared that needs no database. Raises RowError."""
        if gone := [key for key, row in rows.items() if row is None]:
            yield partial(_delete, self._tables[name], gone)
        if kept := [row for row in rows.values() if row is not None]:
            upsert = self._upserts[name]
            yield partial(upsert.write, prepared=upsert.prepared(kept))


def _delete(table: Table, keys: Sequence[str], connection: Connection) -> None:
    (key_column,) = table.primary_key.columns
    connection.execute(delete(table).where(key_column.in_(keys)))


def _is_about_a_row(error: Exception) -> bool:
    """Tell a row that can never be written from a database that cannot be written now."""
    return isinstance(error, RowError | IntegrityError) or type(error) is StatementError
