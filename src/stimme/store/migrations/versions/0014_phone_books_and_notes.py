"""Phone books as services, and notes that users make of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BEFORE = (
    "group", "attendant", "calendar", "menu", "queue", "pickup_group", "parking", "codes",
    "barring", "paging", "hot_desking", "recording",
)  # fmt: skip
_NEW = ("phone_book",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "call_notes",
        sa.Column("id", sa.String(length=110), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("kind IN ('malicious')", name=op.f("ck_call_notes_kind")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_call_notes_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_notes")),
    )
    op.create_index(op.f("ix_call_notes_call_id"), "call_notes", ["call_id"])
    op.create_index(op.f("ix_call_notes_customer_id"), "call_notes", ["customer_id"])
    _kinds(*_BEFORE, *_NEW)


def downgrade() -> None:
    """Undo; what the older version does not know is lost."""
    services = sa.table("services", sa.column("kind"))
    op.execute(sa.delete(services).where(services.c.kind.in_(_NEW)))
    _kinds(*_BEFORE)
    op.drop_table("call_notes")


def _kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("services") as table:
        table.drop_constraint(op.f("ck_services_kind"), type_="check")
        table.create_check_constraint(op.f("ck_services_kind"), f"kind IN ({listed})")
