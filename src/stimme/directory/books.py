"""The phone books of one customer: shared by all, or private to a user (K10).

Policy:
    * A user sees the shared books and the own ones, and nobody else's.
    * The name of a caller comes from the user's own books first, then from the shared ones in their order.
      Without an entry for the number itself, the company counts whose head number (…-0) it is an extension
      of.
    * Of two entries with the same short number, one's own counts before the shared one.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from stimme.directory.entry import Entry
from stimme.directory.index import Index
from stimme.directory.words import fold


@dataclass(slots=True)
class Book:
    """A phone book; `owner` is the user whose private book it is, None for a shared one."""

    id: str
    name: str
    owner: str | None = None
    index: Index = field(default_factory=Index)


@dataclass(frozen=True, slots=True)
class CallerName:
    """Who a number belongs to; not exact when only the company is known."""

    name: str
    company: str
    exact: bool
    entry_id: str
    book_id: str

    @property
    def display(self) -> str:
        """What a telephone shows."""
        return self.name if self.exact and self.name else self.company or self.name


class Books:
    """See the module's docstring (``stimme.pbx.ports.PhoneBooks``)."""

    def __init__(self, books: Iterable[Book] = ()) -> None:
        self.books: dict[str, Book] = {}
        self._of: dict[str | None, dict[str, Book]] = {}
        for book in books:
            self.put(book)

    def put(self, book: Book) -> None:
        """Adds a book, in place of the one with the same id."""
        self.remove(book.id)
        self.books[book.id] = book
        self._of.setdefault(book.owner, {})[book.id] = book

    def remove(self, book_id: str) -> None:
        """Takes a book out; one that is not there is no error."""
        book = self.books.pop(book_id, None)
        if book is not None:
            del self._of[book.owner][book_id]

    def keep(self, users: Collection[str]) -> None:
        """Takes the private books of everybody else out."""
        for book in [each for each in self.books.values() if each.owner not in (None, *users)]:
            self.remove(book.id)

    def visible_to(self, user_id: str | None) -> list[Book]:
        """The books of a user: the own ones first. None sees the shared ones."""
        own = self._of.get(user_id, {}).values() if user_id is not None else ()
        return [*own, *self._of.get(None, {}).values()]

    def caller_name(self, number: str, user_id: str | None) -> CallerName | None:
        """The name behind a number (E.164), as a user's books have it."""
        books = self.visible_to(user_id)
        for book in books:
            entry = book.index.by_number(number)
            if entry is not None:
                return CallerName(entry.name, entry.company, True, entry.id, book.id)
        for book in books:
            entry = book.index.by_head_number(number)
            if entry is not None:
                return CallerName(entry.name, entry.company, False, entry.id, book.id)
        return None

    def name_of(self, number: str, user_id: str | None) -> str | None:
        """Who a number (E.164, or internal) belongs to, as a telephone shows it."""
        found = self.caller_name(number, user_id)
        return found.display if found is not None else None

    def number_behind(self, short: str, user_id: str) -> str | None:
        """The number that a user dials by a short one: the first of the entry."""
        for book in self.visible_to(user_id):
            entry = book.index.by_short(short)
            if entry is not None and entry.numbers:
                return entry.numbers[0].number
        return None

    def search(self, query: str, user_id: str | None, limit: int = 20) -> list[tuple[Book, Entry]]:
        """Search as one types: the first entries by name, own ones before shared ones of the same name."""
        found = [
            (book, entry) for book in self.visible_to(user_id) for entry in book.index.search(query, limit)
        ]
        return sorted(found, key=lambda item: fold(item[1].key))[:limit]
