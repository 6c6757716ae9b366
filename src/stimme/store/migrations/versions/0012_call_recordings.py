"""Recordings of calls, and the rules for them as a service."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEFORE = (
    "group", "attendant", "calendar", "menu", "queue", "pickup_group", "parking", "codes",
    "barring", "paging", "hot_desking",
)  # fmt: skip
_NEW = ("recording",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "call_recordings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("caller_number", sa.String(length=200), nullable=True),
        sa.Column("caller_name", sa.String(length=200), nullable=True),
        sa.Column("caller_user_id", sa.String(length=36), nullable=True),
        sa.Column("callee_number", sa.String(length=200), nullable=True),
        sa.Column("callee_name", sa.String(length=200), nullable=True),
        sa.Column("callee_user_id", sa.String(length=36), nullable=True),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_call_recordings_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_recordings")),
    )
    for column in ("call_id", "customer_id", "user_id"):
        op.create_index(op.f(f"ix_call_recordings_{column}"), "call_recordings", [column])
    op.create_index(
        "ix_call_recordings_customer_started", "call_recordings", ["customer_id", "started_at", "id"]
    )
    _kinds(*_BEFORE, *_NEW)


def downgrade() -> None:
    """Undo; what the older version does not know is lost."""
    services = sa.table("services", sa.column("kind"))
    op.execute(sa.delete(services).where(services.c.kind.in_(_NEW)))
    _kinds(*_BEFORE)
    op.drop_table("call_recordings")


def _kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("services") as table:
        table.drop_constraint(op.f("ck_services_kind"), type_="check")
        table.create_check_constraint(op.f("ck_services_kind"), f"kind IN ({listed})")
