"""Groups, queues, menus and the rest over the API: what cannot work is refused with its field."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from .test_configuration import ADMIN, Api, field, slug
from .world import World


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Api]:
    async with await world.signed_in(ADMIN) as client:
        yield Api(client)


def group(world: World, **changes: Any) -> dict[str, Any]:
    north = world.customers["north"]
    settings = {
        "id": "sales",
        "extension": "30",
        "name": "Vertrieb",
        "members": [north.user_id, north.colleague_id],
    }
    return {"customer_id": north.id, "kind": "group", "settings": {**settings, **changes}}


def service(world: World, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"customer_id": world.customers["north"].id, "kind": kind, "settings": settings}


async def test_a_group_is_made_changed_and_deleted(world: World, admin: Api) -> None:
    path = f"/services/{uuid.uuid4()}"
    made = await admin.put(path, group(world))
    assert (made.status_code, made.headers["etag"], made.json()["extension"]) == (201, '"1"', "30")
    assert (await admin.put(path, group(world))).status_code == 200, "a repeated PUT changes nothing"
    assert (await admin.put(path, group(world, name="Sales"))).status_code == 428
    changed = await admin.put(path, group(world, name="Sales"), If_Match='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    listed = await admin.get("/services", kind="group")
    assert [item["settings"]["name"] for item in listed["items"]] == ["Sales"]
    assert await admin.delete(path) == 204
    assert (await admin.get("/services"))["items"] == []


async def test_the_telephone_system_is_told(world: World, admin: Api) -> None:
    before = len(world.telephony.reloaded)
    await admin.put(f"/services/{uuid.uuid4()}", group(world))
    assert world.telephony.reloaded[before:] == [world.customers["north"].id]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"strategy": "loudest"}, "settings.strategy"),
        ({"ring_seconds": "long"}, "settings.ring_seconds"),
        ({"colour": "blue"}, "settings.colour"),
        ({"members": ["nobody"]}, "settings.members.0"),
        ({"extension": "10"}, "settings.extension"),
    ],
)
async def test_a_mistake_names_its_field(
    world: World, admin: Api, changes: dict[str, Any], wrong: str
) -> None:
    assert field(await admin.put(f"/services/{uuid.uuid4()}", group(world, **changes))) == wrong


async def test_an_extension_is_given_once(world: World, admin: Api) -> None:
    await admin.put(f"/services/{uuid.uuid4()}", group(world))
    menu = {
        "id": "m",
        "extension": "30",
        "name": "Menü",
        "greeting": [],
        "choices": {"1": {"kind": "repeat"}},
    }
    refused = await admin.put(f"/services/{uuid.uuid4()}", service(world, "menu", menu))
    assert field(refused) == "settings.extension"


async def test_menus_must_lead_somewhere(world: World, admin: Api) -> None:
    menu = {"id": "m", "extension": "40", "name": "Menü", "greeting": [], "choices": {}}
    menu["choices"] = {"1": {"kind": "menu", "menu": "nowhere"}}
    answer = await admin.put(f"/services/{uuid.uuid4()}", service(world, "menu", menu))
    assert field(answer) == "settings.choices"


async def test_a_customer_has_one_attendant_and_its_calendar_stays(world: World, admin: Api) -> None:
    hours = {"0": [{"start": "08:00", "end": "17:00"}]}
    office = {"name": "Büro", "region": "BE", "week": hours}
    path = f"/services/{uuid.uuid4()}"
    made = await admin.put(path, service(world, "calendar", {"id": "office", "calendar": office}))
    assert made.status_code == 201, made.text
    attendant = {"to": "10", "calendar": "office"}
    first = await admin.put(f"/services/{uuid.uuid4()}", service(world, "attendant", attendant))
    assert first.status_code == 201, first.text
    second = await admin.put(f"/services/{uuid.uuid4()}", service(world, "attendant", {"to": "11"}))
    assert field(second) == "kind"
    assert await admin.delete(path) == 409


async def test_feature_codes_that_contradict_each_other_are_refused(world: World, admin: Api) -> None:
    body = service(world, "codes", {"changes": {"dnd": ["*21*1#"]}})
    assert field(await admin.put(f"/services/{uuid.uuid4()}", body)) == "settings"


async def test_barring_is_read_strictly(world: World, admin: Api) -> None:
    path = f"/services/{uuid.uuid4()}"
    wrong = service(world, "barring", {"everybody": {"reach": "moon"}})
    assert field(await admin.put(path, wrong)) == "settings.everybody.reach"
    right = service(world, "barring", {"everybody": {"reach": "national"}, "limits": {"user_calls": 5}})
    assert (await admin.put(path, right)).status_code == 201


async def test_a_park_slot_is_made_of_digits(world: World, admin: Api) -> None:
    body = service(world, "parking", {"slots": ["701", "front desk"]})
    assert field(await admin.put(f"/services/{uuid.uuid4()}", body)) == "settings.slots.1"


async def test_feature_codes_are_told_by_name(admin: Api) -> None:
    items = (await admin.get("/feature-codes"))["items"]
    dnd = next(item for item in items if item["id"] == "dnd")
    assert dnd == {
        "id": "dnd",
        "codes": ["*26#"],
        "name": {"de": "Anrufschutz ein", "en": "Do not disturb: on"},
    }


async def test_the_kind_stays_what_it_is(world: World, admin: Api) -> None:
    path = f"/services/{uuid.uuid4()}"
    await admin.put(path, group(world))
    body = service(world, "parking", {"slots": ["701"]})
    assert field(await admin.put(path, body, If_Match='"1"')) == "kind"
    assert slug(await admin.put(path, group(world), If_None_Match="*")) == "stale"
