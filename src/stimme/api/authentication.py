"""Who is asking: bearer tokens for programs, a cookie for browsers, one-time tickets for event streams.

Policy: a bearer token wins over a cookie. A request that changes something and comes with the cookie must
carry ``X-Requested-With: stimme``, which a foreign page cannot send without our consent (CORS). Programs'
tokens go as far as their scopes (``stimme.api.scopes``), staff with named rights as far as those
(``stimme.api.rights``). A ticket opens one WebSocket within half a minute, so that session tokens never
appear in an address.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from stimme.api import problems
from stimme.api.rights import sufficient
from stimme.api.scopes import allowed
from stimme.licensing.holding import Role
from stimme.store.access import TOKEN_PREFIX, ApiTokens
from stimme.store.accounts import Accounts, Person
from stimme.store.audit import Actor
from stimme.store.changes import Authority
from stimme.store.rights import Right
from stimme.store.secrets import token_hash

PREFIX = "/api/v1"
COOKIE = "stimme_session"
CSRF_HEADER = "X-Requested-With"
CSRF_VALUE = "stimme"
TICKET_SECONDS = 30
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_RANKS = {"user": 0, "customer": 1, "reseller": 2, "provider": 3}
_MAX_TICKETS = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in account and the token it came with."""

    person: Person
    token: str
    scopes: frozenset[str] | None = None
    """What a program's token is cut down to; ``None`` for people who have signed in."""

    def may(self, method: str, path: str) -> bool:
        """Tell whether the token reaches as far as a request; ``path`` is that below ``/api/v1``."""
        return self.scopes is None or allowed(self.scopes, method, path)

    def missing(self, method: str, path: str) -> frozenset[Right]:
        """Return the rights of which one would be enough for a request and none is there."""
        own = self.person.rights
        needed = sufficient(method, path)
        if own is None or needed is None or needed & own:
            return frozenset()
        return needed or frozenset(Right)

    @property
    def authority(self) -> Authority:
        """What changes by this account are made with."""
        account = self.person.account
        actor = Actor(account.login, cast(Role, account.role), account.id, self.person.rights)
        return Authority(self.person.scope, actor)

    def must_be_at_least(self, role: str) -> None:
        """Refuse accounts below ``role``.

        Raises:
            ProblemError: 403.
        """
        if _RANKS[self.person.account.role] < _RANKS[role]:
            raise problems.forbidden()


class Authentication:
    """Finds the account behind a request."""

    def __init__(self, accounts: Accounts, tokens: ApiTokens) -> None:
        self._accounts = accounts
        self._tokens = tokens

    def at_least(self, role: str) -> Any:
        """A dependency of routes: who calls; an account below the role is refused."""

        async def check(caller: Annotated[Caller, Depends(self.caller)]) -> Caller:
            caller.must_be_at_least(role)
            return caller

        return Depends(check)

    async def caller(self, request: Request) -> Caller:
        """Return who is asking.

        Raises:
            ProblemError: 401 without a living session, 403 when a browser's unsafe request lacks its header.
        """
        token = bearer_token(request)
        if token is None:
            token = request.cookies.get(COOKIE)
            if token and request.method not in _SAFE and request.headers.get(CSRF_HEADER) != CSRF_VALUE:
                raise problems.forbidden(f"Send the header {CSRF_HEADER}: {CSRF_VALUE}.")
        caller = await self.by_token(token)
        if caller is None:
            raise problems.unauthenticated()
        if not caller.may(request.method, request.url.path.removeprefix(PREFIX)):
            raise problems.forbidden("This token's scopes do not reach so far.")
        missing = caller.missing(request.method, request.url.path.removeprefix(PREFIX))
        if missing:
            raise problems.right_missing(missing)
        return caller

    async def by_token(self, token: str | None) -> Caller | None:
        """Return the account behind a token, if its session lives."""
        if not token:
            return None
        if token.startswith(TOKEN_PREFIX):
            holder = await self._tokens.holder(token)
            return None if holder is None else Caller(holder.person, token, holder.scopes)
        person = await self._accounts.by_token(token)
        return None if person is None else Caller(person, token)


def bearer_token(connection: HTTPConnection) -> str | None:
    """Take the token out of ``Authorization: Bearer …`` (RFC 6750)."""
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


class Tickets:
    """One-time tickets, kept in memory for half a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tickets: dict[str, tuple[str, float]] = {}

    def issue(self, token: str) -> str:
        """Make a ticket that stands for a session token once."""
        now = self._clock()
        self._tickets = {key: value for key, value in self._tickets.items() if value[1] > now}
        while len(self._tickets) >= _MAX_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (token, now + TICKET_SECONDS)
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """Give the session token back, once."""
        token, expires = self._tickets.pop(ticket, ("", 0.0))
        return token if token and expires > self._clock() else None


class SignOuts:
    """Tells open event streams that their session has ended, at once and not at the next check."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Event]] = {}

    def watch(self, token: str) -> asyncio.Event:
        """Return an event that is set when the token's session ends; give it back with ``forget``."""
        ended = asyncio.Event()
        self._watchers.setdefault(token, set()).add(ended)
        return ended

    def forget(self, token: str, ended: asyncio.Event) -> None:
        """Stop watching."""
        watchers = self._watchers.get(token, set())
        watchers.discard(ended)
        if not watchers:
            self._watchers.pop(token, None)

    def revoked(self, handle: str) -> None:
        """A session, known by the beginning of its token's hash, was ended from elsewhere."""
        for token in [one for one in self._watchers if token_hash(one).startswith(handle)]:
            self.signed_out(token)

    def signed_out(self, token: str) -> None:
        """The session has ended."""
        for ended in self._watchers.get(token, ()):
            ended.set()
