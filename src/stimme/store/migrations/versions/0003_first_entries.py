"""Books refuse changes; default prices; licences for the customers that are there already."""

import datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BOOKS = ("licence_events", "month_closings", "invoices", "audit_entries")
_PRICES = {"base": 2490, "extended_base": 3990, "trunk": 690, "klare": 590, "klingende": 990, "volle": 1290}
_FIRST_CUSTOMER_NUMBER = 10001


def upgrade() -> None:
    """Apply."""
    op.bulk_insert(
        sa.table(
            "prices",
            sa.column("kind"),
            sa.column("valid_from", sa.Date()),
            sa.column("amount"),
            sa.column("commission"),
        ),
        [
            {"kind": kind, "valid_from": datetime.date(2021, 4, 1), "amount": cents, "commission": 0}
            for kind, cents in _PRICES.items()
        ],
    )
    op.bulk_insert(
        sa.table("vat_rates", sa.column("valid_from", sa.Date()), sa.column("percent")),
        [{"valid_from": datetime.date(2007, 1, 1), "percent": 1900}],
    )
    first_free = _license_customers()
    op.bulk_insert(
        sa.table("number_series", sa.column("name"), sa.column("next")),
        [{"name": "customers", "next": first_free}, {"name": "numbers-lock", "next": 0}],
    )
    for book in _BOOKS:
        _close_book(book)


def downgrade() -> None:
    """Take back."""
    for book in _BOOKS:
        _open_book(book)
    for table in ("customer_licences", "licence_events", "prices", "vat_rates", "number_series"):
        op.execute(f"DELETE FROM {table}")  # noqa: S608


def _license_customers() -> int:
    """Give each customer a base licence and count what it has; returns the next free customer number."""
    connection = op.get_bind()
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    customers = connection.execute(
        sa.text("SELECT id, parent_id FROM organisations WHERE kind = 'customer' ORDER BY created_at, id")
    ).all()
    resellers = set(connection.scalars(sa.text("SELECT id FROM organisations WHERE kind = 'reseller'")).all())
    number = _FIRST_CUSTOMER_NUMBER
    for customer, parent in customers:
        grouped = connection.execute(
            sa.text("SELECT package, count(*) AS users FROM users WHERE customer_id = :id GROUP BY package"),
            {"id": customer},
        )
        users: dict[str, int] = {row.package: row.users for row in grouped}
        trunks = connection.scalar(
            sa.text("SELECT count(*) FROM trunks WHERE customer_id = :id"), {"id": customer}
        )
        counts = {package: users.get(package, 0) for package in ("klare", "klingende", "volle")}
        connection.execute(
            sa.text(
                "INSERT INTO customer_licences (customer_id, number, base, trunks, klare, klingende, volle, "
                "changes) VALUES (:id, :number, 'base', :trunks, :klare, :klingende, :volle, 0)"
            ),
            {"id": customer, "number": number, "trunks": trunks or 0, **counts},
        )
        provided = {"base": 1, "trunk": max(0, (trunks or 0) - 1), **counts}
        op.bulk_insert(
            _EVENTS,
            [
                {
                    "customer_id": customer,
                    "reseller_id": parent if parent in resellers else None,
                    "at": now,
                    "kind": kind,
                    "quantity": quantity,
                    "cause": "was there before licences were counted",
                    "actor": "system",
                }
                for kind, quantity in provided.items()
                if quantity
            ],
        )
        number += 1
    return number


_EVENTS = sa.table(
    "licence_events",
    sa.column("customer_id"),
    sa.column("reseller_id"),
    sa.column("at", sa.DateTime()),
    sa.column("kind"),
    sa.column("quantity"),
    sa.column("cause"),
    sa.column("actor"),
)


def _close_book(book: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {book}_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{book} is append-only' USING ERRCODE = 'restrict_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {book}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {book} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {book}_stay()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {book}_no_{what.lower()} BEFORE {what} ON {book} "
            f"BEGIN SELECT RAISE(ABORT, '{book} is append-only'); END"
        )


def _open_book(book: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {book}_stay ON {book}")
        op.execute(f"DROP FUNCTION {book}_stay()")
        return
    for what in ("update", "delete"):
        op.execute(f"DROP TRIGGER {book}_no_{what}")
