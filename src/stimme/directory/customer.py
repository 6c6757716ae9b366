"""The phone books that a customer keeps as services: names of callers, and numbers that are dialled short.

Policy: a book is shared, or belongs to one user. An entry has a name or a company, and numbers as people
write them, with area code. Its first number can be dialled by a short number of one to four digits; of two
with the same, a user's own book counts before the shared ones. A book of this kind has at most 2,000 entries.
"""

from collections.abc import Iterable
from typing import Any

from stimme.directory.books import Book, Books
from stimme.directory.entry import Entry, EntryNumber
from stimme.directory.index import Index
from stimme.directory.reading import number_of
from stimme.pbx.apps.fields import FieldError, Fields

MOST_ENTRIES = 2_000
_LONGEST_SHORT = 4


class CustomerBooks:
    """See the module's docstring (``stimme.pbx.ports.PhoneBooks``)."""

    def __init__(self) -> None:
        self._books = Books()
        self._short: dict[tuple[str | None, str], str] = {}

    def add(self, value: Any) -> None:
        """Puts in a book as the service has it. Raises FieldError."""
        fields = Fields(value)
        owner = fields.optional_text("owner")
        entries = [
            _read_entry(item, path, owner, self._short)
            for path, item in _not_too_many(fields.list("entries"))
        ]
        book = Book(fields.text("id"), fields.text("name"), owner, Index(entries))
        fields.done()
        self._books.books[book.id] = book

    def name_of(self, number: str, user_id: str | None) -> str | None:
        """Who a number (E.164, or internal) belongs to, as a user's books have it."""
        found = self._books.caller_name(number, user_id)
        return found.display if found is not None else None

    def number_behind(self, short: str, user_id: str) -> str | None:
        """The number that a user dials by a short one."""
        return self._short.get((user_id, short)) or self._short.get((None, short))


def _not_too_many(items: list[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    if len(items) > MOST_ENTRIES:
        raise FieldError("entries", f"has more than {MOST_ENTRIES} entries")
    return items


def _read_entry(
    value: Any, path: str, owner: str | None, short_numbers: dict[tuple[str | None, str], str]
) -> Entry:
    fields = Fields(value, path)
    name, company = fields.text("name", ""), fields.text("company", "")
    if not name and not company:
        raise FieldError(fields.path("name"), "is missing, and there is no company")
    numbers = [_read_number(item, where) for where, item in fields.list("numbers")]
    if not numbers:
        raise FieldError(fields.path("numbers"), "is empty")
    short = fields.optional_text("short")
    if short is not None:
        if not (short.isascii() and short.isdigit() and len(short) <= _LONGEST_SHORT):
            raise FieldError(fields.path("short"), f"is not one to {_LONGEST_SHORT} digits")
        if (owner, short) in short_numbers:
            raise FieldError(fields.path("short"), f"{short} is another's in this book or one like it")
        short_numbers[owner, short] = numbers[0]
    fields.done()
    return Entry(path, name or company, tuple(EntryNumber(number) for number in numbers), company)


def _read_number(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise FieldError(path, "is not a text")
    number = number_of(value, "")
    if number is None:
        raise FieldError(path, f"{value!r} is not a telephone number")
    if not value.lstrip().startswith(("+", "0")) and number.startswith("+"):
        raise FieldError(path, f"{value!r} has no area code")
    return number
