"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "call_journal",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_journal")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'customer') = (domain IS NOT NULL)", name=op.f("ck_organisations_domain")
        ),
        sa.CheckConstraint("(kind = 'provider') = (parent_id IS NULL)", name=op.f("ck_organisations_parent")),
        sa.CheckConstraint(
            "kind IN ('provider', 'reseller', 'customer')", name=op.f("ck_organisations_kind")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisations.id"], name=op.f("fk_organisations_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("domain", name=op.f("uq_organisations_domain")),
    )
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisations_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            "uq_organisations_one_provider",
            ["kind"],
            unique=True,
            sqlite_where=sa.text("kind = 'provider'"),
            postgresql_where=sa.text("kind = 'provider'"),
        )

    op.create_table(
        "bindings",
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["organisations.id"], name=op.f("fk_bindings_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bindings")),
    )
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bindings_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "call_records",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("caller_number", sa.String(length=200), nullable=True),
        sa.Column("caller_name", sa.String(length=200), nullable=True),
        sa.Column("caller_user_id", sa.String(length=36), nullable=True),
        sa.Column("callee_number", sa.String(length=200), nullable=True),
        sa.Column("callee_name", sa.String(length=200), nullable=True),
        sa.Column("callee_user_id", sa.String(length=36), nullable=True),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ringing_at", sa.DateTime(), nullable=True),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("sip_status", sa.Integer(), nullable=True),
        sa.Column("trunk_id", sa.String(length=36), nullable=True),
        sa.Column("hangup_by", sa.String(length=8), nullable=True),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint(
            "direction IN ('internal', 'incoming', 'outgoing', 'emergency')",
            name=op.f("ck_call_records_direction"),
        ),
        sa.CheckConstraint(
            "hangup_by IS NULL OR hangup_by IN ('caller', 'callee', 'system')",
            name=op.f("ck_call_records_hangup_by"),
        ),
        sa.CheckConstraint(
            "result IN ('answered', 'missed', 'busy', 'declined', 'cancelled', 'failed', 'no_answer')",
            name=op.f("ck_call_records_result"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_call_records_times")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_call_records_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_records")),
    )
    with op.batch_alter_table("call_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_records_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_call_records_customer_started", ["customer_id", "started_at", "id"], unique=False
        )

    op.create_table(
        "trunks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("realm", sa.String(length=253), nullable=True),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("kind IN ('register', 'static')", name=op.f("ck_trunks_kind")),
        sa.CheckConstraint("transport IN ('udp', 'tcp', 'tls')", name=op.f("ck_trunks_transport")),
        sa.CheckConstraint("expires BETWEEN 60 AND 86400", name=op.f("ck_trunks_expires")),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_trunks_port")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["organisations.id"], name=op.f("fk_trunks_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunks")),
        sa.UniqueConstraint("customer_id", "name", name=op.f("uq_trunks_customer_id_name")),
        sa.UniqueConstraint("id", "customer_id", name=op.f("uq_trunks_id_customer_id")),
    )
    with op.batch_alter_table("trunks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trunks_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("extension", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("package", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("number IS NULL OR number LIKE '+%'", name=op.f("ck_users_number_e164")),
        sa.CheckConstraint("package IN ('klare', 'klingende', 'volle')", name=op.f("ck_users_package")),
        sa.CheckConstraint("length(extension) BETWEEN 1 AND 12", name=op.f("ck_users_extension_length")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["organisations.id"], name=op.f("fk_users_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("customer_id", "extension", name=op.f("uq_users_customer_id_extension")),
        sa.UniqueConstraint("id", "customer_id", name=op.f("uq_users_id_customer_id")),
        sa.UniqueConstraint("number", name=op.f("uq_users_number")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_users_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("login", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("role <> 'user' OR user_id IS NOT NULL", name=op.f("ck_accounts_user")),
        sa.CheckConstraint(
            "role IN ('provider', 'reseller', 'customer', 'user')", name=op.f("ck_accounts_role")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_accounts_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "organisation_id"],
            ["users.id", "users.customer_id"],
            name=op.f("fk_accounts_user_id_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login", name=op.f("uq_accounts_login")),
        sa.UniqueConstraint("user_id", name=op.f("uq_accounts_user_id")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "call_list_entries",
        sa.Column("id", sa.String(length=110), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("peer_user_id", sa.String(length=36), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint(
            "direction IN ('incoming', 'outgoing')", name=op.f("ck_call_list_entries_direction")
        ),
        sa.CheckConstraint(
            "result IN ('answered', 'missed', 'busy', 'declined', 'cancelled', 'failed', 'no_answer')",
            name=op.f("ck_call_list_entries_result"),
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call_records.id"], name=op.f("fk_call_list_entries_call_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_call_list_entries_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "customer_id"],
            ["users.id", "users.customer_id"],
            name=op.f("fk_call_list_entries_user_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_list_entries")),
    )
    with op.batch_alter_table("call_list_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_list_entries_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_list_entries_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_call_list_entries_user_started", ["user_id", "started_at", "id"], unique=False
        )

    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sip_user", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("kind IN ('phone', 'web')", name=op.f("ck_devices_kind")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["organisations.id"], name=op.f("fk_devices_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "customer_id"],
            ["users.id", "users.customer_id"],
            name=op.f("fk_devices_user_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("sip_user", name=op.f("uq_devices_sip_user")),
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_devices_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_devices_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "uq_devices_web_per_user",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'web'"),
            postgresql_where=sa.text("kind = 'web'"),
        )

    op.create_table(
        "number_blocks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("trunk_id", sa.String(length=36), nullable=False),
        sa.Column("head", sa.String(length=16), nullable=False),
        sa.Column("extension_digits", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("head LIKE '+%'", name=op.f("ck_number_blocks_head_e164")),
        sa.CheckConstraint(
            "extension_digits BETWEEN 0 AND 6", name=op.f("ck_number_blocks_extension_digits")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_number_blocks_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id", "customer_id"],
            ["trunks.id", "trunks.customer_id"],
            name=op.f("fk_number_blocks_trunk_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_blocks")),
        sa.UniqueConstraint("head", name=op.f("uq_number_blocks_head")),
    )
    with op.batch_alter_table("number_blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_number_blocks_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_blocks_trunk_id"), ["trunk_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))
        batch_op.drop_index(batch_op.f("ix_sessions_account_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("number_blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_number_blocks_trunk_id"))
        batch_op.drop_index(batch_op.f("ix_number_blocks_customer_id"))

    op.drop_table("number_blocks")
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_devices_web_per_user",
            sqlite_where=sa.text("kind = 'web'"),
            postgresql_where=sa.text("kind = 'web'"),
        )
        batch_op.drop_index(batch_op.f("ix_devices_user_id"))
        batch_op.drop_index(batch_op.f("ix_devices_customer_id"))

    op.drop_table("devices")
    with op.batch_alter_table("call_list_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_call_list_entries_user_started")
        batch_op.drop_index(batch_op.f("ix_call_list_entries_customer_id"))
        batch_op.drop_index(batch_op.f("ix_call_list_entries_call_id"))

    op.drop_table("call_list_entries")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_accounts_organisation_id"))

    op.drop_table("accounts")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_customer_id"))

    op.drop_table("users")
    with op.batch_alter_table("trunks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trunks_customer_id"))

    op.drop_table("trunks")
    with op.batch_alter_table("call_records", schema=None) as batch_op:
        batch_op.drop_index("ix_call_records_customer_started")
        batch_op.drop_index(batch_op.f("ix_call_records_customer_id"))

    op.drop_table("call_records")
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bindings_tenant_id"))

    op.drop_table("bindings")
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_organisations_one_provider",
            sqlite_where=sa.text("kind = 'provider'"),
            postgresql_where=sa.text("kind = 'provider'"),
        )
        batch_op.drop_index(batch_op.f("ix_organisations_parent_id"))

    op.drop_table("organisations")
    op.drop_table("call_journal")
