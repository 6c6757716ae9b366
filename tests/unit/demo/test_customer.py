"""The demo customer as it is on the first day: what can be tried at its telephones and in its client."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stimme.demo.customer import load_credentials, provision
from stimme.demo.furnishing import BOOK, KEYS, entries
from stimme.directory.shelf import Shelf
from stimme.pbx.apps.attendant import Position
from stimme.pbx.features.key_plan import check_keys
from stimme.pbx.features.keys import GroupKey, LineKey, NightKey, ParkKey
from stimme.pbx.model import Tenant
from stimme.store.database import Database
from stimme.store.live import load_tenants
from stimme.store.phone_books import PhoneBookRepository, fill_shelf
from stimme.store.secrets import open_vault

# Numbers for films and books, as the Bundesnetzagentur publishes them.
DRAMA = re.compile(r"\+49(3023125\d{3}|2214710\d{3}|6990009\d{3}|8999998\d{3}|17139200\d\d)")


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[tuple[Tenant, Shelf]]:
    url, key = f"sqlite+aiosqlite:///{tmp_path}/demo.db", tmp_path / "secret.key"
    known = load_credentials(tmp_path / "credentials.json")
    for _ in range(2):  # the second start finds it as it is
        await provision(url, key, known, 5080)
    database, shelf = Database(url), Shelf(loaded=False)
    (tenant,) = await load_tenants(database, open_vault(key))
    await fill_shelf(PhoneBookRepository(database), shelf)
    yield tenant, shelf
    await database.close()


async def test_keys_of_the_reception_and_of_colleagues(demo: tuple[Tenant, Shelf]) -> None:
    tenant, _ = demo
    keys = {}
    for extension, planned in KEYS.items():
        user = tenant.by_extension(extension)
        assert user is not None
        plan = tenant.keys[user.id]
        check_keys(tenant, user.id, plan.keys)
        keys[extension] = [each.key for each in plan.keys]
        assert [each.position for each in plan.keys] == list(range(1, len(planned) + 1))
    assert {LineKey("11"), ParkKey("701"), NightKey(Position.NIGHT_1)} <= set(keys["10"])
    assert {GroupKey("31"), GroupKey("32")} <= set(keys["13"])


async def test_a_phone_book_for_everybody_names_callers(demo: tuple[Tenant, Shelf]) -> None:
    tenant, shelf = demo
    anna = tenant.by_extension("10")
    assert anna is not None
    books = shelf.of(tenant.id)
    assert [(book.name, len(book.index)) for book in books.visible_to(anna.id)] == [(BOOK, len(entries()))]
    assert books.name_of("+492214710310", anna.id) == "Mehmet Yıldız"
    assert books.number_behind("101", anna.id) == "+493023125510"
    found = await shelf.search(tenant.id, anna.id, "gruen", 5)
    assert [entry.company for _, entry in found] == ["Gärtnerei Grünspan"]


def test_no_number_of_the_book_is_anybodys() -> None:
    numbers = [each.number for entry in entries() for each in entry.numbers]
    assert len(numbers) == len(set(numbers)) > len(entries())
    assert [number for number in numbers if not DRAMA.fullmatch(number)] == []
