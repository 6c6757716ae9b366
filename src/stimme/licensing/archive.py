"""Invoices as plain JSON, for keeping: what was written is read back the same for ever.

Money is text with two decimals, days are ISO 8601. A document names its format; new fields get defaults.
"""

import datetime
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from stimme.licensing.invoices import DocumentKind, Invoice, Line, Party, VatTreatment
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import Month

_FORMAT = 1


def to_document(invoice: Invoice) -> dict[str, Any]:
    """Write an invoice down."""
    return {
        "format": _FORMAT,
        "kind": invoice.kind.value,
        "number": invoice.number,
        "month": str(invoice.month),
        "issued_on": invoice.issued_on.isoformat(),
        "seller": asdict(invoice.seller),
        "buyer": asdict(invoice.buyer),
        "customer_id": invoice.customer_id,
        "customer_number": invoice.customer_number,
        "reseller_id": invoice.reseller_id,
        "reseller_name": invoice.reseller_name,
        "lines": [
            {
                "kind": line.kind.value,
                "quantity": line.quantity,
                "unit_price": str(line.unit_price),
                "commission": str(line.commission),
            }
            for line in invoice.lines
        ],
        "vat": invoice.vat.value,
        "vat_percent": str(invoice.vat_percent),
        "corrects": invoice.corrects,
        "reason": invoice.reason,
    }


def from_document(document: dict[str, Any]) -> Invoice:
    """Read an invoice back."""
    return Invoice(
        kind=DocumentKind(document["kind"]),
        number=document["number"],
        month=Month.parse(document["month"]),
        issued_on=datetime.date.fromisoformat(document["issued_on"]),
        seller=Party(**document["seller"]),
        buyer=Party(**document["buyer"]),
        customer_id=document["customer_id"],
        customer_number=document["customer_number"],
        reseller_id=document["reseller_id"],
        reseller_name=document["reseller_name"],
        lines=tuple(
            Line(
                LicenceKind(line["kind"]),
                line["quantity"],
                Decimal(line["unit_price"]),
                Decimal(line["commission"]),
            )
            for line in document["lines"]
        ),
        vat=VatTreatment(document["vat"]),
        vat_percent=Decimal(document["vat_percent"]),
        corrects=document["corrects"],
        reason=document["reason"],
    )
