"""Signing in and out.

Policy: an unknown login and a wrong password are the same answer after the same time; only whoever knows the
password learns that a second factor is missing, or that the customer has its people sign in with their
company account; wrong codes count as wrong passwords do. The token is returned once, for programs; browsers
keep it in a cookie that scripts cannot read and other sites cannot send.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stimme.api import problems, schemas
from stimme.api.authentication import COOKIE, Authentication, Caller, SignOuts
from stimme.api.signing_in import SignIns
from stimme.api.views import account_view
from stimme.store.accounts import Accounts
from stimme.store.second_factors import SecondFactors
from stimme.store.secrets import Passwords


def session_routes(
    accounts: Accounts,
    passwords: Passwords,
    authentication: Authentication,
    *,
    sign_ins: SignIns,
    factors: SecondFactors,
    sign_outs: SignOuts,
) -> APIRouter:
    """Build the routes of ``/session``."""
    router = APIRouter(tags=["session"])
    signed_in = Depends(authentication.caller)

    @router.post("/session", responses={401: {"model": schemas.Problem}, 429: {"model": schemas.Problem}})
    async def sign_in(body: schemas.SignIn, request: Request, response: Response) -> schemas.SignedIn:
        """Sign in with login, password and, where the account has them on, a one-time or recovery code."""
        login = body.login.strip().lower()
        sign_ins.throttle(login, request)
        person = await accounts.by_login(login)
        stored = person.account.password_hash if person else None
        right = await asyncio.to_thread(passwords.verify, stored, body.password)
        if person is None or not right:
            raise problems.unauthenticated("The login or the password is wrong.")
        account_id = person.account.id
        await sign_ins.check_way(account_id)
        if await factors.is_on(account_id) and not (body.code and await factors.check(account_id, body.code)):
            raise problems.second_factor_missing()
        sign_ins.proved(login, request)
        return await sign_ins.open(account_id, request, response, remember=body.remember)

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
