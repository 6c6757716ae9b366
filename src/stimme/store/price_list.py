"""The price list and the VAT rates in the database.

Policy: only the provider changes them, and never what a closed month was billed with: a price can be set from
the month after the last closed one on. Changes and closings wait for each other.
"""

import datetime
from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.errors import ClosingError
from stimme.licensing.packages import LicenceKind
from stimme.licensing.prices import Price, PriceList, VatRate
from stimme.licensing.usage import Month
from stimme.sentences import Sentence
from stimme.store.audit import Actor
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.ledger_models import MonthClosing, PriceRow, VatRateRow
from stimme.store.licences import next_in_series
from stimme.store.models import Organisation

CLOSING_LOCK = "month-closing"
"""The series whose row serialises closings, credit notes and changes of prices."""


class Prices:
    """The price list and the VAT rates. What a closed month was billed with cannot be changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prices(self, scope: Scope) -> Sequence[PriceRow]:
        """List the prices inside the scope, newest first."""
        statement = select(PriceRow).order_by(PriceRow.valid_from.desc(), PriceRow.kind, PriceRow.id)
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def vat_rates(self) -> Sequence[VatRateRow]:
        """List the VAT rates, newest first."""
        async with self._database.system() as session:
            return (await session.scalars(select(VatRateRow).order_by(VatRateRow.valid_from.desc()))).all()

    async def set_price(self, scope: Scope, actor: Actor, price: Price) -> PriceRow:
        """Set a price; setting it again replaces it.

        Raises:
            NotFoundError: When there is no such reseller, or the scope is not the provider's.
            PriceError: When it cannot be billed.
            ClosingError: When a month that it is valid in was closed.
        """
        if scope.kind != "provider":
            raise NotFoundError("There is no such price list.")
        price.check()
        async with self._database.scoped(scope, actor) as session, session.begin():
            await next_in_series(session, CLOSING_LOCK)
            await _check_open(session, price.valid_from)
            if price.reseller_id is not None:
                reseller = await session.get(Organisation, price.reseller_id)
                if reseller is None or reseller.kind != "reseller":
                    raise NotFoundError("There is no such reseller.")
            row = await session.scalar(_price_query(price))
            if row is None:
                row = PriceRow(
                    reseller_id=price.reseller_id, kind=price.kind.value, valid_from=price.valid_from
                )
                session.add(row)
            row.amount = price.amount
            row.commission = price.commission
        return row

    async def delete_price(self, scope: Scope, actor: Actor, price_id: int) -> None:
        """Take a price out of the list.

        Raises:
            NotFoundError: When there is none, or the scope is not the provider's.
            ClosingError: When a month that it is valid in was closed.
        """
        if scope.kind != "provider":
            raise NotFoundError("There is no such price.")
        async with self._database.scoped(scope, actor) as session, session.begin():
            await next_in_series(session, CLOSING_LOCK)
            row = await session.get(PriceRow, price_id)
            if row is None:
                raise NotFoundError("There is no such price.")
            await _check_open(session, row.valid_from)
            await session.delete(row)

    async def set_vat_rate(self, scope: Scope, actor: Actor, rate: VatRate) -> VatRateRow:
        """Set the VAT rate from a day on.

        Raises:
            NotFoundError: When the scope is not the provider's.
            ClosingError: When a month that it is valid in was closed.
        """
        if scope.kind != "provider":
            raise NotFoundError("There is no such rate.")
        async with self._database.scoped(scope, actor) as session, session.begin():
            await next_in_series(session, CLOSING_LOCK)
            await _check_open(session, rate.valid_from)
            row = await session.get(VatRateRow, rate.valid_from)
            if row is None:
                row = VatRateRow(valid_from=rate.valid_from, percent=rate.percent)
                session.add(row)
            row.percent = rate.percent
        return row


def price_of(row: PriceRow) -> Price:
    """Read a row as the domain sees it."""
    return Price(LicenceKind(row.kind), row.valid_from, row.amount, row.commission, row.reseller_id)


async def price_list(session: AsyncSession) -> PriceList:
    """Read all prices and rates that the session sees."""
    prices = await session.scalars(select(PriceRow))
    rates = await session.scalars(select(VatRateRow))
    return PriceList(
        [price_of(row) for row in prices], [VatRate(row.valid_from, row.percent) for row in rates]
    )


def _price_query(price: Price) -> Select[PriceRow]:
    return select(PriceRow).where(
        PriceRow.kind == price.kind.value,
        PriceRow.valid_from == price.valid_from,
        PriceRow.reseller_id.is_(None)
        if price.reseller_id is None
        else PriceRow.reseller_id == price.reseller_id,
    )


async def _check_open(session: AsyncSession, valid_from: datetime.date) -> None:
    latest = await session.scalar(select(func.max(MonthClosing.month)))
    if latest is not None and f"{valid_from:%Y-%m}" <= latest:
        following = Month.parse(latest).following
        raise ClosingError(
            Sentence(
                "month-closed",
                "{month} is closed; prices can be set from {following} on.",
                month=latest,
                following=str(following),
            )
        )
