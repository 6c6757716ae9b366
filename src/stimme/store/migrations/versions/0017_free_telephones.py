"""Telephones that are nobody's, at a site of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("devices") as table:
        table.alter_column("user_id", existing_type=sa.String(length=36), nullable=True)
        table.add_column(sa.Column("site_id", sa.String(length=36), nullable=True))
        table.create_index(table.f("ix_devices_site_id"), ["site_id"])
        table.create_foreign_key(
            table.f("fk_devices_site_id_customer_id"),
            "sites",
            ["site_id", "customer_id"],
            ["id", "customer_id"],
        )
        table.create_check_constraint(table.f("ck_devices_browser"), "kind <> 'web' OR user_id IS NOT NULL")
        table.create_check_constraint(table.f("ck_devices_site"), "user_id IS NULL OR site_id IS NULL")


def downgrade() -> None:
    """Undo; telephones that are nobody's are lost."""
    op.execute("DELETE FROM devices WHERE user_id IS NULL")
    with op.batch_alter_table("devices") as table:
        table.drop_constraint(table.f("ck_devices_site"), type_="check")
        table.drop_constraint(table.f("ck_devices_browser"), type_="check")
        table.drop_constraint(table.f("fk_devices_site_id_customer_id"), type_="foreignkey")
        table.drop_index(table.f("ix_devices_site_id"))
        table.drop_column("site_id")
        table.alter_column("user_id", existing_type=sa.String(length=36), nullable=False)
