"""Function keys over HTTP: the user's own, and by an administrator."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .world import World, build_world

DND = {"position": 1, "kind": "dnd"}
ANNA, ADMIN = "anna@north.example", "admin@north.example"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async for made in build_world(tmp_path):
        yield made


async def put(world: World, login: str, path: str, keys: list[dict[str, Any]], etag: str = "") -> Any:
    async with await world.signed_in(login) as client:
        headers = {"If-Match": etag} if etag else {}
        return await client.put(f"/api/v1{path}", json={"keys": keys}, headers=headers)


async def test_a_user_sets_up_the_own_keys_and_the_administrator_sees_them(world: World) -> None:
    north = world.customers["north"]
    async with await world.signed_in(ANNA) as client:
        empty = await client.get("/api/v1/me/keys")
    assert (empty.json()["items"], empty.json()["version"], "etag" in empty.headers) == ([], 0, False)
    made = await put(world, ANNA, "/me/keys", [DND])
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert north.id in world.telephony.reloaded
    async with await world.signed_in(ADMIN) as client:
        seen = (await client.get(f"/api/v1/users/{north.user_id}/keys")).json()
    (key,) = seen["items"]
    assert key["address"] == "sip:key.1@north.example"
    assert key["shown"] == "Anrufschutz"
    assert "linekey.1.value = key.1" in seen["phone_settings"]["yealink"]
    assert "blf sip:key.1@north.example" in seen["phone_settings"]["snom"]


async def test_two_who_change_the_same_keys_do_not_overwrite_each_other(world: World) -> None:
    path = f"/users/{world.customers['north'].user_id}/keys"
    assert (await put(world, ADMIN, path, [DND])).status_code == 201
    assert (await put(world, ADMIN, path, [DND])).status_code == 200
    assert (await put(world, ANNA, "/me/keys", [])).status_code == 428
    assert (await put(world, ANNA, "/me/keys", [], '"1"')).status_code == 200
    assert (await put(world, ADMIN, path, [DND], '"1"')).status_code == 412


async def test_a_key_that_names_nothing_is_refused_with_its_place(world: World) -> None:
    nobody = {"position": 2, "kind": "line", "target": "99"}
    refused = await put(world, ANNA, "/me/keys", [DND, nobody])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "keys.1.target"
    twice = await put(world, ANNA, "/me/keys", [DND, DND])
    assert twice.json()["errors"][0]["field"] == "keys.1.position"


@pytest.mark.feature("O7")
async def test_keys_are_in_the_audit_log_and_among_the_personal_data(world: World) -> None:
    north = world.customers["north"]
    await put(world, ANNA, "/me/keys", [DND])
    async with await world.signed_in(ADMIN) as client:
        entries = (await client.get("/api/v1/audit")).json()["items"]
        data = (await client.get(f"/api/v1/users/{north.user_id}/personal-data")).json()
    assert any(each["subject"] == "function-keys" and each["actor"] == ANNA for each in entries)
    assert [each["kind"] for each in data["function_keys"]] == ["dnd"]
