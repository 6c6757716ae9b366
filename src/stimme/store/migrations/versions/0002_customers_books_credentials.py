"""Sites, gateways, addresses, licences, books and credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEWEST_FIRST = (
    "totp_secrets",
    "recovery_codes",
    "passkeys",
    "api_tokens",
    "invitations",
    "gateways",
    "sites",
    "prices",
    "customer_licences",
    "billing_addresses",
    "vat_rates",
    "number_series",
    "month_closings",
    "licence_events",
    "invoices",
    "audit_entries",
)


def upgrade() -> None:
    """Apply."""
    _create_books()
    _create_customers()
    _create_credentials()
    _add_columns()


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_constraint("fk_users_site_id_customer_id", type_="foreignkey")
        batch_op.drop_index("ix_users_site_id")
        batch_op.drop_column("site_id")
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.drop_column("agent")
        batch_op.drop_column("source")
    for table in ("users", "trunks", "organisations", "number_blocks", "devices"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("version")
    for table in _NEWEST_FIRST:
        op.drop_table(table)


def _create_books() -> None:
    """Books: what is written there stays."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=100), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("customer_id", sa.String(length=36), nullable=True),
        sa.Column("reseller_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("action IN ('create', 'change', 'delete')", name=op.f("ck_audit_entries_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_reseller_id"), ["reseller_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "invoices",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("corrects", sa.String(length=20), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=True),
        sa.Column("reseller_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (corrects IS NOT NULL)", name=op.f("ck_invoices_corrects")
        ),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoices_kind")),
        sa.CheckConstraint("customer_id IS NOT NULL", name=op.f("ck_invoices_customer")),
        sa.CheckConstraint("gross = net + vat", name=op.f("ck_invoices_gross")),
        sa.ForeignKeyConstraint(["corrects"], ["invoices.number"], name=op.f("fk_invoices_corrects")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_invoices")),
        sa.UniqueConstraint("request_id", name=op.f("uq_invoices_request_id")),
        sa.UniqueConstraint("year", "sequence", name=op.f("uq_invoices_year_sequence")),
    )
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoices_corrects"), ["corrects"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_month"), ["month"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_reseller_id"), ["reseller_id"], unique=False)
        batch_op.create_index(
            "uq_invoices_one_per_month",
            ["customer_id", "month"],
            unique=True,
            sqlite_where=sa.text("kind = 'invoice'"),
            postgresql_where=sa.text("kind = 'invoice'"),
        )

    op.create_table(
        "licence_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=True),
        sa.Column("reseller_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint(
            "kind IN ('base', 'extended_base', 'demo', 'trunk', 'klare', 'klingende', 'volle')",
            name=op.f("ck_licence_events_kind"),
        ),
        sa.CheckConstraint("customer_id IS NOT NULL", name=op.f("ck_licence_events_customer")),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_licence_events_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_events")),
    )
    with op.batch_alter_table("licence_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_licence_events_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_licence_events_customer_order", ["customer_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_licence_events_reseller_id"), ["reseller_id"], unique=False)

    op.create_table(
        "month_closings",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.Column("closed_by", sa.String(length=254), nullable=False),
        sa.Column("invoices", sa.Integer(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_month_closings")),
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_series")),
    )
    op.create_table(
        "vat_rates",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 10000", name=op.f("ck_vat_rates_percent")),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_vat_rates")),
    )


def _create_customers() -> None:
    """What customers have."""
    op.create_table(
        "billing_addresses",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postcode", sa.String(length=16), nullable=False),
        sa.Column("city", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("vat_id", sa.String(length=20), nullable=True),
        sa.Column("tax_number", sa.String(length=30), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("iban", sa.String(length=34), nullable=True),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_billing_addresses_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_billing_addresses")),
    )
    op.create_table(
        "customer_licences",
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(length=16), nullable=True),
        sa.Column("trunks", sa.Integer(), nullable=False),
        sa.Column("klare", sa.Integer(), nullable=False),
        sa.Column("klingende", sa.Integer(), nullable=False),
        sa.Column("volle", sa.Integer(), nullable=False),
        sa.Column("demo_ends", sa.DateTime(), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "base <> 'demo' OR demo_ends IS NOT NULL", name=op.f("ck_customer_licences_demo_ends")
        ),
        sa.CheckConstraint(
            "base <> 'demo' OR klare + klingende + volle <= 3", name=op.f("ck_customer_licences_demo_users")
        ),
        sa.CheckConstraint("base <> 'demo' OR trunks <= 1", name=op.f("ck_customer_licences_demo_trunks")),
        sa.CheckConstraint(
            "base IN ('base', 'extended_base', 'demo')", name=op.f("ck_customer_licences_base")
        ),
        sa.CheckConstraint(
            "klare >= 0 AND klingende >= 0 AND volle >= 0", name=op.f("ck_customer_licences_users")
        ),
        sa.CheckConstraint("trunks BETWEEN 0 AND 16", name=op.f("ck_customer_licences_trunks")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_customer_licences_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_licences")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_licences_number")),
    )
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reseller_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("commission", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('base', 'extended_base', 'trunk', 'klare', 'klingende', 'volle')",
            name=op.f("ck_prices_kind"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_prices_amount")),
        sa.CheckConstraint("commission BETWEEN 0 AND 10000", name=op.f("ck_prices_commission")),
        sa.ForeignKeyConstraint(
            ["reseller_id"], ["organisations.id"], name=op.f("fk_prices_reseller_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint(
            "reseller_id", "kind", "valid_from", name=op.f("uq_prices_reseller_id_kind_valid_from")
        ),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index(
            "uq_prices_standard",
            ["kind", "valid_from"],
            unique=True,
            sqlite_where=sa.text("reseller_id IS NULL"),
            postgresql_where=sa.text("reseller_id IS NULL"),
        )

    op.create_table(
        "sites",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postcode", sa.String(length=16), nullable=False),
        sa.Column("city", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("trunk_id", sa.String(length=36), nullable=False),
        sa.Column("emergency_number", sa.String(length=16), nullable=True),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "emergency_number IS NULL OR emergency_number LIKE '+%'", name=op.f("ck_sites_emergency_e164")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["organisations.id"], name=op.f("fk_sites_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id", "customer_id"],
            ["trunks.id", "trunks.customer_id"],
            name=op.f("fk_sites_trunk_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("customer_id", "name", name=op.f("uq_sites_customer_id_name")),
        sa.UniqueConstraint("id", "customer_id", name=op.f("uq_sites_id_customer_id")),
    )
    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sites_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sites_trunk_id"), ["trunk_id"], unique=False)

    op.create_table(
        "gateways",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=True),
        sa.Column("site_id", sa.String(length=36), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("site_id IS NULL OR customer_id IS NOT NULL", name=op.f("ck_gateways_site")),
        sa.ForeignKeyConstraint(["customer_id"], ["organisations.id"], name=op.f("fk_gateways_customer_id")),
        sa.ForeignKeyConstraint(
            ["site_id", "customer_id"],
            ["sites.id", "sites.customer_id"],
            name=op.f("fk_gateways_site_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateways")),
        sa.UniqueConstraint("serial", name=op.f("uq_gateways_serial")),
    )
    with op.batch_alter_table("gateways", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateways_customer_id"), ["customer_id"], unique=False)


def _create_credentials() -> None:
    """What people prove who they are with."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("login", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(), nullable=True),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint(
            "role IN ('provider', 'reseller', 'customer', 'user')", name=op.f("ck_invitations_role")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_invitations_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_invitations_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_tokens_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_tokens_account_id"), ["account_id"], unique=False)

    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=1400), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_passkeys_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
    )
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkeys_account_id"), ["account_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_recovery_codes_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_codes_account_id"), ["account_id"], unique=False)

    op.create_table(
        "totp_secrets",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_totp_secrets_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_totp_secrets")),
    )


def _add_columns() -> None:
    """Versions, sites of users, origin of sessions."""
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("number_blocks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("agent", sa.String(length=200), nullable=True))

    with op.batch_alter_table("trunks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.create_index(batch_op.f("ix_users_site_id"), ["site_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_users_site_id_customer_id"),
            "sites",
            ["site_id", "customer_id"],
            ["id", "customer_id"],
        )
