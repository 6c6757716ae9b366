"""Sign-ins that are at an identity provider just now.

Policy: each is good for ten minutes, once, and for the browser that began it: the state that comes back must
fit to the secret in that browser's cookie, so nobody can be signed in with somebody else's answer (RFC 9700
section 4.7). They are kept in memory.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from stimme.api.openid.protocol import SignInRequest
from stimme.store.secrets import token_hash

LIFE_SECONDS = 600
_MAX_OPEN = 10_000


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A sign-in that has begun."""

    provider_id: str
    request: SignInRequest
    browser_hash: str
    until: float


class SignInRequests:
    """All that are open."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, OpenRequest] = {}

    def begin(self, provider_id: str, redirect_uri: str) -> tuple[SignInRequest, str]:
        """Return a new request and the secret that its browser is to keep."""
        now = self._clock()
        self._open = {state: each for state, each in self._open.items() if each.until > now}
        while len(self._open) >= _MAX_OPEN:
            self._open.pop(next(iter(self._open)))
        state, nonce, browser = (secrets.token_urlsafe(24) for _ in range(3))
        request = SignInRequest(state, nonce, secrets.token_urlsafe(48), redirect_uri)
        self._open[state] = OpenRequest(provider_id, request, token_hash(browser), now + LIFE_SECONDS)
        return request, browser

    def take(self, state: str, browser: str) -> OpenRequest | None:
        """Return the request that an answer is to, once; ``None`` when this browser began none such."""
        found = self._open.get(state)
        if found is None or not secrets.compare_digest(found.browser_hash, token_hash(browser)):
            return None
        del self._open[state]
        return found if found.until > self._clock() else None
