"""The connection to the database, and the one place where tenants are kept apart.

Policy: whoever acts for an account opens ``Database.scoped(scope)``. Every SELECT, UPDATE and DELETE of
such a session is restricted to the customers of the scope by the session itself, and it refuses to add a
row of another customer; no query of a repository has to remember it. ``Database.system()`` sees
everything and is for the node's own work only.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, event, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import ColumnElement

from stimme.store.models import Account, CustomerOwned, Organisation

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


class TenantLeakError(Exception):
    """Somebody tried to write a row of a customer outside the session's scope: a mistake in our code."""


class _ScopedSession(Session):
    """A session that cannot look beyond ``info["scope"]``."""


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
        with_loader_criteria(Account, Account.organisation_id.in_(visible), include_aliases=True),
        with_loader_criteria(Organisation, organisations, include_aliases=True),
    )


@event.listens_for(_ScopedSession, "before_flush")
def _refuse_foreign(session: Session, _context: Any, _instances: Any) -> None:
    changed = [row for row in (*session.new, *session.dirty) if isinstance(row, CustomerOwned)]
    if not changed:
        return
    scope: Scope = session.info["scope"]
    with session.no_autoflush:
        allowed = set(session.scalars(scope.customers()))
    for row in changed:
        if row.customer_id not in allowed:
            raise TenantLeakError(f"{type(row).__name__} of customer {row.customer_id} outside {scope}")


class Database:
    """The engine and its sessions. SQLite runs in WAL mode with foreign keys on."""

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = create_async_engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)

    def scoped(self, scope: Scope) -> AsyncSession:
        """Open a session for somebody who may see ``scope`` and nothing else."""
        return AsyncSession(
            self.engine, sync_session_class=_ScopedSession, info={"scope": scope}, expire_on_commit=False
        )

    def system(self) -> AsyncSession:
        """Open a session for the node itself, which serves all customers."""
        return AsyncSession(self.engine, expire_on_commit=False)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A killed process loses nothing in WAL mode with NORMAL; only a power cut can cost the last commits.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
