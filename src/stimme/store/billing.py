"""Months and invoices in the database.

Policy: closing a month and writing its invoices is one transaction that begins with taking the series of
invoice numbers, so that two closings at once are one after the other; the second finds the month closed and
returns what the first did. Numbers are given back when a transaction fails: a series has no gaps and no
doubles. What is closed stays (triggers). Asking twice for the same credit note returns the first one.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from stimme.licensing.archive import from_document, to_document
from stimme.licensing.closing import Account, Usage, check_closable, close_month, usage_of
from stimme.licensing.errors import InvoiceError
from stimme.licensing.invoices import Client, Invoice, Party, invoice_number, write_credit_note
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import BERLIN, LicenceEvent, Month
from stimme.sentences import Sentence
from stimme.store.accounts import utc_now
from stimme.store.audit import Actor
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.ledger_models import InvoiceRow, LicenceEventRow, MonthClosing
from stimme.store.licences import next_in_series
from stimme.store.models import Organisation
from stimme.store.price_list import CLOSING_LOCK, price_list


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed month; ``now`` tells whether this very request closed it."""

    closing: MonthClosing
    now: bool


class Billing:
    """Usage, month closings and invoices of the customers inside a scope."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def usage(self, scope: Scope, month: Month) -> list[tuple[Account, Usage]]:
        """Count a month as it stands, closed or not, for each customer that has anything to bill."""
        async with self._database.scoped(scope) as session:
            accounts = await _accounts(session, month)
        counted = {usage.customer_id: usage for usage in usage_of(accounts, month)}
        return [
            (account, counted[account.customer_id]) for account in accounts if account.customer_id in counted
        ]

    async def closing(self, scope: Scope, month: Month) -> MonthClosing | None:
        """Return a month's closing, if it was closed."""
        async with self._database.scoped(scope) as session:
            return await session.get(MonthClosing, str(month))

    async def closings(self, scope: Scope) -> Sequence[MonthClosing]:
        """List the closed months, newest first."""
        async with self._database.scoped(scope) as session:
            return (await session.scalars(select(MonthClosing).order_by(MonthClosing.month.desc()))).all()

    async def close(self, scope: Scope, actor: Actor, month: Month) -> Closed:
        """Close a month and write its invoices, or return what was done before.

        Raises:
            ClosingError: When it is not over, or a customer cannot be billed.
            InvoiceError: When the provider may not write invoices.
            PriceError: When there is no VAT rate.
        """
        if scope.kind != "provider":
            raise NotFoundError("There is no such month.")
        now = self._now()
        check_closable(month, now)
        async with self._database.scoped(scope, actor) as session, session.begin():
            # The update of the series is the lock: a second closing waits here until the first is done.
            await next_in_series(session, CLOSING_LOCK)
            done = await session.get(MonthClosing, str(month))
            if done is not None:
                return Closed(done, now=False)
            invoices = close_month(
                month,
                await _accounts(session, month),
                seller=await _seller(session),
                prices=await price_list(session),
                now=now,
                next_number=lambda: "",
            )
            session.add_all(await _numbered(session, invoices))
            closing = MonthClosing(
                month=str(month),
                closed_at=now,
                closed_by=actor.name,
                invoices=len(invoices),
                net=sum((invoice.net for invoice in invoices), start=Decimal(0)),
                gross=sum((invoice.gross for invoice in invoices), start=Decimal(0)),
            )
            session.add(closing)
        return Closed(closing, now=True)

    async def invoices(
        self,
        scope: Scope,
        *,
        customer_id: str | None = None,
        month: Month | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> Sequence[InvoiceRow]:
        """List documents, newest number first; ``before`` is the last number seen."""
        statement = select(InvoiceRow).order_by(InvoiceRow.number.desc()).limit(limit)
        if customer_id is not None:
            statement = statement.where(InvoiceRow.customer_id == customer_id)
        if month is not None:
            statement = statement.where(InvoiceRow.month == str(month))
        if before is not None:
            statement = statement.where(InvoiceRow.number < before)
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def invoice(self, scope: Scope, number: str) -> Invoice:
        """Return a document.

        Raises:
            NotFoundError: When there is none inside the scope.
        """
        async with self._database.scoped(scope) as session:
            return await _invoice(session, number)

    async def documents(self, scope: Scope, month: Month) -> list[Invoice]:
        """Return all documents about a month, by number."""
        rows = await self.invoices(scope, month=month)
        return [from_document(row.document) for row in reversed(rows)]

    async def credit(
        self,
        scope: Scope,
        actor: Actor,
        number: str,
        quantities: Mapping[LicenceKind, int] | None,
        *,
        reason: str,
        request_id: str,
    ) -> Invoice:
        """Write a credit note about an invoice; the same ``request_id`` again returns the first.

        Raises:
            NotFoundError: When there is no such invoice inside the scope, or the scope is not the provider's.
            InvoiceError: When more would be taken back than is left.
        """
        if scope.kind != "provider":
            raise NotFoundError("There is no such invoice.")
        async with self._database.scoped(scope, actor) as session, session.begin():
            await next_in_series(session, CLOSING_LOCK)
            asked = await session.scalar(select(InvoiceRow).where(InvoiceRow.request_id == request_id))
            if asked is not None:
                if asked.corrects != number:
                    raise InvoiceError(
                        Sentence(
                            "request-used",
                            "This request has corrected {number} already.",
                            number=str(asked.corrects),
                        )
                    )
                return from_document(asked.document)
            invoice = await _invoice(session, number)
            earlier = await session.scalars(select(InvoiceRow).where(InvoiceRow.corrects == number))
            note = write_credit_note(
                "",
                invoice,
                quantities,
                earlier=[from_document(row.document) for row in earlier],
                reason=reason,
                issued_on=self._now().astimezone(BERLIN).date(),
            )
            (row,) = await _numbered(session, [note], request_id)
            session.add(row)
        return from_document(row.document)


async def _accounts(session: AsyncSession, month: Month) -> list[Account]:
    """Read the customers that the session sees, each with its history up to the month's end."""
    above = aliased(Organisation)
    customers = (
        select(Organisation, above, CustomerLicence.number, BillingAddress)
        .join(CustomerLicence, CustomerLicence.customer_id == Organisation.id)
        .outerjoin(above, (above.id == Organisation.parent_id) & (above.kind == "reseller"))
        .outerjoin(BillingAddress, BillingAddress.organisation_id == Organisation.id)
        .where(Organisation.kind == "customer")
        .order_by(CustomerLicence.number)
    )
    histories: dict[str | None, list[LicenceEvent]] = defaultdict(list)
    for customer_id, at, kind, quantity in await session.execute(_events_of(month)):
        histories[customer_id].append(LicenceEvent(at, LicenceKind(kind), quantity))
    return [
        Account(
            customer.id,
            customer.name,
            None
            if address is None
            else Client(
                customer.id,
                str(number),
                party_of(address),
                None if reseller is None else reseller.id,
                None if reseller is None else reseller.name,
            ),
            histories[customer.id],
        )
        for customer, reseller, number, address in await session.execute(customers)
    ]


def _events_of(month: Month) -> Select[str | None, datetime.datetime, str, int]:
    """Select the changes within a month, and of each kind the last one before: older ones do not matter."""
    before = (
        select(func.max(LicenceEventRow.id))
        .where(LicenceEventRow.at < month.start)
        .group_by(LicenceEventRow.customer_id, LicenceEventRow.kind)
    )
    within = (LicenceEventRow.at >= month.start) & (LicenceEventRow.at < month.end)
    return (
        select(
            LicenceEventRow.customer_id, LicenceEventRow.at, LicenceEventRow.kind, LicenceEventRow.quantity
        )
        .where(or_(within, LicenceEventRow.id.in_(before)))
        .order_by(LicenceEventRow.id)
    )


def party_of(address: BillingAddress) -> Party:
    """Read an address as the domain sees it."""
    return Party(
        name=address.name,
        street=address.street,
        postcode=address.postcode,
        city=address.city,
        country=address.country,
        vat_id=address.vat_id,
        tax_number=address.tax_number,
        email=address.email,
        phone=address.phone,
        contact=address.contact,
        iban=address.iban,
        bic=address.bic,
    )


async def _seller(session: AsyncSession) -> Party:
    provider = select(BillingAddress).join(Organisation).where(Organisation.kind == "provider")
    address = await session.scalar(provider)
    if address is None:
        raise InvoiceError(Sentence("provider-without-address", "The provider has no billing address."))
    return party_of(address)


async def _invoice(session: AsyncSession, number: str) -> Invoice:
    row = await session.get(InvoiceRow, number)
    if row is None:
        raise NotFoundError("There is no such invoice.")
    return from_document(row.document)


async def _numbered(
    session: AsyncSession, documents: Sequence[Invoice], request_id: str | None = None
) -> list[InvoiceRow]:
    """Give documents of one day their numbers."""
    if not documents:
        return []
    year = documents[0].issued_on.year
    first = await next_in_series(session, f"invoices-{year}", count=len(documents))
    return [
        _row(replace(document, number=invoice_number(year, sequence)), year, sequence, request_id)
        for sequence, document in enumerate(documents, first)
    ]


def _row(invoice: Invoice, year: int, sequence: int, request_id: str | None = None) -> InvoiceRow:
    return InvoiceRow(
        number=invoice.number,
        year=year,
        sequence=sequence,
        kind=invoice.kind.value,
        month=str(invoice.month),
        customer_id=invoice.customer_id,
        reseller_id=invoice.reseller_id,
        customer_name=invoice.buyer.name,
        issued_on=invoice.issued_on,
        net=invoice.net,
        vat=invoice.vat_amount,
        gross=invoice.gross,
        corrects=invoice.corrects,
        request_id=request_id,
        document=to_document(invoice),
    )
