"""Prices per licence and month, and VAT.

Policy: amounts are net, in euros with two decimals. A price is valid from the first of a month and for whole
months, so that the price of a month is never a mixture. A price agreed with a reseller goes before the
standard one. The commission is the reseller's share of the net amount.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from stimme.licensing.errors import PriceError
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import Month
from stimme.sentences import Sentence

CENT = Decimal("0.01")
BILLED_KINDS = tuple(kind for kind in LicenceKind if kind is not LicenceKind.DEMO)


def round_money(amount: Decimal) -> Decimal:
    """Round to cents, half a cent up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Price:
    """What one licence of ``kind`` costs per month from ``valid_from`` on.

    Attributes:
        amount: Net, in euros.
        commission: The reseller's share of it, 0 to 1.
        reseller_id: Whose customers; ``None`` for the standard price list.
    """

    kind: LicenceKind
    valid_from: datetime.date
    amount: Decimal
    commission: Decimal = Decimal(0)
    reseller_id: str | None = None

    def check(self) -> None:
        """Refuse what cannot be billed.

        Raises:
            PriceError: With a sentence that names the mistake.
        """
        if self.kind not in BILLED_KINDS:
            raise PriceError(Sentence("demo-without-price", "Demo licences have no price."))
        if self.valid_from.day != 1:
            raise PriceError(Sentence("price-from-first", "A price is valid from the first of a month."))
        if self.amount < 0 or self.amount != self.amount.quantize(CENT):
            raise PriceError(Sentence("price-form", "A price is not negative and has at most two decimals."))
        if not 0 <= self.commission <= 1:
            raise PriceError(Sentence("commission-range", "A commission is between 0 and 1."))


@dataclass(frozen=True, slots=True)
class VatRate:
    """The standard VAT rate in percent from ``valid_from`` on."""

    valid_from: datetime.date
    percent: Decimal


_BEGINNING = datetime.date(2021, 4, 1)
_DEFAULT_AMOUNTS = {
    LicenceKind.BASE: "24.90",
    LicenceKind.EXTENDED_BASE: "39.90",
    LicenceKind.TRUNK: "6.90",
    LicenceKind.KLARE: "5.90",
    LicenceKind.KLINGENDE: "9.90",
    LicenceKind.VOLLE: "12.90",
}
DEFAULT_PRICES = tuple(Price(kind, _BEGINNING, Decimal(amount)) for kind, amount in _DEFAULT_AMOUNTS.items())
DEFAULT_VAT = (VatRate(datetime.date(2007, 1, 1), Decimal(19)),)


class PriceList:
    """All prices and VAT rates, past and to come."""

    def __init__(self, prices: Iterable[Price], vat: Iterable[VatRate]) -> None:
        self._prices = sorted(prices, key=lambda price: price.valid_from, reverse=True)
        self._vat = sorted(vat, key=lambda rate: rate.valid_from, reverse=True)

    def price(self, kind: LicenceKind, month: Month, reseller_id: str | None) -> Price:
        """Return the price in force in a month for a reseller's customers.

        Raises:
            PriceError: When there is none.
        """
        valid = [p for p in self._prices if p.kind is kind and p.valid_from <= month.first_day]
        own = _newest(valid, reseller_id) if reseller_id is not None else None
        found = own or _newest(valid, None)
        if found is None:
            raise PriceError(
                Sentence(
                    "no-price", "There is no price for {kind} in {month}.", kind=kind.value, month=str(month)
                )
            )
        return found

    def vat_percent(self, day: datetime.date) -> Decimal:
        """Return the VAT rate on a day, in percent.

        Raises:
            PriceError: When there is none.
        """
        for rate in self._vat:
            if rate.valid_from <= day:
                return rate.percent
        raise PriceError(Sentence("no-vat-rate", "There is no VAT rate for {day}.", day=str(day)))


def _newest(prices: Sequence[Price], reseller_id: str | None) -> Price | None:
    return next((price for price in prices if price.reseller_id == reseller_id), None)
