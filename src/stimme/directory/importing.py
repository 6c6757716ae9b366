"""A file of entries, read against what a phone book holds already.

Policy: an entry whose name and first number are there is known and left alone, so that the same file can be
read again. Texts that are longer than a book takes are cut.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

import phonenumbers

from stimme.directory.entry import Entry
from stimme.directory.ldif import read_ldif
from stimme.directory.reading import Problem, read_csv
from stimme.directory.vcard import read_vcard
from stimme.directory.words import fold

_READERS = {"csv": read_csv, "vcard": read_vcard, "ldif": read_ldif}
_LONGEST = 200
_LONGEST_MAIL = 254
_MOST_NUMBERS = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file would add: new entries, how many are known, what could not be read."""

    new: list[Entry]
    known: int
    problems: list[Problem]


def draft_of(content: bytes, format_: str, area: str, there: Iterable[Entry]) -> Draft:
    """Reads a file; seconds of CPU for a large one.

    Args:
        format_: csv, vcard or ldif.
        area: country and area code for numbers without one; empty for none.
        there: what the book holds.
    """
    return read_against(content, format_, area, {mark(entry) for entry in there})


def read_against(content: bytes, format_: str, area: str, known: set[tuple[str, str]]) -> Draft:
    """As `draft_of`, with the marks of what the book holds; those of the new entries come in addition."""
    reading = _READERS[format_](content, lambda: str(uuid.uuid4()), area)
    new = []
    for entry in reading.entries:
        own = mark(entry)
        if own not in known:
            known.add(own)
            new.append(_cut(entry))
    return Draft(new, len(reading.entries) - len(new), reading.problems)


def mark(entry: Entry) -> tuple[str, str]:
    """By what an entry is known: its name and first number."""
    return fold(entry.name[:_LONGEST]), entry.numbers[0].number if entry.numbers else ""


def _cut(entry: Entry) -> Entry:
    return replace(
        entry,
        name=entry.name[:_LONGEST],
        company=entry.company[:_LONGEST],
        sort=entry.sort[:_LONGEST],
        email=entry.email[:_LONGEST_MAIL],
        numbers=entry.numbers[:_MOST_NUMBERS],
    )


def area_of(number: str) -> str:
    """Country and area code of a number (E.164) of the fixed network; empty for any other."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    length = phonenumbers.length_of_geographical_area_code(parsed)
    national = phonenumbers.national_significant_number(parsed)
    return f"+{parsed.country_code}{national[:length]}" if length else ""
