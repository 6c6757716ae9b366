"""Prices, invoices, credit notes, and closing a month."""

import datetime
import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimme.licensing.closing import Account, check_closable, close_month
from stimme.licensing.errors import ClosingError, InvoiceError, PriceError
from stimme.licensing.invoices import (
    Client,
    DocumentKind,
    Invoice,
    Party,
    VatTreatment,
    write_credit_note,
    write_invoice,
)
from stimme.licensing.packages import LicenceKind
from stimme.licensing.prices import DEFAULT_PRICES, DEFAULT_VAT, Price, PriceList
from stimme.licensing.usage import LicenceEvent, Month

from .test_usage import EVENTS, recount

MONTH = Month(2026, 11)
NOW = datetime.datetime(2026, 12, 1, 3, tzinfo=datetime.UTC)
SELLER = Party("Stimme GmbH", "Weg 1", "10115", "Berlin", vat_id="DE123456789", iban="DE02120300000000202051")
BUYER = Party("Muster GmbH", "Platz 2", "10117", "Berlin")
PRICES = PriceList(DEFAULT_PRICES, DEFAULT_VAT)


def client(party: Party = BUYER, reseller: str | None = None) -> Client:
    return Client("c", "10001", party, reseller, reseller and "Haus & Hof")


def invoice(usage: dict[LicenceKind, int], to: Client | None = None, prices: PriceList = PRICES) -> Invoice:
    return write_invoice(
        "2026-000001",
        to or client(),
        usage,
        month=MONTH,
        seller=SELLER,
        prices=prices,
        issued_on=datetime.date(2026, 12, 1),
    )


def test_an_invoice_adds_up() -> None:
    written = invoice({LicenceKind.BASE: 1, LicenceKind.TRUNK: 2, LicenceKind.KLARE: 3, LicenceKind.VOLLE: 7})
    assert [line.net for line in written.lines] == [Decimal(x) for x in ("24.90", "13.80", "17.70", "90.30")]
    assert (written.net, written.vat_amount, written.gross) == (
        Decimal("146.70"),
        Decimal("27.87"),
        Decimal("174.57"),
    )
    assert written.due_on == datetime.date(2026, 12, 15)


def test_the_resellers_price_goes_before_the_standard_one_from_its_month_on() -> None:
    own = Price(LicenceKind.KLARE, datetime.date(2026, 11, 1), Decimal("4.90"), Decimal("0.2"), "r")
    newer = Price(LicenceKind.KLARE, datetime.date(2026, 12, 1), Decimal("6.90"))
    prices = PriceList([*DEFAULT_PRICES, own, newer], DEFAULT_VAT)
    assert prices.price(LicenceKind.KLARE, MONTH, "r") == own
    assert prices.price(LicenceKind.KLARE, MONTH, "other").amount == Decimal("5.90")
    assert prices.price(LicenceKind.KLARE, MONTH.following, None) == newer
    assert prices.price(LicenceKind.KLARE, MONTH.preceding, "r").amount == Decimal("5.90")
    written = invoice({LicenceKind.BASE: 1, LicenceKind.KLARE: 3}, client(reseller="r"), prices)
    assert (written.net, written.commission) == (Decimal("39.60"), Decimal("2.94"))
    assert invoice({LicenceKind.KLARE: 3}, prices=prices).commission == 0
    with pytest.raises(PriceError, match="no price for klare in 2020-01"):
        prices.price(LicenceKind.KLARE, Month(2020, 1), None)


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        (Price(LicenceKind.DEMO, datetime.date(2026, 1, 1), Decimal(1)), "no price"),
        (Price(LicenceKind.BASE, datetime.date(2026, 1, 2), Decimal(1)), "first of a month"),
        (Price(LicenceKind.BASE, datetime.date(2026, 1, 1), Decimal("1.001")), "two decimals"),
        (Price(LicenceKind.BASE, datetime.date(2026, 1, 1), Decimal("-1")), "not negative"),
        (Price(LicenceKind.BASE, datetime.date(2026, 1, 1), Decimal(1), Decimal("1.1")), "commission"),
    ],
)
def test_prices_that_cannot_be_billed(price: Price, sentence: str) -> None:
    with pytest.raises(PriceError, match=sentence):
        price.check()


def test_who_owes_the_vat() -> None:
    abroad = Party("Exemple SARL", "Rue 1", "75001", "Paris", "FR", vat_id="FR12345678901")
    charged = invoice({LicenceKind.BASE: 1}, client(abroad))
    assert (charged.vat, charged.vat_amount, charged.gross) == (
        VatTreatment.REVERSE_CHARGE,
        Decimal("0.00"),
        Decimal("24.90"),
    )
    private = Party("Exemple", "Rue 1", "75001", "Paris", "FR")
    assert invoice({LicenceKind.BASE: 1}, client(private)).vat_percent == 19
    with pytest.raises(InvoiceError, match="outside the EU"):
        invoice({LicenceKind.BASE: 1}, client(Party("X", "S", "1", "C", "US")))


def test_credit_notes_never_take_back_more_than_is_left() -> None:
    written = invoice({LicenceKind.BASE: 1, LicenceKind.KLARE: 3})
    day = datetime.date(2026, 12, 5)
    first = write_credit_note(
        "2026-000002", written, {LicenceKind.KLARE: 2}, earlier=[], reason="Irrtum", issued_on=day
    )
    assert (first.kind, first.corrects, first.net) == (
        DocumentKind.CREDIT_NOTE,
        "2026-000001",
        Decimal("11.80"),
    )
    with pytest.raises(InvoiceError, match="has 1 of Klare stimme left to credit, not 2"):
        write_credit_note("n", written, {LicenceKind.KLARE: 2}, earlier=[first], reason="", issued_on=day)
    with pytest.raises(InvoiceError, match="has 0 of Volle stimme left"):
        write_credit_note("n", written, {LicenceKind.VOLLE: 1}, earlier=[], reason="", issued_on=day)
    with pytest.raises(InvoiceError, match="is a credit note"):
        write_credit_note("n", first, None, earlier=[], reason="", issued_on=day)
    rest = write_credit_note("2026-000003", written, None, earlier=[first], reason="", issued_on=day)
    assert first.net + rest.net == written.net
    with pytest.raises(InvoiceError, match="nothing left"):
        write_credit_note("n", written, None, earlier=[first, rest], reason="", issued_on=day)


def test_a_month_is_closed_an_hour_after_its_end_at_the_earliest() -> None:
    check_closable(MONTH, datetime.datetime(2026, 12, 1, 0, 0, tzinfo=datetime.UTC))
    with pytest.raises(ClosingError, match="2026-11 can be closed from 2026-12-01 01:00 on"):
        check_closable(MONTH, datetime.datetime(2026, 11, 30, 23, 59, 59, tzinfo=datetime.UTC))


def account(name: str, history: list[LicenceEvent], *, address: bool = True) -> Account:
    who = Client(name, name, BUYER) if address else None
    return Account(name, name, who, history)


def close(accounts: list[Account], seller: Party = SELLER) -> list[Invoice]:
    numbers = itertools.count(1)
    return close_month(
        MONTH, accounts, seller=seller, prices=PRICES, now=NOW, next_number=lambda: str(next(numbers))
    )


def test_a_closing_is_for_all_or_names_everyone_who_cannot_be_billed() -> None:
    base = [LicenceEvent(MONTH.start, LicenceKind.BASE, 1)]
    good, bad, worse = (
        account("a", base),
        account("b", base, address=False),
        account("c", base, address=False),
    )
    with pytest.raises(ClosingError, match=r"b has no billing address\. c has no billing address\."):
        close([good, bad, worse])
    assert [one.number for one in close([good, account("free", [], address=False), account("d", base)])] == [
        "1",
        "2",
    ]
    with pytest.raises(InvoiceError, match="IBAN"):
        close([good], Party("S", "W", "1", "B", vat_id="DE123456789"))


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=4))
def test_totals_equal_a_recount_in_fractions(histories: list[list[LicenceEvent]]) -> None:
    written = close([account(str(number), history) for number, history in enumerate(histories)])
    cents = {price.kind: Fraction(price.amount) * 100 for price in DEFAULT_PRICES}
    expected = {}
    for number, history in enumerate(histories):
        net = sum((cents[kind] * count for kind, count in recount(history, MONTH).items()), Fraction(0))
        if recount(history, MONTH):
            expected[str(number)] = (net, net + (net * 19 / 100 + Fraction(1, 2)) // 1)
    assert {
        one.customer_id: (Fraction(one.net) * 100, Fraction(one.gross) * 100) for one in written
    } == expected
    assert [one.number for one in written] == [str(number + 1) for number in range(len(written))]
