"""Services of customers, and what their people set while the system runs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _owner() -> sa.Column[str]:
    return sa.Column("customer_id", sa.String(36), nullable=False)


def _owned(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"], ["organisations.id"], name=f"fk_{table}_customer_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "services",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("extension", sa.String(12), nullable=True),
        sa.Column("value", sa.JSON(), nullable=False),
        _owner(),
        sa.CheckConstraint(
            "kind IN ('group', 'attendant', 'calendar', 'menu', 'queue', 'pickup_group', 'parking', 'codes')",
            name=op.f("ck_services_kind"),
        ),
        _owned("services"),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
    )
    op.create_index("ix_services_customer_id", "services", ["customer_id"])
    op.create_index("uq_services_customer_extension", "services", ["customer_id", "extension"], unique=True)
    op.create_table(
        "tenant_states",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        _owner(),
        _owned("tenant_states"),
        sa.PrimaryKeyConstraint("id", name="pk_tenant_states"),
    )
    op.create_index("ix_tenant_states_customer_id", "tenant_states", ["customer_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("tenant_states")
    op.drop_table("services")
