"""Setting up and selling over the API: versions, repeated requests, limits, refusals that name the field."""

import datetime
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from stimme.licensing.holding import DEMO_LIFE
from stimme.store.live import load_tenants

from .world import World

PROVIDER, RESELLER, ADMIN = "root@provider.example", "home@reseller.example", "admin@north.example"
ADDRESS = {"street": "Platz 1", "postcode": "10115", "city": "Berlin"}


class Api:
    """Requests of one account; each returns status, body and version."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self._client.get(f"/api/v1{path}", params=params)
        assert answer.is_success, answer.text
        return answer.json()

    async def put(self, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.put(f"/api/v1{path}", json=body, headers=sent)

    async def delete(self, path: str) -> int:
        return (await self._client.delete(f"/api/v1{path}")).status_code

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self._client.post(f"/api/v1{path}", json=body)


@pytest.fixture
async def api(world: World) -> AsyncIterator[dict[str, Api]]:
    async with AsyncExitStack() as stack:
        yield {
            login: Api(await stack.enter_async_context(await world.signed_in(login)))
            for login in (PROVIDER, RESELLER, ADMIN)
        }


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:stimme:problem:")


def field(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json()["errors"][0]["field"])


async def test_versions_keep_people_from_overwriting_each_other(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    path = f"/users/{uuid.uuid4()}"
    body = {"customer_id": world.customers["north"].id, "extension": "12", "name": "Cem", "package": "klare"}
    made = await admin.put(path, body)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    again = await admin.put(path, body)
    assert (again.status_code, again.headers["etag"]) == (200, '"1"')
    better = {**body, "name": "Cem Öz", "package": "volle"}
    assert (await admin.put(path, better)).status_code == 428
    changed = await admin.put(path, better, If_Match='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await admin.put(path, body, If_Match='"1"')
    assert (stale.status_code, slug(stale)) == (412, "stale")
    assert (await admin.put(path, better, If_None_Match="*")).status_code == 412
    assert field(await admin.put(path, better, If_Match="W/x")) == "If-Match"
    events = await admin.get(f"/customers/{body['customer_id']}/licence-events")
    assert [(one["kind"], one["quantity"]) for one in events["items"][:3]] == [
        ("volle", 2),
        ("klare", 1),
        ("klare", 2),
    ]
    assert world.telephony.reloaded == [body["customer_id"]] * 2
    entries = (await admin.get("/audit", subject_id=path.removeprefix("/users/")))["items"]
    assert [one["action"] for one in entries] == ["change", "create"]
    assert entries[0]["before"] == {"name": "Cem", "package": "klare"}
    assert entries[0]["actor"] == ADMIN


async def test_mistakes_name_their_field(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    north = world.customers["north"]
    user = {"customer_id": north.id, "extension": "12", "name": "Cem", "package": "klare"}

    async def refused(**change: Any) -> str:
        return field(await admin.put(f"/users/{uuid.uuid4()}", {**user, **change}))

    assert await refused(extension="10") == "extension"
    assert await refused(extension="1a") == "extension"
    assert await refused(number="030 123") == "number"
    assert await refused(number="+49302312110") == "number"  # Anna's
    assert await refused(number="+49302312255") == "number"  # of a block of South's
    assert await refused(package="gold") == "package"
    assert await refused(name=" ") == "name"
    assert await refused(site_id=str(uuid.uuid4())) == "site_id"
    assert await refused(colour="red") == "colour"
    moved = await admin.put(f"/trunks/{north.trunk_id}", {**user})
    assert field(moved) == "kind"
    block = {"trunk_id": north.trunk_id, "head": "+493023121", "extension_digits": 2}
    for head in ("+493023121", "+4930231212", "+493023122", "+49302312"):
        taken = await admin.put(f"/numbers/{uuid.uuid4()}", {**block, "head": head})
        assert field(taken) == "head", head  # north's own, inside it, south's, around both
    free = await admin.put(f"/numbers/{uuid.uuid4()}", {**block, "head": "+4930999"})
    assert free.status_code == 201


async def test_phones_get_a_password_once(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    path = f"/devices/{uuid.uuid4()}"
    made = await admin.put(path, {"user_id": world.customers["north"].user_id, "name": "Desk"})
    assert made.status_code == 201
    assert len(made.json()["password"]) == 24
    assert made.json()["sip_user"].startswith("10-")
    again = await admin.put(path, {"user_id": world.customers["north"].user_id, "name": "Desk"})
    assert (again.status_code, again.json()["password"]) == (200, None)
    renewed = (await admin.post(f"{path}/password")).json()
    assert renewed["password"] != made.json()["password"]
    assert "password" not in await admin.get(path)
    assert await admin.delete(path) == 204
    assert await admin.delete(path) == 404


async def test_a_phone_may_be_nobodys_and_costs_no_licence(world: World, api: dict[str, Api]) -> None:
    admin, north, south = api[ADMIN], world.customers["north"], world.customers["south"]
    before = (await admin.get(f"/customers/{north.id}"))["licences"]
    site_id, path = str(uuid.uuid4()), f"/devices/{uuid.uuid4()}"
    site = {"customer_id": north.id, "name": "Werk", **ADDRESS, "trunk_id": north.trunk_id}
    site |= {"emergency_number": "+4930231210"}
    assert (await admin.put(f"/sites/{site_id}", site)).status_code == 201
    free = {"customer_id": north.id, "site_id": site_id, "name": "Empfang"}
    made = await admin.put(path, free)
    assert made.status_code == 201, made.text
    assert made.json()["sip_user"].startswith("free-")
    assert (made.json()["user_id"], made.json()["site_id"]) == (None, site_id)
    assert (await admin.get(f"/customers/{north.id}"))["licences"] == before
    database = world.services.database
    (tenant,) = await load_tenants(database, world.services.directory.vault, only=north.id)
    device_id = made.json()["id"]
    assert tenant.devices[device_id].user_id is None
    assert tenant.desk_sites[device_id].number == "+4930231210"
    assert await admin.delete(f"/sites/{site_id}") == 409
    for body, wrong in (
        ({"name": "X"}, "customer_id"),
        ({"name": "X", "customer_id": south.id}, "customer_id"),
        ({"name": "X", "customer_id": south.id, "user_id": north.user_id}, "user_id"),
        ({"name": "X", "user_id": north.user_id, "site_id": site_id}, "site_id"),
        ({**free, "site_id": str(uuid.uuid4())}, "site_id"),
    ):
        assert field(await admin.put(f"/devices/{uuid.uuid4()}", body)) == wrong, body
    owned = await admin.put(path, {"user_id": north.user_id, "name": "Empfang"}, If_Match='"1"')
    assert (owned.status_code, owned.json()["user_id"], owned.json()["site_id"]) == (200, north.user_id, None)
    assert await admin.delete(f"/sites/{site_id}") == 204


async def test_a_site_has_one_trunk_and_its_own_emergency_number(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    north = world.customers["north"]
    site_id = str(uuid.uuid4())
    site = {"customer_id": north.id, "name": "Werk", **ADDRESS, "trunk_id": north.trunk_id}
    assert field(await admin.put(f"/sites/{site_id}", {**site, "emergency_number": "+4940123"})) == (
        "emergency_number"
    )
    made = await admin.put(f"/sites/{site_id}", {**site, "emergency_number": "+4930231210"})
    assert made.status_code == 201, made.text
    trunk = {"customer_id": north.id, "name": "Second", "kind": "static", "host": "sip.example"}
    second = str(uuid.uuid4())
    assert (await admin.put(f"/trunks/{second}", trunk)).status_code == 201
    moved = await admin.put(f"/sites/{site_id}", {**site, "trunk_id": second}, If_Match='"1"')
    assert (moved.status_code, moved.json()["trunk_id"]) == (200, second)
    assert await admin.delete(f"/trunks/{second}") == 409
    assert await admin.delete(f"/trunks/{north.trunk_id}") == 204


async def test_the_seventeenth_trunk_is_refused(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    customer = world.customers["north"].id
    body = {"customer_id": customer, "kind": "static", "host": "sip.example"}
    for number in range(2, 17):
        made = await admin.put(f"/trunks/{uuid.uuid4()}", {**body, "name": f"T{number}"})
        assert made.status_code == 201, made.text
    refused = await admin.put(f"/trunks/{uuid.uuid4()}", {**body, "name": "T17"})
    assert (refused.status_code, slug(refused)) == (409, "licence-limit")
    assert "at most 16 trunks" in refused.json()["detail"]
    assert (await admin.get(f"/customers/{customer}"))["licences"]["trunk"] == 15
    assert len((await admin.get("/trunks"))["items"]) == 16


async def test_a_customer_from_nothing_to_paying(world: World, api: dict[str, Api]) -> None:
    provider, reseller = api[PROVIDER], api[RESELLER]
    customer = str(uuid.uuid4())
    made = await reseller.put(f"/customers/{customer}", {"name": "Neu AG", "domain": "neu.example"})
    assert (made.status_code, made.json()["standing"]) == (201, "unlicensed")
    user = {"customer_id": customer, "extension": "10", "name": "A", "package": "klare"}
    early = await reseller.put(f"/users/{uuid.uuid4()}", user)
    assert (early.status_code, slug(early)) == (409, "licence-missing")
    licence = f"/customers/{customer}/licence"
    refused = await reseller.put(licence, {"base": "demo"})
    assert (refused.status_code, slug(refused)) == (403, "licence-right")
    demo = (await provider.put(licence, {"base": "demo"})).json()
    ends = datetime.datetime.fromisoformat(demo["demo_ends"])
    assert abs(ends - datetime.datetime.now(datetime.UTC) - DEMO_LIFE) < datetime.timedelta(minutes=5)
    for extension in ("10", "11", "12"):
        answer = await reseller.put(f"/users/{uuid.uuid4()}", {**user, "extension": extension})
        assert answer.status_code == 201
    fourth = await reseller.put(f"/users/{uuid.uuid4()}", {**user, "extension": "13"})
    assert (fourth.status_code, slug(fourth)) == (409, "licence-limit")
    paid = await reseller.put(licence, {"base": "base"})
    assert (paid.json()["standing"], paid.json()["licences"]) == ("licensed", {"base": 1, "klare": 3})
    assert (await reseller.put(licence, {"base": "base"})).status_code == 200
    back = await provider.put(licence, {"base": "demo"})
    assert (back.status_code, slug(back)) == (409, "licence-change")
    assert await reseller.delete(f"/customers/{customer}") == 409
    assert (await reseller.put(licence, {"base": None})).json()["standing"] == "unlicensed"
    unbilled = await reseller._client.delete(f"/api/v1/customers/{customer}")
    assert (unbilled.status_code, "not been billed" in unbilled.text) == (409, True)


@pytest.mark.feature("L2")
async def test_the_extended_licence_takes_a_gateway_and_gives_it_back(
    world: World, api: dict[str, Api]
) -> None:
    provider, reseller, admin = api[PROVIDER], api[RESELLER], api[ADMIN]
    north = world.customers["north"]
    site, gateway = str(uuid.uuid4()), str(uuid.uuid4())
    licence = f"/customers/{north.id}/licence"
    await admin.put(
        f"/sites/{site}", {"customer_id": north.id, "name": "W", **ADDRESS, "trunk_id": north.trunk_id}
    )
    stocked = await provider.put(f"/gateways/{gateway}", {"serial": "0123", "model": "IP411"})
    assert stocked.status_code == 201
    assert field(await reseller.put(licence, {"base": "extended_base"})) == "gateway_id"
    wanted = {"base": "extended_base", "gateway_id": gateway, "site_id": site}
    assert field(await reseller.put(licence, {**wanted, "gateway_id": str(uuid.uuid4())})) == "gateway_id"
    assert (await reseller.put(licence, wanted)).json()["base"] == "extended_base"
    (rented,) = (await admin.get("/gateways"))["items"]
    assert (rented["serial"], rented["site_id"]) == ("0123", site)
    assert await provider.delete(f"/gateways/{gateway}") == 409
    entries = (await admin.get("/audit", subject_id=gateway))["items"]
    assert entries[0]["after"] == {"customer_id": north.id, "site_id": site}
    assert (await reseller.put(licence, {"base": "base"})).json()["base"] == "base"
    assert (await admin.get("/gateways"))["items"] == []
    (free,) = (await provider.get("/gateways"))["items"]
    assert (free["customer_id"], free["site_id"]) == (None, None)


async def test_addresses_are_checked(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    path = f"/organisations/{world.customers['north'].id}/billing-address"
    body = {"name": "Nord GmbH", **ADDRESS}
    assert field(await admin.put(path, {**body, "country": "US"})) == "country"
    assert field(await admin.put(path, {**body, "iban": "DE02120300000000202052"})) == "iban"
    assert field(await admin.put(path, {**body, "vat_id": "DE123456789"})) == "vat_id"
    assert field(await admin.put(path, {**body, "email": "nobody"})) == "email"
    good = {**body, "iban": "DE02 1203 0000 0000 2020 51", "vat_id": "DE 136 695 976"}
    made = await admin.put(path, good)
    assert (made.status_code, made.json()["iban"]) == (201, "DE02120300000000202051")
    assert made.json()["vat_id"] == "DE136695976"
    assert (await admin.get(path))["version"] == 1
    assert (await admin.put(path, {**good, "city": "Köln"})).status_code == 428
    assert (await admin.put(path, {**good, "city": "Köln"}, If_Match='"1"')).json()["version"] == 2


async def test_lists_are_searched_and_paged(world: World, api: dict[str, Api]) -> None:
    reseller = api[RESELLER]
    for number in range(5):
        await reseller.put(
            f"/customers/{uuid.uuid4()}", {"name": f"Neu {number}%", "domain": f"neu{number}.example"}
        )
    assert [one["name"] for one in (await reseller.get("/customers", query="U 3%"))["items"]] == ["Neu 3%"]
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await reseller.get("/customers", limit=2, **after)
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert names == [*(f"Neu {number}%" for number in range(5)), "North", "South"]


async def test_a_user_is_handed_over_and_forgotten(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    anna = world.customers["north"].user_id
    data = await admin.get(f"/users/{anna}/personal-data")
    assert (data["user"]["extension"], len(data["call_list"])) == ("10", 1)
    assert await admin.delete(f"/users/{anna}?forget=true") == 204
    (record,) = (await admin.get("/call-records"))["items"]
    assert record["caller"] == {"number": None, "name": None, "user_id": None}


async def test_a_file_of_users_is_previewed_and_taken_as_a_whole(world: World, api: dict[str, Api]) -> None:
    admin = api[ADMIN]
    north = world.customers["north"].id
    path = f"/customers/{north}/user-import"

    async def send(lines: str, *, apply: bool = False) -> Any:
        answer = await admin.post(path, {"csv": lines, "apply": apply})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body["applied"], [(one["line"], one["action"], one["field"]) for one in body["items"]]

    heading = "Extension;Name;Package;Number\r\n"
    lines = ["10;Anna north;volle;+49302312110", "", "11;Bert N.;volle;", "12;Cem;klare;+4930555", ""]
    good = "\ufeff" + heading + "\r\n".join(lines)
    expected = [(2, "keep", None), (4, "change", None), (5, "create", None)]
    assert await send(good) == (False, expected)
    assert len((await admin.get("/users"))["items"]) == 2
    mistakes = good + "12;Dora;klare;\r\n13;Eva;gold;\r\n14;Falk;klare;+49302312299\r\n15;G;klare;;x\r\n"
    refused = [
        (6, "refuse", "extension"),
        (7, "refuse", "package"),
        (8, "refuse", "number"),
        (9, "refuse", None),
    ]
    assert await send(mistakes, apply=True) == (False, [*expected, *refused])
    assert len((await admin.get("/users"))["items"]) == 2
    assert world.telephony.reloaded == []
    assert await send(good, apply=True) == (True, expected)
    assert world.telephony.reloaded == [north]
    names = {one["extension"]: one["name"] for one in (await admin.get("/users"))["items"]}
    assert names == {"10": "Anna north", "11": "Bert N.", "12": "Cem"}
    assert (await admin.get(f"/customers/{north}"))["licences"] == {"base": 1, "klare": 1, "volle": 2}
    assert (await send(good, apply=True))[1] == [(2, "keep", None), (4, "keep", None), (5, "keep", None)]
    for wrong in ("", "name,package\n", "extension,name,package,colour\n", 'extension,name,package\n"1,2'):
        assert field(await admin.post(path, {"csv": wrong})) == "csv"
