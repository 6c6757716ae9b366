"""The connection to the database, and the one place where tenants are kept apart.

Policy: whoever acts for an account opens ``Database.scoped(scope)``. Every SELECT, UPDATE and DELETE of
such a session is restricted to the customers of the scope by the session itself, and it refuses to add a
row of another customer; no query of a repository has to remember it. ``Database.system()`` sees
everything and is for the node's own work only. Both write the audit log (``stimme.store.audit``).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, create_engine, event, false, inspect, or_, select, true
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import ColumnElement

from stimme.store.audit import SYSTEM, Actor, RecordedSession
from stimme.store.customer_models import Gateway
from stimme.store.ledger_models import AuditEntry, InvoiceRow, LicenceEventRow, MonthClosing, PriceRow
from stimme.store.models import CustomerOwned, Historic, Organisation, OrganisationOwned

_BUSY_TIMEOUT_MS = 5000


@dataclass(frozen=True, slots=True)
class Scope:
    """What an account may see: ``kind`` is that of its organisation, ``organisation_id`` says which one."""

    kind: str
    organisation_id: str

    def customers(self) -> Select[str]:
        """Select the ids of the customers inside this scope."""
        ids = select(Organisation.id).where(Organisation.kind == "customer")
        match self.kind:
            case "provider":
                return ids
            case "reseller":
                return ids.where(Organisation.parent_id == self.organisation_id)
            case "customer":
                return ids.where(Organisation.id == self.organisation_id)
            case _:
                return ids.where(false())

    def organisations(self) -> ColumnElement[bool]:
        """Return the condition on the organisations inside this scope."""
        if self.kind == "provider":
            return true()
        return or_(Organisation.id == self.organisation_id, Organisation.parent_id == self.organisation_id)

    def history(self, book: type[Historic]) -> ColumnElement[bool]:
        """Return the condition on the entries of a book inside this scope."""
        match self.kind:
            case "provider":
                return true()
            case "reseller":
                return book.reseller_id == self.organisation_id
            case "customer":
                return book.customer_id == self.organisation_id
            case _:
                return false()

    def prices(self) -> ColumnElement[bool]:
        """Return the condition on the prices inside this scope: a reseller sees its own and the standard."""
        match self.kind:
            case "provider":
                return true()
            case "reseller":
                own = PriceRow.reseller_id == self.organisation_id
                return or_(PriceRow.reseller_id.is_(None), own)
            case _:
                return false()


class TenantLeakError(Exception):
    """Somebody tried to write a row of a customer outside the session's scope: a mistake in our code."""


class _ScopedSession(RecordedSession):
    """A session that cannot look beyond ``info["scope"]``."""


_BOOKS: tuple[type[Historic], ...] = (AuditEntry, InvoiceRow, LicenceEventRow)


@event.listens_for(_ScopedSession, "do_orm_execute")
def _restrict(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    scope: Scope = state.session.info["scope"]
    customers = scope.customers()
    organisations = scope.organisations()
    visible = select(Organisation.id).where(organisations)
    state.statement = state.statement.options(
        with_loader_criteria(CustomerOwned, lambda cls: cls.customer_id.in_(customers), include_aliases=True),
        with_loader_criteria(
            OrganisationOwned, lambda cls: cls.organisation_id.in_(visible), include_aliases=True
        ),
        with_loader_criteria(Organisation, organisations, include_aliases=True),
        with_loader_criteria(PriceRow, scope.prices(), include_aliases=True),
        with_loader_criteria(
            MonthClosing, true() if scope.kind == "provider" else false(), include_aliases=True
        ),
        *(
            []
            if scope.kind == "provider"
            else [with_loader_criteria(Gateway, Gateway.customer_id.in_(customers))]
        ),
        *(with_loader_criteria(book, scope.history(book), include_aliases=True) for book in _BOOKS),
    )


@event.listens_for(_ScopedSession, "before_flush")
def _refuse_foreign(session: Session, _context: Any, _instances: Any) -> None:
    changed = (*session.new, *session.dirty, *session.deleted)
    owners = {owner for row in changed if (owner := _owner(row)) is not None}
    scope: Scope = session.info["scope"]
    if not owners or scope.kind == "provider":
        return
    with session.no_autoflush:
        allowed = set(session.scalars(select(Organisation.id).where(scope.organisations())))
    for kind, organisation_id in owners:
        if organisation_id not in allowed:
            raise TenantLeakError(f"{kind} of {organisation_id} outside {scope}")


def _owner(row: object) -> tuple[str, str] | None:
    """Return what a row is and whose: of a customer itself, the organisation above that sells to it."""
    match row:
        case CustomerOwned():
            owner: str | None = row.customer_id
        case OrganisationOwned():
            owner = row.organisation_id
        case Organisation():
            owner = row.parent_id or row.id
        case Gateway():
            # Who gives a gateway back no longer owns it: then it is the one it was rented to that counts.
            owner = row.customer_id or next(
                iter(inspect(row).attrs.customer_id.history.deleted or ()), "stock"
            )
        case PriceRow():
            owner = row.reseller_id or "standard"
        case _:
            return None
    return None if owner is None else (type(row).__name__, owner)


class Database:
    """The engine and its sessions. SQLite runs in WAL mode with foreign keys on."""

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = create_async_engine(url)
        self._apart: _Apart | None = None
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            if self.engine.url.database:
                self._apart = _Apart(url)

    def scoped(self, scope: Scope, actor: Actor = SYSTEM) -> AsyncSession:
        """Open a session for somebody who may see ``scope`` and nothing else; ``actor`` makes the changes."""
        return AsyncSession(
            self.engine,
            sync_session_class=_ScopedSession,
            info={"scope": scope, "actor": actor},
            expire_on_commit=False,
        )

    def system(self, actor: Actor = SYSTEM) -> AsyncSession:
        """Open a session for the node itself, which serves all customers."""
        return AsyncSession(
            self.engine, sync_session_class=RecordedSession, info={"actor": actor}, expire_on_commit=False
        )

    async def together(self, work: Callable[[Connection], None]) -> None:
        """Do `work`, many statements that need nothing of each other's results, in one transaction.

        A file of SQLite is written in a thread, which costs the event loop one wake-up instead of some for
        each statement. Who is cancelled meanwhile does not know whether it was written.

        Raises:
            SQLAlchemyError: When the database refuses; nothing is written then.
        """
        if self._apart is not None:
            await self._apart.do(work)
            return
        async with self.engine.begin() as connection:
            await connection.run_sync(work)

    async def close(self) -> None:
        """Close all connections."""
        if self._apart is not None:
            await self._apart.close()
        await self.engine.dispose()


class _Apart:
    """A connection to a file of SQLite in a thread of its own: one piece of work after the other."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="sqlite")
        self._thread: ThreadPoolExecutor | None = None
        self._engine: Engine | None = None

    async def do(self, work: Callable[[Connection], None]) -> None:
        """See `Database.together`."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    async def close(self) -> None:
        """Finish what was begun."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._dispose)
            thread.shutdown(wait=False)

    def _do(self, work: Callable[[Connection], None]) -> None:
        if self._engine is None:
            self._engine = create_engine(self._url)
            event.listen(self._engine, "connect", _prepare_sqlite)
        with self._engine.begin() as connection:
            work(connection)

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A killed process loses nothing in WAL mode with NORMAL; only a power cut can cost the last commits.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
