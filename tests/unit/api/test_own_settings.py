"""Own settings and calls that a program places for its user."""

from .world import World

ALWAYS = {"kind": "always", "number": "11", "origin": "any", "seconds": 20}
FENCE = {"X-Requested-With": "stimme"}


async def test_settings_are_replaced_and_read(world: World) -> None:
    async with await world.signed_in("anna@north.example") as client:
        defaults = (await client.get("/api/v1/me/settings")).json()
        assert defaults == {"diversions": [], "dnd": False, "call_waiting": True, "clir": False}
        wanted = {**defaults, "diversions": [ALWAYS], "dnd": True}
        answer = await client.put("/api/v1/me/settings", json=wanted, headers=FENCE)
        assert (answer.status_code, answer.json()) == (200, wanted)
        assert (await client.get("/api/v1/me/settings")).json() == wanted


async def test_settings_that_nobody_may_make_are_refused(world: World) -> None:
    async with await world.signed_in("anna@north.example") as client:
        for diversion in ({**ALWAYS, "number": "112"}, {**ALWAYS, "seconds": 1}, {**ALWAYS, "kind": "never"}):
            answer = await client.put("/api/v1/me/settings", json={"diversions": [diversion]}, headers=FENCE)
            assert answer.status_code == 422, diversion
        assert (await client.get("/api/v1/me/settings")).json()["diversions"] == []


async def test_an_administrator_sets_them_for_a_user(world: World) -> None:
    north, south = world.customers["north"], world.customers["south"]
    async with await world.signed_in("admin@north.example") as client:
        path = f"/api/v1/users/{north.user_id}/settings"
        wanted = {**(await client.get(path)).json(), "diversions": [ALWAYS]}
        assert (await client.put(path, json=wanted, headers=FENCE)).json() == wanted
        refused = await client.put(path, json={"diversions": [{**ALWAYS, "number": "112"}]}, headers=FENCE)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "diversions")
        foreign = f"/api/v1/users/{south.user_id}/settings"
        assert (await client.put(foreign, json=wanted, headers=FENCE)).status_code == 404
    async with await world.signed_in("anna@north.example") as client:
        assert (await client.get("/api/v1/me/settings")).json() == wanted


async def test_call_is_placed_or_the_reason_is_told(world: World) -> None:
    async with await world.signed_in("anna@north.example") as client:
        answer = await client.post("/api/v1/calls", json={"number": "11"}, headers=FENCE)
        assert (answer.status_code, answer.json()["state"]) == (201, "ringing")
        gone = await client.post("/api/v1/calls", json={"number": "11", "device_id": "x"}, headers=FENCE)
        assert (gone.status_code, gone.json()["type"]) == (409, "urn:stimme:problem:not-reachable")
        wrong = await client.post("/api/v1/calls", json={"number": "sip:a@b"}, headers=FENCE)
        assert wrong.status_code == 422


async def test_account_without_extension_has_neither(world: World) -> None:
    async with await world.signed_in("admin@north.example") as client:
        assert (await client.get("/api/v1/me/settings")).status_code == 404
        assert (await client.post("/api/v1/calls", json={"number": "11"}, headers=FENCE)).status_code == 404
