"""Single sign-on with a provider that others wrote, over TLS: discovery, PKCE, RS256, JWKS, consent."""

import datetime
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.integration.business.glewlwyd import Glewlwyd, running
from tests.unit.api.world import World, build_world

from stimme.api.openid.client import OpenIdClient
from stimme.api.openid.fetching import HttpFetch
from stimme.demo.certificates import ensure_certificates

ADMIN = "admin@north.example"
PEOPLE = {
    "anna": ("anna@north.example", True),
    "bert": ("bert@north.example", False),
    "carl": ("anna@south.example", True),
}
PASSWORD = "secret of the person"
SECRET = "secret-of-the-client"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    folder = tmp_path_factory.mktemp("glewlwyd")
    tls = ensure_certificates(folder / "tls", "north.example", datetime.datetime.now(datetime.UTC))
    with running(folder, tls) as provider:
        provider.add_client("stimme", SECRET, "https://pbx.example/api/v1/session/callback")
        for name, (mail, verified) in PEOPLE.items():
            provider.add_person(name, PASSWORD, mail, verified=verified)
        yield provider


@pytest.fixture
async def world(tmp_path: Path, provider: Glewlwyd) -> AsyncIterator[World]:
    openid = OpenIdClient(HttpFetch(provider.trust, private=True))
    async for built in build_world(tmp_path, openid):
        yield built


async def configure(world: World, issuer: str, secret: str = SECRET) -> httpx.Response:
    body = {"name": "North", "issuer": issuer, "client_id": "stimme", "client_secret": secret}
    async with await world.signed_in(ADMIN) as client:
        return await client.put(f"/api/v1/single-sign-on/{world.customers['north'].id}", json=body)


async def signs_in(world: World, provider: Glewlwyd, name: str) -> tuple[str, str]:
    """Where a person's browser ends, and as whom."""
    async with world.client() as browser:
        sent = await browser.get("/api/v1/session/single-sign-on/north.example")
        back = urlsplit(provider.signs_in(sent.headers["Location"], "stimme", name, PASSWORD))
        assert back.path == "/api/v1/session/callback"
        end = await browser.get("/api/v1/session/callback", params=parse_qs(back.query))
        session = await browser.get("/api/v1/session")
        return end.headers["Location"], session.json()["login"] if session.is_success else ""


@pytest.mark.interop(client="Glewlwyd", feature="single sign-on (OpenID Connect, PKCE)")
async def test_people_sign_in_at_their_company_and_are_themselves_here(
    world: World, provider: Glewlwyd
) -> None:
    made = await configure(world, provider.issuer)
    assert made.status_code == 201, made.text
    assert await signs_in(world, provider, "anna") == ("/#single-sign-on=done", "anna@north.example")
    assert await signs_in(world, provider, "anna") == ("/#single-sign-on=done", "anna@north.example")
    assert await signs_in(world, provider, "bert") == ("/#single-sign-on=mail-missing", "")
    assert await signs_in(world, provider, "carl") == ("/#single-sign-on=no-account", "")


async def test_a_wrong_secret_lets_nobody_in(world: World, provider: Glewlwyd) -> None:
    await configure(world, provider.issuer, secret="wrong")
    assert await signs_in(world, provider, "anna") == ("/#single-sign-on=refused", "")


async def test_another_s_address_is_no_issuer(world: World, provider: Glewlwyd) -> None:
    refused = await configure(world, provider.issuer.replace("127.0.0.1", "localhost"))
    assert refused.status_code == 422
    assert "issuer" in refused.json()["errors"][0]["message"]
