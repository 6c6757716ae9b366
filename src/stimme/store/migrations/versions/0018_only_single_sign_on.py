"""Customers whose people sign in at their identity provider and no other way."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("identity_providers") as table:
        table.add_column(sa.Column("required", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Undo: passwords are good again."""
    with op.batch_alter_table("identity_providers") as table:
        table.drop_column("required")
