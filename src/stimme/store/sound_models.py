"""Tables of what can be heard: sounds of a customer's own in place of ours, recordings of calls."""

import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, CustomerOwned, UtcDateTime, Versioned


class OwnSound(Versioned, CustomerOwned, Base):
    """A prompt, announcement or music of a customer's own: WAV, 16 kHz mono, 16 bits.

    ``folder`` is a language, or ``music``; ``name`` as ``stimme.prompts.sound`` says.
    """

    __tablename__ = "own_sounds"
    __table_args__ = (UniqueConstraint("customer_id", "folder", "name"),)

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    folder: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(50))
    seconds: Mapped[float]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CallRecordingRow(CustomerOwned, Base):
    """A recording of a call; its file lies in the node's data folder (``stimme.store.call_recordings``)."""

    __tablename__ = "call_recordings"
    __table_args__ = (
        Index("ix_call_recordings_customer_started", "customer_id", "started_at", "id"),
        {"info": {"write_once": True}},
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), index=True)
    user_id: Mapped[str] = mapped_column(String(36), index=True)
    started_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    caller_number: Mapped[str | None] = mapped_column(String(200))
    caller_name: Mapped[str | None] = mapped_column(String(200))
    caller_user_id: Mapped[str | None] = mapped_column(String(36))
    callee_number: Mapped[str | None] = mapped_column(String(200))
    callee_name: Mapped[str | None] = mapped_column(String(200))
    callee_user_id: Mapped[str | None] = mapped_column(String(36))
