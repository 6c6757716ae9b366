"""Second factors, passkeys, tokens, sessions, invitations."""

import datetime
from dataclasses import replace

import httpx
import pyotp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from stimme.api.application import create_api
from stimme.api.scopes import SCOPES, allowed
from stimme.api.server import HttpServer
from stimme.api.sockets import CLOSE_UNAUTHENTICATED

from .authenticator import Authenticator
from .world import PASSWORD, START, FakeEvent, World

LOGIN, ADMIN = "anna@north.example", "admin@north.example"
ORIGIN = "https://pbx.example"


def at(world: World, when: list[datetime.datetime]) -> World:
    """The same world with a wall clock that the test moves."""
    services = replace(world.services, now=lambda: when[0])
    return replace(world, services=services, app=create_api(services), tokens={})


async def sign_in(world: World, **more: str) -> httpx.Response:
    async with world.client() as client:
        return await client.post("/api/v1/session", json={"login": LOGIN, "password": PASSWORD, **more})


async def test_one_time_codes(world: World) -> None:
    when = [START]
    world = at(world, when)
    async with await world.signed_in(LOGIN) as client:
        assert (await client.get("/api/v1/me/totp")).json() == {"on": False}
        made = (await client.post("/api/v1/me/totp")).json()
        assert made["uri"].startswith("otpauth://totp/stimme:anna%40north.example?")
        totp = pyotp.TOTP(made["secret"])
        assert (await sign_in(world)).status_code == 200
        wrong = await client.post("/api/v1/me/totp/confirmation", json={"code": "000000"})
        assert wrong.json()["errors"][0]["field"] == "code"
        confirmed = await client.post("/api/v1/me/totp/confirmation", json={"code": totp.at(START)})
        codes = confirmed.json()["codes"]
        assert len(set(codes)) == 10
        assert (await client.post("/api/v1/me/totp")).status_code == 409
    missing = await sign_in(world)
    assert (missing.status_code, missing.json()["type"]) == (401, "urn:stimme:problem:second-factor")
    used = await sign_in(world, code=totp.at(START))
    assert used.status_code == 401  # spent by the confirmation
    when[0] += datetime.timedelta(seconds=30)
    assert (await sign_in(world, code=totp.at(when[0]))).status_code == 200
    when[0] += datetime.timedelta(seconds=60)
    assert (await sign_in(world, code=totp.at(START))).status_code == 401  # too old
    world.clock[0] += 901
    assert (await sign_in(world, code=codes[0].upper())).status_code == 200
    assert (await sign_in(world, code=codes[0])).status_code == 401
    async with await world.signed_in(ADMIN) as client:
        entries = (await client.get("/api/v1/audit")).json()["items"]
        assert {one["subject"] for one in entries} >= {"totp"}
        assert made["secret"] not in str(entries)
    answer = await sign_in(world, code=codes[1])
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    async with world.client(**bearer) as client:
        refused = await client.post("/api/v1/me/totp/removal", json={"current": "not this one"})
        assert refused.json()["errors"][0]["field"] == "current"
        assert (await client.post("/api/v1/me/totp/removal", json={"current": PASSWORD})).status_code == 204
    assert (await sign_in(world)).status_code == 200


async def test_wrong_codes_are_throttled_like_wrong_passwords(world: World) -> None:
    async with await world.signed_in(LOGIN) as client:
        made = (await client.post("/api/v1/me/totp")).json()
        now = pyotp.TOTP(made["secret"]).now()
        await client.post("/api/v1/me/totp/confirmation", json={"code": now})
    answers = [(await sign_in(world, code=f"{number:06}")).status_code for number in range(7)]
    assert answers == [401] * 5 + [429] * 2


async def test_a_passkey_stands_for_login_and_password(world: World) -> None:
    key = Authenticator(ORIGIN)
    async with await world.signed_in(LOGIN) as client:
        begun = (await client.post("/api/v1/me/passkeys/options")).json()
        assert begun["options"]["authenticatorSelection"]["userVerification"] == "required"
        body = {"ceremony": begun["ceremony"], "name": "Telefon", "credential": key.create(begun["options"])}
        made = await client.post("/api/v1/me/passkeys", json=body)
        assert made.status_code == 201, made.text
        again = await client.post("/api/v1/me/passkeys", json=body)
        assert again.json()["errors"][0]["field"] == "credential"  # a challenge is good once
    async with world.client() as client:
        begun = (await client.post("/api/v1/session/passkey/options")).json()
        answer = {"ceremony": begun["ceremony"], "credential": key.get(begun["options"])}
        signed = await client.post("/api/v1/session/passkey", json=answer)
        assert signed.json()["account"]["login"] == LOGIN
        assert "stimme_session" in signed.headers["set-cookie"]
        assert (await client.post("/api/v1/session/passkey", json=answer)).status_code == 401
        for wrong in ("unverified", "other origin", "stranger", "late"):
            begun = (await client.post("/api/v1/session/passkey/options")).json()
            credential = key.get(begun["options"], verified=wrong != "unverified")
            if wrong == "other origin":
                key._origin = "https://pbx.example.evil"
                credential = key.get(begun["options"])
                key._origin = ORIGIN
            elif wrong == "stranger":
                credential = Authenticator(ORIGIN).get(begun["options"])
            elif wrong == "late":
                world.clock[0] += 301
            body = {"ceremony": begun["ceremony"], "credential": credential}
            assert (await client.post("/api/v1/session/passkey", json=body)).status_code == 401, wrong
    async with await world.signed_in(LOGIN) as client:
        (item,) = (await client.get("/api/v1/me/passkeys")).json()["items"]
        assert (item["name"], item["used_at"] is not None) == ("Telefon", True)
        async with await world.signed_in(ADMIN) as other:
            assert (await other.delete(f"/api/v1/me/passkeys/{item['id']}")).status_code == 404
        assert (await client.delete(f"/api/v1/me/passkeys/{item['id']}")).status_code == 204


async def test_tokens_reach_as_far_as_their_scopes(world: World) -> None:
    when = [START]
    world = at(world, when)
    async with await world.signed_in(ADMIN) as client:
        body = {
            "name": "Report",
            "scopes": ["calls:read"],
            "expires_at": (START + datetime.timedelta(days=1)).isoformat(),
        }
        made = (await client.post("/api/v1/me/tokens", json=body)).json()
        assert made["token"].startswith("stimme_")
        unknown = await client.post("/api/v1/me/tokens", json={"name": "x", "scopes": ["everything"]})
        assert unknown.status_code == 422
        listed = (await client.get("/api/v1/me/tokens")).json()["items"]
        assert [one["name"] for one in listed] == ["Report"]
        assert "token" not in listed[0]
    async with world.client(Authorization=f"Bearer {made['token']}") as program:
        reached = {
            path: (await program.get(f"/api/v1{path}")).status_code
            for path in ("/call-records", "/session", "/users", "/invoices", "/me/tokens", "/me/sessions")
        }
        assert reached == {
            "/call-records": 200,
            "/session": 200,
            "/users": 403,
            "/invoices": 403,
            "/me/tokens": 403,
            "/me/sessions": 403,
        }
        assert (await program.delete("/api/v1/calls/live-call-north")).status_code == 403
        when[0] += datetime.timedelta(days=2)
        assert (await program.get("/api/v1/call-records")).status_code == 401
        when[0] = START
        async with await world.signed_in(LOGIN) as other:
            assert (await other.delete(f"/api/v1/me/tokens/{made['id']}")).status_code == 404
        async with await world.signed_in(ADMIN) as client:
            assert (await client.delete(f"/api/v1/me/tokens/{made['id']}")).status_code == 204
        assert (await program.get("/api/v1/call-records")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/call-records", "calls:read"),
        ("DELETE", "/calls/1", "calls:write"),
        ("GET", "/events", "calls:read"),
        ("PUT", "/users/1", "configuration:write"),
        ("GET", "/anything-new", "configuration:read"),
        ("GET", "/months/2026-11", "billing:read"),
        ("PUT", "/months/2026-11/closing", "billing:write"),
        ("PUT", "/me/password", None),
        ("POST", "/me/tokens", None),
        ("DELETE", "/session", None),
        ("POST", "/invitations", None),
        ("GET", "/meadow", "configuration:read"),
    ],
)
def test_each_request_needs_exactly_one_scope(method: str, path: str, scope: str | None) -> None:
    enough = {one for one in SCOPES if allowed(frozenset({one}), method, path)}
    assert enough == ({scope} if scope else set())


async def test_sessions_are_listed_and_revoked(world: World) -> None:
    async with world.client(**{"User-Agent": "Browser of Anna"}) as browser:
        await browser.post("/api/v1/session", json={"login": LOGIN, "password": PASSWORD})
        async with await world.signed_in(LOGIN) as client:
            sessions = (await client.get("/api/v1/me/sessions")).json()["items"]
            assert {one["agent"] for one in sessions} >= {"Browser of Anna"}
            (current,) = [one for one in sessions if one["current"]]
            (lost,) = [one for one in sessions if one["agent"] == "Browser of Anna"]
            assert current["id"] != lost["id"]
            async with await world.signed_in(ADMIN) as other:
                assert (await other.delete(f"/api/v1/me/sessions/{lost['id']}")).status_code == 404
            assert (await client.delete("/api/v1/me/sessions/%25%25%25%25")).status_code == 404
            assert (await client.delete(f"/api/v1/me/sessions/{lost['id']}")).status_code == 204
        assert (await browser.get("/api/v1/session")).status_code == 401


async def test_revoking_ends_an_open_event_stream_at_once(world: World) -> None:
    server = HttpServer(world.app)
    host, port = await server.start("127.0.0.1", 0)
    other = (await sign_in(world)).json()["token"]
    world.events.events = [FakeEvent(world.customers["north"].id, None, "2026-11-24T12:00:00.000001Z")]
    async with connect(f"ws://{host}:{port}/api/v1/events?token={other}") as socket:
        await socket.recv()
        async with await world.signed_in(LOGIN) as client:
            sessions = (await client.get("/api/v1/me/sessions")).json()["items"]
            (handle,) = [one["id"] for one in sessions if not one["current"]]
            await client.delete(f"/api/v1/me/sessions/{handle}")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CLOSE_UNAUTHENTICATED
    await server.close()


async def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    other = (await sign_in(world)).json()["token"]
    async with await world.signed_in(LOGIN) as client:
        path = "/api/v1/me/password"
        wrong = await client.put(path, json={"current": "not this one", "new": "another long one"})
        assert wrong.json()["errors"][0]["field"] == "current"
        short = await client.put(path, json={"current": PASSWORD, "new": "short"})
        assert short.json()["errors"][0]["field"] == "new"
        changed = await client.put(path, json={"current": PASSWORD, "new": "another long one"})
        assert changed.status_code == 204
        assert (await client.get("/api/v1/session")).status_code == 200
    async with world.client(Authorization=f"Bearer {other}") as client:
        assert (await client.get("/api/v1/session")).status_code == 401
    assert (await sign_in(world)).status_code == 401


async def test_invitations_lead_to_accounts_of_no_higher_role(world: World) -> None:
    when = [START]
    world = at(world, when)
    north, other = world.customers["north"], world.customers["other"]
    async with await world.signed_in(ADMIN) as client:

        async def invite(**body: str) -> httpx.Response:
            wanted = {"organisation_id": north.id, "role": "customer", "login": "New@north.example", **body}
            return await client.post("/api/v1/invitations", json=wanted)

        for body, field in (
            ({"role": "provider"}, "role"),
            ({"organisation_id": other.id}, "organisation_id"),
            ({"role": "user"}, "user_id"),
            ({"role": "user", "user_id": other.user_id}, "user_id"),
            ({"login": LOGIN}, "login"),
            ({"login": "anna@other.example"}, "login"),
        ):
            refused = await invite(**body)
            assert refused.json()["errors"][0]["field"] == field, (body, refused.text)
        made = await invite()
        assert (made.status_code, made.json()["login"]) == (201, "new@north.example")
        withdrawn = (await invite(login="other@north.example")).json()
        assert (await client.delete(f"/api/v1/invitations/{withdrawn['id']}")).status_code == 204
        late = (await invite(login="late@north.example")).json()
        open_ones = (await client.get("/api/v1/invitations")).json()["items"]
        assert {one["login"] for one in open_ones} == {"new@north.example", "late@north.example"}
    async with world.client() as client:

        async def accept(token: str, password: str = "my own password") -> httpx.Response:
            body = {"token": token, "password": password}
            return await client.post("/api/v1/invitations/accept", json=body)

        assert (await accept(made.json()["token"], "short")).status_code == 422
        assert (await accept(withdrawn["token"])).status_code == 404
        accepted = await accept(made.json()["token"])
        assert accepted.json() == {"login": "new@north.example"}
        assert (await accept(made.json()["token"])).status_code == 404
        body = {"login": "new@north.example", "password": "my own password"}
        assert (await client.post("/api/v1/session", json=body)).json()["account"]["role"] == "customer"
        when[0] += datetime.timedelta(days=8)
        assert (await accept(late["token"])).status_code == 404
