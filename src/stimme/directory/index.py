"""An index over the entries of a phone book: by number, and by the beginnings of words.

Built for 100,000 entries: a number is one dictionary look-up, a search two bisections in a sorted list for
each word. Single changes are kept beside the list, until there are enough of them to build it anew.
Putting the words of a large book in order takes seconds of CPU: both the first time and when `worn`, that is
done elsewhere (``order``, ``helper``) and the result taken over. An index that is not `searchable` yet knows
numbers only, which takes a tenth of that.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice

from stimme.directory.entry import Entry
from stimme.directory.order import WordOrder, words_of
from stimme.directory.words import digits_of, fold, query_words

_REBUILD_AFTER = 1_000
# How many digits an extension behind a head number may have (…-0 stands for the whole company).
_LONGEST_EXTENSION = 4
_END = "\U0010ffff"


class Index:
    """See the module's docstring.

    Args:
        entries: what it holds at first.
        searchable: words can be searched; without, only numbers are found until its order is taken over.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, searchable: bool = True) -> None:
        self.searchable = searchable
        self._entries: dict[str, Entry] = {}
        self._numbers: dict[str, list[str]] = {}
        self._shorts: dict[str, str] = {}
        # The words of the entries as they were when these ids were listed.
        self._order = WordOrder.of(())
        self._listed_ids: list[str] = []
        # What has changed since: words of new entries, and entries of the list that no longer count.
        self._changed: list[tuple[str, str]] = []
        self._stale: set[str] = set()
        self.extend(entries)
        if searchable:
            self.take_order(WordOrder.of(list(self)))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def worn(self) -> bool:
        """True when so much has changed that a new order of its words is worth its time."""
        return len(self._stale) + len(self._changed) > _REBUILD_AFTER

    def extend(self, entries: Iterable[Entry]) -> None:
        """Adds entries with new ids, whose words are not searched until their order is taken over."""
        for entry in entries:
            self._entries[entry.id] = entry
            self._add_numbers(entry)

    def take_order(self, order: WordOrder) -> None:
        """Makes it searchable by the order of all entries, as they are listed by `iter` now."""
        self._order = order
        self._listed_ids = list(self._entries)
        self._changed.clear()
        self._stale.clear()
        self.searchable = True

    def emptied(self, step: int) -> Iterator[None]:
        """Lets the entries of an index go that nobody uses any more, a step at a time."""
        while self._entries or self._numbers or self._listed_ids:
            for _ in range(min(step, len(self._entries))):
                self._entries.popitem()
            for _ in range(min(step, len(self._numbers))):
                self._numbers.popitem()
            del self._listed_ids[-step:]
            yield

    def get(self, entry_id: str) -> Entry | None:
        """The entry with this id."""
        return self._entries.get(entry_id)

    def put(self, entry: Entry) -> None:
        """Adds an entry, in place of the one with the same id."""
        self.remove(entry.id)
        self._entries[entry.id] = entry
        self._add_numbers(entry)
        for word in words_of(entry) if self.searchable else ():
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
        ready = self._order.ready(words[0]) if len(words) == 1 else None
        if ready is not None:
            return self._alive(ready, limit)
        return self._alive(sorted(set.intersection(*map(self._order.places, words))), limit)

    def _alive(self, places: Iterable[int], limit: int) -> list[Entry]:
        order, listed = self._order.order, self._listed_ids
        ids = (listed[order[place]] for place in places)
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
