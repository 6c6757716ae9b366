"""Demo licences run out: calls stop after four weeks, the data goes thirty days later.

Policy: the moment at which a demo ends is written with it, so nothing has to happen for it to end; whoever
asks for a customer's standing gets ``expired``. ``sweep`` tells which have ended since the last time, so
that their telephone systems take it over, and deletes those whose time for keeping data is over. A converted
demo is a customer like any other. Books stay.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from stimme.licensing.holding import DEMO_DATA_KEPT, Standing
from stimme.licensing.packages import LicenceKind
from stimme.store.audit import Actor
from stimme.store.customer_models import CustomerLicence
from stimme.store.database import Database
from stimme.store.licences import holding_of, lock_licences
from stimme.store.models import Organisation

_ACTOR = Actor("demo expiry", "provider")


@dataclass(frozen=True, slots=True)
class Sweep:
    """What has happened, and when to look again; ``None`` when there is nothing to wait for."""

    expired: tuple[str, ...]
    erased: tuple[str, ...]
    next_at: datetime.datetime | None


class DemoLicences:
    """The demos of all customers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standings(self, now: datetime.datetime) -> dict[str, Standing]:
        """Tell of every customer whether its telephone system serves calls at ``now``."""
        async with self._database.system() as session:
            rows = (await session.scalars(select(CustomerLicence))).all()
        return {row.customer_id: holding_of(row).standing(now) for row in rows}

    async def sweep(self, now: datetime.datetime, *, since: datetime.datetime) -> Sweep:
        """Find demos that ended after ``since`` and until ``now``; delete those kept long enough."""
        demos = await self._demos()
        erased = [row.customer_id for row in demos if _ends(row) + DEMO_DATA_KEPT <= now]
        for customer_id in erased:
            await self._erase(customer_id, now)
        expired = [row.customer_id for row in demos if since < _ends(row) <= now]
        moments = [moment for row in demos for moment in (_ends(row), _ends(row) + DEMO_DATA_KEPT)]
        coming = [moment for moment in moments if moment > now]
        return Sweep(
            tuple(one for one in expired if one not in erased), tuple(erased), min(coming, default=None)
        )

    async def _demos(self) -> Sequence[CustomerLicence]:
        statement = (
            select(CustomerLicence)
            .where(CustomerLicence.base == LicenceKind.DEMO.value)
            .order_by(CustomerLicence.demo_ends, CustomerLicence.customer_id)
        )
        async with self._database.system() as session:
            return (await session.scalars(statement)).all()

    async def _erase(self, customer_id: str, now: datetime.datetime) -> None:
        async with self._database.system(_ACTOR) as session, session.begin():
            # Converted at this very moment? Then it stays: changes of its licences wait from here on.
            await lock_licences(session, customer_id)
            row = await session.get_one(CustomerLicence, customer_id)
            if row.base != LicenceKind.DEMO.value or _ends(row) + DEMO_DATA_KEPT > now:
                return
            await session.delete(await session.get_one(Organisation, customer_id))


def _ends(row: CustomerLicence) -> datetime.datetime:
    if row.demo_ends is None:
        raise ValueError(f"demo of {row.customer_id} has no end")
    return row.demo_ends
