"""The phone books of one customer: shared by all, or private to a user (K10).

Policy:
    * A user sees the shared books and the own ones, and nobody else's.
    * The name of a caller comes from the user's own books first, then from the shared ones in their order.
      Without an entry for the number itself, the company counts whose head number (…-0) it is an extension
      of.
"""

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
    """See the module's docstring."""

    def __init__(self, books: list[Book] | None = None) -> None:
        self.books: dict[str, Book] = {book.id: book for book in books or ()}

    def visible_to(self, user_id: str | None) -> list[Book]:
        """The books of a user: the own ones first. None sees the shared ones."""
        own = [book for book in self.books.values() if book.owner is not None and book.owner == user_id]
        return own + [book for book in self.books.values() if book.owner is None]

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

    def search(self, query: str, user_id: str | None, limit: int = 20) -> list[tuple[Book, Entry]]:
        """Search as one types: the first entries by name, own ones before shared ones of the same name."""
        found = [
            (book, entry) for book in self.visible_to(user_id) for entry in book.index.search(query, limit)
        ]
        return sorted(found, key=lambda item: fold(item[1].key))[:limit]
