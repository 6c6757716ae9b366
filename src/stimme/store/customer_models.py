"""Tables of what a customer has beside telephones: sites, rented gateways, addresses, licences."""

import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, CustomerOwned, OrganisationOwned, UtcDateTime, Versioned, one_of

_ID = String(36)


class Site(CustomerOwned, Versioned, Base):
    """Where users work. Exactly one trunk serves it; emergency calls from it carry its own number."""

    __tablename__ = "sites"
    __table_args__ = (
        UniqueConstraint("customer_id", "name"),
        UniqueConstraint("id", "customer_id"),
        CheckConstraint("emergency_number IS NULL OR emergency_number LIKE '+%'", name="emergency_e164"),
        ForeignKeyConstraint(["trunk_id", "customer_id"], ["trunks.id", "trunks.customer_id"]),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    street: Mapped[str] = mapped_column(String(200))
    postcode: Mapped[str] = mapped_column(String(16))
    city: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2), default="DE")
    trunk_id: Mapped[str] = mapped_column(_ID, index=True)
    emergency_number: Mapped[str | None] = mapped_column(String(16))


class Gateway(Versioned, Base):
    """A media gateway of the provider's: in stock, or rented to a customer at one of its sites."""

    __tablename__ = "gateways"
    __table_args__ = (
        CheckConstraint("site_id IS NULL OR customer_id IS NOT NULL", name="site"),
        ForeignKeyConstraint(["site_id", "customer_id"], ["sites.id", "sites.customer_id"]),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    serial: Mapped[str] = mapped_column(String(64), unique=True)
    model: Mapped[str] = mapped_column(String(100))
    customer_id: Mapped[str | None] = mapped_column(_ID, ForeignKey("organisations.id"), index=True)
    site_id: Mapped[str | None] = mapped_column(_ID)


class BillingAddress(OrganisationOwned, Versioned, Base):
    """Who is billed, or (the provider's) who bills."""

    __tablename__ = "billing_addresses"

    organisation_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200))
    street: Mapped[str] = mapped_column(String(200))
    postcode: Mapped[str] = mapped_column(String(16))
    city: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2), default="DE")
    vat_id: Mapped[str | None] = mapped_column(String(20))
    tax_number: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    contact: Mapped[str | None] = mapped_column(String(200))
    iban: Mapped[str | None] = mapped_column(String(34))
    bic: Mapped[str | None] = mapped_column(String(11))


class CustomerLicence(CustomerOwned, Base):
    """The licences that a customer holds now: the sum of its events, and the lock for changing them."""

    __tablename__ = "customer_licences"
    __table_args__ = (
        one_of("base", "base", "extended_base", "demo"),
        CheckConstraint("trunks BETWEEN 0 AND 16", name="trunks"),
        CheckConstraint("klare >= 0 AND klingende >= 0 AND volle >= 0", name="users"),
        CheckConstraint("base <> 'demo' OR klare + klingende + volle <= 3", name="demo_users"),
        CheckConstraint("base <> 'demo' OR trunks <= 1", name="demo_trunks"),
        CheckConstraint("base <> 'demo' OR demo_ends IS NOT NULL", name="demo_ends"),
    )

    customer_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(unique=True)
    """The customer's number in books, from 10001 on."""
    base: Mapped[str | None] = mapped_column(String(16))
    trunks: Mapped[int] = mapped_column(default=0)
    klare: Mapped[int] = mapped_column(default=0)
    klingende: Mapped[int] = mapped_column(default=0)
    volle: Mapped[int] = mapped_column(default=0)
    demo_ends: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    changes: Mapped[int] = mapped_column(default=0)
