"""One field that finds everything, and nothing that is somebody else's."""

import uuid
from typing import Any

from stimme.store.search import numbers_meant

from .world import World

FENCE = {"X-Requested-With": "stimme"}


async def found(world: World, login: str, query: str, **params: str) -> list[dict[str, Any]]:
    async with await world.signed_in(login) as client:
        answer = await client.get("/api/v1/search", params={"query": query, **params})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def short(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["kind"], item["name"], item["detail"]) for item in items]


ANNA, BLOCK = ("user", "Anna north", "10"), ("number", "+493023121", "Provider")
EXPECTED: dict[str, list[tuple[str, str, str]]] = {
    "anna": [ANNA],
    "10": [ANNA, ("device", "", "north-10")],
    "+49 30 2312-110": [ANNA, BLOCK],
    "030 23121": [ANNA, BLOCK],
    "0049 30 2312 199": [BLOCK],
    "+49 30 2312 1999": [],
    "north-1": [("device", "", "north-10")],
    "127.0.0": [("trunk", "Provider", "127.0.0.1")],
    "%": [],
    " ": [],
}


async def test_an_administrator_finds_its_own(world: World) -> None:
    for query, expected in EXPECTED.items():
        assert short(await found(world, "admin@north.example", query)) == expected, query


async def test_services_are_found_by_name_and_extension(world: World) -> None:
    north = world.customers["north"].id
    group = {"id": "g", "extension": "30", "name": "Vertrieb", "members": []}
    async with await world.signed_in("admin@north.example") as client:
        for kind, settings in (
            ("queue", {"group": {**group, "extension": "31", "name": "Hotline"}}),
            ("group", group),
            ("calendar", {"id": "c", "calendar": {"name": "Vertriebszeiten"}}),
            ("parking", {"slots": ["701"]}),
        ):
            body = {"customer_id": north, "kind": kind, "settings": settings}
            answer = await client.put(f"/api/v1/services/{uuid.uuid4()}", json=body, headers=FENCE)
            assert answer.status_code == 201, answer.text
    expected = [("service", "Vertrieb", "group"), ("service", "Vertriebszeiten", "calendar")]
    assert short(await found(world, "admin@north.example", "vertrieb")) == expected
    assert short(await found(world, "admin@north.example", "31")) == [("service", "Hotline", "queue")]


async def test_resellers_and_the_provider_find_customers(world: World) -> None:
    north = world.customers["north"].id
    assert [hit["name"] for hit in await found(world, "home@reseller.example", "Anna")] == [
        "Anna north",
        "Anna south",
    ]
    assert [hit["customer"] for hit in await found(world, "root@provider.example", "Anna")] == [
        "North",
        "Other",
        "South",
    ]
    assert short(await found(world, "root@provider.example", "Home")) == [("reseller", "Home", "")]
    assert short(await found(world, "root@provider.example", "north.ex")) == [
        ("customer", "North", "north.example")
    ]
    assert len(await found(world, "root@provider.example", "Anna", customer_id=north)) == 1
    assert await found(world, "home@reseller.example", "Other") == []


def test_numbers_are_understood_as_people_write_them() -> None:
    assert numbers_meant("0 30/231-25") == ("03023125", "+493023125")
    assert numbers_meant("0041 44 1") == ("+41441",)
    assert numbers_meant("+49 (30) 1") == ("+49301",)
    assert numbers_meant("Anna 1") == ()
