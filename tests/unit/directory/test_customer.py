"""A customer's phone books as services: names, short numbers, what is refused."""

from typing import Any

import pytest

from stimme.directory.customer import MOST_ENTRIES, CustomerBooks
from stimme.pbx.apps.fields import FieldError


def book(*entries: dict[str, Any], owner: str | None = None) -> dict[str, Any]:
    return {"id": f"book of {owner}", "name": "Book", "owner": owner, "entries": list(entries)}


def entry(name: str, number: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "numbers": [number], **more}


def test_the_own_book_counts_before_the_shared_one() -> None:
    books = CustomerBooks()
    books.add(book(entry("Zahnarzt Dr. Weiß", "030 901820", short="7")))
    books.add(book(entry("Mein Zahnarzt", "+49 30 901820", short="7"), owner="anna"))
    books.add(book(entry("Oma", "0170 1234567", short="1"), owner="bert"))
    assert books.name_of("+4930901820", None) == "Zahnarzt Dr. Weiß"
    assert books.name_of("+4930901820", "anna") == "Mein Zahnarzt"
    assert books.name_of("+491701234567", "anna") is None
    assert books.number_behind("7", "anna") == "+4930901820"
    assert books.number_behind("7", "cora") == "+4930901820"
    assert books.number_behind("1", "anna") is None


def test_an_extension_behind_a_known_head_number_shows_the_company() -> None:
    books = CustomerBooks()
    books.add(book({"company": "Amt Mitte", "numbers": ["030 90180"]}))
    assert books.name_of("+49309018123", None) == "Amt Mitte"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (book({"numbers": ["030901820"]}), "entries.0.name"),
        (book({"name": "X", "numbers": []}), "entries.0.numbers"),
        (book(entry("X", "nonsense")), "entries.0.numbers.0"),
        (book(entry("X", "9018201")), "entries.0.numbers.0"),
        (book(entry("X", "112")), "entries.0.numbers.0"),
        (book({"name": "X", "numbers": [5]}), "entries.0.numbers.0"),
        (book(entry("X", "12", short="12345")), "entries.0.short"),
        (book(entry("X", "12", short="1"), entry("Y", "13", short="1")), "entries.1.short"),
        (book(entry("X", "12", colour="red")), "entries.0.colour"),
        (book(*[entry("X", "12")] * (MOST_ENTRIES + 1)), "entries"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as error:
        CustomerBooks().add(wrong)
    assert error.value.path == field
