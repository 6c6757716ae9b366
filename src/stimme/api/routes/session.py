"""Signing in and out.

Policy: an unknown login and a wrong password are the same answer after the same time. The token is
returned once, for programs; browsers keep it in a cookie that scripts cannot read and other sites cannot
send.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stimme.api import problems, schemas
from stimme.api.authentication import COOKIE, Authentication, Caller, SignOuts
from stimme.api.throttle import SignInThrottle
from stimme.api.views import account_view
from stimme.store.accounts import REMEMBERED_DAYS, Accounts
from stimme.store.secrets import Passwords


def session_routes(
    accounts: Accounts,
    passwords: Passwords,
    authentication: Authentication,
    throttle: SignInThrottle,
    sign_outs: SignOuts,
) -> APIRouter:
    """Build the routes of ``/session``."""
    router = APIRouter(tags=["session"])
    signed_in = Depends(authentication.caller)

    @router.post("/session", responses={401: {"model": schemas.Problem}, 429: {"model": schemas.Problem}})
    async def sign_in(body: schemas.SignIn, request: Request, response: Response) -> schemas.SignedIn:
        """Sign in with login and password."""
        login = body.login.strip().lower()
        source = request.client.host if request.client else ""
        wait = throttle.attempt(login, source)
        if wait is not None:
            raise problems.too_many_attempts(wait)
        person = await accounts.by_login(login)
        stored = person.account.password_hash if person else None
        right = await asyncio.to_thread(passwords.verify, stored, body.password)
        if person is None or not right:
            raise problems.unauthenticated("The login or the password is wrong.")
        throttle.succeeded(login, source)
        created = await accounts.open_session(person.account.id, remember=body.remember)
        response.set_cookie(
            COOKIE,
            created.token,
            max_age=REMEMBERED_DAYS * 86400 if body.remember else None,
            httponly=True,
            secure=True,
            samesite="strict",
        )
        return schemas.SignedIn(
            token=created.token, expires_at=created.expires_at, account=account_view(person)
        )

    @router.get("/session")
    async def who_am_i(caller: Annotated[Caller, signed_in]) -> schemas.Account:
        """Return the signed-in account."""
        return account_view(caller.person)

    @router.delete("/session", status_code=204)
    async def sign_out(caller: Annotated[Caller, signed_in], response: Response) -> None:
        """Sign out: the token is void from now on."""
        await accounts.close_session(caller.token)
        sign_outs.signed_out(caller.token)
        response.delete_cookie(COOKIE, httponly=True, secure=True, samesite="strict")

    return router
