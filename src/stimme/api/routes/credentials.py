"""How people prove who they are: own password, one-time codes, passkeys, sessions, tokens, invitations.

Policy: whoever changes the password or switches a factor off says the current password again. Secrets, codes
and tokens are shown once. Programs' tokens reach none of this (``stimme.api.scopes``).
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from stimme.api import credentials, problems, schemas
from stimme.api.authentication import Authentication, Caller, SignOuts
from stimme.api.passkeys import Ceremonies, PasskeyRefusedError
from stimme.api.routes.mail import INVITATION_PAGE
from stimme.api.signing_in import SignIns
from stimme.messaging.letters import Template, is_mail_address
from stimme.sentences import Sentence
from stimme.store.access import ApiTokens, Invitations
from stimme.store.accounts import HANDLE_LENGTH, Accounts
from stimme.store.credential_models import ApiToken, Invitation, Passkey
from stimme.store.letters import Letters
from stimme.store.rights import rights_of
from stimme.store.second_factors import Passkeys, SecondFactors
from stimme.store.secrets import Passwords, token_hash


def credential_routes(
    authentication: Authentication,
    sign_ins: SignIns,
    accounts: Accounts,
    passwords: Passwords,
    *,
    factors: SecondFactors,
    passkeys: Passkeys,
    ceremonies: Ceremonies,
    tokens: ApiTokens,
    sign_outs: SignOuts,
) -> APIRouter:
    """Build the routes below ``/me`` about signing in, and sign-in by passkey."""
    router = APIRouter(tags=["credentials"])
    signed_in = Depends(authentication.caller)

    async def prove(caller: Caller, password: str, request: Request) -> None:
        stored = caller.person.account.password_hash
        sign_ins.throttle(caller.person.account.login, request)
        if not await asyncio.to_thread(passwords.verify, stored, password):
            raise problems.invalid(
                "current", Sentence("not-the-password", "This is not the current password.")
            )
        sign_ins.proved(caller.person.account.login, request)

    @router.put("/me/password", status_code=204)
    async def change_password(
        body: credentials.PasswordBody, request: Request, caller: Annotated[Caller, signed_in]
    ) -> None:
        """Change the own password; all other sessions end."""
        await prove(caller, body.current, request)
        hashed = await asyncio.to_thread(passwords.hash, body.new)
        await accounts.change_password(caller.person.account.id, hashed, keep=caller.token)

    _totp_routes(router, signed_in, prove, factors)
    _passkey_routes(router, signed_in, sign_ins, passkeys, ceremonies)
    _session_routes(router, signed_in, accounts, sign_outs)
    _token_routes(router, signed_in, tokens)
    return router


def _totp_routes(router: APIRouter, signed_in: Any, prove: Any, factors: SecondFactors) -> None:
    @router.get("/me/totp")
    async def totp_state(caller: Annotated[Caller, signed_in]) -> credentials.TotpState:
        """Tell whether one-time codes are on."""
        return credentials.TotpState(on=await factors.is_on(caller.person.account.id))

    @router.post("/me/totp")
    async def begin_totp(caller: Annotated[Caller, signed_in]) -> credentials.TotpSecret:
        """Make a secret for an authenticator."""
        secret, uri = await factors.begin(caller.authority.actor, caller.person.account.id)
        return credentials.TotpSecret(secret=secret, uri=uri)

    @router.post("/me/totp/confirmation")
    async def confirm_totp(
        body: credentials.TotpConfirmation, caller: Annotated[Caller, signed_in]
    ) -> credentials.RecoveryCodes:
        """Switch one-time codes on with a first code; returns the recovery codes."""
        codes = await factors.confirm(caller.authority.actor, caller.person.account.id, body.code)
        return credentials.RecoveryCodes(codes=codes)

    @router.post("/me/totp/removal", status_code=204)
    async def switch_totp_off(
        body: credentials.CurrentPassword, request: Request, caller: Annotated[Caller, signed_in]
    ) -> None:
        """Switch one-time codes off."""
        await prove(caller, body.current, request)
        await factors.switch_off(caller.authority.actor, caller.person.account.id)


def _passkey_routes(
    router: APIRouter, signed_in: Any, sign_ins: SignIns, passkeys: Passkeys, ceremonies: Ceremonies
) -> None:
    @router.get("/me/passkeys")
    async def own_passkeys(caller: Annotated[Caller, signed_in]) -> credentials.PasskeyList:
        """List the own passkeys."""
        rows = await passkeys.all(caller.person.account.id)
        return credentials.PasskeyList(items=[_passkey_view(row) for row in rows])

    @router.post("/me/passkeys/options")
    async def begin_passkey(
        request: Request, caller: Annotated[Caller, signed_in]
    ) -> credentials.PasskeyOptions:
        """Ask an authenticator for a new passkey."""
        account = caller.person.account
        known = await passkeys.all(account.id)
        handle, options = ceremonies.begin_registration(request, account.id, account.login, known)
        return credentials.PasskeyOptions(ceremony=handle, options=options)

    @router.post("/me/passkeys", status_code=201)
    async def add_passkey(
        body: credentials.PasskeyBody, request: Request, caller: Annotated[Caller, signed_in]
    ) -> credentials.PasskeyItem:
        """Keep the passkey that the authenticator made."""
        account = caller.person.account
        try:
            made = ceremonies.finish_registration(request, body.ceremony, account.id, body.credential)
        except PasskeyRefusedError as error:
            raise problems.invalid(
                "credential", Sentence("authenticator-unfit", "The authenticator's answer does not fit.")
            ) from error
        row = await passkeys.add(
            caller.authority.actor,
            account.id,
            made.passkey_id,
            name=body.name,
            public_key=made.public_key,
            sign_count=made.sign_count,
        )
        return _passkey_view(row)

    @router.delete("/me/passkeys/{passkey_id}", status_code=204)
    async def remove_passkey(passkey_id: str, caller: Annotated[Caller, signed_in]) -> None:
        """Forget a passkey."""
        await passkeys.remove(caller.authority.actor, caller.person.account.id, passkey_id)

    @router.post("/session/passkey/options")
    async def begin_sign_in(request: Request) -> credentials.PasskeyOptions:
        """Ask any authenticator to sign in."""
        handle, options = ceremonies.begin_sign_in(request)
        return credentials.PasskeyOptions(ceremony=handle, options=options)

    @router.post("/session/passkey")
    async def sign_in(
        body: credentials.PasskeySignIn, request: Request, response: Response
    ) -> schemas.SignedIn:
        """Sign in with a passkey alone."""
        passkey = await passkeys.find(str(body.credential.get("id", ""))[:1400])
        if passkey is None:
            raise problems.unauthenticated("This passkey is not known.")
        try:
            count = ceremonies.finish_sign_in(request, body.ceremony, passkey, body.credential)
        except PasskeyRefusedError as error:
            raise problems.unauthenticated("The authenticator's answer does not fit.") from error
        await sign_ins.check_way(passkey.account_id)
        await passkeys.used(passkey.id, count)
        return await sign_ins.open(passkey.account_id, request, response, remember=body.remember)


def _session_routes(router: APIRouter, signed_in: Any, accounts: Accounts, sign_outs: SignOuts) -> None:
    @router.get("/me/sessions")
    async def own_sessions(caller: Annotated[Caller, signed_in]) -> credentials.SessionList:
        """List where the account is signed in."""
        current = token_hash(caller.token)
        return credentials.SessionList(
            items=[
                credentials.SessionItem(
                    id=row.token_hash[:HANDLE_LENGTH],
                    created_at=row.created_at,
                    expires_at=row.expires_at,
                    source=row.source,
                    agent=row.agent,
                    current=row.token_hash == current,
                )
                for row in await accounts.sessions(caller.person.account.id)
            ]
        )

    @router.delete("/me/sessions/{session_id}", status_code=204)
    async def revoke_session(session_id: str, caller: Annotated[Caller, signed_in]) -> None:
        """End a session; open event streams of other processes notice within half a minute."""
        if len(session_id) != HANDLE_LENGTH or not await accounts.revoke_session(
            caller.person.account.id, session_id
        ):
            raise problems.not_found("There is no such session.")
        sign_outs.revoked(session_id)


def _token_routes(router: APIRouter, signed_in: Any, tokens: ApiTokens) -> None:
    @router.get("/me/tokens")
    async def own_tokens(caller: Annotated[Caller, signed_in]) -> credentials.TokenList:
        """List the account's tokens for programs."""
        rows = await tokens.all(caller.person.account.id)
        return credentials.TokenList(
            items=[credentials.TokenItem.model_validate(_token_view(row)) for row in rows]
        )

    @router.post("/me/tokens", status_code=201)
    async def create_token(
        body: credentials.TokenBody, caller: Annotated[Caller, signed_in]
    ) -> credentials.NewToken:
        """Make a token for a program."""
        if body.expires_at is not None and body.expires_at.tzinfo is None:
            raise problems.invalid("expires_at", Sentence("time-zone-missing", "Say the time zone."))
        row, text = await tokens.create(
            caller.authority.actor,
            caller.person.account.id,
            body.name,
            body.scopes,
            expires_at=body.expires_at,
        )
        return credentials.NewToken.model_validate({**_token_view(row), "token": text})

    @router.delete("/me/tokens/{token_id}", status_code=204)
    async def revoke_token(token_id: str, caller: Annotated[Caller, signed_in]) -> None:
        """End a token."""
        await tokens.revoke(caller.authority.actor, caller.person.account.id, token_id)


def invitation_routes(
    authentication: Authentication,
    invitations: Invitations,
    passwords: Passwords,
    sign_ins: SignIns,
    *,
    letters: Letters,
) -> APIRouter:
    """Build the routes of invitations."""
    router = APIRouter(tags=["credentials"])

    admin = authentication.at_least("customer")

    @router.get("/invitations")
    async def open_invitations(caller: Annotated[Caller, admin]) -> credentials.InvitationList:
        """List invitations that nobody has accepted."""
        rows = await invitations.open(caller.authority)
        return credentials.InvitationList(
            items=[credentials.InvitationItem.model_validate(_invitation_view(row)) for row in rows]
        )

    @router.post("/invitations", status_code=201)
    async def invite(
        body: credentials.InvitationBody, caller: Annotated[Caller, admin]
    ) -> credentials.NewInvitation:
        """Invite somebody to choose a password; the token is for that person, by mail or otherwise."""
        if body.mail and not is_mail_address(body.login):
            raise problems.invalid(
                "login", Sentence("login-no-mail-address", "A letter needs a login that is a mail address.")
            )
        made = await invitations.invite(
            caller.authority,
            body.organisation_id,
            body.role,
            body.login,
            user_id=body.user_id,
            language=body.language,
            rights=rights_of(body.rights),
        )
        mailed = body.mail and await letters.post(
            Template.INVITATION,
            body.language,
            made.row.login,
            {
                "login": made.row.login,
                "inviter": caller.authority.actor.name,
                "organisation": made.organisation,
            },
            page=INVITATION_PAGE + made.token,
        )
        return credentials.NewInvitation.model_validate(
            {**_invitation_view(made.row), "token": made.token, "mailed": mailed}
        )

    @router.delete("/invitations/{invitation_id}", status_code=204)
    async def withdraw(invitation_id: str, caller: Annotated[Caller, admin]) -> None:
        """Take an invitation back."""
        await invitations.withdraw(caller.authority, invitation_id)

    @router.post("/invitations/accept")
    async def accept(body: credentials.Acceptance, request: Request) -> credentials.Accepted:
        """Choose the password of the account that one was invited to."""
        sign_ins.throttle("invitation", request)
        hashed = await asyncio.to_thread(passwords.hash, body.password)
        login = await invitations.accept(body.token, hashed)
        sign_ins.proved("invitation", request)
        return credentials.Accepted(login=login)

    return router


def _passkey_view(row: Passkey) -> credentials.PasskeyItem:
    return credentials.PasskeyItem(id=row.id, name=row.name, created_at=row.created_at, used_at=row.used_at)


def _token_view(row: ApiToken) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }


def _invitation_view(row: Invitation) -> dict[str, Any]:
    return {
        "id": row.id,
        "organisation_id": row.organisation_id,
        "role": row.role,
        "login": row.login,
        "rights": row.rights,
        "user_id": row.user_id,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
