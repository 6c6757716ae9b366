"""Tables of single sign-on: a customer's identity provider, and who is who there."""

import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.credential_models import AccountOwned
from stimme.store.models import Base, CustomerOwned, UtcDateTime, Versioned

_ID = String(36)


class IdentityProvider(CustomerOwned, Versioned, Base):
    """Where a customer's people sign in (OpenID Connect). ``secret`` is our Fernet-encrypted one there."""

    __tablename__ = "identity_providers"
    __table_args__ = (
        UniqueConstraint("customer_id"),
        CheckConstraint("issuer LIKE 'https://%'", name="issuer"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    secret: Mapped[str] = mapped_column(String(1000))
    trust_mail: Mapped[bool]
    """Every mail address that the provider tells is verified, also where it does not say so."""
    required: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The customer's people sign in there and no other way."""


class ExternalIdentity(AccountOwned, Base):
    """An account at an identity provider: the subject that its tokens name."""

    __tablename__ = "external_identities"
    __table_args__ = (UniqueConstraint("account_id", "provider_id"),)

    provider_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("identity_providers.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
