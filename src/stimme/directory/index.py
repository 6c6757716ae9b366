"""An index over the entries of a phone book: by number, and by the beginnings of words.

Built for 100,000 entries: a number is one dictionary look-up, a search two bisections in a sorted list for
each word. Single changes are kept beside the list, until there are enough of them to build it anew.
Building takes seconds of CPU for a large book: both the first time and when `worn`, it belongs into a
thread. An index that is not `searchable` yet knows numbers only, which takes a tenth of that.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from stimme.directory.entry import Entry
from stimme.directory.words import digits_of, fold, query_words, search_words

_REBUILD_AFTER = 1_000
# How many digits an extension behind a head number may have (…-0 stands for the whole company).
_LONGEST_EXTENSION = 4
_END = "\U0010ffff"
# Short beginnings of many words fit very many entries: their places are kept ready.
_SHORT_WORD, _SHORT_NUMBER, _MANY = 3, 5, 100


class Index:
    """See the module's docstring.

    Args:
        entries: what it holds at first.
        searchable: words can be searched; without, only numbers are found until it is `rebuilt`.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, searchable: bool = True) -> None:
        self.searchable = searchable
        self._entries: dict[str, Entry] = {entry.id: entry for entry in entries}
        self._numbers: dict[str, list[str]] = {}
        self._shorts: dict[str, str] = {}
        # Entries in the order of their names, and beside each word the places of its entries in that order.
        self._ordered: list[str] = []
        self._words: list[str] = []
        self._places: list[list[int]] = []
        self._short: dict[str, array[int]] = {}
        # What has changed since: words of new entries, and entries of the list that no longer count.
        self._changed: list[tuple[str, str]] = []
        self._stale: set[str] = set()
        for entry in self._entries.values():
            self._add_numbers(entry)
        if searchable:
            self._build()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def worn(self) -> bool:
        """True when so much has changed that a new index (`rebuilt`) is worth its time."""
        return len(self._stale) + len(self._changed) > _REBUILD_AFTER

    def rebuilt(self) -> "Index":
        """A new index over the same entries; this one may be searched meanwhile, but not changed."""
        return Index(list(self._entries.values()))

    def get(self, entry_id: str) -> Entry | None:
        """The entry with this id."""
        return self._entries.get(entry_id)

    def put(self, entry: Entry) -> None:
        """Adds an entry, in place of the one with the same id."""
        self.remove(entry.id)
        self._entries[entry.id] = entry
        self._add_numbers(entry)
        for word in _words_of(entry) if self.searchable else ():
            insort(self._changed, (word, entry.id))

    def remove(self, entry_id: str) -> None:
        """Takes an entry out; one that is not there is no error."""
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        for number in entry.numbers:
            holders = self._numbers[number.number]
            holders.remove(entry_id)
            if not holders:
                del self._numbers[number.number]
        if self._shorts.get(entry.short) == entry_id:
            del self._shorts[entry.short]
        if not self.searchable:
            return
        self._changed[:] = [item for item in self._changed if item[1] != entry_id]
        self._stale.add(entry_id)

    def by_number(self, number: str) -> Entry | None:
        """The entry with this number; of several the first by name."""
        ids = self._numbers.get(number, ())
        return min((self._entries[entry_id] for entry_id in ids), key=lambda entry: entry.key, default=None)

    def by_short(self, short: str) -> Entry | None:
        """The entry with this short number."""
        return self._entries.get(self._shorts.get(short, ""))

    def by_head_number(self, number: str) -> Entry | None:
        """The company whose head number (…0) this number is an extension of, None when there is none."""
        if not number.startswith("+"):
            return None
        for length in range(1, _LONGEST_EXTENSION + 1):
            found = self.by_number(f"{number[:-length]}0")
            if found is not None:
                return found
        return None

    def search(self, query: str, limit: int) -> list[Entry]:
        """The first entries by name: every word of the query begins one of theirs, or it begins a number."""
        digits = digits_of(query)
        words = [digits] if digits else query_words(query)
        if not words:
            return []
        changed = set.intersection(*(self._new(word) for word in words))
        first = self._listed(words, limit)
        if not changed:
            return first
        both = first + [self._entries[entry_id] for entry_id in changed]
        return sorted(both, key=lambda entry: fold(entry.key))[:limit]

    def _listed(self, words: list[str], limit: int) -> list[Entry]:
        if len(words) == 1 and words[0] in self._short:
            return self._alive(self._short[words[0]], limit)
        return self._alive(sorted(set.intersection(*(self._places_of(word) for word in words))), limit)

    def _places_of(self, word: str) -> set[int]:
        if word in self._short:
            return set(self._short[word])
        first, last = (bisect_left(self._words, edge) for edge in (word, word + _END))
        return set[int]().union(*self._places[first:last])

    def _alive(self, places: Iterable[int], limit: int) -> list[Entry]:
        ids = (self._ordered[place] for place in places)
        alive = (entry_id for entry_id in ids if entry_id not in self._stale)
        return [self._entries[entry_id] for entry_id in islice(alive, limit)]

    def _new(self, word: str) -> set[str]:
        first, last = (bisect_left(self._changed, (edge, "")) for edge in (word, word + _END))
        return {entry_id for _, entry_id in self._changed[first:last]}

    def _add_numbers(self, entry: Entry) -> None:
        for number in entry.numbers:
            self._numbers.setdefault(number.number, []).append(entry.id)
        if entry.short:
            self._shorts[entry.short] = entry.id

    def _build(self) -> None:
        entries = sorted(self._entries.values(), key=lambda entry: (fold(entry.key), entry.id))
        self._ordered = [entry.id for entry in entries]
        self._short = {}
        places: dict[str, list[int]] = {}
        for place, entry in enumerate(entries):
            for word in _words_of(entry):
                places.setdefault(word, []).append(place)
        self._words = sorted(places)
        self._places = [places[word] for word in self._words]
        for length in range(1, _SHORT_NUMBER + 1):
            self._keep_short(places, length)
        self._changed.clear()
        self._stale.clear()

    def _keep_short(self, places: dict[str, list[int]], length: int) -> None:
        for start, words in groupby(self._words, key=itemgetter(slice(length))):
            if len(start) < length or (length > _SHORT_WORD and not start[0].isdigit()):
                continue
            lists = [places[word] for word in words]
            if len(lists) > _MANY:
                self._short[start] = array("I", sorted(set[int]().union(*lists)))


def _words_of(entry: Entry) -> set[str]:
    words = search_words(f"{entry.name} {entry.company}")
    for number in entry.numbers:
        digits = number.number.removeprefix("+")
        words.add(digits)
        if number.number.startswith("+49"):
            words.add(f"0{digits[2:]}")
        elif number.number.startswith("+"):
            words.add(f"00{digits}")
    return words
