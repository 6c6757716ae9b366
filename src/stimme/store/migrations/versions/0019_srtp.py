"""Whether the speech of telephones and trunks is encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WORDS = "srtp IN ('accept', 'prefer', 'require')"


def upgrade() -> None:
    """Apply."""
    for name, standard in (("devices", "prefer"), ("trunks", "accept")):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("srtp", sa.String(length=8), server_default=standard, nullable=False))
            table.create_check_constraint(table.f(f"ck_{name}_srtp"), _WORDS)
            if name == "trunks":
                table.create_check_constraint(
                    table.f("ck_trunks_srtp_tls"), "srtp <> 'require' OR transport = 'tls'"
                )


def downgrade() -> None:
    """Undo: speech is encrypted as whoever calls asks for it."""
    with op.batch_alter_table("trunks") as table:
        table.drop_constraint(table.f("ck_trunks_srtp_tls"), type_="check")
    for name in ("trunks", "devices"):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(table.f(f"ck_{name}_srtp"), type_="check")
            table.drop_column("srtp")
