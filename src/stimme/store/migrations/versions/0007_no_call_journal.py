"""The journal of calls is a file of the node, not a table."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_table("call_journal")


def downgrade() -> None:
    """Undo."""
    op.create_table(
        "call_journal",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_journal")),
    )
