"""Signing in, throttling, cookies, problem details, headers, the browser's files."""

import httpx
import pytest

from .world import PASSWORD, World

LOGIN = "anna@north.example"


async def sign_in(client: httpx.AsyncClient, login: str = LOGIN, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/v1/session", json={"login": login, "password": password})


async def test_token_works_until_sign_out(world: World) -> None:
    async with world.client() as client:
        answer = await sign_in(client, login=" Anna@North.example ")
        body = answer.json()
        assert body["account"]["role"] == "user"
        assert body["account"]["user"]["extension"] == "10"
        assert body["account"]["organisation"]["domain"] == "north.example"
        client.cookies.clear()
        bearer = {"Authorization": f"Bearer {body['token']}"}
        assert (await client.get("/api/v1/session", headers=bearer)).status_code == 200
        assert (await client.delete("/api/v1/session", headers=bearer)).status_code == 204
        assert (await client.get("/api/v1/session", headers=bearer)).status_code == 401


async def test_cookie_is_fenced_in(world: World) -> None:
    async with world.client() as client:
        cookie = (await sign_in(client)).headers["set-cookie"]
        for attribute in ("HttpOnly", "Secure", "SameSite=strict"):
            assert attribute in cookie
        assert (await client.get("/api/v1/session")).status_code == 200
        refused = await client.patch("/api/v1/me", json={"language": "en"})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:stimme:problem:forbidden")
        allowed = await client.patch(
            "/api/v1/me", json={"language": "en"}, headers={"X-Requested-With": "stimme"}
        )
        assert allowed.json()["language"] == "en"
        assert (await client.get("/api/v1/session")).json()["language"] == "en"


async def test_wrong_password_and_unknown_login_look_alike(world: World) -> None:
    async with world.client() as client:
        wrong = await sign_in(client, password="wrong password")
        unknown = await sign_in(client, login="nobody@north.example")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_guessing_is_throttled_by_account_and_source(world: World) -> None:
    async with world.client() as client:
        for _ in range(5):
            assert (await sign_in(client, password="wrong password")).status_code == 401
        closed = await sign_in(client)
        assert closed.status_code == 429
        assert int(closed.headers["Retry-After"]) == 900
        assert (await sign_in(client, login="bert@north.example")).status_code == 200
        world.clock[0] += 901
        assert (await sign_in(client)).status_code == 200
        for number in range(30):
            assert (await sign_in(client, login=f"guess{number}", password="x")).status_code == 401
        assert (await sign_in(client, login="admin@north.example")).status_code == 429


async def test_validation_names_the_field(world: World) -> None:
    async with await world.signed_in(LOGIN) as client:
        problem = (await client.patch("/api/v1/me", json={"language": "fr"})).json()
        assert problem["status"] == 422
        assert problem["errors"][0]["field"] == "language"
        extra = (await client.patch("/api/v1/me", json={"language": "de", "role": "provider"})).json()
        assert extra["errors"][0]["field"] == "role"
        cursor = (await client.get("/api/v1/me/calls", params={"before": "%%%"})).json()
        assert cursor["errors"][0]["field"] == "before"
        limit = (await client.get("/api/v1/me/calls", params={"limit": 0})).json()
        assert limit["errors"][0]["field"] == "limit"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/users"])
async def test_unknown_addresses_are_problems(world: World, path: str) -> None:
    async with world.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_softphone_is_made_once_and_the_pbx_told(world: World) -> None:
    async with await world.signed_in(LOGIN) as client:
        first = (await client.get("/api/v1/me/softphone")).json()
        second = (await client.get("/api/v1/me/softphone")).json()
    assert first == second
    assert first["wss"] == "wss://pbx.example/sip"
    assert first["sip_uri"] == f"sip:{first['authorization_user']}@north.example"
    assert len(first["password"]) >= 24
    assert world.telephony.reloaded == [world.customers["north"].id]


async def test_health_needs_no_sign_in_and_says_what_is_down(world: World) -> None:
    async with world.client() as client:
        assert (await client.get("/api/v1/health")).json()["status"] == "ok"
        world.telephony.trunks = (2, 1)
        assert (await client.get("/api/v1/health")).json()["status"] == "degraded"
        world.telephony.engine_up = False
        answer = await client.get("/api/v1/health")
        assert (answer.status_code, answer.json()["engine"]) == (503, "down")


async def test_pages_and_headers_for_browsers(world: World) -> None:
    async with world.client() as client:
        for path in ("/", "/calls", "/settings/sound"):
            page = await client.get(path)
            assert "<title>stimme</title>" in page.text
            assert page.headers["cache-control"] == "no-cache"
        asset = await client.get("/assets/app-123.js")
        assert "immutable" in asset.headers["cache-control"]
        missing = await client.get("/assets/gone.js")
        assert missing.status_code == 404
        policy = page.headers["content-security-policy"]
        assert "connect-src 'self' wss://pbx.example" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "max-age" in page.headers["strict-transport-security"]
        escape = await client.get("/..%2f..%2fapi.db")
        assert b"SQLite" not in escape.content


async def test_call_lists_continue_page_by_page(world: World) -> None:
    async with await world.signed_in("root@provider.example") as client:
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 1, **({"before": cursor} if cursor else {})}
            page = (await client.get("/api/v1/call-records", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == ["call-south", "call-other", "call-north"]
        users: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2, **({"after": cursor} if cursor else {})}
            page = (await client.get("/api/v1/users", params=params)).json()
            users += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(users) == len(set(users)) == 6
