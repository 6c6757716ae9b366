"""Tables of what people prove who they are with, beside their password."""

import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, OrganisationOwned, UtcDateTime, one_of

_ID = String(36)


class AccountOwned:
    """Mixin of rows that go with an account."""

    account_id: Mapped[str] = mapped_column(_ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


class TotpSecret(Base):
    """One-time codes of an account (RFC 6238). Counts once confirmed; each time step is used once."""

    __tablename__ = "totp_secrets"

    account_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[str] = mapped_column(String(500))
    confirmed_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(default=0)


class RecoveryCode(AccountOwned, Base):
    """A code that replaces a one-time code once; only its SHA-256 is kept."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class Passkey(AccountOwned, Base):
    """A WebAuthn credential; its id is base64url."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)


class ApiToken(AccountOwned, Base):
    """A program's way in: acts for its account within ``scopes``. Only the SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)


class Invitation(OrganisationOwned, Base):
    """A way to one's first password; only the SHA-256 of its token is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        one_of("role", "provider", "reseller", "customer", "user"),
        CheckConstraint("role <> 'user' OR rights IS NULL", name="rights"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    login: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    rights: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    user_id: Mapped[str | None] = mapped_column(_ID, ForeignKey("users.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(2), default="de")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
