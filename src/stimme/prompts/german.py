"""German: "einhundert dreiundzwanzig", "ein Uhr fünf", "am dritten Mai zweitausend sechsundzwanzig"."""

import datetime
from collections.abc import Iterator

from stimme.prompts.grammar import SEPARATORS, SpeechError, check_number

_ONES = (
    *(
        "null",
        "eins",
        "zwei",
        "drei",
        "vier",
        "fünf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwölf",
    ),
    *("dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober"),
    *("November", "Dezember"),
)
_ORDINALS = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}
_KEYS = {"*": "Stern", "#": "Raute", "+": "plus"}


def _below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    if ones == 0:
        return _TENS[tens]
    return f"{_joined(ones)}und{_TENS[tens]}"


def _joined(value: int) -> str:
    """One to nine in front of another word: `ein`, not `eins`."""
    return "ein" if value == 1 else _ONES[value]


def _ordinal(value: int) -> str:
    """The dative that follows `am`."""
    return _ORDINALS.get(value) or _below_hundred(value) + ("ten" if value < 20 else "sten")


class German:
    """See `Grammar`."""

    voice = "de"

    def number(self, value: int) -> list[str]:
        """As counted: the last one is `eins`."""
        check_number(value)
        thousands, rest = divmod(value, 1000)
        words: list[str] = []
        if thousands:
            words = [*self._hundreds(thousands, counted=False), "tausend"]
            if thousands == 1:
                words = ["eintausend"]
        return words + self._hundreds(rest, counted=True) if rest or not words else words

    def _hundreds(self, value: int, *, counted: bool) -> list[str]:
        hundreds, rest = divmod(value, 100)
        words = [f"{_joined(hundreds)}hundert"] if hundreds else []
        if rest or not words:
            words.append("ein" if rest == 1 and not counted else _below_hundred(rest))
        return words

    def digits(self, text: str) -> list[str]:
        """Key by key."""
        words: list[str] = []
        for char in text:
            if char in _KEYS:
                words.append(_KEYS[char])
            elif char.isascii() and char.isdigit():
                words.append(_ONES[int(char)])
            elif char not in SEPARATORS:
                raise SpeechError(f"{text!r} cannot be read key by key")
        return words

    def time(self, value: datetime.time) -> list[str]:
        """Twenty-four hours, the minutes without a leading zero."""
        words = [_hour(value.hour)]
        return [*words, _below_hundred(value.minute)] if value.minute else words

    def date(self, value: datetime.date, today: datetime.date | None) -> list[str]:
        """`heute`, `gestern`, or `am` with the day."""
        if today is not None and value == today:
            return ["heute"]
        if today is not None and value == today - datetime.timedelta(days=1):
            return ["gestern"]
        words = [f"am {_ordinal(value.day)}", _MONTHS[value.month - 1]]
        return words if today is not None and value.year == today.year else words + self._year(value.year)

    def _year(self, year: int) -> list[str]:
        century, rest = divmod(year, 100)
        if 11 <= century <= 19:
            words = [f"{_below_hundred(century)}hundert"]
            return [*words, _below_hundred(rest)] if rest else words
        return self.number(year)

    def plural(self, count: int) -> str:
        """One and other."""
        return "one" if count == 1 else "other"

    def vocabulary(self) -> Iterator[str]:
        """Every word."""
        yield from (_below_hundred(value) for value in range(100))
        yield from (f"{_joined(value)}hundert" for value in range(1, 10))
        yield from (f"{_below_hundred(value)}hundert" for value in range(11, 20))
        yield from ("ein", "eintausend", "tausend", "heute", "gestern")
        yield from _KEYS.values()
        yield from (_hour(hour) for hour in range(24))
        yield from (f"am {_ordinal(day)}" for day in range(1, 32))
        yield from _MONTHS


def _hour(hour: int) -> str:
    return "ein Uhr" if hour == 1 else f"{_below_hundred(hour)} Uhr"
