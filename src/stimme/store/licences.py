"""The licences of customers in the database: what they hold now, and the history that they are billed by.

Policy: every change goes through ``change_licences`` inside the transaction that sets up or takes away what
is licensed. It first takes the customer's row, so that two changes at once wait for each other; then the
domain (``stimme.licensing.holding``) decides; then the row and one event per licence kind that differs are
written.
Time never runs backwards in a customer's history.
"""

import datetime
from collections.abc import Callable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.holding import Holding
from stimme.licensing.packages import LicenceKind, Package
from stimme.licensing.usage import LicenceEvent
from stimme.store.audit import SYSTEM, Actor
from stimme.store.customer_models import CustomerLicence
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.ledger_models import LicenceEventRow, NumberSeries
from stimme.store.models import Organisation

CUSTOMER_NUMBERS = "customers"


def holding_of(row: CustomerLicence) -> Holding:
    """Read a row as the domain sees it."""
    counts = {Package.KLARE: row.klare, Package.KLINGENDE: row.klingende, Package.VOLLE: row.volle}
    return Holding(
        base=None if row.base is None else LicenceKind(row.base),
        trunks=row.trunks,
        users={package: count for package, count in counts.items() if count},
        demo_ends=row.demo_ends,
    )


async def next_in_series(session: AsyncSession, name: str, *, count: int = 1) -> int:
    """Take the next ``count`` numbers of a series, return the first; the series is locked until the end.

    Rolling back gives the number back, so that a series has no gaps.
    """
    connection = await session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    await connection.execute(insert(NumberSeries).values(name=name, next=1).on_conflict_do_nothing())
    taken = (
        update(NumberSeries)
        .where(NumberSeries.name == name)
        .values(next=NumberSeries.next + count)
        .returning(NumberSeries.next)
    )
    return (await connection.execute(taken)).scalar_one() - count


async def open_licences(session: AsyncSession, customer_id: str) -> None:
    """Give a new customer its number and no licence yet."""
    number = await next_in_series(session, CUSTOMER_NUMBERS)
    session.add(CustomerLicence(customer_id=customer_id, number=number))
    await session.flush()


async def change_licences(
    session: AsyncSession,
    customer_id: str,
    change: Callable[[Holding], Holding],
    *,
    cause: str,
    now: datetime.datetime,
) -> Holding:
    """Change what a customer holds, in the caller's transaction.

    Raises:
        NotFoundError: When the session sees no such customer.
        LicensingError: When the domain refuses.
    """
    await lock_licences(session, customer_id)
    row = (
        await session.scalars(
            select(CustomerLicence)
            .where(CustomerLicence.customer_id == customer_id)
            .execution_options(populate_existing=True)
        )
    ).one()
    before = holding_of(row)
    after = change(before)
    row.base = None if after.base is None else after.base.value
    row.trunks = after.trunks
    row.demo_ends = after.demo_ends
    row.klare = after.users.get(Package.KLARE, 0)
    row.klingende = after.users.get(Package.KLINGENDE, 0)
    row.volle = after.users.get(Package.VOLLE, 0)
    await _append(session, customer_id, before, after, cause=cause, now=now)
    await session.flush()
    return after


async def lock_licences(session: AsyncSession, customer_id: str) -> None:
    """Wait for other changes of this customer's licences, and keep them waiting until the transaction ends.

    Raises:
        NotFoundError: When the session sees no such customer.
    """
    statement = (
        update(CustomerLicence)
        .where(CustomerLicence.customer_id == customer_id)
        .values(changes=CustomerLicence.changes + 1)
        .returning(CustomerLicence.customer_id)
        .execution_options(synchronize_session=False)
    )
    if await session.scalar(statement) is None:
        raise NotFoundError("There is no such customer.")


async def _append(
    session: AsyncSession,
    customer_id: str,
    before: Holding,
    after: Holding,
    *,
    cause: str,
    now: datetime.datetime,
) -> None:
    old, new = before.licences(), after.licences()
    changed = [kind for kind in LicenceKind if old.get(kind, 0) != new.get(kind, 0)]
    if not changed:
        return
    latest = await session.scalar(
        select(func.max(LicenceEventRow.at)).where(LicenceEventRow.customer_id == customer_id)
    )
    actor: Actor = session.info.get("actor", SYSTEM)
    reseller_id = await reseller_of(session, customer_id)
    for kind in changed:
        session.add(
            LicenceEventRow(
                customer_id=customer_id,
                reseller_id=reseller_id,
                at=now if latest is None else max(now, latest),
                kind=kind.value,
                quantity=new.get(kind, 0),
                cause=cause,
                actor=actor.name,
            )
        )


async def reseller_of(session: AsyncSession, customer_id: str) -> str | None:
    """Return the reseller above a customer, if there is one between it and the provider."""
    above = Organisation.__table__.alias()
    customer = Organisation.__table__
    connection = await session.connection()
    return await connection.scalar(
        select(above.c.id)
        .join(customer, customer.c.parent_id == above.c.id)
        .where(customer.c.id == customer_id, above.c.kind == "reseller")
    )


class LicenceRepository:
    """What customers hold, for people to look at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holding(self, scope: Scope, customer_id: str) -> Holding | None:
        """Return what a customer holds; ``None`` for one outside the scope."""
        async with self._database.scoped(scope) as session:
            row = await session.get(CustomerLicence, customer_id)
        return None if row is None else holding_of(row)

    async def events(
        self, scope: Scope, customer_id: str, *, before: int | None, limit: int
    ) -> Sequence[LicenceEventRow]:
        """List a customer's licence events, newest first."""
        statement = (
            select(LicenceEventRow)
            .where(LicenceEventRow.customer_id == customer_id)
            .order_by(LicenceEventRow.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(LicenceEventRow.id < before)
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()


def event_of(row: LicenceEventRow) -> LicenceEvent:
    """Read a row as the domain sees it."""
    return LicenceEvent(row.at, LicenceKind(row.kind), row.quantity)
