"""Customers' own prompts, announcements and music."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "own_sounds",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("folder", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_own_sounds_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_sounds")),
        sa.UniqueConstraint(
            "customer_id", "folder", "name", name=op.f("uq_own_sounds_customer_id_folder_name")
        ),
    )
    op.create_index(op.f("ix_own_sounds_customer_id"), "own_sounds", ["customer_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("own_sounds")
