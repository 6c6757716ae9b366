"""Caller names and search (K10), also with 100,000 entries."""

import random
import statistics
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.directory.books import Book, Books, CallerName
from stimme.directory.entry import Entry, EntryNumber
from stimme.directory.index import Index
from stimme.directory.order import WordOrder
from stimme.directory.shelf import Shelf
from stimme.directory.words import fold, search_words


def entry(entry_id: str, name: str, *numbers: str, company: str = "", sort: str = "") -> Entry:
    return Entry(entry_id, name, tuple(EntryNumber(number) for number in numbers), company, sort=sort)


MUELLER = entry("1", "Jürgen Müller", "+4930901820", company="Müller & Söhne", sort="Müller Jürgen")
SMITH = entry("2", "Jane Smith", "+442079460958", "+491701234567", sort="Smith Jane")
WEISS = entry("3", "Änne Weiß", "+498912345670", sort="Weiß Änne")
TOWN = entry("4", "Bezirksamt", "+493322100", company="Bezirksamt Mitte")
SHARED = Index([MUELLER, SMITH, WEISS, TOWN])


def found(index: Index, query: str, limit: int = 20) -> list[str]:
    return [item.id for item in index.search(query, limit)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("mü", ["1"]),
        ("MUELLER", ["1"]),
        ("muller", ["1"]),
        ("ju mu", ["1"]),
        ("söhne", ["1"]),
        ("soehne", ["1"]),
        ("weiss", ["3"]),
        ("weiß", ["3"]),
        ("aenne", ["3"]),
        ("anne", ["3"]),
        ("j", ["1", "2"]),
        ("bezirk mitte", ["4"]),
        ("smith j", ["2"]),
        ("mith", []),
        ("0309018", ["1"]),
        ("030 90-18/20", ["1"]),
        ("+4930", ["1"]),
        ("4930", ["1"]),
        ("0044 20", ["2"]),
        ("", []),
        ("  ", []),
        ("&", []),
    ],
)
def test_search_as_one_types(query: str, ids: list[str]) -> None:
    assert found(SHARED, query) == ids


def test_the_first_by_name_and_no_more_than_asked_for() -> None:
    index = Index(
        entry(str(number), f"Anna {number:03}", f"+4930{number:06}") for number in range(100, 0, -1)
    )
    assert found(index, "anna", 3) == ["1", "2", "3"]


def test_changes_are_found_at_once() -> None:
    index = Index([MUELLER])
    index.put(SMITH)
    assert found(index, "smi") == ["2"]
    index.put(replace(SMITH, name="Jane Jones", sort="Jones Jane"))
    assert found(index, "smi") == []
    assert found(index, "j") == ["2", "1"]
    index.remove("1")
    index.remove("1")
    assert found(index, "j") == ["2"]
    assert index.by_number("+4930901820") is None
    assert index.get("2") is not None
    assert len(index) == 1
    assert [item.name for item in index] == ["Jane Jones"]


def test_many_changes_make_a_new_index_worth_its_time() -> None:
    index = Index([MUELLER])
    for number in range(600):
        index.put(entry(f"n{number}", f"Nora {number:03}", f"+4989{number:06}"))
    assert index.worn
    before = found(index, "nora", 3)
    index.take_order(WordOrder.of(list(index)))
    assert not index.worn
    assert found(index, "nora", 3) == before == ["n0", "n1", "n2"]


PEOPLE = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from("12345"),
        st.text("abüß ", min_size=1, max_size=6),
        st.sampled_from(["+4930901", "+4930902", "12"]),
    ),
    max_size=30,
)


@given(PEOPLE, st.text("abüß", min_size=1, max_size=3))
def test_an_index_after_changes_is_an_index_of_what_is_left(
    changes: list[tuple[bool, str, str, str]], query: str
) -> None:
    index, plain = Index(), dict[str, Entry]()
    for adds, entry_id, name, number in changes:
        if adds:
            plain[entry_id] = entry(entry_id, name, number)
            index.put(plain[entry_id])
        else:
            plain.pop(entry_id, None)
            index.remove(entry_id)
    fresh = Index(plain.values())
    assert {item.id for item in index.search(query, 99)} == {item.id for item in fresh.search(query, 99)}
    expected = {
        item.id
        for item in plain.values()
        if any(word.startswith(fold(query)) for word in search_words(item.name))
    }
    assert {item.id for item in fresh.search(query, 99)} == expected
    for number in ("+4930901", "+4930902", "12"):
        one, other = index.by_number(number), fresh.by_number(number)
        assert (one is None) == (other is None)


# -- who calls ----------------------------------------------------------------------------------------------


@pytest.fixture
def books() -> Books:
    own = Book("own", "Anna's", "anna", Index([entry("9", "Mum", "+4930901820")]))
    other = Book("other", "Bert's", "bert", Index([entry("8", "Secret", "+491601111111")]))
    return Books([Book("shared", "Customers", None, SHARED), own, other])


@pytest.mark.parametrize(
    ("number", "user", "expected"),
    [
        ("+4930901820", "bert", CallerName("Jürgen Müller", "Müller & Söhne", True, "1", "shared")),
        ("+4930901820", "anna", CallerName("Mum", "", True, "9", "own")),
        ("+4930901820", None, CallerName("Jürgen Müller", "Müller & Söhne", True, "1", "shared")),
        ("+491601111111", "anna", None),
        ("+491601111111", "bert", CallerName("Secret", "", True, "8", "other")),
        ("+49332210345", "anna", CallerName("Bezirksamt", "Bezirksamt Mitte", False, "4", "shared")),
        ("+4933221034567", "anna", None),
        ("anonymous", "anna", None),
        ("", "anna", None),
    ],
)
def test_the_name_of_a_caller(
    books: Books, number: str, user: str | None, expected: CallerName | None
) -> None:
    assert books.caller_name(number, user) == expected


def test_what_a_telephone_shows() -> None:
    assert CallerName("Ada", "Engines", True, "1", "b").display == "Ada"
    assert CallerName("Ada", "Engines", False, "1", "b").display == "Engines"
    assert CallerName("Ada", "", False, "1", "b").display == "Ada"


def test_searching_sees_only_the_own_and_the_shared(books: Books) -> None:
    assert [(book.id, item.id) for book, item in books.search("m", "anna")] == [
        ("shared", "4"),
        ("shared", "1"),
        ("own", "9"),
    ]
    assert books.search("secret", "anna") == []
    assert [item.id for _, item in books.search("secret", "bert")] == ["8"]


# -- size ---------------------------------------------------------------------------------------------------

SYLLABLES = (
    "mül",
    "ler",
    "schmi",
    "dt",
    "wag",
    "ner",
    "ho",
    "ff",
    "mann",
    "ka",
    "ro",
    "li",
    "ne",
    "an",
    "na",
    "ber",
)


def test_a_hundred_thousand_entries_are_looked_up_within_five_milliseconds() -> None:
    rng = random.Random(5)

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).capitalize()

    index = Index(
        entry(str(number), f"{word()} {word()}", f"+4930{number:07}", company=word())
        for number in range(100_000)
    )
    books = Books([Book("shared", "All", None, index)])
    queries = ["m", "a", "mül", "ho ka", "schmidt", "anna", "030", "0300012345", "karoline müller", "zzz"]

    def typical(work: object, arguments: list[str]) -> float:
        times = []
        for argument in arguments:
            before = time.perf_counter()
            work(argument)  # type: ignore[operator]
            times.append(time.perf_counter() - before)
        return statistics.median(times)

    numbers = [f"+4930{rng.randrange(100_000):07}" for _ in range(1000)]
    assert typical(lambda number: books.caller_name(number, "anna"), numbers) < 0.005
    assert typical(lambda query: books.search(query, "anna"), queries * 3) < 0.005


def test_the_own_short_number_counts_before_the_shared_one() -> None:
    def book(owner: str | None, number: str) -> Book:
        return Book(f"of {owner}", "B", owner, Index([replace(entry("1", "X", number), short="7")]))

    books = Books([book(None, "+4930901820"), book("anna", "+491701234567")])
    assert books.number_behind("7", "anna") == "+491701234567"
    assert books.number_behind("7", "cora") == "+4930901820"
    assert books.number_behind("8", "anna") is None
    books.keep({"cora"})
    assert books.number_behind("7", "anna") == "+4930901820"


def test_an_index_without_words_knows_numbers_and_can_be_put_in_order() -> None:
    index = Index([MUELLER], searchable=False)
    index.put(replace(SMITH, short="12"))
    assert index.by_number("+442079460958") is not None
    assert found(index, "mü") == []
    index.take_order(WordOrder.of(list(index)))
    assert index.searchable
    assert found(index, "mü") == ["1"]
    index.remove("2")
    assert (index.by_short("12"), index.by_number("+442079460958")) == (None, None)
    assert found(index, "jane") == []


async def test_books_are_put_in_order_when_somebody_searches() -> None:
    shelf = Shelf()
    shelf.of("c").put(Book("b", "B", None, Index([MUELLER, SMITH], searchable=False)))
    shelf.of("c").put(Book("p", "P", "anna", Index([WEISS], searchable=False)))

    async def names(user: str | None, query: str, only: str | None = None) -> list[str]:
        return [each.id for _, each in await shelf.search("c", user, query, 20, only=only)]

    assert await names("anna", "weiss") == ["3"]
    assert await names("bert", "weiss") == []
    assert await names("anna", "mü", only="p") == []
    assert await names(None, "mü", only="b") == ["1"]
    assert await names("anna", "j") == ["1", "2"]
