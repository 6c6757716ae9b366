"""Phone books as tables of their own; those that were services become such."""

import json
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

from stimme.directory.reading import number_of
from stimme.directory.words import fold

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_KINDS = (
    "group", "attendant", "calendar", "menu", "queue", "pickup_group", "parking", "codes",
    "barring", "paging", "hot_desking", "recording",
)  # fmt: skip
_OLD = "phone_book"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "phone_books",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_phone_books_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "customer_id"],
            ["users.id", "users.customer_id"],
            name=op.f("fk_phone_books_owner_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_books")),
    )
    op.create_index(op.f("ix_phone_books_customer_id"), "phone_books", ["customer_id"])
    op.create_index(op.f("ix_phone_books_owner_id"), "phone_books", ["owner_id"])
    op.create_table(
        "phone_book_entries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("book_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("sort", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=400), nullable=False),
        sa.Column("short", sa.String(length=4), nullable=True),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"],
            ["phone_books.id"],
            name=op.f("fk_phone_book_entries_book_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["organisations.id"],
            name=op.f("fk_phone_book_entries_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_book_entries")),
    )
    op.create_index(op.f("ix_phone_book_entries_customer_id"), "phone_book_entries", ["customer_id"])
    op.create_index("ix_phone_book_entries_place", "phone_book_entries", ["book_id", "place", "id"])
    op.create_index("uq_phone_book_entries_short", "phone_book_entries", ["book_id", "short"], unique=True)
    _move()
    _kinds(*_KINDS)


def downgrade() -> None:
    """Undo; what the older version does not know is lost."""
    _kinds(*_KINDS, _OLD)
    op.drop_table("phone_book_entries")
    op.drop_table("phone_books")


def _move() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT id, customer_id, value FROM services WHERE kind = :kind"), {"kind": _OLD}
    ).all()
    users = {row.id for row in connection.execute(sa.text("SELECT id FROM users"))}
    for row in rows:
        value = json.loads(row.value) if isinstance(row.value, str) else row.value
        owner = value.get("owner")
        if owner is not None and owner not in users:
            continue
        book = {"id": row.id, "name": value["name"], "owner_id": owner, "customer_id": row.customer_id}
        _insert("phone_books", {**book, "version": 1})
        for item in value.get("entries", []):
            _entry(row, item)
    connection.execute(sa.text("DELETE FROM services WHERE kind = :kind"), {"kind": _OLD})


def _entry(book: Any, item: dict[str, Any]) -> None:
    read = [number_of(number, "") for number in item["numbers"]]
    numbers = [{"number": number, "kind": "other"} for number in read if number is not None]
    company = item.get("company", "")
    name = item.get("name") or company
    entry = {
        "id": str(uuid.uuid4()),
        "book_id": book.id,
        "name": name,
        "company": company,
        "email": "",
        "sort": "",
        "place": fold(name)[:400],
        "short": item.get("short"),
        "numbers": json.dumps(numbers),
        "version": 1,
        "customer_id": book.customer_id,
    }
    if numbers:
        _insert("phone_book_entries", entry)


def _insert(name: str, row: dict[str, Any]) -> None:
    table = sa.table(name, *(sa.column(column) for column in row))
    op.get_bind().execute(sa.insert(table).values(**row))


def _kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("services") as table:
        table.drop_constraint(op.f("ck_services_kind"), type_="check")
        table.create_check_constraint(op.f("ck_services_kind"), f"kind IN ({listed})")
