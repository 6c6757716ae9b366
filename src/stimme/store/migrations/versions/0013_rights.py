"""Staff with named rights: accounts and invitations may be cut down to some of them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for name in ("accounts", "invitations"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("rights", sa.JSON(), nullable=True))
            table.create_check_constraint("rights", "role <> 'user' OR rights IS NULL")


def downgrade() -> None:
    """Undo; what was cut down has all rights again."""
    for name in ("accounts", "invitations"):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"ck_{name}_rights"), type_="check")
            table.drop_column("rights")
