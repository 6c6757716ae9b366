"""Words as they are searched: without case, accents and the difference between ü and ue."""

import re
import unicodedata

_WORD = re.compile(r"\w+")
_MARKS = re.compile("[\u0300-\u036f]")
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def fold(text: str) -> str:
    """Lower case without accents: `Müller` and `MULLER` are both `muller`."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def search_words(text: str) -> set[str]:
    """Every word under which a text is found: folded, and with umlauts written out."""
    if text.isascii():
        return set(_WORD.findall(text.lower()))
    lower = unicodedata.normalize("NFC", text.casefold())
    return set(_WORD.findall(fold(lower))) | set(_WORD.findall(fold(lower.translate(_WRITTEN_OUT))))


def query_words(text: str) -> list[str]:
    """The words of a query, each the beginning of a word that is looked for."""
    return _WORD.findall(fold(text))


def digits_of(text: str) -> str:
    """The digits of something that looks like a number, empty for anything else."""
    digits = "".join(char for char in text if char not in " -()/.+")
    return digits if digits.isascii() and digits.isdigit() else ""
