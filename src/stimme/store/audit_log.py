"""The audit log, for people to look at."""

from collections.abc import Sequence

from sqlalchemy import select

from stimme.store.database import Database, Scope
from stimme.store.ledger_models import AuditEntry


class AuditLog:
    """Reads the entries inside a scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(
        self, scope: Scope, *, subject_id: str | None, before: int | None, limit: int
    ) -> Sequence[AuditEntry]:
        """List entries, newest first; ``before`` is the id of the last one seen."""
        statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
        if subject_id is not None:
            statement = statement.where(AuditEntry.subject_id == subject_id)
        if before is not None:
            statement = statement.where(AuditEntry.id < before)
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()
