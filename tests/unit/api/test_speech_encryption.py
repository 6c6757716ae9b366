"""Whether speech is encrypted (SRTP): what is said of telephones and trunks, and what call control gets."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stimme.pbx.model import Tenant
from stimme.sip.srtp_keys import Srtp
from stimme.store.live import load_tenants

from .world import World

ADMIN = "admin@north.example"


@pytest.fixture
async def admin(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with await world.signed_in(ADMIN) as client:
        client.base_url = client.base_url.join("/api/v1/")
        yield client


async def north(world: World) -> Tenant:
    """The customer as call control reads it."""
    services = world.services
    wanted = world.customers["north"].id
    (tenant,) = await load_tenants(services.database, services.directory.vault, only=wanted)
    return tenant


async def change(admin: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    """Put a new version of what is there."""
    etag = (await admin.get(path)).headers["ETag"]
    return await admin.put(path, json=body, headers={"If-Match": etag})


def refusal(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["field"], error["code"]


async def test_a_telephone_is_offered_keys_unless_said_otherwise(
    world: World, admin: httpx.AsyncClient
) -> None:
    device_id = str(uuid.uuid4())
    path, body = f"devices/{device_id}", {"user_id": world.customers["north"].user_id, "name": "Desk"}
    made = await admin.put(path, json=body)
    assert (made.status_code, made.json()["srtp"]) == (201, "prefer")
    assert (await north(world)).devices[device_id].srtp is Srtp.PREFER
    changed = await change(admin, path, {**body, "srtp": "require"})
    assert (changed.status_code, changed.json()["srtp"], changed.json()["version"]) == (200, "require", 2)
    assert world.telephony.reloaded[-1] == world.customers["north"].id
    assert (await admin.get(path)).json()["srtp"] == "require"
    assert (await north(world)).devices[device_id].srtp is Srtp.REQUIRE
    entry = (await admin.get("audit", params={"subject_id": device_id})).json()["items"][0]
    assert (entry["before"], entry["after"]) == ({"srtp": "prefer"}, {"srtp": "require"})
    assert refusal(await change(admin, path, {**body, "srtp": "always"})) == ("srtp", "none-of")
    await change(admin, path, {**body, "srtp": "accept"})
    assert (await north(world)).devices[device_id].srtp is Srtp.ACCEPT


async def test_a_browser_has_no_such_setting(world: World, admin: httpx.AsyncClient) -> None:
    async with await world.signed_in("anna@north.example") as anna:
        assert (await anna.get("/api/v1/me/softphone")).is_success
    items = (await admin.get("devices")).json()["items"]
    assert {item["kind"]: item["srtp"] for item in items} == {"phone": "prefer", "web": None}


async def test_a_trunk_requires_keys_over_tls_only(world: World, admin: httpx.AsyncClient) -> None:
    trunk_id, customer = str(uuid.uuid4()), {"customer_id": world.customers["north"].id}
    path = f"trunks/{trunk_id}"
    body = {**customer, "name": "Second", "kind": "static", "host": "sip.example"}
    secure = {**body, "transport": "tls", "srtp": "require"}
    for transport in ("udp", "tcp"):
        refused = await admin.put(path, json={**secure, "transport": transport})
        assert refusal(refused) == ("srtp", "srtp-needs-tls")
    made = await admin.put(path, json=body)
    assert (made.status_code, made.json()["srtp"]) == (201, "accept")
    assert (await north(world)).trunks[trunk_id].srtp is Srtp.ACCEPT
    assert refusal(await change(admin, path, {**body, "srtp": "require"})) == ("srtp", "srtp-needs-tls")
    changed = await change(admin, path, secure)
    assert (changed.status_code, changed.json()["srtp"]) == (200, "require")
    assert world.telephony.reloaded[-1] == customer["customer_id"]
    listed = {item["id"]: item["srtp"] for item in (await admin.get("trunks")).json()["items"]}
    assert listed == {trunk_id: "require", world.customers["north"].trunk_id: "accept"}
    assert (await north(world)).trunks[trunk_id].srtp is Srtp.REQUIRE
    assert refusal(await change(admin, path, {**secure, "transport": "udp"})) == ("srtp", "srtp-needs-tls")
    offered = await change(admin, path, {**body, "srtp": "prefer"})
    assert (offered.status_code, (await north(world)).trunks[trunk_id].srtp) == (200, Srtp.PREFER)


async def test_other_customers_cannot_be_told_or_changed(world: World, admin: httpx.AsyncClient) -> None:
    south = world.customers["south"]
    device, trunk = f"devices/{south.device_id}", f"trunks/{south.trunk_id}"
    for path in (device, trunk):
        assert (await admin.get(path)).status_code == 404
    telephone = {"customer_id": world.customers["north"].id, "srtp": "accept"}
    line = {**telephone, "name": "T", "kind": "static", "host": "h", "transport": "tls", "srtp": "require"}
    for path, body in ((device, telephone), (trunk, line)):
        answer = await admin.put(path, json=body, headers={"If-Match": '"1"'})
        assert not answer.is_success, path
    async with await world.signed_in("admin@south.example") as theirs:
        assert (await theirs.get(f"/api/v1/{device}")).json()["srtp"] == "prefer"
        assert (await theirs.get(f"/api/v1/{trunk}")).json()["srtp"] == "accept"
