"""The phone books of all customers of a node, in memory: for calls at once, for searches when first asked.

Policy: the store has the truth, this is its mirror: what changes a book holds the customer's lock until both
have it. Numbers are looked up from the start; the words of a book are put in order in a thread when somebody
first searches in it, and again when it has changed much. Until the store has been read, searches and changes
wait, and calls show numbers without names.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from stimme.directory.books import Book, Books
from stimme.directory.entry import Entry
from stimme.directory.index import Index


class Shelf:
    """See the module's docstring.

    Args:
        loaded: nothing needs to be read from the store first.
    """

    def __init__(self, *, loaded: bool = True) -> None:
        self._of: dict[str, Books] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._loaded = asyncio.Event()
        if loaded:
            self._loaded.set()

    def of(self, customer_id: str) -> Books:
        """A customer's books, which stay the same object for good."""
        return self._of.setdefault(customer_id, Books())

    def forget(self, customer_id: str) -> None:
        """The customer is gone."""
        self._of.pop(customer_id, None)
        self._locks.pop(customer_id, None)

    def is_loaded(self) -> None:
        """Everything that the store has is here."""
        self._loaded.set()

    @contextlib.asynccontextmanager
    async def changing(self, customer_id: str) -> AsyncIterator[Books]:
        """A customer's books, for the one who changes them."""
        await self._loaded.wait()
        async with self._locks.setdefault(customer_id, asyncio.Lock()):
            yield self.of(customer_id)

    async def fill(self, book: Book, entries: list[Entry]) -> None:
        """Gives a book other entries, many at once; the caller has the lock."""
        book.index = await asyncio.to_thread(Index, entries, searchable=False)

    async def search(
        self, customer_id: str, user_id: str | None, query: str, limit: int, *, only: str | None = None
    ) -> list[tuple[Book, Entry]]:
        """The first entries that fit, of all books that a user sees, or of one of them.

        Args:
            user_id: None sees the shared books.
            only: the id of a book.
        """
        async with self.changing(customer_id) as books:
            seen = [book for book in books.visible_to(user_id) if only in (None, book.id)]
            for book in seen:
                if not book.index.searchable or book.index.worn:
                    book.index = await asyncio.to_thread(book.index.rebuilt)
            return Books(seen).search(query, user_id, limit)
