"""Single sign-on: its configuration, and the two addresses that a browser is sent through.

Policy: an administrator of the customer or above it sets where the customer's people sign in; programs'
tokens do not reach it, for whoever sets it can be anybody there. A new issuer is asked for its description
before it is kept. Who has signed in there is signed in here, without a second factor of ours: that is the
identity provider's business. Passwords go on being good, unless the customer has them refused. Whatever goes
wrong, the browser comes back to the sign-in page with one word about it behind ``#single-sign-on=`` (``done``
when all went well); what the provider said is in the log.
"""

import uuid
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from stimme.api import problems, sign_on
from stimme.api.authentication import PREFIX, Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.openid.client import Client, OpenIdClient
from stimme.api.openid.protocol import OpenIdError, authorization_address, check_answerer
from stimme.api.openid.requests import LIFE_SECONDS, SignInRequests
from stimme.api.signing_in import SignIns
from stimme.sentences import Sentence
from stimme.store.changes import Expectation
from stimme.store.sign_on import Proof, SignOn, StrangerError
from stimme.store.sign_on_models import IdentityProvider

COOKIE = "stimme_sign_on"
CALLBACK = f"{PREFIX}/session/callback"
_PAGE = "/#single-sign-on="
_DONE = "done"
"""Pages cannot see the session's cookie; this is how they learn that somebody has signed in."""
_Expected = Annotated[Expectation, Depends(expectation)]
_REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "On to the next page."}}
_log = structlog.get_logger("stimme.api")


def sign_on_routes(authentication: Authentication, providers: SignOn, openid: OpenIdClient) -> APIRouter:
    """Build the routes that set a customer's single sign-on."""
    router = APIRouter(tags=["credentials"])

    admin = authentication.at_least("customer")

    @router.get("/single-sign-on/{customer_id}")
    async def single_sign_on(
        customer_id: uuid.UUID, request: Request, caller: Annotated[Caller, admin], response: Response
    ) -> sign_on.SignOnItem:
        """Return where a customer's people sign in; the secret is never shown."""
        row = await providers.get(caller.person.scope, str(customer_id))
        tag(response, row.version)
        return _view(row, request)

    @router.put("/single-sign-on/{customer_id}", responses={201: {"model": sign_on.SignOnItem}})
    async def put_single_sign_on(
        customer_id: uuid.UUID,
        body: sign_on.SignOnBody,
        caller: Annotated[Caller, admin],
        *,
        request: Request,
        response: Response,
        expected: _Expected,
    ) -> sign_on.SignOnItem:
        """Set where a customer's people sign in; without ``client_secret`` the former one stays."""
        await providers.check_customer(caller.person.scope, str(customer_id))
        try:
            await openid.describe(body.issuer, fresh=True)
        except OpenIdError as error:
            raise problems.invalid(
                "issuer", Sentence("issuer-unfit", "This issuer cannot be used: {reason}.", reason=str(error))
            ) from error
        put = await providers.put(
            caller.authority,
            str(customer_id),
            values=body.model_dump(exclude={"client_secret"}),
            secret=body.client_secret,
            expected=expected,
        )
        tag(response, put.row.version, created=put.created)
        return _view(put.row, request)

    @router.delete("/single-sign-on/{customer_id}", status_code=204)
    async def delete_single_sign_on(
        customer_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected
    ) -> None:
        """Go back to passwords."""
        await providers.delete(caller.authority, str(customer_id), expected)

    @router.get("/single-sign-on/{customer_id}/links")
    async def links(customer_id: uuid.UUID, caller: Annotated[Caller, admin]) -> sign_on.LinkList:
        """List who has signed in there already, by login."""
        found = await providers.links(caller.person.scope, str(customer_id))
        return sign_on.LinkList(
            items=[
                sign_on.LinkItem(
                    account_id=link.identity.account_id,
                    login=link.login,
                    subject=link.identity.subject,
                    created_at=link.identity.created_at,
                    used_at=link.identity.used_at,
                )
                for link in found
            ]
        )

    @router.delete("/single-sign-on/{customer_id}/links/{account_id}", status_code=204)
    async def unlink(customer_id: uuid.UUID, account_id: uuid.UUID, caller: Annotated[Caller, admin]) -> None:
        """Let the next person with the account's mail address have it."""
        await providers.unlink(caller.authority, str(customer_id), str(account_id))

    return router


def sign_on_pages(
    providers: SignOn, openid: OpenIdClient, sign_ins: SignIns, requests: SignInRequests
) -> APIRouter:
    """Build the addresses that browsers go through."""
    router = APIRouter(tags=["session"])

    @router.get(
        "/session/single-sign-on/{domain}",
        status_code=303,
        response_class=RedirectResponse,
        responses=_REDIRECT,
    )
    async def begin(domain: str, request: Request) -> RedirectResponse:
        """Send a browser to the identity provider of the customer with this domain."""
        provider = await providers.by_domain(domain)
        if provider is None:
            return _back("unknown")
        try:
            discovery = await openid.describe(provider.issuer)
        except OpenIdError as error:
            _log.warning("single sign-on cannot begin", customer=provider.customer_id, reason=str(error))
            return _back("unreachable")
        wanted, browser = requests.begin(provider.id, _redirect_uri(request))
        answer = RedirectResponse(authorization_address(discovery, provider.client_id, wanted), 303)
        answer.set_cookie(
            COOKIE,
            browser,
            max_age=LIFE_SECONDS,
            path=CALLBACK,
            httponly=True,
            secure=True,
            samesite="lax",  # the browser comes back from another site
        )
        return answer

    @router.get("/session/callback", status_code=303, response_class=RedirectResponse, responses=_REDIRECT)
    async def callback(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str | None, Query(max_length=4000)] = None,
        iss: Annotated[str | None, Query(max_length=500)] = None,
        error: Annotated[str | None, Query(max_length=200)] = None,
    ) -> RedirectResponse:
        """Take a browser back from the identity provider: signed in, or to the sign-in page."""
        opened = requests.take(state, request.cookies.get(COOKIE, ""))
        if opened is None:
            return _back("expired")
        provider = await providers.by_id(opened.provider_id)
        if provider is None:
            return _back("unknown")
        if code is None:
            _log.info("single sign-on was refused", customer=provider.customer_id, reason=error)
            return _back("refused")
        try:
            check_answerer(await openid.describe(provider.issuer), iss)
            us = Client(provider.issuer, provider.client_id, providers.secret(provider))
            claims = await openid.redeem(us, code, opened.request)
            mail = claims.mail if claims.mail_verified or provider.trust_mail else None
            account_id = await providers.account_for(provider, Proof(claims.subject, mail))
        except OpenIdError as failure:
            _log.warning("single sign-on failed", customer=provider.customer_id, reason=str(failure))
            return _back("refused")
        except StrangerError as stranger:
            _log.info("single sign-on by a stranger", customer=provider.customer_id, reason=stranger.reason)
            return _back(stranger.reason)
        answer = _back(_DONE)
        await sign_ins.open(account_id, request, answer, remember=False)
        answer.delete_cookie(COOKIE, path=CALLBACK, httponly=True, secure=True, samesite="lax")
        return answer

    return router


def _back(word: str) -> RedirectResponse:
    return RedirectResponse(f"{_PAGE}{word}", 303)


def _redirect_uri(request: Request) -> str:
    return f"https://{request.url.netloc}{CALLBACK}"


def _view(row: IdentityProvider, request: Request) -> sign_on.SignOnItem:
    return sign_on.SignOnItem(
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        trust_mail=row.trust_mail,
        required=row.required,
        version=row.version,
        redirect_uri=_redirect_uri(request),
    )
