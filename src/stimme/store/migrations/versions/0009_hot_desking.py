"""When guests at telephones are logged out by themselves is a service."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BEFORE = (
    "group", "attendant", "calendar", "menu", "queue", "pickup_group", "parking", "codes",
    "barring", "paging",
)  # fmt: skip
_NEW = ("hot_desking",)


def upgrade() -> None:
    """Apply."""
    _kinds(*_BEFORE, *_NEW)


def downgrade() -> None:
    """Undo; what the older version does not know is lost."""
    services = sa.table("services", sa.column("kind"))
    op.execute(sa.delete(services).where(services.c.kind.in_(_NEW)))
    _kinds(*_BEFORE)


def _kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("services") as table:
        table.drop_constraint(op.f("ck_services_kind"), type_="check")
        table.create_check_constraint(op.f("ck_services_kind"), f"kind IN ({listed})")
