"""Tables of phone books: a customer's shared ones, and private ones of users."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, CustomerOwned, Versioned


class PhoneBookRow(Versioned, CustomerOwned, Base):
    """A phone book; ``owner_id`` is the user whose private one it is."""

    __tablename__ = "phone_books"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "customer_id"], ["users.id", "users.customer_id"], ondelete="CASCADE"
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[str | None] = mapped_column(String(36), index=True)


class PhoneBookEntryRow(Versioned, CustomerOwned, Base):
    """An entry as ``stimme.directory.entry`` has it; ``place`` is what lists are ordered by, folded."""

    __tablename__ = "phone_book_entries"
    __table_args__ = (
        Index("ix_phone_book_entries_place", "book_id", "place", "id"),
        Index("uq_phone_book_entries_short", "book_id", "short", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    book_id: Mapped[str] = mapped_column(String(36), ForeignKey("phone_books.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    company: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    sort: Mapped[str] = mapped_column(String(200), default="")
    place: Mapped[str] = mapped_column(String(400))
    short: Mapped[str | None] = mapped_column(String(4))
    numbers: Mapped[list[Any]] = mapped_column(JSON)
