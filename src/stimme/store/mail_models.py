"""Tables of mail: the provider's server, letters on their way out, ways to a new password."""

import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.credential_models import AccountOwned
from stimme.store.models import Base, OrganisationOwned, UtcDateTime, Versioned, one_of

_ID = String(36)


class MailServerRow(OrganisationOwned, Versioned, Base):
    """The provider's way to send mail. ``secret`` is the Fernet-encrypted password."""

    __tablename__ = "mail_servers"
    __table_args__ = (
        one_of("security", "tls", "starttls", "none"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("web_address LIKE 'https://%'", name="web_address"),
    )

    organisation_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    security: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(254))
    secret: Mapped[str] = mapped_column(String(1000))
    sender: Mapped[str] = mapped_column(String(254))
    web_address: Mapped[str] = mapped_column(String(300))
    """Where the web client is reached from outside: what links in letters begin with."""


class LetterRow(Base):
    """A letter to be sent. ``secret`` is what its text names, encrypted: there are tokens in it."""

    __tablename__ = "letters"
    __table_args__ = (
        one_of("state", "waiting", "sent", "failed"),
        one_of("template", "invitation", "password_reset", "invoice", "test"),
        Index("ix_letters_state_due_at", "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    template: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(2))
    recipient: Mapped[str] = mapped_column(String(254))
    secret: Mapped[str] = mapped_column(String(4000))
    invoice: Mapped[str | None] = mapped_column(String(20), ForeignKey("invoices.number"), index=True)
    """The number of the invoice that goes with it."""
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, index=True)
    due_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))


class PasswordReset(AccountOwned, Base):
    """A way to a new password; only the SHA-256 of its token is kept."""

    __tablename__ = "password_resets"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, index=True)
