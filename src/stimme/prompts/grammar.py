"""How a language says numbers, digits, times and dates: as words that are rendered once and then joined."""

import datetime
from collections.abc import Iterator
from typing import Protocol


class SpeechError(ValueError):
    """Something that cannot be said: an unknown prompt, a missing or impossible value."""


class Grammar(Protocol):
    """One language. Every word that any method gives stands in `vocabulary`."""

    voice: str

    def number(self, value: int) -> list[str]:
        """A cardinal from 0 to 999,999, as in counting. Raises SpeechError."""

    def digits(self, text: str) -> list[str]:
        """A telephone number, key by key; separators are passed over. Raises SpeechError."""

    def time(self, value: datetime.time) -> list[str]:
        """A time of day, to the minute, such as "vierzehn Uhr fünf"."""

    def date(self, value: datetime.date, today: datetime.date | None) -> list[str]:
        """A day with its preposition, such as "am dritten Mai"; today and yesterday by those words.

        The year is said unless it is this one.
        """

    def plural(self, count: int) -> str:
        """The plural category of a count: `one`, `other`, further ones where a language has them (CLDR)."""

    def vocabulary(self) -> Iterator[str]:
        """Every word, for the rendering."""


SEPARATORS = frozenset(" -()/.")


def check_number(value: int) -> None:
    """Refuses what no number word exists for. Raises SpeechError."""
    if not 0 <= value < 1_000_000:
        raise SpeechError(f"no words for the number {value}")
