"""What happened: a user's call list and a customer's call records, newest first, a page at a time."""

import datetime
from collections.abc import Collection, Sequence

from sqlalchemy import Tuple, literal, select, tuple_, update

from stimme.store.database import Database, Scope
from stimme.store.models import CallListEntry, CallRecordRow, UtcDateTime
from stimme.store.service_models import CallNoteRow
from stimme.store.writer import WriteBehind


class CallHistory:
    """Reads call lists and call records of one scope.

    Args:
        database: Where they are.
        writer: What has gathered the latest; it is read with the rest.
    """

    def __init__(self, database: Database, writer: WriteBehind | None = None) -> None:
        self._database = database
        self._writer = writer

    async def _settle(self) -> None:
        if self._writer is not None:
            await self._writer.settle()

    async def call_list(
        self, scope: Scope, user_id: str, *, before: tuple[datetime.datetime, str] | None, limit: int
    ) -> Sequence[CallListEntry]:
        """List a user's calls older than ``before`` (start and id of the last one seen)."""
        statement = (
            select(CallListEntry)
            .where(CallListEntry.user_id == user_id)
            .order_by(CallListEntry.started_at.desc(), CallListEntry.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(tuple_(CallListEntry.started_at, CallListEntry.id) < _key(before))
        await self._settle()
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def mark_seen(self, scope: Scope, user_id: str) -> None:
        """Mark all of a user's calls as seen."""
        statement = (
            update(CallListEntry)
            .where(CallListEntry.user_id == user_id, CallListEntry.seen.is_(False))
            .values(seen=True)
            .execution_options(synchronize_session=False)
        )
        await self._settle()
        async with self._database.scoped(scope) as session, session.begin():
            await session.execute(statement)

    async def call_records(
        self,
        scope: Scope,
        *,
        customer_id: str | None,
        before: tuple[datetime.datetime, str] | None,
        limit: int,
    ) -> Sequence[CallRecordRow]:
        """List call records older than ``before`` (start and id of the last one seen)."""
        statement = (
            select(CallRecordRow)
            .order_by(CallRecordRow.started_at.desc(), CallRecordRow.id.desc())
            .limit(limit)
        )
        if customer_id is not None:
            statement = statement.where(CallRecordRow.customer_id == customer_id)
        if before is not None:
            statement = statement.where(tuple_(CallRecordRow.started_at, CallRecordRow.id) < _key(before))
        await self._settle()
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def notes(self, scope: Scope, call_ids: Collection[str]) -> dict[str, list[CallNoteRow]]:
        """Return what users have noted of calls, oldest first, by the call's id."""
        statement = (
            select(CallNoteRow).where(CallNoteRow.call_id.in_(call_ids)).order_by(CallNoteRow.noted_at)
        )
        found: dict[str, list[CallNoteRow]] = {}
        async with self._database.scoped(scope) as session:
            for row in await session.scalars(statement):
                found.setdefault(row.call_id, []).append(row)
        return found


def _key(before: tuple[datetime.datetime, str]) -> Tuple:
    return tuple_(literal(before[0], UtcDateTime()), literal(before[1]))
