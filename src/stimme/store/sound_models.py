"""Tables of what can be heard: sounds of a customer's own in place of ours."""

import datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
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
