"""Who gets what of calls, call lists and lists; ``test_tenancy`` tries every route."""

from .world import World

OWN = {
    "nobody": set(),
    "anna@north.example": {"north"},
    "bert@north.example": {"north"},
    "admin@north.example": {"north"},
    "home@reseller.example": {"north", "south"},
    "root@provider.example": {"north", "south", "other"},
}
NOBODY, USER, BERT, ADMIN, RESELLER, PROVIDER = OWN
ALL = (USER, BERT, ADMIN, RESELLER, PROVIDER)
ADMINS = (ADMIN, RESELLER, PROVIDER)

# method, path below /api/v1, accounts that get a 2xx; the others get the status that follows (401 for nobody)
ROUTES: list[tuple[str, str, tuple[str, ...], int]] = [
    ("GET", "/session", ALL, 0),
    ("PATCH", "/me", ALL, 0),
    ("GET", "/me/calls", (USER, BERT), 404),
    ("POST", "/me/calls/seen", (USER, BERT), 404),
    ("GET", "/directory", ALL, 0),
    ("GET", "/calls", ALL, 0),
    ("GET", "/users", ADMINS, 403),
    ("GET", "/devices", ADMINS, 403),
    ("GET", "/trunks", ADMINS, 403),
    ("GET", "/call-records", ADMINS, 403),
    ("POST", "/events/ticket", ALL, 0),
    ("DELETE", "/calls/live-call-north", (USER, ADMIN, RESELLER, PROVIDER), 404),
    ("DELETE", "/calls/live-call-south", (RESELLER, PROVIDER), 404),
    ("DELETE", "/calls/live-call-other", (PROVIDER,), 404),
    ("DELETE", "/session", ALL, 0),
]


async def test_each_role_gets_its_routes_and_no_other(world: World) -> None:
    for method, path, allowed, otherwise in ROUTES:
        for login in OWN:
            client = world.client() if login == NOBODY else await world.signed_in(login)
            async with client:
                body = {"language": "en"} if path == "/me" else None
                answer = await client.request(method, f"/api/v1{path}", json=body)
            if method == "DELETE" and path == "/session":
                world.tokens.pop(login, None)
            where = f"{login} {method} {path}: {answer.text}"
            if login in allowed:
                assert answer.is_success, where
            else:
                assert answer.status_code == (401 if login == NOBODY else otherwise), where
                assert answer.headers["content-type"] == "application/problem+json", where


async def test_lists_show_own_customers_only(world: World) -> None:
    for login, own in OWN.items():
        if login == NOBODY:
            continue
        expected = {world.customers[name].id for name in own}
        async with await world.signed_in(login) as client:
            if login in ADMINS:
                for path in ("users", "devices", "trunks", "call-records"):
                    items = (await client.get(f"/api/v1/{path}")).json()["items"]
                    assert {item["customer_id"] for item in items} == expected, (login, path)
            people = (await client.get("/api/v1/directory")).json()["items"]
            assert {person["user_id"] for person in people} == {
                user
                for name in own
                for user in (world.customers[name].user_id, world.customers[name].colleague_id)
            }
            calls = {call["call_id"] for call in (await client.get("/api/v1/calls")).json()["items"]}
            assert calls == (set() if login == BERT else {f"live-call-{name}" for name in own})


async def test_foreign_customer_filter_is_not_found(world: World) -> None:
    for login in ADMINS:
        async with await world.signed_in(login) as client:
            for name, customer in world.customers.items():
                for path in ("users", "devices", "trunks", "call-records"):
                    answer = await client.get(f"/api/v1/{path}", params={"customer_id": customer.id})
                    assert answer.status_code == (200 if name in OWN[login] else 404), (login, path, name)
                    if answer.is_success:
                        assert {item["customer_id"] for item in answer.json()["items"]} == {customer.id}


async def test_call_lists_are_private(world: World) -> None:
    async with await world.signed_in(BERT) as client:
        assert (await client.get("/api/v1/me/calls")).json() == {"items": [], "next": None}
    async with await world.signed_in(USER) as client:
        (entry,) = (await client.get("/api/v1/me/calls")).json()["items"]
        assert entry["call_id"] == "call-north"
        assert entry["seen"] is False
        await client.post("/api/v1/me/calls/seen")
        (entry,) = (await client.get("/api/v1/me/calls")).json()["items"]
        assert entry["seen"] is True


async def test_secrets_are_in_no_list(world: World) -> None:
    async with await world.signed_in(PROVIDER) as client:
        for path in ("users", "devices", "trunks", "call-records"):
            text = (await client.get(f"/api/v1/{path}")).text
            assert "secret" not in text
            assert "password" not in text


async def test_lists_are_searched(world: World) -> None:
    async with await world.signed_in(ADMIN) as client:

        async def found(path: str, query: str) -> list[str]:
            items = (await client.get(f"/api/v1/{path}", params={"query": query})).json()["items"]
            return [str(item["name"]) for item in items]

        assert await found("users", "BERT") == ["Bert north"]
        assert await found("users", "+493023121") == ["Anna north"]
        assert await found("users", "%") == []
        assert await found("devices", "north-1") == [""]
        assert await found("trunks", "127.0") == ["Provider"]
        assert await found("trunks", "_") == []
