"""The entries of a phone book in order, and the beginnings of their words: made once, never changed.

Made for 100,000 entries and half a million words: everything is in a few blocks of numbers and one of text,
so that it can be made in another process and comes back without half a million objects. Making it takes
seconds of CPU for a large book. Words are in the order of their UTF-8, which is that of their code points.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby
from operator import itemgetter
from typing import Any

from stimme.directory.entry import Entry
from stimme.directory.words import fold, search_words

_END = "\U0010ffff"
# Short beginnings of many words fit very many entries: their places are kept ready.
_SHORT_WORD, _SHORT_NUMBER, _MANY = 3, 5, 100
_NUMBERS = "I"


@dataclass(frozen=True, slots=True)
class _Words:
    """Words in order, one behind the other, and beside each the places of its entries.

    Word N lies in the text between the ends N and N + 1, the first of which is 0; its places likewise.
    """

    text: bytes
    ends: "array[int]"
    places: "array[int]"
    place_ends: "array[int]"

    def places_of(self, beginning: str) -> "array[int]":
        """The places of all words with this beginning, some of them several times."""
        words = range(len(self.ends) - 1)
        first, last = (
            bisect_left(words, edge.encode(), key=self._word) for edge in (beginning, beginning + _END)
        )
        return self.places[self.place_ends[first] : self.place_ends[last]]

    def _word(self, at: int) -> bytes:
        return self.text[self.ends[at] : self.ends[at + 1]]


class WordOrder:
    """See the module's docstring.

    Attributes:
        order: which of the entries it was made from has which place in the order of names.
    """

    def __init__(self, order: "array[int]", words: "_Words", short: "dict[str, array[int]]") -> None:
        self.order = order
        self._words = words
        self._short = short

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "WordOrder":
        """Makes it; seconds of CPU for many entries."""
        order = sorted(range(len(entries)), key=lambda at: (fold(entries[at].key), entries[at].id))
        places: dict[str, list[int]] = {}
        for place, at in enumerate(order):
            for word in words_of(entries[at]):
                places.setdefault(word, []).append(place)
        words = sorted(places)
        encoded = [word.encode() for word in words]
        short = dict(
            chain.from_iterable(_short(places, words, length) for length in range(1, _SHORT_NUMBER + 1))
        )
        table = _Words(
            b"".join(encoded),
            array(_NUMBERS, accumulate(map(len, encoded), initial=0)),
            array(_NUMBERS, chain.from_iterable(places[word] for word in words)),
            array(_NUMBERS, accumulate((len(places[word]) for word in words), initial=0)),
        )
        return cls(array(_NUMBERS, order), table, short)

    def places(self, beginning: str) -> set[int]:
        """The places of the entries that have a word with this beginning."""
        if beginning in self._short:
            return set(self._short[beginning])
        return set(self._words.places_of(beginning))

    def ready(self, beginning: str) -> "array[int] | None":
        """The places in order, if this beginning is one of those that fit very many."""
        return self._short.get(beginning)

    def packed(self) -> dict[str, Any]:
        """As it travels between two processes of one machine."""
        return {
            "order": self.order.tobytes(),
            "text": self._words.text,
            "ends": self._words.ends.tobytes(),
            "places": self._words.places.tobytes(),
            "place_ends": self._words.place_ends.tobytes(),
            "short": {beginning: places.tobytes() for beginning, places in self._short.items()},
        }

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> "WordOrder":
        """What was packed."""
        numbers = (_array(packed[name]) for name in ("ends", "places", "place_ends"))
        return cls(
            _array(packed["order"]),
            _Words(packed["text"], *numbers),
            {beginning: _array(places) for beginning, places in packed["short"].items()},
        )


def words_of(entry: Entry) -> set[str]:
    """The words under which an entry is found; its numbers are found without a sign and as one dials them."""
    words = search_words(f"{entry.name} {entry.company}")
    for number in entry.numbers:
        digits = number.number.removeprefix("+")
        words.add(digits)
        if number.number.startswith("+49"):
            words.add(f"0{digits[2:]}")
        elif number.number.startswith("+"):
            words.add(f"00{digits}")
    return words


def _short(
    places: dict[str, list[int]], words: Sequence[str], length: int
) -> "Iterator[tuple[str, array[int]]]":
    for start, group in groupby(words, key=itemgetter(slice(length))):
        if len(start) < length or (length > _SHORT_WORD and not start[0].isdigit()):
            continue
        lists = [places[word] for word in group]
        if len(lists) > _MANY:
            yield start, array(_NUMBERS, sorted(set[int]().union(*lists)))


def _array(stored: bytes) -> "array[int]":
    made = array(_NUMBERS)
    made.frombytes(stored)
    return made
