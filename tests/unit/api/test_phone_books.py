"""Phone books over HTTP: who sees which, entries, search, files, what is kept of whom."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stimme.directory.shelf import Shelf
from stimme.store.phone_books import PhoneBookRepository, fill_shelf

from .world import World, build_world

ANNA, ADMIN = "anna@north.example", "admin@north.example"
CSV = b"Name;Firma;Telefon\nZahnarzt;Praxis Weiss;030 901820\nOma;;0170 1234567\nNiemand;;\n"
pytestmark = pytest.mark.feature("K10")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async for made in build_world(tmp_path):
        yield made


class Somebody:
    """Somebody who is signed in, and what it does with phone books."""

    def __init__(self, world: World, login: str) -> None:
        self._world = world
        self._login = login

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        async with await self._world.signed_in(self._login) as client:
            return await client.request(method, f"/api/v1{path}", **more)

    async def book(self, name: str = "Kontakte", customer_id: str | None = None) -> str:
        book_id = str(uuid.uuid4())
        body = {"name": name} if customer_id is None else {"name": name, "customer_id": customer_id}
        made = await self.ask("PUT", f"/phone-books/{book_id}", json=body)
        assert made.status_code == 201, made.text
        return book_id

    async def entry(self, book: str, name: str, number: str, **more: Any) -> Any:
        body = {"name": name, "numbers": [{"number": number}], **more}
        return await self.ask("PUT", f"/phone-books/{book}/entries/{uuid.uuid4()}", json=body)

    async def finds(self, query: str) -> list[str]:
        found = await self.ask("GET", "/phone-books/search", params={"q": query})
        return [each["name"] for each in found.json()["items"]]

    async def books(self) -> list[str]:
        return [each["name"] for each in (await self.ask("GET", "/phone-books")).json()["items"]]


async def test_shared_books_are_everybodys_and_private_ones_their_users(world: World) -> None:
    north = world.customers["north"]
    anna, admin = Somebody(world, ANNA), Somebody(world, ADMIN)
    shared, private = await admin.book("Firma", north.id), await anna.book("Privat")
    assert (await admin.entry(shared, "Zahnarzt", "030 901820")).status_code == 201
    assert (await anna.entry(private, "Oma", "0170 1234567")).status_code == 201
    assert await anna.books() == ["Firma", "Privat"]
    assert await admin.books() == ["Firma"]
    assert (await anna.finds("oma"), await admin.finds("oma")) == (["Oma"], [])
    assert await anna.finds("030 90") == ["Zahnarzt"]
    books = world.services.shelf.of(north.id)
    assert books.name_of("+491701234567", north.user_id) == "Oma"
    assert books.name_of("+491701234567", north.colleague_id) is None
    for method, path in (
        ("GET", f"/phone-books/{private}/entries"),
        ("DELETE", f"/phone-books/{private}"),
        ("POST", f"/phone-books/{private}/import"),
    ):
        assert (await admin.ask(method, path)).status_code == 404
    assert (await anna.entry(shared, "X", "030 1")).status_code == 403
    assert (await anna.ask("DELETE", f"/phone-books/{shared}")).status_code == 403
    wanted = {"name": "X", "customer_id": north.id}
    assert (await anna.ask("PUT", f"/phone-books/{uuid.uuid4()}", json=wanted)).status_code == 403


async def test_an_entry_is_changed_under_its_version_and_found_by_its_new_name(world: World) -> None:
    anna = Somebody(world, ANNA)
    book = await anna.book()
    made = await anna.entry(book, "Oma", "0170 1234567", short="7")
    path, etag = f"/phone-books/{book}/entries/{made.json()['id']}", made.headers["etag"]
    assert made.json()["numbers"] == [{"number": "+491701234567", "kind": "other"}]
    body = {"name": "Großmutter", "numbers": [{"number": "0170 1234567"}]}
    assert (await anna.ask("PUT", path, json=body)).status_code == 428
    assert (await anna.ask("PUT", path, json=body, headers={"If-Match": etag})).status_code == 200
    assert (await anna.finds("oma"), await anna.finds("gros")) == ([], ["Großmutter"])
    assert (await anna.ask("DELETE", path, headers={"If-Match": etag})).status_code == 412
    assert (await anna.ask("DELETE", path)).status_code == 204
    assert await anna.finds("gros") == []


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"name": "", "numbers": [{"number": "030 1"}]}, "name"),
        ({"name": "X", "numbers": []}, "numbers"),
        ({"name": "X", "numbers": [{"number": "112"}]}, "numbers.0.number"),
        ({"name": "X", "numbers": [{"number": "nonsense"}]}, "numbers.0.number"),
        ({"name": "X", "numbers": [{"number": "030 901820"}], "short": "12345"}, "short"),
        ({"name": "X", "numbers": [{"number": "030 901820"}], "short": "7"}, "short"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    world: World, entry: dict[str, Any], field: str
) -> None:
    anna = Somebody(world, ANNA)
    book = await anna.book()
    await anna.entry(book, "Oma", "0170 1234567", short="7")
    refused = await anna.ask("PUT", f"/phone-books/{book}/entries/{uuid.uuid4()}", json=entry)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_a_file_is_looked_at_before_it_is_taken_and_twice_does_no_harm(world: World) -> None:
    anna = Somebody(world, ANNA)
    book = await anna.book()
    path = f"/phone-books/{book}/import"
    seen = (await anna.ask("POST", path, content=CSV)).json()
    assert (seen["applied"], seen["new"], seen["known"], seen["problem_count"]) == (False, 2, 0, 1)
    assert seen["problems"][0]["line"] == 4
    assert [each["name"] for each in seen["sample"]] == ["Zahnarzt", "Oma"]
    assert await anna.finds("zahn") == []
    taken = (await anna.ask("POST", path, params={"apply": True}, content=CSV)).json()
    assert (taken["applied"], taken["new"]) == (True, 2)
    assert await anna.finds("praxis w") == ["Zahnarzt"]
    again = (await anna.ask("POST", path, params={"apply": True}, content=CSV)).json()
    assert (again["new"], again["known"]) == (0, 2)
    other = b"BEGIN:VCARD\nFN:Neu\nTEL:+49 30 1234567\nEND:VCARD\n"
    params = {"apply": True, "replace": True, "format": "vcard"}
    assert (await anna.ask("POST", path, params=params, content=other)).json()["new"] == 1
    assert (await anna.finds("zahn"), await anna.finds("neu")) == ([], ["Neu"])


async def test_entries_come_page_by_page_all_or_those_that_fit(world: World) -> None:
    anna = Somebody(world, ANNA)
    book = await anna.book()
    lines = "".join(f"Person {place:03},0170 1234{place:03}\n" for place in range(25))
    content = f"name,telefon\n{lines}".encode()
    await anna.ask("POST", f"/phone-books/{book}/import", params={"apply": True}, content=content)
    for query in ({}, {"q": "person"}):
        names: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            params = {"limit": 10, **query, **cursor}
            page = (await anna.ask("GET", f"/phone-books/{book}/entries", params=params)).json()
            names += [each["name"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert names == [f"Person {place:03}" for place in range(25)]


async def test_books_are_there_again_after_a_restart_and_gone_with_their_user(world: World) -> None:
    north = world.customers["north"]
    anna, admin = Somebody(world, ANNA), Somebody(world, ADMIN)
    book = await anna.book("Privat")
    await anna.entry(book, "Oma", "0170 1234567", short="7")
    shelf = Shelf(loaded=False)
    await fill_shelf(PhoneBookRepository(world.services.database), shelf)
    assert shelf.of(north.id).number_behind("7", north.user_id) == "+491701234567"
    assert [each.name for _, each in await shelf.search(north.id, north.user_id, "om", 5)] == ["Oma"]
    data = (await admin.ask("GET", f"/users/{north.user_id}/personal-data")).json()
    assert [entry["name"] for kept in data["phone_books"] for entry in kept["entries"]] == ["Oma"]
    entries = (await admin.ask("GET", "/audit")).json()["items"]
    assert not any(each["subject"] == "phone-book" for each in entries), "private books are nobody's business"
    await admin.ask("DELETE", f"/users/{north.user_id}", params={"forget": True})
    assert not await PhoneBookRepository(world.services.database).all_books()


@pytest.mark.feature("O7")
async def test_changes_of_shared_books_are_in_the_audit_log(world: World) -> None:
    admin = Somebody(world, ADMIN)
    book = await admin.book("Firma", world.customers["north"].id)
    await admin.entry(book, "Zahnarzt", "030 901820")
    entries = (await admin.ask("GET", "/audit")).json()["items"]
    assert sum(each["subject"] == "phone-book" for each in entries) == 2


async def test_nobody_makes_more_books_than_there_may_be(world: World) -> None:
    anna = Somebody(world, ANNA)
    for place in range(3):
        await anna.book(f"Buch {place}")
    refused = await anna.ask("PUT", f"/phone-books/{uuid.uuid4()}", json={"name": "Vier"})
    assert refused.status_code == 409
