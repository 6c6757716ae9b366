"""Resellers, customers, their addresses and base licences, and the provider's gateways.

Policy: the provider makes resellers; resellers and the provider make customers below themselves. Who is above
whom never changes. A customer can be deleted when its base licence has ended and everything was billed; a
demo thirty days after it ran out. Who holds the extended base licence has a gateway of the stock, at one of
its sites; giving the licence back gives the gateway back.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.holding import Holding, Role
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import Month, maxima
from stimme.sentences import Sentence, no_such
from stimme.store.accounts import utc_now
from stimme.store.audit import record_change
from stimme.store.changes import Authority, Expectation, Put, change_row, changing, delete_row, need, put_row
from stimme.store.customer_models import BillingAddress, CustomerLicence, Gateway, Site
from stimme.store.database import Database, Scope
from stimme.store.errors import (
    ConflictError,
    FieldRefusedError,
    NotFoundError,
)
from stimme.store.ledger_models import LicenceEventRow, MonthClosing
from stimme.store.licences import (
    change_licences,
    event_of,
    holding_of,
    lock_licences,
    open_licences,
    reseller_of,
)
from stimme.store.models import Organisation

Kind = Literal["reseller", "customer"]


class Organisations:
    """Who sells to whom."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def page(
        self, scope: Scope, kind: Kind, *, query: str, after: Sequence[str] | None, limit: int
    ) -> Sequence[tuple[Organisation, CustomerLicence | None]]:
        """List organisations of a kind by name, customers with licences; ``query`` is part of a name."""
        statement = (
            select(Organisation, CustomerLicence)
            .outerjoin(CustomerLicence, CustomerLicence.customer_id == Organisation.id)
            .where(Organisation.kind == kind)
            .order_by(Organisation.name, Organisation.id)
            .limit(limit)
        )
        if query:
            statement = statement.where(
                or_(
                    Organisation.name.icontains(query, autoescape=True),
                    Organisation.domain.icontains(query, autoescape=True),
                )
            )
        if after is not None:
            name, row_id = after
            later = (Organisation.name == name) & (Organisation.id > row_id)
            statement = statement.where(or_(Organisation.name > name, later))
        async with self._database.scoped(scope) as session:
            return [(row[0], row[1]) for row in await session.execute(statement)]

    async def get(
        self, scope: Scope, kind: Kind, organisation_id: str
    ) -> tuple[Organisation, CustomerLicence | None]:
        """Return one organisation.

        Raises:
            NotFoundError: When there is none of this kind inside the scope.
        """
        async with self._database.scoped(scope) as session:
            row = await self._need(session, kind, organisation_id)
            return row, await session.get(CustomerLicence, organisation_id)

    async def put_reseller(
        self, who: Authority, reseller_id: str, values: Mapping[str, Any], expected: Expectation
    ) -> Put[Organisation]:
        """Create or change a reseller.

        Raises:
            NotFoundError: When the scope is not the provider's.
        """
        if who.scope.kind != "provider":
            raise NotFoundError("There is no such reseller.")
        async with changing(self._database, who) as session:
            return await self._put(
                session,
                "reseller",
                reseller_id,
                parent_id=who.scope.organisation_id,
                values=values,
                expected=expected,
            )

    async def put_customer(
        self,
        who: Authority,
        customer_id: str,
        reseller_id: str | None,
        *,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[Organisation]:
        """Create or change a customer; a reseller's is its own, the provider may name the reseller.

        Raises:
            StoreError: As ``changes`` says.
        """
        async with changing(self._database, who) as session:
            parent_id = who.scope.organisation_id if reseller_id is None else reseller_id
            existing = await session.get(Organisation, customer_id)
            if existing is not None and existing.parent_id is not None and reseller_id is None:
                parent_id = existing.parent_id
            parent = await session.get(Organisation, parent_id)
            if parent is None or parent.kind == "customer":
                raise FieldRefusedError("reseller_id", no_such("reseller"))
            put = await self._put(
                session, "customer", customer_id, parent_id=parent_id, values=values, expected=expected
            )
            if put.created:
                await open_licences(session, customer_id)
        return put

    async def delete(self, who: Authority, kind: Kind, organisation_id: str, expected: Expectation) -> None:
        """Delete an organisation with all it has; books stay.

        Raises:
            ConflictError: When it has customers, a licence, or something that was not billed yet.
        """
        async with changing(self._database, who) as session:
            row = await self._need(session, kind, organisation_id)
            if row.id == who.scope.organisation_id:
                raise ConflictError(Sentence("own-organisation", "Nobody deletes himself."))
            below = select(func.count()).select_from(Organisation).where(Organisation.parent_id == row.id)
            if await session.scalar(below):
                raise ConflictError(Sentence("reseller-has-customers", "This reseller still has customers."))
            if kind == "customer":
                await lock_licences(session, row.id)
                await self._refuse_unsettled(session, row.id)
            await delete_row(session, Organisation, organisation_id, expected)

    async def address(self, scope: Scope, organisation_id: str) -> BillingAddress | None:
        """Return a billing address, if there is one.

        Raises:
            NotFoundError: When the organisation is not inside the scope.
        """
        async with self._database.scoped(scope) as session:
            await need(session, Organisation, organisation_id)
            return await session.get(BillingAddress, organisation_id)

    async def put_address(
        self,
        who: Authority,
        organisation_id: str,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[BillingAddress]:
        """Set a billing address; invoices that are written keep the old one."""
        async with changing(self._database, who) as session:
            await need(session, Organisation, organisation_id)
            row = await session.get(BillingAddress, organisation_id)
            if row is None:
                row = BillingAddress(organisation_id=organisation_id, **values)
                session.add(row)
                await session.flush()
                return Put(row, created=True, changed=True)
            return await change_row(session, row, values, expected)

    async def set_base(
        self,
        who: Authority,
        customer_id: str,
        base: LicenceKind | None,
        *,
        gateway_id: str | None,
        site_id: str | None,
    ) -> Holding:
        """Assign, exchange, convert or end a base licence; setting what is there changes nothing.

        Raises:
            NotFoundError: When there is no such customer inside the who.scope.
            FieldRefusedError: When the gateway is not free, or the site not the customer's.
            LicensingError: When the licence model refuses.
        """
        now = self._now()
        role: Role = who.actor.role
        async with changing(self._database, who) as session:
            await lock_licences(session, customer_id)
            row = await session.get_one(CustomerLicence, customer_id)
            held = holding_of(row)
            if held.base is not base:
                held = await change_licences(
                    session,
                    customer_id,
                    lambda holding: holding.with_base(base, by=role, now=now),
                    cause="base licence changed",
                    now=now,
                )
                await _assign_gateway(session, customer_id, base, gateway_id, site_id)
        return held

    async def gateways(self, scope: Scope) -> Sequence[Gateway]:
        """List the gateways inside the scope by serial number."""
        async with self._database.scoped(scope) as session:
            return (await session.scalars(select(Gateway).order_by(Gateway.serial))).all()

    async def put_gateway(
        self, who: Authority, gateway_id: str, values: Mapping[str, Any], expected: Expectation
    ) -> Put[Gateway]:
        """Take a gateway into stock, or correct its serial number or model."""
        if who.scope.kind != "provider":
            raise NotFoundError("There is no such gateway.")
        async with changing(self._database, who) as session:
            return await put_row(session, Gateway, gateway_id, fixed={}, values=values, expected=expected)

    async def delete_gateway(self, who: Authority, gateway_id: str, expected: Expectation) -> None:
        """Take a gateway out of stock; refused while it is rented out."""
        if who.scope.kind != "provider":
            raise NotFoundError("There is no such gateway.")
        async with changing(self._database, who) as session:
            gateway = await need(session, Gateway, gateway_id)
            if gateway.customer_id is not None:
                raise ConflictError(Sentence("gateway-rented", "This gateway is rented out."))
            await delete_row(session, Gateway, gateway_id, expected)

    async def _put(
        self,
        session: AsyncSession,
        kind: Kind,
        row_id: str,
        *,
        parent_id: str,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[Organisation]:
        existing = await session.get(Organisation, row_id)
        if existing is not None and existing.kind != kind:
            raise NotFoundError(f"There is no such {kind}.")
        fixed: dict[str, Any] = {"kind": kind, "parent_id": parent_id}
        fixed["created_at"] = self._now() if existing is None else existing.created_at
        return await put_row(session, Organisation, row_id, fixed=fixed, values=values, expected=expected)

    @staticmethod
    async def _need(session: AsyncSession, kind: Kind, row_id: str) -> Organisation:
        row = await session.get(Organisation, row_id)
        if row is None or row.kind != kind:
            raise NotFoundError(f"There is no such {kind}.")
        return row

    async def _refuse_unsettled(self, session: AsyncSession, customer_id: str) -> None:
        now = self._now()
        held = holding_of(await session.get_one(CustomerLicence, customer_id))
        erasable = held.erasable_from()
        if held.base is not None and (erasable is None or now < erasable):
            raise ConflictError(
                Sentence("licence-not-ended", "This customer has a base licence; end it first.")
            )
        rows = await session.scalars(
            select(LicenceEventRow)
            .where(LicenceEventRow.customer_id == customer_id)
            .order_by(LicenceEventRow.id)
        )
        history = [event_of(event) for event in rows]
        closed = set(await (await session.connection()).scalars(select(MonthClosing.__table__.c.month)))
        month = Month.of(history[0].at) if history else Month.of(now)
        while month <= Month.of(now):
            if str(month) not in closed and maxima(history, month):
                raise ConflictError(
                    Sentence(
                        "not-billed", "This customer has not been billed for {month} yet.", month=str(month)
                    )
                )
            month = month.following


async def _assign_gateway(
    session: AsyncSession,
    customer_id: str,
    base: LicenceKind | None,
    gateway_id: str | None,
    site_id: str | None,
) -> None:
    if base is not LicenceKind.EXTENDED_BASE:
        for rented in await session.scalars(select(Gateway).where(Gateway.customer_id == customer_id)):
            rented.customer_id = None
            rented.site_id = None
        return
    if gateway_id is None:
        raise FieldRefusedError(
            "gateway_id",
            Sentence("gateway-needed", "The extended base licence needs a gateway of the stock."),
        )
    if site_id is None:
        raise FieldRefusedError("site_id", Sentence("site-needed", "The gateway needs a site."))
    site = await need(session, Site, site_id, "site_id")
    if site.customer_id != customer_id:
        raise FieldRefusedError("site_id", no_such("site"))
    # The stock is the provider's and invisible to resellers, who order from it all the same.
    stock = Gateway.__table__
    taken = await (await session.connection()).execute(
        update(Gateway)
        .where(stock.c.id == gateway_id, stock.c.customer_id.is_(None))
        .values(customer_id=customer_id, site_id=site_id, version=stock.c.version + 1)
        .returning(stock.c.id)
    )
    if taken.one_or_none() is None:
        raise FieldRefusedError(
            "gateway_id", Sentence("gateway-not-in-stock", "There is no such gateway in stock.")
        )
    record_change(
        session.sync_session,
        "gateway",
        gateway_id,
        owners=(customer_id, await reseller_of(session, customer_id)),
        before={"customer_id": None, "site_id": None},
        after={"customer_id": customer_id, "site_id": site_id},
    )
