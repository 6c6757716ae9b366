"""Single sign-on: identity providers of customers, and the accounts that are linked with them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("secret", sa.String(length=1000), nullable=False),
        sa.Column("trust_mail", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("issuer LIKE 'https://%'", name=op.f("ck_identity_providers_issuer")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_identity_providers_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_identity_providers_customer_id")),
    )
    op.create_index(op.f("ix_identity_providers_customer_id"), "identity_providers", ["customer_id"])
    op.create_table(
        "external_identities",
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_external_identities_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["identity_providers.id"],
            name=op.f("fk_external_identities_provider_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", "subject", name=op.f("pk_external_identities")),
        sa.UniqueConstraint(
            "account_id", "provider_id", name=op.f("uq_external_identities_account_id_provider_id")
        ),
    )
    op.create_index(op.f("ix_external_identities_account_id"), "external_identities", ["account_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("external_identities")
    op.drop_table("identity_providers")
