"""Tables that are books: licence events, prices, closed months, invoices, the audit log.

Policy: what has been written into ``licence_events``, ``month_closings``, ``invoices`` and ``audit_entries``
stays; triggers of the database refuse to change or delete it (migration 0002), and it refers to nothing that
could take it along when it is deleted. Money is kept in cents.
"""

import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    Dialect,
    ForeignKey,
    Index,
    String,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, Historic, UtcDateTime, Versioned, one_of

_ID = String(36)
_KIND = String(16)


class Scaled(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places, kept as an integer, so that no database rounds it."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Store as an integer; refuse what would be rounded."""
        if value is None:
            return None
        scaled = value.scaleb(self.places)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} decimals")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Give the decimal back."""
        return None if value is None else Decimal(value).scaleb(-self.places)


Money = Scaled(2)
Rate = Scaled(4)


class LicenceEventRow(Historic, Base):
    """From ``at`` on, ``quantity`` licences of ``kind`` are provided; ``id`` is the order."""

    __tablename__ = "licence_events"
    __table_args__ = (
        one_of("kind", "base", "extended_base", "demo", "trunk", "klare", "klingende", "volle"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("customer_id IS NOT NULL", name="customer"),
        Index("ix_licence_events_customer_order", "customer_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(_KIND)
    quantity: Mapped[int]
    cause: Mapped[str] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(254))


class PriceRow(Versioned, Base):
    """A price of the standard list (no reseller), or one agreed with a reseller."""

    __tablename__ = "prices"
    __table_args__ = (
        one_of("kind", "base", "extended_base", "trunk", "klare", "klingende", "volle"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("commission BETWEEN 0 AND 10000", name="commission"),
        UniqueConstraint("reseller_id", "kind", "valid_from"),
        Index(
            "uq_prices_standard",
            "kind",
            "valid_from",
            unique=True,
            sqlite_where=text("reseller_id IS NULL"),
            postgresql_where=text("reseller_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reseller_id: Mapped[str | None] = mapped_column(_ID, ForeignKey("organisations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(_KIND)
    valid_from: Mapped[datetime.date] = mapped_column(Date)
    amount: Mapped[Decimal] = mapped_column(Money)
    commission: Mapped[Decimal] = mapped_column(Rate)


class VatRateRow(Base):
    """The standard VAT rate in percent from a day on."""

    __tablename__ = "vat_rates"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 10000", name="percent"),)

    valid_from: Mapped[datetime.date] = mapped_column(Date, primary_key=True)
    percent: Mapped[Decimal] = mapped_column(Money)


class MonthClosing(Base):
    """A month that was billed: there is one row or none."""

    __tablename__ = "month_closings"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    closed_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(String(254))
    invoices: Mapped[int]
    net: Mapped[Decimal] = mapped_column(Money)
    gross: Mapped[Decimal] = mapped_column(Money)


class InvoiceRow(Historic, Base):
    """An invoice or credit note; ``document`` is all that it says."""

    __tablename__ = "invoices"
    __table_args__ = (
        one_of("kind", "invoice", "credit_note"),
        CheckConstraint("gross = net + vat", name="gross"),
        CheckConstraint("(kind = 'credit_note') = (corrects IS NOT NULL)", name="corrects"),
        CheckConstraint("customer_id IS NOT NULL", name="customer"),
        UniqueConstraint("year", "sequence"),
        Index(
            "uq_invoices_one_per_month",
            "customer_id",
            "month",
            unique=True,
            sqlite_where=text("kind = 'invoice'"),
            postgresql_where=text("kind = 'invoice'"),
        ),
    )

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int]
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(_KIND)
    month: Mapped[str] = mapped_column(String(7), index=True)
    customer_name: Mapped[str] = mapped_column(String(200))
    issued_on: Mapped[datetime.date] = mapped_column(Date)
    net: Mapped[Decimal] = mapped_column(Money)
    vat: Mapped[Decimal] = mapped_column(Money)
    gross: Mapped[Decimal] = mapped_column(Money)
    corrects: Mapped[str | None] = mapped_column(String(20), ForeignKey("invoices.number"), index=True)
    request_id: Mapped[str | None] = mapped_column(_ID, unique=True)
    """Chosen by whoever asked for a credit note, so that asking twice is asking once."""
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class NumberSeries(Base):
    """The next number of a series; its row is the lock that makes numbering free of gaps and doubles."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    next: Mapped[int]


class AuditEntry(Historic, Base):
    """Who changed what, when: ``before`` and ``after`` hold what differs."""

    __tablename__ = "audit_entries"
    __table_args__ = (one_of("action", "create", "change", "delete"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[str | None] = mapped_column(_ID)
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(100), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
