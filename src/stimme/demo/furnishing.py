"""What stands on the demo customer's desks: function keys of telephones, and a phone book of its customers.

All people and companies are invented. Their numbers are of the ranges that the Bundesnetzagentur keeps free
for films and books, so that nobody real is called.
"""

from collections.abc import Mapping
from typing import Any

from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.store.audit import SYSTEM
from stimme.store.changes import ANY, Authority
from stimme.store.database import Database, Scope
from stimme.store.function_keys import FunctionKeyRepository
from stimme.store.phone_books import NewBook, PhoneBookRepository
from stimme.store.provisioning import new_id

BOOK = "Kunden und Lieferanten"
_Key = tuple[str, str | None] | tuple[str, str | None, str]

KEYS: Mapping[str, tuple[_Key, ...]] = {
    # Anna has the reception: colleagues, places to park calls, night service.
    "10": (
        ("line", "11"),
        ("line", "12"),
        ("line", "13"),
        ("line", "17"),
        ("park", "701"),
        ("park", "702"),
        ("night", "1"),
        ("pickup", None),
    ),
    "11": (
        ("line", "10"),
        ("line", "12"),
        ("group", "30"),
        ("park", "701"),
        ("pickup", None),
        ("diversion", "always", "10"),
    ),
    "13": (
        ("line", "14"),
        ("line", "15"),
        ("group", "31"),
        ("group", "32"),
        ("park", "701"),
        ("dnd", None),
    ),
}
"""Kind, target and, for a diversion, where to: from the first key on, by extension."""

_WORK, _MOBILE, _FAX = NumberKind.WORK, NumberKind.MOBILE, NumberKind.FAX
_PEOPLE: tuple[tuple[str, str, str, str, tuple[EntryNumber, ...]], ...] = (
    (
        "Beate Morgenrot",
        "Bäckerei Morgenrot",
        "beate@morgenrot.example",
        "101",
        (EntryNumber("+493023125510", _WORK), EntryNumber("+491713920012", _MOBILE)),
    ),
    (
        "Dr. Till Sturm",
        "Kanzlei Sturm & Drang",
        "sturm@kanzlei.example",
        "102",
        (EntryNumber("+493023125520", _WORK), EntryNumber("+493023125529", _FAX)),
    ),
    (
        "Mehmet Yıldız",
        "Spedition Weitblick",
        "yildiz@weitblick.example",
        "103",
        (EntryNumber("+492214710310", _WORK), EntryNumber("+491713920034", _MOBILE)),
    ),
    ("Rosa Kettler", "Fahrradladen Kette rechts", "", "", (EntryNumber("+492214710331", _WORK),)),
    (
        "Åse Grünspan",
        "Gärtnerei Grünspan",
        "info@gruenspan.example",
        "",
        (EntryNumber("+498999998340", _WORK),),
    ),
    ("Jean-Luc Lot", "Architekturbüro Lot", "", "", (EntryNumber("+496990009351", _WORK),)),
    ("Hedwig Blei", "Druckerei Bleisatz", "", "104", (EntryNumber("+496990009362", _WORK),)),
    ("Störungsstelle", "Stadtwerke Muster", "", "", (EntryNumber("+493023125570", _WORK),)),
)


async def furnish(database: Database, customer_id: str, users: Mapping[str, str]) -> None:
    """Sets up the keys and the phone book.

    Args:
        users: Ids of the users by extension.
    """
    who = Authority(Scope("customer", customer_id), SYSTEM)
    plans = FunctionKeyRepository(database)
    for extension, keys in KEYS.items():
        written = [_key(place, *key) for place, key in enumerate(keys, start=1)]
        await plans.put(who, users[extension], written, ANY)
    books = PhoneBookRepository(database)
    made = await books.put(who, None, new_id(), NewBook(customer_id, None, BOOK), ANY)
    await books.add_many(who, made.row, entries(), replace=False)


def entries() -> list[Entry]:
    """The phone book, ordered by family names."""
    found = []
    for name, company, email, short, numbers in _PEOPLE:
        given, _, family = name.rpartition(" ")
        sort = f"{family} {given}".strip()
        found.append(Entry(new_id(), name, numbers, company, email, sort, short))
    return found


def _key(position: int, kind: str, target: str | None, number: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"position": position, "kind": kind}
    if target is not None:
        found["target"] = target
    if number is not None:
        found["number"] = number
    return found
