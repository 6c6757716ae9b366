"""Staff with named rights: every route by every right, and who may give which."""

import uuid
from typing import Any

import httpx
import pytest

from stimme.store.rights import Right

from .test_tenancy import LOWEST, OPEN, Estate, call, estate
from .world import PASSWORD, World

__all__ = ["estate"]  # the fixture

P, B, S, A = Right.PROVISIONING, Right.BILLING, Right.SUPPORT, Right.ACCOUNTS
EVERYBODY = frozenset(Right)
READ_CONFIGURATION, CONFIGURATION = frozenset({P, S}), frozenset({P})
# Whose routes these are, by the first part of the address: for reading, for writing. Exceptions are below;
# what is not named is configuration.
FAMILIES: dict[str, tuple[frozenset[Right], frozenset[Right]]] = {
    "me": (EVERYBODY, EVERYBODY),
    "session": (EVERYBODY, EVERYBODY),
    "prompts": (EVERYBODY, EVERYBODY),
    "events": (EVERYBODY, EVERYBODY),
    "single-sign-on": (frozenset(), frozenset()),
    "mail-server": (frozenset(), frozenset()),
    **dict.fromkeys(
        ("accounts", "invitations", "letters", "audit", "call-recordings"), (frozenset({A}), frozenset({A}))
    ),
    **dict.fromkeys(("prices", "vat-rates", "months", "invoices"), (frozenset({B}), frozenset({B}))),
    "organisations": (frozenset({B, P, S}), frozenset({B})),
    **dict.fromkeys(("calls", "call-records"), (frozenset({S}), frozenset({S}))),
    **dict.fromkeys(("customers", "resellers"), (READ_CONFIGURATION, CONFIGURATION)),
}
EXCEPTIONS: dict[tuple[str, str], frozenset[Right]] = {
    ("GET", "/customers"): EVERYBODY,
    ("GET", "/customers/{customer_id}"): EVERYBODY,
    ("GET", "/resellers"): EVERYBODY,
    ("GET", "/resellers/{reseller_id}"): EVERYBODY,
    ("GET", "/customers/{customer_id}/licence-events"): frozenset({B, P, S}),
    ("GET", "/users/{user_id}/personal-data"): frozenset({A}),
    ("POST", "/trunks/{trunk_id}/test"): frozenset({P, S}),
}


def sufficient(route: tuple[str, str]) -> frozenset[Right]:
    method, path = route
    read, write = FAMILIES.get(path.split("/")[1], (READ_CONFIGURATION, CONFIGURATION))
    return EXCEPTIONS.get(route, read if method == "GET" else write)


async def hire(world: World, organisation_id: str, role: Any, login: str, *rights: Right) -> None:
    await world.provisioning.create_account(organisation_id, role, login, PASSWORD, rights=rights)


async def provider_id(world: World) -> str:
    async with await world.signed_in("root@provider.example") as client:
        return str((await client.get("/api/v1/session")).json()["organisation"]["id"])


def is_refused(status: int, what: str) -> bool:
    return status == 403 and "right-missing" in what


@pytest.mark.feature("L8")
async def test_every_route_by_every_right(estate: Estate) -> None:
    organisation = await provider_id(estate.world)
    logins = {right: f"{right}@provider.example" for right in Right}
    for right, login in logins.items():
        await hire(estate.world, organisation, "provider", login, right)
    await hire(estate.world, organisation, "provider", "none@provider.example")
    for route, lowest in LOWEST.items():
        if lowest == OPEN:
            continue
        for right, login in logins.items():
            status, what = await call(estate, login, route, "north")
            assert is_refused(status, what) is (right not in sufficient(route)), what
        status, what = await call(estate, "none@provider.example", route, "north")
        assert is_refused(status, what) is not route[1].startswith(("/session", "/me")), what


async def test_rights_come_on_top_of_role_and_tenancy(estate: Estate) -> None:
    north = estate.things["north"]["customer_id"]
    await hire(estate.world, north, "customer", "clerk@north.example", Right.BILLING)
    for route in (("GET", "/prices"), ("PUT", "/months/{month}/closing")):
        status, what = await call(estate, "clerk@north.example", route, "north")
        assert status == 403, what
        assert not is_refused(status, what), "the role is too low"
    invoice = ("GET", "/invoices/{number}")
    assert (await call(estate, "clerk@north.example", invoice, "north"))[0] == 200
    assert (await call(estate, "clerk@north.example", invoice, "south"))[0] == 404


async def rights_of(client: httpx.AsyncClient, login: str) -> dict[str, Any]:
    items = (await client.get("/api/v1/accounts")).json()["items"]
    return next(each for each in items if each["login"] == login)


async def test_rights_are_given_seen_and_count_at_once(world: World) -> None:
    north = world.customers["north"].id
    await world.provisioning.create_account(north, "customer", "new@north.example", PASSWORD)
    async with (
        await world.signed_in("admin@north.example") as admin,
        await world.signed_in("new@north.example") as new,
    ):
        assert (await new.get("/api/v1/session")).json()["rights"] is None
        assert (await new.get("/api/v1/users")).status_code == 200
        account = await rights_of(admin, "new@north.example")
        path = f"/api/v1/accounts/{account['id']}"
        answer = await admin.put(f"{path}/rights", json={"rights": ["billing"]})
        assert (answer.status_code, answer.json()["rights"]) == (200, ["billing"])
        assert (await new.get("/api/v1/session")).json()["rights"] == ["billing"]
        refused = (await new.get("/api/v1/users")).json()
        assert refused["type"] == "urn:stimme:problem:right-missing"
        assert "provisioning or support" in refused["detail"]
        assert (await admin.put(f"{path}/rights", json={"rights": ["x"]})).status_code == 422
        assert (await admin.delete(path)).status_code == 204
        assert (await new.get("/api/v1/session")).status_code == 401
        log = (await admin.get("/api/v1/audit")).json()["items"]
        assert log[0]["action"] == "delete"
        assert log[1]["after"] == {"rights": ["billing"]}


async def test_nobody_gives_or_takes_more_than_he_has(world: World) -> None:
    north = world.customers["north"].id
    await hire(world, north, "customer", "head@north.example", Right.ACCOUNTS, Right.SUPPORT)
    await hire(world, north, "customer", "clerk@north.example", Right.BILLING)
    await hire(world, north, "customer", "help@north.example", Right.SUPPORT)
    invitation = {"organisation_id": north, "role": "customer"}
    async with await world.signed_in("head@north.example") as head:
        ids = {one["login"]: one["id"] for one in (await head.get("/api/v1/accounts")).json()["items"]}

        async def give(login: str, rights: list[str] | None) -> httpx.Response:
            return await head.put(f"/api/v1/accounts/{ids[login]}/rights", json={"rights": rights})

        assert (await give("help@north.example", ["accounts"])).status_code == 200
        for rights in (None, ["billing"], ["support", "billing"]):
            assert (await give("help@north.example", rights)).status_code == 422, rights
        for login in ("clerk@north.example", "admin@north.example"):
            assert (await give(login, ["support"])).status_code == 422, "has rights that the head lacks"
            assert (await head.delete(f"/api/v1/accounts/{ids[login]}")).status_code == 422
        assert (await give("head@north.example", ["accounts"])).status_code == 409, "the own account"
        assert (await give("anna@north.example", ["support"])).status_code == 422, "a user"
        for rights, status in ((None, 422), (["billing"], 422), (["support"], 201)):
            body = {**invitation, "login": f"{uuid.uuid4()}@north.example", "rights": rights}
            assert (await head.post("/api/v1/invitations", json=body)).status_code == status, rights
        user = {**invitation, "role": "user", "user_id": world.customers["north"].user_id}
        body = {**user, "login": "u@north.example", "rights": ["support"]}
        assert (await head.post("/api/v1/invitations", json=body)).status_code == 422
        assert (await head.delete(f"/api/v1/accounts/{ids['anna@north.example']}")).status_code == 204


async def test_an_invitation_carries_its_rights(world: World) -> None:
    body = {
        "organisation_id": world.customers["north"].id,
        "role": "customer",
        "login": "new@north.example",
        "rights": ["support", "billing"],
    }
    async with await world.signed_in("admin@north.example") as admin:
        token = (await admin.post("/api/v1/invitations", json=body)).json()["token"]
    async with world.client() as client:
        accepted = {"token": token, "password": PASSWORD}
        assert (await client.post("/api/v1/invitations/accept", json=accepted)).status_code == 200
    async with await world.signed_in("new@north.example") as new:
        assert (await new.get("/api/v1/session")).json()["rights"] == ["billing", "support"]


async def test_the_last_account_with_all_rights_stays_and_higher_ones_are_not_there(world: World) -> None:
    reseller = await reseller_of(world)
    await hire(world, reseller, "reseller", "head@reseller.example", Right.ACCOUNTS)
    async with await world.signed_in("root@provider.example") as root:
        only = await rights_of(root, "home@reseller.example")
        path = f"/api/v1/accounts/{only['id']}"
        assert (await root.delete(path)).status_code == 409
        assert (await root.put(f"{path}/rights", json={"rights": ["support"]})).status_code == 409
        other = await rights_of(root, "head@reseller.example")
        more = {"rights": None}
        assert (await root.put(f"/api/v1/accounts/{other['id']}/rights", json=more)).status_code == 200
        assert (await root.put(f"{path}/rights", json={"rights": ["support"]})).status_code == 200
        own = await rights_of(root, "root@provider.example")
        assert (await root.delete(f"/api/v1/accounts/{own['id']}")).status_code == 409
    async with await world.signed_in("admin@north.example") as admin:
        assert (await admin.delete(f"/api/v1/accounts/{own['id']}")).status_code == 404


async def reseller_of(world: World) -> str:
    async with await world.signed_in("home@reseller.example") as client:
        return str((await client.get("/api/v1/session")).json()["organisation"]["id"])


@pytest.mark.parametrize(("right", "reaches"), [(Right.BILLING, False), (Right.PROVISIONING, True)])
async def test_a_token_of_staff_has_no_more_than_its_rights(
    world: World, right: Right, reaches: bool
) -> None:
    await hire(world, world.customers["north"].id, "customer", "staff@north.example", right)
    async with await world.signed_in("staff@north.example") as client:
        body = {"name": "x", "scopes": ["configuration:read"]}
        token = (await client.post("/api/v1/me/tokens", json=body)).json()["token"]
    async with world.client(Authorization=f"Bearer {token}") as client:
        assert (await client.get("/api/v1/users")).is_success is reaches
