"""Function keys of users."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "key_plans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_key_plans_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["id", "customer_id"],
            ["users.id", "users.customer_id"],
            name=op.f("fk_key_plans_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_plans")),
    )
    op.create_index(op.f("ix_key_plans_customer_id"), "key_plans", ["customer_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("key_plans")
