"""English: "one hundred and twenty-three", "two oh five p.m.", "on May third, twenty twenty-six"."""

import datetime
from collections.abc import Iterator

from stimme.prompts.grammar import SEPARATORS, SpeechError, check_number

_ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}
_KEYS = {"*": "star", "#": "hash", "+": "plus"}
_HALVES = ("a.m.", "p.m.")


def _below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]


def _ordinal(value: int) -> str:
    if value in _ORDINALS:
        return _ORDINALS[value]
    if value < 20:
        return f"{_ONES[value]}th"
    tens, ones = divmod(value, 10)
    return f"{_TENS[tens]}-{_ordinal(ones)}" if ones else f"{_TENS[tens].removesuffix('y')}ieth"


class English:
    """See `Grammar`."""

    voice = "en-gb"

    def number(self, value: int) -> list[str]:
        """British, with `and` before the tens."""
        check_number(value)
        thousands, rest = divmod(value, 1000)
        words = [*self._hundreds(thousands), "thousand"] if thousands else []
        if not rest:
            return words or self._hundreds(0)
        return [*words, *(["and"] if words and rest < 100 else []), *self._hundreds(rest)]

    def _hundreds(self, value: int) -> list[str]:
        hundreds, rest = divmod(value, 100)
        words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
        if rest or not words:
            words += ["and", _below_hundred(rest)] if words else [_below_hundred(rest)]
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
        """Twelve hours; noon and midnight by name."""
        if value.minute == 0 and value.hour in (0, 12):
            return ["noon" if value.hour else "midnight"]
        words = [_ONES[value.hour % 12 or 12]]
        if value.minute:
            words.append(_minutes(value.minute))
        return [*words, _HALVES[value.hour // 12]]

    def date(self, value: datetime.date, today: datetime.date | None) -> list[str]:
        """`today`, `yesterday`, or `on` with the day."""
        if today is not None and value == today:
            return ["today"]
        if today is not None and value == today - datetime.timedelta(days=1):
            return ["yesterday"]
        words = [f"on {_MONTHS[value.month - 1]}", _ordinal(value.day)]
        return words if today is not None and value.year == today.year else words + self._year(value.year)

    def _year(self, year: int) -> list[str]:
        century, rest = divmod(year, 100)
        if century < 11 or (century % 10 == 0 and rest < 10):
            return self.number(year)
        if rest == 0:
            return [_below_hundred(century), "hundred"]
        return [_below_hundred(century), _minutes(rest)]

    def plural(self, count: int) -> str:
        """One and other."""
        return "one" if count == 1 else "other"

    def vocabulary(self) -> Iterator[str]:
        """Every word."""
        yield from (_below_hundred(value) for value in range(100))
        yield from (f"{_ONES[value]} hundred" for value in range(1, 10))
        yield from (_minutes(value) for value in range(1, 10))
        yield from ("and", "hundred", "thousand", "noon", "midnight", "today", "yesterday", *_HALVES)
        yield from _KEYS.values()
        yield from (f"on {month}" for month in _MONTHS)
        yield from (_ordinal(day) for day in range(1, 32))


def _minutes(value: int) -> str:
    """Two digits after an hour or a century."""
    return f"oh {_ONES[value]}" if value < 10 else _below_hundred(value)
