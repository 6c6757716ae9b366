"""The tables: who there is, what they have, what happened.

Every row that belongs to a customer carries ``customer_id``; ``stimme.store.database`` filters by it.
What the database can hold as a constraint is one, so that no caller can break it. Times are UTC.
"""

import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

_ID = String(36)
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """A point in time, always UTC and always aware; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """Refuse naive times, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=datetime.UTC)


class Base(DeclarativeBase):
    """Common metadata with stable constraint names, so that migrations can address them."""

    metadata = MetaData(naming_convention=_NAMES)


def one_of(column: str, *values: str) -> CheckConstraint:
    """Make the constraint that a column holds one of some words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class CustomerOwned:
    """Mixin of every row that belongs to one customer: the hook of tenant scoping."""

    customer_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )


class OrganisationOwned:
    """Mixin of rows that belong to a provider, a reseller or a customer; scoped like it."""

    organisation_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )


class Historic:
    """Mixin of rows that outlive what they are about: books, not configuration.

    A customer sees what is about it, a reseller what is about it or its customers, the provider everything.
    """

    customer_id: Mapped[str | None] = mapped_column(_ID, index=True)
    reseller_id: Mapped[str | None] = mapped_column(_ID, index=True)


class Versioned:
    """Mixin of rows that people change: ``version`` grows by one with each change (optimistic locking)."""

    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        """Let the mapper count, and refuse to overwrite a version that it has not seen."""
        return {"version_id_col": cls.version}


class Organisation(Versioned, Base):
    """Provider, reseller or customer. The parent of a customer is a reseller or the provider itself."""

    __tablename__ = "organisations"
    __table_args__ = (
        one_of("kind", "provider", "reseller", "customer"),
        CheckConstraint("(kind = 'provider') = (parent_id IS NULL)", name="parent"),
        CheckConstraint("(kind = 'customer') = (domain IS NOT NULL)", name="domain"),
        Index(
            "uq_organisations_one_provider",
            "kind",
            unique=True,
            sqlite_where=text("kind = 'provider'"),
            postgresql_where=text("kind = 'provider'"),
        ),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[str | None] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[str] = mapped_column(String(200))
    domain: Mapped[str | None] = mapped_column(String(253), unique=True)
    language: Mapped[str] = mapped_column(String(2), default="de")
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


class User(CustomerOwned, Versioned, Base):
    """A person with an extension."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("customer_id", "extension"),
        UniqueConstraint("id", "customer_id"),
        ForeignKeyConstraint(["site_id", "customer_id"], ["sites.id", "sites.customer_id"]),
        one_of("package", "klare", "klingende", "volle"),
        CheckConstraint("length(extension) BETWEEN 1 AND 12", name="extension_length"),
        CheckConstraint("number IS NULL OR number LIKE '+%'", name="number_e164"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    extension: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(200))
    package: Mapped[str] = mapped_column(String(16))
    number: Mapped[str | None] = mapped_column(String(16), unique=True)
    language: Mapped[str] = mapped_column(String(2), default="de")
    site_id: Mapped[str | None] = mapped_column(_ID, index=True)


class Account(OrganisationOwned, Base):
    """A sign-in. ``password_hash`` is argon2id; a customer's user has ``user_id``."""

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("role", "provider", "reseller", "customer", "user"),
        CheckConstraint("role <> 'user' OR user_id IS NOT NULL", name="user"),
        CheckConstraint("role <> 'user' OR rights IS NULL", name="rights"),
        ForeignKeyConstraint(
            ["user_id", "organisation_id"], ["users.id", "users.customer_id"], ondelete="CASCADE"
        ),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    user_id: Mapped[str | None] = mapped_column(_ID, unique=True)
    login: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    rights: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Names of rights (``stimme.store.rights``) that staff is cut down to; NULL for all of its role."""
    language: Mapped[str] = mapped_column(String(2), default="de")
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


class Session(Base):
    """A signed-in browser or program. Only the SHA-256 of the token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(_ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, index=True)
    source: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200))


class Device(CustomerOwned, Versioned, Base):
    """A phone or a browser of a user; without one a phone at which somebody has to log in, at ``site_id``.

    ``secret`` is the Fernet-encrypted SIP password.
    """

    __tablename__ = "devices"
    __table_args__ = (
        one_of("kind", "phone", "web"),
        one_of("srtp", "accept", "prefer", "require"),
        CheckConstraint("kind <> 'web' OR user_id IS NOT NULL", name="browser"),
        CheckConstraint("user_id IS NULL OR site_id IS NULL", name="site"),
        ForeignKeyConstraint(
            ["user_id", "customer_id"], ["users.id", "users.customer_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["site_id", "customer_id"], ["sites.id", "sites.customer_id"]),
        Index(
            "uq_devices_web_per_user",
            "user_id",
            unique=True,
            sqlite_where=text("kind = 'web'"),
            postgresql_where=text("kind = 'web'"),
        ),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    user_id: Mapped[str | None] = mapped_column(_ID, index=True)
    site_id: Mapped[str | None] = mapped_column(_ID, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200), default="")
    sip_user: Mapped[str] = mapped_column(String(64), unique=True)
    secret: Mapped[str] = mapped_column(String(500))
    srtp: Mapped[str] = mapped_column(String(8), default="prefer", server_default="prefer")
    """Of no meaning for a browser, whose speech always is encrypted."""


class Trunk(CustomerOwned, Versioned, Base):
    """A way to a telephone provider. ``secret`` is the Fernet-encrypted password."""

    __tablename__ = "trunks"
    __table_args__ = (
        one_of("kind", "register", "static"),
        one_of("transport", "udp", "tcp", "tls"),
        one_of("srtp", "accept", "prefer", "require"),
        CheckConstraint("srtp <> 'require' OR transport = 'tls'", name="srtp_tls"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("expires BETWEEN 60 AND 86400", name="expires"),
        UniqueConstraint("customer_id", "name"),
        UniqueConstraint("id", "customer_id"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    transport: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(200))
    secret: Mapped[str] = mapped_column(String(500))
    realm: Mapped[str | None] = mapped_column(String(253))
    expires: Mapped[int] = mapped_column(default=600)
    srtp: Mapped[str] = mapped_column(String(8), default="accept", server_default="accept")


class NumberBlock(CustomerOwned, Versioned, Base):
    """A head number of a trunk; numbers below it have up to ``extension_digits`` more digits."""

    __tablename__ = "number_blocks"
    __table_args__ = (
        CheckConstraint("head LIKE '+%'", name="head_e164"),
        CheckConstraint("extension_digits BETWEEN 0 AND 6", name="extension_digits"),
        ForeignKeyConstraint(
            ["trunk_id", "customer_id"], ["trunks.id", "trunks.customer_id"], ondelete="CASCADE"
        ),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    trunk_id: Mapped[str] = mapped_column(_ID, index=True)
    head: Mapped[str] = mapped_column(String(16), unique=True)
    extension_digits: Mapped[int]


class BindingRow(Base):
    """A registered contact (RFC 3261 §10), as the PBX wrote it; ``key`` is unique within the node."""

    __tablename__ = "bindings"

    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )
    value: Mapped[dict[str, Any]] = mapped_column(JSON)


class CallRecordRow(CustomerOwned, Base):
    """One finished call. The key is the call's id, so that writing twice is writing once."""

    __tablename__ = "call_records"
    __table_args__ = (
        one_of("direction", "internal", "incoming", "outgoing", "emergency"),
        one_of("result", "answered", "missed", "busy", "declined", "cancelled", "failed", "no_answer"),
        CheckConstraint("hangup_by IS NULL OR hangup_by IN ('caller', 'callee', 'system')", name="hangup_by"),
        CheckConstraint("ended_at >= started_at", name="times"),
        Index("ix_call_records_customer_started", "customer_id", "started_at", "id"),
        {"info": {"write_once": True}},
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    direction: Mapped[str] = mapped_column(String(16))
    caller_number: Mapped[str | None] = mapped_column(String(200))
    caller_name: Mapped[str | None] = mapped_column(String(200))
    caller_user_id: Mapped[str | None] = mapped_column(_ID)
    callee_number: Mapped[str | None] = mapped_column(String(200))
    callee_name: Mapped[str | None] = mapped_column(String(200))
    callee_user_id: Mapped[str | None] = mapped_column(_ID)
    answered_by: Mapped[str | None] = mapped_column(_ID)
    started_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    ringing_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(String(16))
    sip_status: Mapped[int | None]
    trunk_id: Mapped[str | None] = mapped_column(_ID)
    hangup_by: Mapped[str | None] = mapped_column(String(8))
    quality: Mapped[Any] = mapped_column(JSON, default=dict)


class CallListEntry(CustomerOwned, Base):
    """A line in a user's call list."""

    __tablename__ = "call_list_entries"
    __table_args__ = (
        one_of("direction", "incoming", "outgoing"),
        one_of("result", "answered", "missed", "busy", "declined", "cancelled", "failed", "no_answer"),
        ForeignKeyConstraint(
            ["user_id", "customer_id"], ["users.id", "users.customer_id"], ondelete="CASCADE"
        ),
        Index("ix_call_list_entries_user_started", "user_id", "started_at", "id"),
        {"info": {"write_once": True}},
    )

    id: Mapped[str] = mapped_column(String(110), primary_key=True)
    user_id: Mapped[str] = mapped_column(_ID)
    call_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("call_records.id", ondelete="CASCADE"), index=True
    )
    direction: Mapped[str] = mapped_column(String(16))
    result: Mapped[str] = mapped_column(String(16))
    number: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    peer_user_id: Mapped[str | None] = mapped_column(_ID)
    started_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    duration_seconds: Mapped[int | None]
    seen: Mapped[bool] = mapped_column(default=False)
