"""Phone books: shared ones of a customer, and private ones of its users (K10).

Policy: everybody of a customer sees its shared books, administrators change them; a private book is its
user's alone, and nobody else is told that it exists. Searches answer as one types, over all books that one
sees. A file is looked at first (``apply`` false): what is new, what is known already, what cannot be read.
What is changed counts in the next call.
"""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from stimme.api import book_schemas as s
from stimme.api import problems
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.views import decode_cursor, encode_cursor
from stimme.directory.books import Book
from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.directory.importing import Draft, area_of
from stimme.directory.reading import number_of
from stimme.directory.shelf import Shelf
from stimme.sentences import Sentence, no_such
from stimme.store.book_models import PhoneBookEntryRow, PhoneBookRow
from stimme.store.changes import Expectation
from stimme.store.phone_books import MOST_ENTRIES, NewBook, PhoneBookRepository, Reader, entry_of

LARGEST = 40_000_000
"""Bytes of a file; 100,000 vCards without pictures have about half of it."""
_SHORTEST = 20
"""Bytes of an entry in a file, at least; what is shorter is hardly one."""
_SHOWN_PROBLEMS = 50
_SAMPLE = 10
_FOUND = "found"
_Expected = Annotated[Expectation, Depends(expectation)]
_Limit = Annotated[int, Query(ge=1, le=200)]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def phone_book_routes(
    authentication: Authentication, repository: PhoneBookRepository, shelf: Shelf
) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["phone books"])
    signed_in = Depends(authentication.caller)
    _book_routes(router, signed_in, repository, shelf)
    _entry_routes(router, signed_in, repository, shelf)
    _import_routes(router, signed_in, repository, shelf)
    return router


def _book_routes(router: APIRouter, signed_in: Any, repository: PhoneBookRepository, shelf: Shelf) -> None:
    @router.get("/phone-books")
    async def books(caller: Annotated[Caller, signed_in], customer_id: str | None = None) -> s.BookList:
        """List the phone books that one sees."""
        rows = await repository.list(_reader(caller), customer_id)
        return s.BookList(items=[_book_view(caller, row, entries) for row, entries in rows])

    @router.get("/phone-books/search")
    async def search(
        caller: Annotated[Caller, signed_in],
        q: Annotated[str, Query(max_length=100)] = "",
        customer_id: str | None = None,
        limit: _Limit = 20,
    ) -> s.FoundEntries:
        """Search in all books as one types: beginnings of words and numbers, the first by name."""
        customer = _customer(caller, customer_id)
        own = caller.person.organisation.id
        if customer != own and not await repository.sees(caller.person.scope, customer):
            raise problems.not_found("There is no such customer.")
        found = await shelf.search(customer, _user_id(caller), q, limit)
        return s.FoundEntries(items=[_found_view(book, entry) for book, entry in found])

    @router.put("/phone-books/{book_id}", responses={201: {"model": s.BookItem}})
    async def put_book(
        book_id: uuid.UUID,
        body: s.BookBody,
        caller: Annotated[Caller, signed_in],
        response: Response,
        expected: _Expected,
    ) -> s.BookItem:
        """Create or rename a phone book."""
        if body.customer_id is not None:
            caller.must_be_at_least("customer")
            if not await repository.sees(caller.person.scope, body.customer_id):
                raise problems.invalid("customer_id", no_such("customer"))
            wanted = NewBook(body.customer_id, None, body.name)
        else:
            user = caller.person.user
            if user is None:
                raise problems.invalid(
                    "customer_id",
                    Sentence("customer-missing", "This account has no extension; name a customer."),
                )
            wanted = NewBook(user.customer_id, user.id, body.name)
        async with shelf.changing(wanted.customer_id) as kept:
            put = await repository.put(caller.authority, _user_id(caller), str(book_id), wanted, expected)
            known = kept.books.get(put.row.id)
            if known is None:
                kept.put(Book(put.row.id, put.row.name, put.row.owner_id))
            else:
                known.name = put.row.name
            entries = len(kept.books[put.row.id].index)
        tag(response, put.row.version, created=put.created)
        return _book_view(caller, put.row, entries)

    @router.delete("/phone-books/{book_id}", status_code=204)
    async def delete_book(
        book_id: uuid.UUID, caller: Annotated[Caller, signed_in], expected: _Expected
    ) -> None:
        """Delete a phone book with its entries."""
        book = await _changeable(repository, caller, book_id)
        async with shelf.changing(book.customer_id) as kept:
            await repository.delete(caller.authority, _user_id(caller), book.id, expected)
            gone = kept.books.get(book.id)
            kept.remove(book.id)
            if gone is not None:
                await shelf.let_go(gone.index)


def _entry_routes(router: APIRouter, signed_in: Any, repository: PhoneBookRepository, shelf: Shelf) -> None:
    @router.get("/phone-books/{book_id}/entries")
    async def entries(
        *,
        book_id: uuid.UUID,
        caller: Annotated[Caller, signed_in],
        q: Annotated[str, Query(max_length=100)] = "",
        limit: _Limit = 50,
        cursor: str | None = None,
    ) -> s.EntryPage:
        """List the entries of a book by name, or those that fit."""
        reader = _reader(caller)
        if q.strip():
            return await _fitting(caller, await repository.find(reader, str(book_id)), q, limit, cursor)
        after = decode_cursor(cursor, "cursor")
        rows = await repository.page(reader, str(book_id), after=after, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        return s.EntryPage(
            items=[_entry_view(row) for row in rows[:limit]],
            next=None if last is None else encode_cursor(last.place, last.id),
        )

    async def _fitting(
        caller: Caller, book: PhoneBookRow, query: str, limit: int, cursor: str | None
    ) -> s.EntryPage:
        start = _place(decode_cursor(cursor, "cursor"))
        found = await shelf.search(book.customer_id, _user_id(caller), query, start + limit + 1, only=book.id)
        ids = [entry.id for _, entry in found[start : start + limit]]
        rows = await repository.rows(_reader(caller), ids)
        more = len(found) > start + limit
        return s.EntryPage(
            items=[_entry_view(rows[each]) for each in ids if each in rows],
            next=encode_cursor(_FOUND, str(start + limit)) if more else None,
        )

    @router.put("/phone-books/{book_id}/entries/{entry_id}", responses={201: {"model": s.EntryItem}})
    async def put_entry(
        *,
        book_id: uuid.UUID,
        entry_id: uuid.UUID,
        body: s.EntryBody,
        caller: Annotated[Caller, signed_in],
        response: Response,
        expected: _Expected,
    ) -> s.EntryItem:
        """Create or change an entry."""
        book = await _changeable(repository, caller, book_id)
        area = area_of(await repository.area(_reader(caller), book.customer_id))
        entry = _read_entry(str(entry_id), body, area)
        async with shelf.changing(book.customer_id) as kept:
            put = await repository.put_entry(caller.authority, book, entry, expected)
            if put.changed and book.id in kept.books:
                kept.books[book.id].index.put(entry_of(put.row))
        tag(response, put.row.version, created=put.created)
        return _entry_view(put.row)

    @router.delete("/phone-books/{book_id}/entries/{entry_id}", status_code=204)
    async def delete_entry(
        book_id: uuid.UUID,
        entry_id: uuid.UUID,
        caller: Annotated[Caller, signed_in],
        expected: _Expected,
    ) -> None:
        """Delete an entry."""
        book = await _changeable(repository, caller, book_id)
        async with shelf.changing(book.customer_id) as kept:
            await repository.delete_entry(caller.authority, book, str(entry_id), expected)
            if book.id in kept.books:
                kept.books[book.id].index.remove(str(entry_id))


def _import_routes(router: APIRouter, signed_in: Any, repository: PhoneBookRepository, shelf: Shelf) -> None:
    @router.post("/phone-books/{book_id}/import", openapi_extra=_FILE)
    async def import_file(
        *,
        book_id: uuid.UUID,
        request: Request,
        caller: Annotated[Caller, signed_in],
        format: s.Format = "csv",  # noqa: A002  what people call it
        apply: bool = False,
        replace: bool = False,
    ) -> s.ImportResult:
        """Read a file of entries as the body; with ``apply`` they are added, or replace all others."""
        book = await _changeable(repository, caller, book_id)
        content = await _body(request)
        area = area_of(await repository.area(_reader(caller), book.customer_id))
        async with shelf.changing(book.customer_id) as kept:
            known = kept.books.get(book.id) or Book(book.id, book.name, book.owner_id)
            there = [] if replace else list(known.index)
            with shelf.spare_collections(len(content) // _SHORTEST):
                draft = await shelf.apart.read(content, format, area, there)
                if apply and (draft.new or replace):
                    await repository.add_many(caller.authority, book, draft.new, replace=replace)
                    await shelf.fill(known, [*there, *draft.new])
                    kept.put(known)
        return _import_view(draft, applied=apply)


async def _changeable(repository: PhoneBookRepository, caller: Caller, book_id: uuid.UUID) -> PhoneBookRow:
    book = await repository.find(_reader(caller), str(book_id))
    if book.owner_id is None:
        caller.must_be_at_least("customer")
    return book


def _reader(caller: Caller) -> Reader:
    return Reader(caller.person.scope, _user_id(caller))


def _user_id(caller: Caller) -> str | None:
    return caller.person.user.id if caller.person.user is not None else None


def _customer(caller: Caller, customer_id: str | None) -> str:
    """Whose books are searched: the own customer's, unless staff above names another."""
    return customer_id if customer_id is not None else caller.person.organisation.id


def _place(cursor: Sequence[str] | None) -> int:
    """How many of what fits were told before."""
    if cursor is None:
        return 0
    kind, text = cursor
    if kind != _FOUND or not (text.isascii() and text.isdigit()) or int(text) > MOST_ENTRIES:
        raise problems.invalid(
            "cursor", Sentence("not-a-cursor", "This is not a cursor from an earlier page.")
        )
    return int(text)


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise problems.ProblemError(413, "too-large", f"A file has at most {LARGEST // 1_000_000} MB.")
    return bytes(content)


def _read_entry(entry_id: str, body: s.EntryBody, area: str) -> Entry:
    name, company = body.name.strip(), body.company.strip()
    if not name and not company:
        raise problems.invalid("name", Sentence("name-or-company", "An entry has a name or a company."))
    numbers: dict[str, EntryNumber] = {}
    for place, each in enumerate(body.numbers):
        number = number_of(each.number, area)
        if number is None:
            raise problems.invalid(
                f"numbers.{place}.number", Sentence("not-a-phone-number", "This is not a telephone number.")
            )
        numbers.setdefault(number, EntryNumber(number, NumberKind(each.kind)))
    return Entry(
        entry_id,
        name or company,
        tuple(numbers.values()),
        company,
        body.email.strip(),
        body.sort.strip(),
        body.short or "",
    )


def _book_view(caller: Caller, row: PhoneBookRow, entries: int) -> s.BookItem:
    return s.BookItem(
        id=row.id,
        customer_id=row.customer_id,
        name=row.name,
        private=row.owner_id is not None,
        changeable=row.owner_id is not None or caller.person.account.role != "user",
        entries=entries,
        version=row.version,
    )


def _numbers(numbers: Sequence[EntryNumber]) -> list[s.EntryNumberBody]:
    return [s.EntryNumberBody(number=each.number, kind=each.kind.value) for each in numbers]


def _entry_view(row: PhoneBookEntryRow) -> s.EntryItem:
    entry = entry_of(row)
    return s.EntryItem(id=row.id, book_id=row.book_id, version=row.version, **_entry_body(entry).model_dump())


def _entry_body(entry: Entry) -> s.EntryBody:
    return s.EntryBody(
        name=entry.name,
        company=entry.company,
        email=entry.email,
        sort=entry.sort,
        short=entry.short or None,
        numbers=_numbers(entry.numbers),
    )


def _found_view(book: Book, entry: Entry) -> s.FoundEntry:
    return s.FoundEntry(
        id=entry.id,
        book_id=book.id,
        book=book.name,
        private=book.owner is not None,
        name=entry.name,
        company=entry.company,
        email=entry.email,
        short=entry.short or None,
        numbers=_numbers(entry.numbers),
    )


def _import_view(draft: Draft, *, applied: bool) -> s.ImportResult:
    return s.ImportResult(
        applied=applied,
        new=len(draft.new),
        known=draft.known,
        problems=[
            s.ImportProblem(line=each.line, reason=each.reason) for each in draft.problems[:_SHOWN_PROBLEMS]
        ],
        problem_count=len(draft.problems),
        sample=[_entry_body(entry) for entry in draft.new[:_SAMPLE]],
    )
