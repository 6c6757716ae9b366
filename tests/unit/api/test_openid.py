"""OpenID Connect without I/O: what is asked, and what is not believed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.unit.api.identity import CLIENT_ID, ISSUER, NOW, SECRET, IdentityServer, new_key

from stimme.api.openid.client import Client, OpenIdClient
from stimme.api.openid.fetching import HttpFetch
from stimme.api.openid.protocol import (
    Claims,
    Discovery,
    OpenIdError,
    SignInRequest,
    authorization_address,
    check_answerer,
    discovery_address,
    read_discovery,
)

REQUEST = SignInRequest("state", "nonce", "v" * 64, "https://pbx.example/cb")
US = Client(ISSUER, CLIENT_ID, SECRET)


@pytest.fixture
def server() -> IdentityServer:
    return IdentityServer()


async def described(server: IdentityServer) -> Discovery:
    return await OpenIdClient(server).describe(ISSUER)


async def redeemed(server: IdentityServer, client: OpenIdClient | None = None) -> Claims:
    """Signs in and redeems the code."""
    openid = client or OpenIdClient(server, now=lambda: NOW)
    discovery = await openid.describe(ISSUER)
    back = server.signs_in(authorization_address(discovery, CLIENT_ID, REQUEST))
    return await openid.redeem(US, back["code"], REQUEST)


async def test_a_code_becomes_a_person(server: IdentityServer) -> None:
    assert await redeemed(server) == Claims("anna", "Anna@north.example", mail_verified=True)


async def test_the_browser_is_sent_with_everything_that_protects_its_way_back(server: IdentityServer) -> None:
    address = authorization_address(await described(server), CLIENT_ID, REQUEST)
    asked = parse_qs(urlsplit(address).query)
    assert (asked["state"], asked["nonce"]) == (["state"], ["nonce"])
    assert REQUEST.verifier not in address
    # RFC 7636 section 4.2: BASE64URL(SHA256(verifier)) without padding.
    assert len(asked["code_challenge"][0]) == 43


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"iss": "https://login.example/realms/south"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": [CLIENT_ID, "another"]}, "somebody else"),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "somebody else"),
        ({"azp": "another"}, "somebody else"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": NOW - 121}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": NOW + 121}, "iat|future"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "subject|sub"),
        ({"sub": "x" * 256}, "subject"),
    ],
)
async def test_tokens_that_are_not_believed(
    server: IdentityServer, wrong: dict[str, Any], reason: str
) -> None:
    server.claims = wrong
    with pytest.raises(OpenIdError, match=reason):
        await redeemed(server)


async def test_signatures_of_others_and_by_secrets_are_not_believed(server: IdentityServer) -> None:
    openid = OpenIdClient(server, now=lambda: NOW)
    await openid.describe(ISSUER)
    good = server.key
    server.key = new_key()
    forged = server.id_token(REQUEST.nonce)
    symmetric = jwt.encode({"alg": "HS256"}, {"sub": "anna"}, OctKey.import_key("x" * 32))
    server.key = good
    for token in (forged, symmetric, "nonsense", f"{symmetric.split('.')[0]}.e30."):
        server._token = lambda _request, token=token: {"id_token": token}  # type: ignore[method-assign,misc]
        with pytest.raises(OpenIdError, match="not good"):
            await redeemed(server, openid)


async def test_new_keys_are_fetched_when_a_token_does_not_fit_but_not_at_each(server: IdentityServer) -> None:
    clock = [0.0]
    openid = OpenIdClient(server, clock=lambda: clock[0], now=lambda: NOW)
    await redeemed(server, openid)
    server.key = new_key()
    with pytest.raises(OpenIdError):
        await redeemed(server, openid)
    clock[0] += 61
    assert (await redeemed(server, openid)).subject == "anna"
    assert server.asked.count(f"{ISSUER}/jwks") == 2
    assert server.asked.count(discovery_address(ISSUER)) == 1


async def test_a_mail_address_may_be_told_apart_but_by_the_same_subject_only(server: IdentityServer) -> None:
    server.person = {"sub": "anna"}
    server.userinfo = {"sub": "anna", "email": "a@north.example", "email_verified": "true"}
    assert await redeemed(server) == Claims("anna", "a@north.example", mail_verified=True)
    server.userinfo["sub"] = "bert"
    with pytest.raises(OpenIdError, match="different subjects"):
        await redeemed(server)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuer": f"{ISSUER}/"}, "issuer"),
        ({"authorization_endpoint": "http://login.example/authorize"}, "authorization_endpoint"),
        ({"token_endpoint": "https://user@login.example/token"}, "token_endpoint"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"userinfo_endpoint": "https://["}, "userinfo_endpoint"),
        ({"response_types_supported": ["id_token"]}, "authorization code"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "algorithm"),
    ],
)
async def test_descriptions_that_are_not_taken(
    server: IdentityServer, change: dict[str, Any], reason: str
) -> None:
    server.description = change
    with pytest.raises(OpenIdError, match=reason):
        await described(server)


async def test_the_answerer_is_checked_where_it_names_itself(server: IdentityServer) -> None:
    quiet = await described(server)
    check_answerer(quiet, None)
    check_answerer(quiet, ISSUER)
    server.description = {"authorization_response_iss_parameter_supported": True}
    for discovery, issuer in ((quiet, "https://other.example"), (await described(server), None)):
        with pytest.raises(OpenIdError, match="another provider"):
            check_answerer(discovery, issuer)


async def test_a_secret_goes_where_the_provider_takes_it(server: IdentityServer) -> None:
    seen: list[dict[str, Any]] = []
    right = server._token

    def token(request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request)
        return right({**request, "auth": (CLIENT_ID, SECRET.replace(" ", "+"))})

    server._token = token  # type: ignore[method-assign]
    server.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await redeemed(server)
    assert "auth" not in seen[0]
    assert (seen[0]["data"]["client_id"], seen[0]["data"]["client_secret"]) == (CLIENT_ID, SECRET)


@pytest.mark.parametrize("address", ["https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/"])
async def test_the_own_network_is_not_asked_unless_it_is_said(address: str) -> None:
    with pytest.raises(OpenIdError, match="public internet"):
        await HttpFetch()("GET", address)
    with pytest.raises(OpenIdError, match="cannot be reached") as refused:
        await HttpFetch(private=True)("GET", address)
    assert "public internet" not in str(refused.value)


def test_a_description_needs_no_optional_member() -> None:
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    minimal = {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in names}}
    assert read_discovery(ISSUER, minimal).algorithms == {"RS256"}
