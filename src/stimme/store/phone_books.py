"""Phone books in the store: who may see and change them, their entries, many at once.

Policy: a shared book is seen by everybody of the customer and changed by its administrators; a private one is
seen and changed by its user alone, whatever the role of others. A customer has at most ``MOST_ENTRIES``
entries in a book, and ``MOST_BOOKS`` shared books; a user ``MOST_PRIVATE`` private ones. Changes of shared
books are in the audit log, entry for entry only by their number.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.directory.books import Book
from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.directory.frames import SLICE, slices
from stimme.directory.shelf import Shelf
from stimme.directory.words import fold
from stimme.sentences import Sentence
from stimme.store.audit import record_change
from stimme.store.book_models import PhoneBookEntryRow, PhoneBookRow
from stimme.store.changes import Authority, Expectation, Put, changing, delete_row, need, put_row
from stimme.store.database import Database, Scope
from stimme.store.errors import ConflictError, FieldRefusedError, NotFoundError
from stimme.store.models import NumberBlock, Organisation
from stimme.store.upsert import Upsert

MOST_ENTRIES = 100_000
MOST_BOOKS = 20
MOST_PRIVATE = 3
_LONGEST_PLACE = 400
_PORTION = 1_000
"""Rows that are given to the database at once."""
_ENTRIES = cast(Table, PhoneBookEntryRow.__table__)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: what the account may see, and the user that it is, if any."""

    scope: Scope
    user_id: str | None


@dataclass(frozen=True, slots=True)
class NewBook:
    """A book as it shall be."""

    customer_id: str
    owner_id: str | None
    name: str


class PhoneBookRepository:
    """See the module's docstring."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- books ----------------------------------------------------------------------------------------------

    async def list(self, reader: Reader, customer_id: str | None) -> Sequence[tuple[PhoneBookRow, int]]:
        """The books that somebody sees, shared ones first, each with the number of its entries."""
        count = (
            select(func.count())
            .where(PhoneBookEntryRow.book_id == PhoneBookRow.id)
            .correlate(PhoneBookRow)
            .scalar_subquery()
        )
        seen = or_(PhoneBookRow.owner_id.is_(None), PhoneBookRow.owner_id == reader.user_id)
        statement = select(PhoneBookRow, count).where(seen)
        if customer_id is not None:
            statement = statement.where(PhoneBookRow.customer_id == customer_id)
        statement = statement.order_by(
            PhoneBookRow.customer_id, PhoneBookRow.owner_id.is_not(None), PhoneBookRow.name, PhoneBookRow.id
        )
        async with self._database.scoped(reader.scope) as session:
            return [(row, entries) for row, entries in (await session.execute(statement)).all()]

    async def find(self, reader: Reader, book_id: str) -> PhoneBookRow:
        """A book that somebody sees. Raises NotFoundError."""
        async with self._database.scoped(reader.scope) as session:
            return await _visible(session, book_id, reader.user_id)

    async def put(
        self, who: Authority, user_id: str | None, book_id: str, book: NewBook, expected: Expectation
    ) -> Put[PhoneBookRow]:
        """Create or rename a book. Raises StoreError as ``changes`` says."""
        async with changing(self._database, who) as session:
            there = await session.get(PhoneBookRow, book_id)
            if there is not None:
                await _visible(session, book_id, user_id)
            else:
                await _refuse_too_many(session, book)
            put = await put_row(
                session,
                PhoneBookRow,
                book_id,
                fixed={"customer_id": book.customer_id, "owner_id": book.owner_id},
                values={"name": book.name},
                expected=expected,
            )
            if put.changed:
                await _record(session, put.row, {"name": book.name})
            return put

    async def delete(
        self, who: Authority, user_id: str | None, book_id: str, expected: Expectation
    ) -> PhoneBookRow:
        """Delete a book with its entries. Raises StoreError as ``changes`` says."""
        async with changing(self._database, who) as session:
            row = await _visible(session, book_id, user_id)
            await _record(session, row, {"deleted": True})
            return await delete_row(session, PhoneBookRow, book_id, expected)

    # -- entries --------------------------------------------------------------------------------------------

    async def page(
        self, reader: Reader, book_id: str, *, after: Sequence[str] | None, limit: int
    ) -> Sequence[PhoneBookEntryRow]:
        """Entries by name; ``after`` holds place and id of the last one seen. Raises NotFoundError."""
        row = PhoneBookEntryRow
        statement = select(row).where(row.book_id == book_id).order_by(row.place, row.id).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(row.place, row.id) > tuple_(*after))
        async with self._database.scoped(reader.scope) as session:
            await _visible(session, book_id, reader.user_id)
            return (await session.scalars(statement)).all()

    async def rows(self, reader: Reader, ids: Sequence[str]) -> Mapping[str, PhoneBookEntryRow]:
        """Entries by their ids, for what a search has found."""
        statement = select(PhoneBookEntryRow).where(PhoneBookEntryRow.id.in_(ids))
        async with self._database.scoped(reader.scope) as session:
            return {row.id: row for row in await session.scalars(statement)}

    async def put_entry(
        self, who: Authority, book: PhoneBookRow, entry: Entry, expected: Expectation
    ) -> Put[PhoneBookEntryRow]:
        """Create or change an entry of a book that was found. Raises StoreError as ``changes`` says."""
        async with changing(self._database, who) as session:
            await need(session, PhoneBookRow, book.id)
            there = await session.get(PhoneBookEntryRow, entry.id)
            if there is not None and there.book_id != book.id:
                raise NotFoundError("There is no such entry.")
            if there is None:
                await _refuse_full(session, book.id, 1)
            await _refuse_short(session, book.id, entry)
            put = await put_row(
                session,
                PhoneBookEntryRow,
                entry.id,
                fixed={"customer_id": book.customer_id, "book_id": book.id},
                values=_values(entry),
                expected=expected,
            )
            if put.changed:
                await _record(session, book, {"entry": entry.id})
            return put

    async def delete_entry(
        self, who: Authority, book: PhoneBookRow, entry_id: str, expected: Expectation
    ) -> None:
        """Delete an entry of a book that was found. Raises StoreError as ``changes`` says."""
        async with changing(self._database, who) as session:
            there = await session.get(PhoneBookEntryRow, entry_id)
            if there is None or there.book_id != book.id:
                raise NotFoundError("There is no such entry.")
            await delete_row(session, PhoneBookEntryRow, entry_id, expected)
            await _record(session, book, {"deleted entry": entry_id})

    async def add_many(
        self, who: Authority, book: PhoneBookRow, entries: Sequence[Entry], *, replace: bool
    ) -> None:
        """Put many entries into a book that was found, in place of all others with ``replace``.

        Their rows are made before the transaction begins: while it lasts, SQLite lets nobody else write.

        Raises:
            ConflictError: When the book would have too many.
        """
        upsert = Upsert(_ENTRIES, self._database.engine.dialect)
        portions: list[list[tuple[Any, ...]]] = [[]]
        for taken in slices(entries):
            if len(portions[-1]) >= _PORTION:
                portions.append([])
            portions[-1] += upsert.prepared([_row(book, entry) for entry in taken])
            await asyncio.sleep(0)
        async with changing(self._database, who) as session:
            await need(session, PhoneBookRow, book.id)
            connection = await session.connection()
            if replace:
                await connection.execute(delete(_ENTRIES).where(_ENTRIES.c.book_id == book.id))
            await _refuse_full(session, book.id, len(entries))
            while portions:
                portion = portions.pop()
                if portion:
                    await connection.run_sync(upsert.write, portion)
            await _record(session, book, {"imported": len(entries), "replaced": replace})

    async def sees(self, scope: Scope, customer_id: str) -> bool:
        """Tell whether a customer is inside the scope."""
        statement = select(Organisation.id).where(
            Organisation.id == customer_id, Organisation.kind == "customer"
        )
        async with self._database.scoped(scope) as session:
            return await session.scalar(statement) is not None

    # -- for the whole node ---------------------------------------------------------------------------------

    async def area(self, reader: Reader, customer_id: str) -> str:
        """The first head number of a customer, whose area code numbers without one have; empty for none."""
        statement = select(NumberBlock.head).where(NumberBlock.customer_id == customer_id)
        async with self._database.scoped(reader.scope) as session:
            return await session.scalar(statement.order_by(NumberBlock.head).limit(1)) or ""

    async def all_books(self) -> Sequence[PhoneBookRow]:
        """Every book of the node, customer by customer."""
        async with self._database.system() as session:
            return (await session.scalars(select(PhoneBookRow).order_by(PhoneBookRow.customer_id))).all()

    async def size(self) -> int:
        """How many entries all books of the node have."""
        async with self._database.system() as session:
            return await session.scalar(select(func.count()).select_from(_ENTRIES)) or 0

    async def entries(self, book_id: str) -> AsyncIterator[Entry]:
        """The entries of a book, read bit by bit."""
        columns = [
            _ENTRIES.c[name] for name in ("id", "name", "numbers", "company", "email", "sort", "short")
        ]
        statement = select(*columns).where(_ENTRIES.c.book_id == book_id)
        async with self._database.system() as session:
            async for row in await session.stream(statement.execution_options(yield_per=SLICE)):
                yield Entry(
                    row.id,
                    row.name,
                    _numbers(row.numbers),
                    row.company,
                    row.email,
                    row.sort,
                    row.short or "",
                )


def entry_of(row: PhoneBookEntryRow) -> Entry:
    """An entry as the index has it."""
    return Entry(row.id, row.name, _numbers(row.numbers), row.company, row.email, row.sort, row.short or "")


def _numbers(stored: Sequence[Mapping[str, str]]) -> tuple[EntryNumber, ...]:
    return tuple(EntryNumber(each["number"], NumberKind(each["kind"])) for each in stored)


def _row(book: PhoneBookRow, entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "customer_id": book.customer_id,
        "book_id": book.id,
        "version": 1,
        **_values(entry),
    }


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "company": entry.company,
        "email": entry.email,
        "sort": entry.sort,
        "place": fold(entry.key)[:_LONGEST_PLACE],
        "short": entry.short or None,
        "numbers": [{"number": each.number, "kind": each.kind.value} for each in entry.numbers],
    }


async def _visible(session: AsyncSession, book_id: str, user_id: str | None) -> PhoneBookRow:
    row = await session.get(PhoneBookRow, book_id)
    if row is None or row.owner_id not in (None, user_id):
        raise NotFoundError("There is no such phone book.")
    return row


async def _refuse_too_many(session: AsyncSession, book: NewBook) -> None:
    row = PhoneBookRow
    mine = row.owner_id.is_(None) if book.owner_id is None else row.owner_id == book.owner_id
    most = MOST_BOOKS if book.owner_id is None else MOST_PRIVATE
    count = select(func.count()).where(row.customer_id == book.customer_id, mine)
    if (await session.scalar(count) or 0) >= most:
        raise ConflictError(
            Sentence(
                "too-many-phone-books", "There are {count} phone books already; that is the most.", count=most
            )
        )


async def _refuse_full(session: AsyncSession, book_id: str, more: int) -> None:
    count = select(func.count()).where(PhoneBookEntryRow.book_id == book_id)
    if (await session.scalar(count) or 0) + more > MOST_ENTRIES:
        raise ConflictError(
            Sentence("too-many-entries", "A phone book has at most {count} entries.", count=MOST_ENTRIES)
        )


async def _refuse_short(session: AsyncSession, book_id: str, entry: Entry) -> None:
    row = PhoneBookEntryRow
    taken = select(row.id).where(row.book_id == book_id, row.short == entry.short, row.id != entry.id)
    if entry.short and await session.scalar(taken) is not None:
        raise FieldRefusedError(
            "short", Sentence("short-number-taken", "Another entry of this book has this short number.")
        )


async def _record(session: AsyncSession, book: PhoneBookRow, after: dict[str, Any]) -> None:
    if book.owner_id is not None:
        return
    customer = await session.get(Organisation, book.customer_id)
    reseller = None
    if customer is not None and customer.parent_id is not None:
        table = Organisation.__table__
        found = select(table.c.id).where(table.c.id == customer.parent_id, table.c.kind == "reseller")
        reseller = await (await session.connection()).scalar(found)
    record_change(
        session.sync_session,
        "phone-book",
        book.id,
        owners=(book.customer_id, reseller),
        before={},
        after=after,
    )


async def fill_shelf(repository: PhoneBookRepository, shelf: Shelf) -> None:
    """Brings every book of the store into memory, and says so."""
    with shelf.spare_collections(await repository.size()):
        for row in await repository.all_books():
            book = Book(row.id, row.name, row.owner_id)
            await shelf.fill(book, [entry async for entry in repository.entries(row.id)])
            shelf.of(row.customer_id).put(book)
    shelf.is_loaded()
