"""The table of users' function keys."""

from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from stimme.store.models import Base, CustomerOwned, Versioned


class KeyPlanRow(Versioned, CustomerOwned, Base):
    """The keys of one user, whose id it has; ``keys`` as ``stimme.pbx.features.key_plan`` reads them."""

    __tablename__ = "key_plans"
    __table_args__ = (
        ForeignKeyConstraint(["id", "customer_id"], ["users.id", "users.customer_id"], ondelete="CASCADE"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    keys: Mapped[list[Any]] = mapped_column(JSON)
