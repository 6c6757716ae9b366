"""Invoices and credit notes as documents.

Policy: the provider invoices each customer per month, in arrears, naming the reseller through whom it came.
An invoice holds copies of all it says (addresses, prices, rates), so that it never changes. It is corrected
by a credit note only, which has a number of the same series, takes back quantities of the invoice's lines,
and never more than is left of them. VAT is computed once per document from the sum of the lines (EN 16931
BR-CO-17), half a cent up. A customer in another country of the Union with a VAT number owes the tax itself
(reverse charge, section 13b UStG).
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from stimme.licensing.errors import InvoiceError
from stimme.licensing.packages import TITLES, LicenceKind
from stimme.licensing.prices import PriceList, round_money
from stimme.licensing.usage import Month
from stimme.sentences import Sentence

PAYMENT_DAYS = 14
# fmt: off
EU_COUNTRIES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on


class DocumentKind(StrEnum):
    """Invoice or its correction."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class VatTreatment(StrEnum):
    """The VAT category (UNTDID 5305)."""

    STANDARD = "S"
    REVERSE_CHARGE = "AE"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as printed. ``country`` is ISO 3166-1 alpha-2."""

    name: str
    street: str
    postcode: str
    city: str
    country: str = "DE"
    vat_id: str | None = None
    tax_number: str | None = None
    email: str | None = None
    phone: str | None = None
    contact: str | None = None
    iban: str | None = None
    bic: str | None = None

    def check_seller(self) -> None:
        """Refuse a seller who may not write invoices (section 14 UStG, EN 16931 BR-S-02).

        Raises:
            InvoiceError: With a sentence that names what is missing.
        """
        if not self.vat_id and not self.tax_number:
            raise InvoiceError(
                Sentence(
                    "seller-without-tax-number",
                    "{name} needs a VAT number or a tax number to write invoices.",
                    name=self.name,
                )
            )
        if not self.iban:
            raise InvoiceError(
                Sentence("seller-without-iban", "{name} needs an IBAN to write invoices.", name=self.name)
            )


@dataclass(frozen=True, slots=True)
class Line:
    """One position: ``quantity`` licences for one month."""

    kind: LicenceKind
    quantity: int
    unit_price: Decimal
    commission: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """The line's net amount in euros."""
        return round_money(self.quantity * self.unit_price)

    @property
    def commission_amount(self) -> Decimal:
        """The reseller's share of it."""
        return round_money(self.net * self.commission)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice or a credit note; amounts are positive in both.

    Attributes:
        number: Unique, from a series without gaps.
        corrects: The invoice that a credit note is about.
        customer_number: What the customer is called in books, short and stable.
    """

    kind: DocumentKind
    number: str
    month: Month
    issued_on: datetime.date
    seller: Party
    buyer: Party
    customer_id: str
    customer_number: str
    reseller_id: str | None
    reseller_name: str | None
    lines: tuple[Line, ...]
    vat: VatTreatment
    vat_percent: Decimal
    corrects: str | None = None
    reason: str | None = None

    @property
    def due_on(self) -> datetime.date:
        """When it is to be paid."""
        return self.issued_on + datetime.timedelta(days=PAYMENT_DAYS)

    @property
    def net(self) -> Decimal:
        """Sum of the lines in euros."""
        return sum((line.net for line in self.lines), Decimal("0.00"))

    @property
    def vat_amount(self) -> Decimal:
        """VAT in euros."""
        return round_money(self.net * self.vat_percent / 100)

    @property
    def gross(self) -> Decimal:
        """What is to be paid, or to be given back, in euros."""
        return self.net + self.vat_amount

    @property
    def commission(self) -> Decimal:
        """The reseller's share of the net amount in euros."""
        return sum((line.commission_amount for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Client:
    """A customer as invoices see it."""

    customer_id: str
    customer_number: str
    party: Party
    reseller_id: str | None = None
    reseller_name: str | None = None


def write_invoice(
    number: str,
    client: Client,
    usage: Mapping[LicenceKind, int],
    *,
    month: Month,
    seller: Party,
    prices: PriceList,
    issued_on: datetime.date,
) -> Invoice:
    """Write the invoice of a customer's month.

    Raises:
        InvoiceError: When there is nothing to bill, or an address cannot be billed.
        PriceError: When a price is missing.
    """
    lines = []
    for kind in LicenceKind:
        if quantity := usage.get(kind, 0):
            price = prices.price(kind, month, client.reseller_id)
            lines.append(
                Line(kind, quantity, price.amount, price.commission if client.reseller_id else Decimal(0))
            )
    if not lines:
        raise InvoiceError(Sentence("nothing-to-bill", "There is nothing to bill."))
    treatment = vat_treatment(seller, client.party)
    standard = treatment is VatTreatment.STANDARD
    return Invoice(
        kind=DocumentKind.INVOICE,
        number=number,
        month=month,
        issued_on=issued_on,
        seller=seller,
        buyer=client.party,
        customer_id=client.customer_id,
        customer_number=client.customer_number,
        reseller_id=client.reseller_id,
        reseller_name=client.reseller_name,
        lines=tuple(lines),
        vat=treatment,
        vat_percent=prices.vat_percent(month.last_day) if standard else Decimal(0),
    )


def vat_treatment(seller: Party, buyer: Party) -> VatTreatment:
    """Tell who owes the VAT.

    Raises:
        InvoiceError: For buyers outside the Union, and for reverse charge without the seller's VAT number.
    """
    if buyer.country not in EU_COUNTRIES:
        raise InvoiceError(
            Sentence(
                "outside-eu",
                "{name} is in {country}; customers outside the EU cannot be billed.",
                name=buyer.name,
                country=buyer.country,
            )
        )
    if buyer.country == seller.country or not buyer.vat_id:
        return VatTreatment.STANDARD
    if not seller.vat_id:
        raise InvoiceError(
            Sentence(
                "seller-without-vat-number",
                "{seller} needs a VAT number to bill {name} in {country}.",
                seller=seller.name,
                name=buyer.name,
                country=buyer.country,
            )
        )
    return VatTreatment.REVERSE_CHARGE


def write_credit_note(
    number: str,
    invoice: Invoice,
    quantities: Mapping[LicenceKind, int] | None,
    *,
    earlier: Sequence[Invoice],
    reason: str,
    issued_on: datetime.date,
) -> Invoice:
    """Take back (a part of) an invoice.

    Args:
        number: The credit note's own number.
        invoice: What is corrected.
        quantities: How many licences of each kind; ``None`` for all that is left.
        earlier: The credit notes that the invoice has already.
        reason: Printed for the customer.
        issued_on: The credit note's date.

    Raises:
        InvoiceError: When it would take back more than is left, nothing at all, or a credit note.
    """
    if invoice.kind is not DocumentKind.INVOICE:
        raise InvoiceError(
            Sentence(
                "credit-of-credit",
                "{number} is a credit note; only invoices are corrected.",
                number=invoice.number,
            )
        )
    left = {line.kind: line.quantity for line in invoice.lines}
    for note in earlier:
        for line in note.lines:
            left[line.kind] -= line.quantity
    wanted = {kind: count for kind, count in left.items() if count} if quantities is None else quantities
    for kind, count in wanted.items():
        if count < 1 or count > left.get(kind, 0):
            raise InvoiceError(
                Sentence(
                    "credit-too-much",
                    "{number} has {left} of {title} left to credit, not {count}.",
                    number=invoice.number,
                    left=left.get(kind, 0),
                    kind=kind.value,
                    title=TITLES[kind],
                    count=count,
                )
            )
    lines = tuple(replace(line, quantity=wanted[line.kind]) for line in invoice.lines if line.kind in wanted)
    if not lines:
        raise InvoiceError(
            Sentence(
                "nothing-to-credit", "There is nothing left of {number} to credit.", number=invoice.number
            )
        )
    return replace(
        invoice,
        kind=DocumentKind.CREDIT_NOTE,
        number=number,
        issued_on=issued_on,
        lines=lines,
        corrects=invoice.number,
        reason=reason,
    )


def invoice_number(year: int, sequence: int) -> str:
    """Return the number of the year's ``sequence``-th document."""
    return f"{year}-{sequence:06}"
