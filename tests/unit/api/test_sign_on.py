"""Single sign-on over the API: who gets in, as whom, and who does not."""

from typing import Any

import httpx
import pytest
from tests.unit.api.authenticator import Authenticator
from tests.unit.api.identity import CLIENT_ID, ISSUER, SECRET, IdentityServer
from tests.unit.api.world import PASSWORD, World

ADMIN = "admin@north.example"
BODY = {"name": "North", "issuer": ISSUER, "client_id": CLIENT_ID, "client_secret": SECRET}


@pytest.fixture
def server(world: World) -> IdentityServer:
    return world.identity


async def configure(world: World, login: str = ADMIN, owner: str = "north", **change: Any) -> httpx.Response:
    path = f"/api/v1/single-sign-on/{world.customers[owner].id}"
    async with await world.signed_in(login) as client:
        now = await client.get(path)
        tag = {"If-Match": now.headers["ETag"]} if now.is_success else {}
        return await client.put(path, json={**BODY, **change}, headers=tag)


async def begin(client: httpx.AsyncClient, domain: str = "north.example") -> str:
    """Where the browser is sent."""
    answer = await client.get(f"/api/v1/session/single-sign-on/{domain}")
    assert answer.status_code == 303
    return answer.headers["Location"]


async def come_back(client: httpx.AsyncClient, **query: str) -> str:
    """Where the browser is sent when it comes back."""
    answer = await client.get("/api/v1/session/callback", params=query)
    assert answer.status_code == 303
    return answer.headers["Location"]


async def signs_in(world: World, server: IdentityServer, domain: str = "north.example") -> tuple[str, str]:
    """Where a browser ends, and which login it has there."""
    async with world.client() as client:
        end = await come_back(client, **server.signs_in(await begin(client, domain)))
        session = await client.get("/api/v1/session")
        return end, session.json()["login"] if session.is_success else ""


async def test_a_verified_mail_address_finds_the_account_and_the_subject_keeps_it(
    world: World, server: IdentityServer
) -> None:
    assert (await configure(world)).status_code == 201
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")
    server.person["email"] = "married@north.example"
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")


async def test_the_session_is_one_of_a_browser(world: World, server: IdentityServer) -> None:
    await configure(world)
    async with world.client() as client:
        back = server.signs_in(await begin(client))
        answer = await client.get("/api/v1/session/callback", params=back)
        (cookie,) = (each for each in answer.headers.get_list("Set-Cookie") if "stimme_session=" in each)
        for attribute in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
            assert attribute.lower() in cookie.lower()
        assert (await client.patch("/api/v1/me", json={"language": "de"})).status_code == 403, "no header"


@pytest.mark.parametrize(
    ("person", "word"),
    [
        ({"email_verified": False}, "mail-missing"),
        ({"email_verified": None}, "mail-missing"),
        ({"email": None}, "mail-missing"),
        ({"email": "stranger@north.example"}, "no-account"),
        ({"email": "anna@south.example"}, "no-account"),
        ({"email": "root@provider.example"}, "no-account"),
        ({"email": "home@reseller.example"}, "no-account"),
    ],
)
async def test_strangers_and_people_of_others_do_not_get_in(
    world: World, server: IdentityServer, person: dict[str, Any], word: str
) -> None:
    await configure(world)
    server.userinfo = {"sub": "anna"}
    server.person |= person
    assert await signs_in(world, server) == (f"/#single-sign-on={word}", "")


async def test_a_customer_may_say_that_its_mail_addresses_are_verified(
    world: World, server: IdentityServer
) -> None:
    server.person["email_verified"] = None
    await configure(world, trust_mail=True)
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")


async def test_who_gets_a_colleague_s_mail_address_is_not_the_colleague(
    world: World, server: IdentityServer
) -> None:
    await configure(world)
    await signs_in(world, server)
    server.person["sub"] = "successor"
    assert await signs_in(world, server) == ("/#single-sign-on=linked-otherwise", "")
    links = f"/api/v1/single-sign-on/{world.customers['north'].id}/links"
    async with await world.signed_in(ADMIN) as client:
        (link,) = (await client.get(links)).json()["items"]
        assert (link["login"], link["subject"]) == ("anna@north.example", "anna")
        assert (await client.delete(f"{links}/{link['account_id']}")).status_code == 204
        assert (await client.get(links)).json()["items"] == []
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")


async def test_another_issuer_ends_the_links(world: World, server: IdentityServer) -> None:
    await configure(world)
    await signs_in(world, server)
    server.issuer = "https://login.example/realms/new"
    assert (await configure(world, issuer=server.issuer)).status_code == 200
    async with await world.signed_in(ADMIN) as client:
        links = await client.get(f"/api/v1/single-sign-on/{world.customers['north'].id}/links")
        assert links.json()["items"] == []


async def test_an_answer_counts_once_in_its_own_browser_and_for_ten_minutes(
    world: World, server: IdentityServer
) -> None:
    await configure(world)
    expired = "/#single-sign-on=expired"
    async with world.client() as victim, world.client() as attacker:
        back = server.signs_in(await begin(attacker))
        assert await come_back(victim, **back) == expired, "no cookie at all"
        await begin(victim)
        assert await come_back(victim, **back) == expired, "the cookie of another sign-in"
        assert await come_back(attacker, **back) == "/#single-sign-on=done"
        assert await come_back(attacker, **back) == expired, "used"
        late = server.signs_in(await begin(attacker))
        world.clock[0] += 601
        assert await come_back(attacker, **late) == expired
        assert await come_back(attacker) == expired


async def test_what_the_provider_refuses_is_refused(world: World, server: IdentityServer) -> None:
    await configure(world)
    refused = "/#single-sign-on=refused"
    async with world.client() as client:
        back = server.signs_in(await begin(client))
        assert await come_back(client, state=back["state"], error="access_denied") == refused
        back = server.signs_in(await begin(client))
        assert await come_back(client, **back, iss="https://other.example") == refused
        back = server.signs_in(await begin(client))
        assert await come_back(client, **{**back, "code": "guessed"}) == refused
        server.claims = {"nonce": "of another sign-in"}
        back = server.signs_in(await begin(client))
        assert await come_back(client, **back) == refused
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_browser_is_not_sent_to_nowhere(world: World, server: IdentityServer) -> None:
    async with world.client() as client:
        assert await begin(client) == "/#single-sign-on=unknown"
        assert await begin(client, "nobody.example") == "/#single-sign-on=unknown"
    await configure(world)
    server.down = True
    world.clock[0] += 4000
    async with world.client() as client:
        assert (await begin(client)) in ("/#single-sign-on=unreachable",)


async def test_configuration_is_checked_and_its_secret_stays_inside(
    world: World, server: IdentityServer
) -> None:
    bad = await configure(world, issuer="https://elsewhere.example")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "issuer")
    assert (await configure(world, issuer="http://login.example")).status_code == 422
    made = await configure(world)
    assert made.json()["redirect_uri"] == "https://pbx.example/api/v1/session/callback"
    assert SECRET not in made.text
    kept = {name: value for name, value in BODY.items() if name != "client_secret"}
    path = f"/api/v1/single-sign-on/{world.customers['north'].id}"
    async with await world.signed_in(ADMIN) as client:
        headers = {"If-Match": made.headers["ETag"]}
        assert (await client.put(path, json={**kept, "name": "New"}, headers=headers)).status_code == 200
        assert (await client.put(path, json={**kept, "name": "Newer"}, headers=headers)).status_code == 412
        log = (await client.get("/api/v1/audit")).text
        assert "identity-provider" in log
        assert SECRET not in log
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example"), (
        "the secret stayed"
    )
    async with await world.signed_in(ADMIN) as client:
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
    assert (await signs_in_is_unknown(world)) == "/#single-sign-on=unknown"


async def signs_in_is_unknown(world: World) -> str:
    async with world.client() as client:
        return await begin(client)


async def test_a_customer_may_have_its_people_sign_in_there_only(
    world: World, server: IdentityServer
) -> None:
    early = await configure(world, required=True)
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "sign-on-untried")
    assert (await configure(world)).json()["required"] is False
    early = await configure(world, required=True)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "required")
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")
    await world.signed_in(ADMIN)
    assert (await configure(world, required=True)).json()["required"] is True

    async def by_password(login: str, password: str = PASSWORD) -> tuple[int, str]:
        async with world.client() as client:
            answer = await client.post("/api/v1/session", json={"login": login, "password": password})
            return answer.status_code, answer.json().get("code", "")

    for login in ("anna@north.example", "bert@north.example", ADMIN):
        assert await by_password(login) == (403, "company-account-only")
        assert (await by_password(login, "wrong password"))[0] == 401
    for login in ("anna@south.example", "home@reseller.example", "root@provider.example"):
        assert (await by_password(login))[0] == 200
    assert await signs_in(world, server) == ("/#single-sign-on=done", "anna@north.example")
    server.issuer = "https://login.example/realms/new"
    moved = await configure(world, issuer=server.issuer, required=True)
    assert (moved.status_code, moved.json()["errors"][0]["field"]) == (422, "required")
    server.issuer = ISSUER
    assert (await configure(world, name="Renamed", required=True)).status_code == 200
    assert (await configure(world, login="home@reseller.example", required=False)).status_code == 200
    assert (await by_password(ADMIN))[0] == 200


async def test_a_passkey_is_no_way_around_the_company_account(world: World, server: IdentityServer) -> None:
    authenticator = Authenticator("https://pbx.example")
    async with await world.signed_in("anna@north.example") as client:
        begun = (await client.post("/api/v1/me/passkeys/options")).json()
        credential = authenticator.create(begun["options"])
        body = {"ceremony": begun["ceremony"], "name": "Key", "credential": credential}
        assert (await client.post("/api/v1/me/passkeys", json=body)).status_code == 201
    await configure(world)
    await signs_in(world, server)

    async def by_passkey() -> int:
        async with world.client() as client:
            begun = (await client.post("/api/v1/session/passkey/options")).json()
            proof = authenticator.get(begun["options"])
            body = {"ceremony": begun["ceremony"], "credential": proof}
            return (await client.post("/api/v1/session/passkey", json=body)).status_code

    assert await by_passkey() == 200
    assert (await configure(world, required=True)).status_code == 200
    assert await by_passkey() == 403


async def test_programs_cannot_set_who_signs_in(world: World) -> None:
    async with await world.signed_in(ADMIN) as client:
        body = {"name": "x", "scopes": ["configuration:read", "configuration:write"]}
        token = (await client.post("/api/v1/me/tokens", json=body)).json()["token"]
    path = f"/api/v1/single-sign-on/{world.customers['north'].id}"
    async with world.client(Authorization=f"Bearer {token}") as client:
        assert (await client.put(path, json=BODY)).status_code == 403
        assert (await client.get("/api/v1/users")).status_code == 200
