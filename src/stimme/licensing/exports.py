"""What bookkeepers and resellers get: CSV, a DATEV batch of postings, and each reseller's summary.

The DATEV batch is the "DATEV-Format" of category 21 (Buchungsstapel), header version 700, format version 13:
Windows-1252, semicolons, CRLF, decimal comma, one posting per document with its gross amount against a
revenue account that splits off the tax itself.
"""

import csv
import datetime
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from stimme.licensing.errors import InvoiceError
from stimme.licensing.invoices import DocumentKind, Invoice, VatTreatment
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import BERLIN, Month
from stimme.sentences import Sentence

_CSV_COLUMNS = (
    "number",
    "kind",
    "corrects",
    "month",
    "issued_on",
    "due_on",
    "customer_number",
    "customer",
    "reseller",
    "licence",
    "quantity",
    "unit_price",
    "net",
    "vat_percent",
    "document_vat",
    "document_gross",
)


def write_csv(invoices: Iterable[Invoice]) -> str:
    """Write one row per line of each document; credit notes have negative amounts. Decimal points, commas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    for invoice in invoices:
        sign = _sign(invoice)
        for line in invoice.lines:
            writer.writerow(
                (
                    invoice.number,
                    invoice.kind.value,
                    invoice.corrects or "",
                    invoice.month,
                    invoice.issued_on,
                    invoice.due_on,
                    invoice.customer_number,
                    _harmless(invoice.buyer.name),
                    _harmless(invoice.reseller_name or ""),
                    line.kind.value,
                    sign * line.quantity,
                    line.unit_price,
                    sign * line.net,
                    invoice.vat_percent,
                    sign * invoice.vat_amount,
                    sign * invoice.gross,
                )
            )
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class DatevAccounts:
    """Where the tax adviser wants the postings; the defaults are those of the chart SKR03.

    Attributes:
        consultant: Beraternummer, 1001 to 9999999.
        client: Mandantennummer, 1 to 99999.
        revenue: Revenue account with automatic VAT at the standard rate.
        reverse_charge: Revenue account for services that are taxed in another country of the Union.
    """

    consultant: int = 1001
    client: int = 1
    revenue: str = "8400"
    reverse_charge: str = "8336"


def _datev_columns() -> list[str]:
    """Return the 125 headings of format version 13, in their order."""
    facts = [f"Beleginfo - {part} {number}" for number in range(1, 9) for part in ("Art", "Inhalt")]
    notes = [f"Zusatzinformation - {part} {number}" for number in range(1, 21) for part in ("Art", "Inhalt")]
    first = [
        "Umsatz (ohne Soll/Haben-Kz)",
        "Soll/Haben-Kennzeichen",
        "WKZ Umsatz",
        "Kurs",
        "Basis-Umsatz",
        "WKZ Basis-Umsatz",
        "Konto",
        "Gegenkonto (ohne BU-Schlüssel)",
        "BU-Schlüssel",
        "Belegdatum",
        "Belegfeld 1",
        "Belegfeld 2",
        "Skonto",
        "Buchungstext",
        "Postensperre",
        "Diverse Adressnummer",
        "Geschäftspartnerbank",
        "Sachverhalt",
        "Zinssperre",
        "Beleglink",
    ]
    middle = [
        "KOST1 - Kostenstelle",
        "KOST2 - Kostenstelle",
        "Kost-Menge",
        "EU-Land u. UStID",
        "EU-Steuersatz",
        "Abw. Versteuerungsart",
        "Sachverhalt L+L",
        "Funktionsergänzung L+L",
        "BU 49 Hauptfunktionstyp",
        "BU 49 Hauptfunktionsnummer",
        "BU 49 Funktionsergänzung",
    ]
    last = [
        "Stück",
        "Gewicht",
        "Zahlweise",
        "Forderungsart",
        "Veranlagungsjahr",
        "Zugeordnete Fälligkeit",
        "Skontotyp",
        "Auftragsnummer",
        "Buchungstyp",
        "USt-Schlüssel (Anzahlungen)",
        "EU-Land (Anzahlungen)",
        "Sachverhalt L+L (Anzahlungen)",
        "EU-Steuersatz (Anzahlungen)",
        "Erlöskonto (Anzahlungen)",
        "Herkunft-Kz",
        "Buchungs GUID",
        "KOST-Datum",
        "SEPA-Mandatsreferenz",
        "Skontosperre",
        "Gesellschaftername",
        "Beteiligtennummer",
        "Identifikationsnummer",
        "Zeichnernummer",
        "Postensperre bis",
        "Bezeichnung SoBil-Sachverhalt",
        "Kennzeichen SoBil-Buchung",
        "Festschreibung",
        "Leistungsdatum",
        "Datum Zuord. Steuerperiode",
        "Fälligkeit",
        "Generalumkehr (GU)",
        "Steuersatz",
        "Land",
        "Abrechnungsreferenz",
        "BVV-Position",
        "EU-Land u. UStID (Ursprung)",
        "EU-Steuersatz (Ursprung)",
        "Abw. Skontokonto",
    ]
    return [*first, *facts, *middle, *notes, *last]


DATEV_COLUMNS = tuple(_datev_columns())
_AT = {name: index for index, name in enumerate(DATEV_COLUMNS)}
_ACCOUNT_LENGTH = 4
_LABEL_LENGTH = 30
_TEXT_LENGTH = 60


def write_datev(
    month: Month, invoices: Sequence[Invoice], accounts: DatevAccounts, *, now: datetime.datetime
) -> bytes:
    """Write the batch of a month's documents; all of them must be dated within one calendar year.

    Raises:
        InvoiceError: When they are not.
    """
    days = [invoice.issued_on for invoice in invoices] or [month.following.first_day]
    if min(days).year != max(days).year:
        raise InvoiceError(Sentence("one-year-only", "A DATEV batch holds documents of one year only."))
    created = now.astimezone(BERLIN).strftime("%Y%m%d%H%M%S%f")[:17]
    header = [
        *('"EXTF"', "700", "21", '"Buchungsstapel"', "13", created, "", '"RE"', '"stimme"', '""'),
        *(str(accounts.consultant), str(accounts.client), f"{min(days).year}0101", str(_ACCOUNT_LENGTH)),
        *(f"{min(days):%Y%m%d}", f"{max(days):%Y%m%d}", _quoted(f"stimme {month}", _LABEL_LENGTH), '""'),
        *("1", "0", "0", '"EUR"', "", '""', "", "", '""', "", "", '""', '""'),
    ]
    rows = [";".join(header), ";".join(DATEV_COLUMNS), *(_posting(one, accounts) for one in invoices)]
    return ("\r\n".join(rows) + "\r\n").encode("cp1252", "replace")


def _posting(invoice: Invoice, accounts: DatevAccounts) -> str:
    standard = invoice.vat is VatTreatment.STANDARD
    cells = [""] * len(DATEV_COLUMNS)
    cells[_AT["Umsatz (ohne Soll/Haben-Kz)"]] = f"{invoice.gross:.2f}".replace(".", ",")
    cells[_AT["Soll/Haben-Kennzeichen"]] = '"S"' if invoice.kind is DocumentKind.INVOICE else '"H"'
    cells[_AT["WKZ Umsatz"]] = '"EUR"'
    cells[_AT["Konto"]] = invoice.customer_number
    cells[_AT["Gegenkonto (ohne BU-Schlüssel)"]] = accounts.revenue if standard else accounts.reverse_charge
    cells[_AT["Belegdatum"]] = f"{invoice.issued_on:%d%m}"
    cells[_AT["Belegfeld 1"]] = _quoted(invoice.number, 36)
    cells[_AT["Belegfeld 2"]] = _quoted(invoice.corrects or f"{invoice.due_on:%d%m%y}", 12)
    cells[_AT["Buchungstext"]] = _quoted(f"{invoice.buyer.name} {invoice.month}", _TEXT_LENGTH)
    if not standard and invoice.buyer.vat_id:
        cells[_AT["EU-Land u. UStID"]] = _quoted(invoice.buyer.vat_id, 15)
    cells[_AT["Leistungsdatum"]] = f"{invoice.month.last_day:%d%m%Y}"
    return ";".join(cells)


def _quoted(text: str, length: int) -> str:
    plain = " ".join(text.split())[:length]
    return '"' + plain.replace('"', '""') + '"'


def _harmless(text: str) -> str:
    """Keep spreadsheets from running a name as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _sign(invoice: Invoice) -> int:
    return 1 if invoice.kind is DocumentKind.INVOICE else -1


@dataclass(frozen=True, slots=True)
class ResellerSummary:
    """What a reseller's customers were billed in a month, and the reseller's share of it, in euros."""

    reseller_id: str | None
    reseller_name: str | None
    customers: int
    quantities: dict[LicenceKind, int]
    net: Decimal
    gross: Decimal
    commission: Decimal


def summarise(invoices: Sequence[Invoice]) -> list[ResellerSummary]:
    """Add up by reseller; credit notes are taken off. The provider's own customers come first."""
    by_reseller: dict[str | None, list[Invoice]] = {}
    for invoice in invoices:
        by_reseller.setdefault(invoice.reseller_id, []).append(invoice)
    summaries = [_summary(reseller_id, own) for reseller_id, own in by_reseller.items()]
    return sorted(summaries, key=lambda one: one.reseller_name or "")


def _summary(reseller_id: str | None, invoices: Sequence[Invoice]) -> ResellerSummary:
    quantities: dict[LicenceKind, int] = {}
    for invoice in invoices:
        for line in invoice.lines:
            quantities[line.kind] = quantities.get(line.kind, 0) + _sign(invoice) * line.quantity
    zero = Decimal("0.00")
    return ResellerSummary(
        reseller_id=reseller_id,
        reseller_name=invoices[-1].reseller_name,
        customers=len({invoice.customer_id for invoice in invoices}),
        quantities={kind: quantities[kind] for kind in LicenceKind if quantities.get(kind)},
        net=sum((_sign(one) * one.net for one in invoices), zero),
        gross=sum((_sign(one) * one.gross for one in invoices), zero),
        commission=sum((_sign(one) * one.commission for one in invoices), zero),
    )
