"""The provider's mail server and outbox, and new passwords for those who have forgotten theirs.

Policy: whoever asks for a new password gets the same answer, whether there is such a login or not; the letter
is written after the answer. It goes to the login, when that is a mail address: other accounts are helped by
whoever administers them.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from stimme.api import credentials, mail, problems
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.signing_in import SignIns
from stimme.messaging.letters import Template, is_mail_address
from stimme.store.accounts import Accounts
from stimme.store.changes import Expectation
from stimme.store.letters import Letters
from stimme.store.mail_models import MailServerRow
from stimme.store.password_resets import PasswordResets
from stimme.store.secrets import Passwords

RESET_PAGE = "/reset#"
INVITATION_PAGE = "/invitation#"


def mail_routes(authentication: Authentication, letters: Letters) -> APIRouter:
    """Build the routes of the mail server and the outbox."""
    router = APIRouter(tags=["mail"])

    provider = authentication.at_least("provider")

    @router.get("/mail-server")
    async def server(caller: Annotated[Caller, provider], response: Response) -> mail.MailServerItem:
        """Return how mail goes out."""
        row = await letters.server()
        if row is None:
            raise problems.not_found("There is no mail server yet.")
        tag(response, row.version)
        return _server_view(row)

    @router.put("/mail-server", responses={201: {"model": mail.MailServerItem}})
    async def put_server(
        body: mail.MailServerBody,
        caller: Annotated[Caller, provider],
        response: Response,
        expected: Annotated[Expectation, Depends(expectation)],
    ) -> mail.MailServerItem:
        """Set how mail goes out."""
        put = await letters.put_server(
            caller.authority, body.model_dump(exclude={"password"}), body.password, expected
        )
        tag(response, put.row.version, created=put.created)
        return _server_view(put.row)

    @router.post("/mail-server/test", status_code=202)
    async def test_server(body: mail.TestLetterBody, caller: Annotated[Caller, provider]) -> None:
        """Send a test letter; ``GET /letters`` tells what became of it."""
        if not await letters.post(Template.TEST, body.language, body.recipient, {}):
            raise problems.not_found("There is no mail server yet.")

    @router.get("/letters")
    async def outbox(
        caller: Annotated[Caller, provider], limit: Annotated[int, Query(ge=1, le=1000)] = 200
    ) -> mail.LetterList:
        """List the letters of the last thirty days, newest first."""
        rows = await letters.recent(caller.person.scope, limit)
        return mail.LetterList(
            items=[mail.LetterItem.model_validate(row, from_attributes=True) for row in rows]
        )

    return router


def password_routes(
    accounts: Accounts, passwords: Passwords, sign_ins: SignIns, *, resets: PasswordResets, letters: Letters
) -> APIRouter:
    """Build the routes for those who have forgotten their password."""
    router = APIRouter(tags=["credentials"])

    async def write(login: str) -> None:
        person = await accounts.by_login(login)
        if person is None or not is_mail_address(login) or await letters.server() is None:
            return
        token = await resets.begin(person.account.id)
        await letters.post(
            Template.PASSWORD_RESET,
            person.account.language,
            person.account.login,
            {"login": person.account.login},
            page=RESET_PAGE + token,
        )

    @router.post("/password-resets", status_code=202)
    async def forgotten(body: mail.ForgottenPassword, request: Request, later: BackgroundTasks) -> None:
        """Ask for a letter with a link to a new password; the answer is the same for unknown logins."""
        login = body.login.strip().lower()
        sign_ins.throttle(f"reset of {login}", request)
        later.add_task(write, login)

    @router.post("/password-resets/accept")
    async def accept(body: mail.NewPassword, request: Request) -> credentials.Accepted:
        """Choose a new password; all sessions of the account end."""
        sign_ins.throttle("reset", request)
        hashed = await asyncio.to_thread(passwords.hash, body.password)
        login = await resets.accept(body.token, hashed)
        sign_ins.proved("reset", request)
        return credentials.Accepted(login=login)

    return router


def _server_view(row: MailServerRow) -> mail.MailServerItem:
    return mail.MailServerItem.model_validate(row, from_attributes=True)
