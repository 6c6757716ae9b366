"""Tables of a customer's services (groups, attendant, …) and of what people set while it runs."""

import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, CustomerOwned, UtcDateTime, Versioned

SERVICE_KINDS = (
    "group", "attendant", "calendar", "menu", "queue", "pickup_group", "parking", "codes",
    "barring", "paging", "hot_desking", "recording",
)  # fmt: skip


class Service(Versioned, CustomerOwned, Base):
    """One service; ``value`` is checked by ``stimme.store.services`` before it comes here."""

    __tablename__ = "services"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, SERVICE_KINDS))})", name="kind"),
        Index("uq_services_customer_extension", "customer_id", "extension", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    extension: Mapped[str | None] = mapped_column(String(12))
    value: Mapped[dict[str, Any]] = mapped_column(JSON)


class CallNoteRow(CustomerOwned, Base):
    """What a user notes of a call; the call's record may come later."""

    __tablename__ = "call_notes"
    __table_args__ = (CheckConstraint("kind IN ('malicious')", name="kind"), {"info": {"write_once": True}})

    id: Mapped[str] = mapped_column(String(110), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), index=True)
    user_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    noted_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


class TenantState(CustomerOwned, Base):
    """A value that people have set: diversions, do not disturb, group log-in, night service."""

    __tablename__ = "tenant_states"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(160))
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
