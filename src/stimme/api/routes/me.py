"""The signed-in person's own things: language, browser telephone, call list, colleagues, calls going on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import NoSuchCallError, NotReachableError, Telephony
from stimme.api.user_settings import replace_settings
from stimme.api.views import account_view, call_list_view, decode_time_cursor, encode_cursor
from stimme.directory.shelf import Shelf
from stimme.sentences import Sentence
from stimme.store.accounts import Accounts
from stimme.store.calls import CallHistory
from stimme.store.directory import DirectoryRepository
from stimme.store.models import User

_DIRECTORY_LIMIT = 200


def me_routes(
    authentication: Authentication,
    accounts: Accounts,
    directory: DirectoryRepository,
    history: CallHistory,
    telephony: Telephony,
    *,
    shelf: Shelf,
) -> APIRouter:
    """Build the routes of ``/me``."""
    router = APIRouter(tags=["me"])
    signed_in = Depends(authentication.caller)

    @router.patch("/me")
    async def change_me(body: schemas.MeUpdate, caller: Annotated[Caller, signed_in]) -> schemas.Account:
        """Change the own language."""
        await accounts.set_language(caller.person.account.id, body.language)
        caller.person.account.language = body.language
        return account_view(caller.person)

    @router.get("/me/softphone")
    async def softphone(request: Request, caller: Annotated[Caller, signed_in]) -> schemas.Softphone:
        """Return what the browser's telephone registers with; made at the first use."""
        user = _user_of(caller)
        device = await directory.web_device(caller.person.scope, user.id)
        if device is None:
            raise problems.not_found()
        if device.created:
            await telephony.reload(user.customer_id)
        return schemas.Softphone(
            sip_uri=f"sip:{device.sip_user}@{device.domain}",
            authorization_user=device.sip_user,
            password=device.password,
            display_name=user.name,
            wss=f"wss://{request.url.netloc}/sip",
            ice_servers=[],
        )

    @router.get("/me/settings")
    async def my_settings(caller: Annotated[Caller, signed_in]) -> schemas.UserSettings:
        """Return the own diversions, do not disturb, call waiting and number suppression."""
        user = _user_of(caller)
        return telephony.settings(user.customer_id, user.id)

    @router.put("/me/settings")
    async def set_my_settings(
        body: schemas.UserSettings, caller: Annotated[Caller, signed_in]
    ) -> schemas.UserSettings:
        """Replace the own settings, as the feature codes do."""
        return replace_settings(telephony, _user_of(caller), body)

    @router.get("/me/calls")
    async def my_calls(
        caller: Annotated[Caller, signed_in],
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: str | None = None,
    ) -> schemas.CallList:
        """List the own calls, newest first."""
        user = _user_of(caller)
        cursor = decode_time_cursor(before, "before")
        entries = await history.call_list(caller.person.scope, user.id, before=cursor, limit=limit + 1)
        more = len(entries) > limit
        entries = entries[:limit]
        last = encode_cursor(entries[-1].started_at.isoformat(), entries[-1].id) if more else None
        books = shelf.of(user.customer_id)
        return schemas.CallList(items=[call_list_view(entry, books) for entry in entries], next=last)

    @router.post("/me/calls/seen", status_code=204)
    async def mark_seen(caller: Annotated[Caller, signed_in]) -> None:
        """Mark all own calls as seen."""
        await history.mark_seen(caller.person.scope, _user_of(caller).id)

    return router


def call_routes(
    authentication: Authentication, directory: DirectoryRepository, telephony: Telephony
) -> APIRouter:
    """Build the routes of the directory and of the calls going on."""
    router = APIRouter(tags=["calls"])
    signed_in = Depends(authentication.caller)

    @router.get("/directory")
    async def colleagues(
        caller: Annotated[Caller, signed_in], q: Annotated[str, Query(max_length=100)] = ""
    ) -> schemas.Directory:
        """Find colleagues by name, extension or number."""
        users = await directory.colleagues(caller.person.scope, q.strip(), limit=_DIRECTORY_LIMIT)
        return schemas.Directory(
            items=[
                schemas.DirectoryEntry(
                    user_id=user.id,
                    name=user.name,
                    extension=user.extension,
                    number=user.number,
                    line_state=telephony.line_state(user.customer_id, user.id),
                )
                for user in users
            ]
        )

    async def visible(caller: Caller) -> Sequence[tuple[str, schemas.LiveCall]]:
        found = []
        user = caller.person.user if caller.person.account.role == "user" else None
        for tenant_id in await directory.customer_ids(caller.person.scope):
            for call in telephony.calls(tenant_id):
                if user is None or user.id in (call.caller.user_id, call.callee.user_id):
                    found.append((tenant_id, call))
        return found

    @router.get("/calls")
    async def live_calls(caller: Annotated[Caller, signed_in]) -> schemas.LiveCalls:
        """List the calls going on: the own ones, or (administrators) those of the customers."""
        return schemas.LiveCalls(items=[call for _tenant, call in await visible(caller)])

    @router.post("/calls", status_code=201)
    async def dial(body: schemas.Dial, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """Place a call: the own telephone rings first, then the number is called as if dialled there."""
        user = _user_of(caller)
        try:
            return telephony.dial(user.customer_id, user.id, body.number, body.device_id)
        except NotReachableError:
            raise problems.ProblemError(
                409,
                "not-reachable",
                Sentence("not-registered", "No telephone of yours, or not this one, is registered."),
            ) from None

    @router.delete("/calls/{call_id}", status_code=204)
    async def hang_up(call_id: str, caller: Annotated[Caller, signed_in]) -> None:
        """End a call: a participant may, and the administrators above."""
        for tenant_id, call in await visible(caller):
            if call.call_id == call_id:
                try:
                    telephony.hang_up(tenant_id, call_id)
                except NoSuchCallError:
                    break
                return
        raise problems.not_found("There is no such call.")

    return router


def _user_of(caller: Caller) -> User:
    if caller.person.user is None:
        raise problems.not_found("This account has no extension.")
    return caller.person.user
