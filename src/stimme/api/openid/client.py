"""A relying party: keeps what providers say of themselves, redeems codes, believes tokens.

Policy: descriptions and keys are kept for an hour; a token that does not fit to the keys has them fetched
again, at most once a minute, for a provider may have taken new ones.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from joserfc.jwk import KeySet

from stimme.api.openid.fetching import Fetch
from stimme.api.openid.protocol import (
    Claims,
    Discovery,
    OpenIdError,
    SignInRequest,
    discovery_address,
    read_claims,
    read_discovery,
    read_id_token,
    read_keys,
)

_KEPT_SECONDS = 3600.0
_KEYS_AGAIN_SECONDS = 60.0
_MAX_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at a provider; ``secret`` is empty for a public client."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class _Known:
    discovery: Discovery
    keys: KeySet
    at: float
    keys_at: float


class OpenIdClient:
    """Asks any number of providers.

    Args:
        fetch: Asks one address.
        clock: Seconds that only grow.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._now = now
        self._known: dict[str, _Known] = {}

    async def describe(self, issuer: str, *, fresh: bool = False) -> Discovery:
        """Return a provider's description.

        Raises:
            OpenIdError: When it does not answer, or not as it must.
        """
        return (await self._provider(issuer, fresh=fresh)).discovery

    async def redeem(self, client: Client, code: str, request: SignInRequest) -> Claims:
        """Exchange the code that the browser brought for who the person is (Core 1.0 section 3.1.3).

        Raises:
            OpenIdError: When the provider does not take it, or its answer cannot be believed.
        """
        known = await self._provider(client.issuer)
        answer = await self._fetch(
            "POST", known.discovery.token_endpoint, **_token_request(known, client, code, request)
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OpenIdError("the answer holds no ID token")
        claims = await self._believe(client, known, token, request.nonce)
        access = answer.get("access_token")
        if claims.mail is None and known.discovery.userinfo_endpoint and isinstance(access, str):
            bearer = {"Authorization": f"Bearer {access}"}
            told = read_claims(await self._fetch("GET", known.discovery.userinfo_endpoint, headers=bearer))
            if told.subject != claims.subject:
                raise OpenIdError("the answers name different subjects")
            return told
        return claims

    async def _believe(self, client: Client, known: _Known, token: str, nonce: str) -> Claims:
        try:
            return read_id_token(
                token, known.keys, known.discovery, client.client_id, nonce=nonce, now=self._now()
            )
        except OpenIdError:
            # The provider may have taken new keys since we asked.
            if self._clock() - known.keys_at < _KEYS_AGAIN_SECONDS:
                raise
            known.keys = read_keys(await self._fetch("GET", known.discovery.jwks_uri))
            known.keys_at = self._clock()
            return read_id_token(
                token, known.keys, known.discovery, client.client_id, nonce=nonce, now=self._now()
            )

    async def _provider(self, issuer: str, *, fresh: bool = False) -> _Known:
        known = self._known.get(issuer)
        if known is None or fresh or self._clock() - known.at > _KEPT_SECONDS:
            discovery = read_discovery(issuer, await self._fetch("GET", discovery_address(issuer)))
            keys = read_keys(await self._fetch("GET", discovery.jwks_uri))
            known = _Known(discovery, keys, self._clock(), self._clock())
            while len(self._known) >= _MAX_KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[issuer] = known
        return known


def _token_request(known: _Known, client: Client, code: str, request: SignInRequest) -> dict[str, Any]:
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
    }
    if client.secret and known.discovery.basic:
        # RFC 6749 section 2.3.1: both parts are form-encoded first.
        return {"data": body, "auth": (quote_plus(client.client_id), quote_plus(client.secret))}
    body["client_id"] = client.client_id
    if client.secret:
        body["client_secret"] = client.secret
    return {"data": body}
