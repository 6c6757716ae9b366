"""Money: prices, months, invoices, exports, and who changed what.

Policy: the provider sets prices, closes months and corrects invoices; everybody else looks at its own.
Closing a month and asking for a credit note may be repeated: the second answer is the first one again.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from stimme.api import resources
from stimme.api.authentication import Authentication, Caller
from stimme.licensing.archive import to_document
from stimme.licensing.exports import DatevAccounts, ResellerSummary, summarise, write_csv, write_datev
from stimme.licensing.invoices import Invoice
from stimme.licensing.packages import LicenceKind
from stimme.licensing.prices import Price, VatRate
from stimme.licensing.printing import Printer
from stimme.licensing.usage import Month
from stimme.licensing.zugferd import invoice_xml
from stimme.store.accounts import utc_now
from stimme.store.audit_log import AuditLog
from stimme.store.billing import Billing
from stimme.store.ledger_models import InvoiceRow, PriceRow
from stimme.store.price_list import Prices

_Limit = Annotated[int, Query(ge=1, le=1000)]
_Month = Annotated[str, Path(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
_Number = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{6,9}$")]
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


def billing_routes(
    authentication: Authentication, billing: Billing, prices: Prices, audit: AuditLog
) -> APIRouter:
    """Build the routes about money and the audit log."""
    router = APIRouter(tags=["billing"])

    provider, seller, admin = (
        authentication.at_least("provider"),
        authentication.at_least("reseller"),
        authentication.at_least("customer"),
    )
    _price_routes(router, provider, seller, prices)
    _month_routes(router, provider, admin, billing)
    _export_routes(router, provider, seller, billing)
    _invoice_routes(router, provider, admin, billing)
    _audit_routes(router, admin, audit)
    return router


def _price_routes(router: APIRouter, provider: Any, seller: Any, prices: Prices) -> None:
    @router.get("/prices")
    async def price_list(caller: Annotated[Caller, seller]) -> resources.PriceList:
        """List the standard prices and the own agreed ones."""
        rows = await prices.prices(caller.person.scope)
        return resources.PriceList(items=[_price_view(row) for row in rows])

    @router.put("/prices")
    async def set_price(
        body: resources.PriceBody, caller: Annotated[Caller, provider]
    ) -> resources.PriceItem:
        """Set a price from the first of a month on that is not closed yet."""
        price = Price(LicenceKind(body.kind), body.valid_from, body.amount, body.commission, body.reseller_id)
        who = caller.authority
        return _price_view(await prices.set_price(who.scope, who.actor, price))

    @router.delete("/prices/{price_id}", status_code=204)
    async def delete_price(price_id: int, caller: Annotated[Caller, provider]) -> None:
        """Take a price out of the list."""
        await prices.delete_price(caller.authority.scope, caller.authority.actor, price_id)

    @router.get("/vat-rates")
    async def vat_rates(_caller: Annotated[Caller, seller]) -> resources.VatRateList:
        """List VAT rates."""
        rows = await prices.vat_rates()
        return resources.VatRateList(
            items=[resources.VatRateBody(valid_from=row.valid_from, percent=row.percent) for row in rows]
        )

    @router.put("/vat-rates")
    async def set_vat_rate(
        body: resources.VatRateBody, caller: Annotated[Caller, provider]
    ) -> resources.VatRateBody:
        """Set the VAT rate from a day on."""
        who = caller.authority
        await prices.set_vat_rate(who.scope, who.actor, VatRate(body.valid_from, body.percent))
        return body


def _month_routes(router: APIRouter, provider: Any, admin: Any, billing: Billing) -> None:
    @router.get("/months")
    async def closings(caller: Annotated[Caller, provider]) -> resources.ClosingList:
        """List closed months."""
        rows = await billing.closings(caller.person.scope)
        return resources.ClosingList(
            items=[resources.ClosingItem.model_validate(row, from_attributes=True) for row in rows]
        )

    @router.get("/months/{month}")
    async def month_report(month: _Month, caller: Annotated[Caller, admin]) -> resources.MonthReport:
        """Count a month as it stands: the maximum per licence kind."""
        wanted = Month.parse(month)
        closing = await billing.closing(caller.person.scope, wanted)
        counted = await billing.usage(caller.person.scope, wanted)
        return resources.MonthReport(
            month=month,
            closed_at=None if closing is None else closing.closed_at,
            usage=[
                resources.UsageItem(
                    customer_id=account.customer_id,
                    customer=account.name,
                    reseller_id=None if account.client is None else account.client.reseller_id,
                    billable=account.client is not None,
                    quantities={kind.value: count for kind, count in usage.quantities.items()},
                )
                for account, usage in counted
            ],
        )

    @router.put("/months/{month}/closing", responses={201: {"model": resources.ClosingItem}})
    async def close_month(
        month: _Month, caller: Annotated[Caller, provider], response: Response
    ) -> resources.ClosingItem:
        """Close a month and write its invoices: 201 the first time, 200 with the same answer afterwards."""
        who = caller.authority
        closed = await billing.close(who.scope, who.actor, Month.parse(month))
        response.status_code = 201 if closed.now else 200
        return resources.ClosingItem.model_validate(closed.closing, from_attributes=True)


def _export_routes(router: APIRouter, provider: Any, seller: Any, billing: Billing) -> None:
    @router.get("/months/{month}/summary")
    async def summary(month: _Month, caller: Annotated[Caller, seller]) -> resources.SummaryList:
        """Add up a month's documents by reseller."""
        documents = await billing.documents(caller.person.scope, Month.parse(month))
        return resources.SummaryList(items=[_summary_view(one) for one in summarise(documents)])

    @router.get("/months/{month}/invoices.csv", response_class=Response, responses=_FILE)
    async def export_csv(month: _Month, caller: Annotated[Caller, seller]) -> Response:
        """Write a month's documents as CSV, UTF-8, one row per line."""
        documents = await billing.documents(caller.person.scope, Month.parse(month))
        return _file(write_csv(documents).encode(), "text/csv; charset=utf-8", f"invoices-{month}.csv")

    @router.get("/months/{month}/datev.csv", response_class=Response, responses=_FILE)
    async def export_datev(
        month: _Month,
        caller: Annotated[Caller, provider],
        *,
        consultant: Annotated[int, Query(ge=1001, le=9_999_999)] = 1001,
        client: Annotated[int, Query(ge=1, le=99_999)] = 1,
        revenue: Annotated[str, Query(pattern=r"^[0-9]{4}$")] = "8400",
        reverse_charge: Annotated[str, Query(pattern=r"^[0-9]{4}$")] = "8336",
    ) -> Response:
        """Write a month's documents as a DATEV batch of postings."""
        wanted = Month.parse(month)
        documents = await billing.documents(caller.person.scope, wanted)
        accounts = DatevAccounts(consultant, client, revenue, reverse_charge)
        batch = write_datev(wanted, documents, accounts, now=utc_now())
        return _file(batch, "text/csv; charset=windows-1252", f"EXTF_Buchungsstapel_{month}.csv")


def _invoice_routes(router: APIRouter, provider: Any, admin: Any, billing: Billing) -> None:
    printer = Printer()

    @router.get("/invoices")
    async def invoices(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        month: Annotated[str | None, Query(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")] = None,
        limit: _Limit = 200,
        before: Annotated[str | None, Query(max_length=20)] = None,
    ) -> resources.InvoiceList:
        """List invoices and credit notes, newest first."""
        rows = await billing.invoices(
            caller.person.scope,
            customer_id=customer_id,
            month=None if month is None else Month.parse(month),
            before=before,
            limit=limit + 1,
        )
        items = [_invoice_view(row) for row in rows[:limit]]
        return resources.InvoiceList(items=items, next=items[-1].number if len(rows) > limit else None)

    @router.get("/invoices/{number}")
    async def invoice(number: _Number, caller: Annotated[Caller, admin]) -> resources.InvoiceDocument:
        """Return a document as it was written."""
        return _document_view(await billing.invoice(caller.person.scope, number))

    @router.get("/invoices/{number}/pdf", response_class=Response, responses=_FILE)
    async def pdf(number: _Number, caller: Annotated[Caller, admin]) -> Response:
        """Return the PDF with its ZUGFeRD XML inside."""
        found = await billing.invoice(caller.person.scope, number)
        return _file(await printer.pdf(found), "application/pdf", f"{number}.pdf")

    @router.get("/invoices/{number}/xml", response_class=Response, responses=_FILE)
    async def xml(number: _Number, caller: Annotated[Caller, admin]) -> Response:
        """Return the EN 16931 XML alone."""
        found = await billing.invoice(caller.person.scope, number)
        return _file(invoice_xml(found), "application/xml", f"{number}.xml")

    @router.put("/invoices/{number}/credit-notes/{request_id}", status_code=201)
    async def credit(
        number: _Number,
        request_id: uuid.UUID,
        body: resources.CreditBody,
        caller: Annotated[Caller, provider],
    ) -> resources.InvoiceDocument:
        """Take back an invoice or a part of it; the same ``request_id`` again returns the same note."""
        who = caller.authority
        quantities = body.quantities
        note = await billing.credit(
            who.scope,
            who.actor,
            number,
            None if quantities is None else {LicenceKind(kind): n for kind, n in quantities.items()},
            reason=body.reason,
            request_id=str(request_id),
        )
        return _document_view(note)


def _audit_routes(router: APIRouter, admin: Any, audit: AuditLog) -> None:
    @router.get("/audit")
    async def audit_log(
        caller: Annotated[Caller, admin],
        subject_id: Annotated[str | None, Query(max_length=100)] = None,
        limit: _Limit = 200,
        before: int | None = None,
    ) -> resources.AuditList:
        """List who changed what, newest first."""
        rows = await audit.entries(caller.person.scope, subject_id=subject_id, before=before, limit=limit + 1)
        items = [resources.AuditItem.model_validate(row, from_attributes=True) for row in rows[:limit]]
        following = str(items[-1].id) if len(rows) > limit else None
        return resources.AuditList(items=items, next=following)


def _file(content: bytes, media_type: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=disposition)


def _price_view(row: PriceRow) -> resources.PriceItem:
    return resources.PriceItem.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "valid_from": row.valid_from,
            "amount": row.amount,
            "commission": row.commission,
            "reseller_id": row.reseller_id,
        }
    )


def _invoice_view(row: InvoiceRow) -> resources.InvoiceItem:
    return resources.InvoiceItem.model_validate(
        {
            "number": row.number,
            "kind": row.kind,
            "month": row.month,
            "customer_id": row.customer_id,
            "customer": row.customer_name,
            "reseller_id": row.reseller_id,
            "issued_on": row.issued_on,
            "net": row.net,
            "vat": row.vat,
            "gross": row.gross,
            "corrects": row.corrects,
        }
    )


def _document_view(invoice: Invoice) -> resources.InvoiceDocument:
    return resources.InvoiceDocument(
        document=to_document(invoice), net=invoice.net, vat=invoice.vat_amount, gross=invoice.gross
    )


def _summary_view(one: ResellerSummary) -> resources.SummaryItem:
    return resources.SummaryItem(
        reseller_id=one.reseller_id,
        reseller=one.reseller_name,
        customers=one.customers,
        quantities={kind.value: count for kind, count in one.quantities.items()},
        net=one.net,
        gross=one.gross,
        commission=one.commission,
    )
