"""An invoice as a PDF/A-3 for people, with its EN 16931 XML inside for programs (ZUGFeRD, Factur-X).

``python -m stimme.licensing.paper`` reads a kept document (``stimme.licensing.archive``) as JSON from
standard input and writes the PDF to standard output.
"""

import datetime
import json
import os
import sys
from decimal import Decimal

from facturx import generate_from_binary
from jinja2 import Environment, PackageLoader, StrictUndefined
from weasyprint import HTML

from stimme.licensing.archive import from_document
from stimme.licensing.invoices import DocumentKind, Invoice, VatTreatment
from stimme.licensing.packages import TITLES
from stimme.licensing.zugferd import invoice_xml

_GERMAN_DAY = "%d.%m.%Y"


def invoice_pdf(invoice: Invoice) -> bytes:
    """Draw the document and put its XML inside; this keeps the interpreter busy for half a second.

    Outside addresses in the text are not followed: there are none in the template.
    """
    drawn = HTML(string=invoice_html(invoice)).write_pdf(pdf_variant="pdf/a-3b")
    title = _title(invoice)
    pdf: bytes = generate_from_binary(
        drawn,
        invoice_xml(invoice),
        flavor="factur-x",
        level="en16931",
        check_xsd=True,
        lang="de-DE",
        afrelationship="alternative",
        pdf_metadata={
            "author": invoice.seller.name,
            "keywords": f"{title}, ZUGFeRD",
            "title": f"{title} {invoice.number}",
            "subject": f"{title} {invoice.number} vom {invoice.issued_on.strftime(_GERMAN_DAY)}",
        },
    )
    return pdf


def invoice_html(invoice: Invoice) -> str:
    """Write the page that is drawn."""
    pages = Environment(
        loader=PackageLoader("stimme.licensing"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    pages.filters |= {"money": german_money, "day": _day, "percent": _percent, "iban": _iban}
    is_invoice = invoice.kind is DocumentKind.INVOICE
    return pages.get_template("invoice.html").render(
        invoice=invoice,
        seller=invoice.seller,
        buyer=invoice.buyer,
        titles=TITLES,
        title=_title(invoice),
        heading=f"{_title(invoice)} {invoice.number}",
        opening="Für Ihre Telefonanlage berechnen wir die höchste im Monat bereitgestellte Zahl an Lizenzen."
        if is_invoice
        else f"Wir nehmen von der Rechnung {invoice.corrects} zurück:",
        total="Zu zahlen" if is_invoice else "Ihr Guthaben",
        closing=f"Bitte überweisen Sie den Betrag bis zum {_day(invoice.due_on)} unter Angabe der "
        f"Rechnungsnummer {invoice.number}."
        if is_invoice
        else "Der Betrag wird mit offenen Rechnungen verrechnet oder Ihnen überwiesen.",
        reverse_charge=invoice.vat is VatTreatment.REVERSE_CHARGE,
    )


def german_money(amount: Decimal) -> str:
    """Write euros as in German: ``1.234,50 €``."""
    return f"{amount:,.2f} €".translate(str.maketrans(",.", ".,"))


def _title(invoice: Invoice) -> str:
    # A "Gutschrift" in the sense of section 14 UStG would be an invoice written by the buyer.
    return "Rechnung" if invoice.kind is DocumentKind.INVOICE else "Rechnungskorrektur"


def _day(day: datetime.date) -> str:
    return day.strftime(_GERMAN_DAY)


def _percent(percent: Decimal) -> str:
    return f"{percent.normalize():f} %".replace(".", ",")


def _iban(iban: str) -> str:
    plain = iban.replace(" ", "")
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def main() -> None:
    """Draw one document."""
    os.nice(10)
    sys.stdout.buffer.write(invoice_pdf(from_document(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
