"""Names on the keys of a telephone (ITU-T E.161): ABC on 2 to WXYZ on 9."""

import unicodedata
from collections.abc import Iterable

_KEYS = {
    letter: digit
    for digit, letters in {
        "2": "abc",
        "3": "def",
        "4": "ghi",
        "5": "jkl",
        "6": "mno",
        "7": "pqrs",
        "8": "tuv",
        "9": "wxyz",
    }.items()
    for letter in letters
}
_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def spellings(word: str) -> frozenset[str]:
    """The digits that spell a word, an umlaut as one letter and as two (Müller: 685537, 6835537)."""
    lower = word.lower()
    plain = unicodedata.normalize("NFKD", lower.replace("ß", "ss"))
    written_out = "".join(_GERMAN.get(char, char) for char in lower)
    return frozenset(
        digits
        for text in (plain, unicodedata.normalize("NFKD", written_out))
        if (digits := "".join(_KEYS.get(char, "") for char in text))
    )


def find_by_name(people: Iterable[tuple[str, str]], digits: str) -> list[tuple[str, str]]:
    """The people (name, extension) of whom a part of the name begins with these keys, in the given order."""
    return [
        person
        for person in people
        if any(
            spelling.startswith(digits)
            for word in person[0].replace("-", " ").split()
            for spelling in spellings(word)
        )
    ]
