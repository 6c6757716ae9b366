"""The phone books of all customers of a node, in memory: for calls at once, for searches when first asked.

Policy: the store has the truth, this is its mirror: what changes a book holds the customer's lock until both
have it. Numbers are looked up from the start; the words of a book are put in order when somebody
first searches in it, and again when it has changed much. Until the store has been read, searches and changes
wait, and calls show numbers without names. Whatever is done with many entries lets the event loop go on
between a few hundred of them; what cannot be divided is done by another process (``apart``).
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator

from stimme.directory.apart import Apart
from stimme.directory.books import Book, Books
from stimme.directory.entry import Entry
from stimme.directory.frames import SLICE, slices
from stimme.directory.index import Index

_MANY = 10_000


class Shelf:
    """See the module's docstring.

    Args:
        loaded: nothing needs to be read from the store first.

    Attributes:
        apart: does what takes longer than calls can wait.
    """

    def __init__(self, *, loaded: bool = True) -> None:
        self._of: dict[str, Books] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._loaded = asyncio.Event()
        self._sparing = 0
        self.apart = Apart()
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
        index = Index(searchable=False)
        with self.spare_collections(len(entries)):
            for taken in slices(entries):
                index.extend(taken)
                await asyncio.sleep(0)
        before, book.index = book.index, index
        await self.let_go(before)

    async def let_go(self, index: Index) -> None:
        """Frees the memory of an index that nobody uses any more: all at once it would take too long."""
        for _ in index.emptied(SLICE):
            await asyncio.sleep(0)

    @contextlib.contextmanager
    def spare_collections(self, entries: int) -> Iterator[None]:
        """No collection of cycles while so many entries are made, and never over them if they are many.

        Entries have no cycles, and walking over all of them takes longer than calls can wait.
        """
        if entries < _MANY:
            yield
            return
        self._sparing += 1
        gc.disable()
        try:
            yield
        finally:
            self._sparing -= 1
            gc.freeze()
            if not self._sparing:
                gc.enable()

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
                    book.index.take_order(await self.apart.order(list(book.index)))
            return Books(seen).search(query, user_id, limit)
