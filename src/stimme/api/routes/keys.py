"""Function keys of telephones: a user's, set up by an administrator or by the user.

Policy: all keys of a user are put together, under one ETag; the telephone system takes them over at once,
and lamps that telephones watch follow. A mistake is told with the key's place in the list.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from stimme.api import problems
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.key_schemas import KeyBody, KeyItem, KeyList, KeysBody
from stimme.api.ports import Telephony
from stimme.pbx.features.key_plan import write_keys
from stimme.phones.keys import TEXTS, address_of, label_of
from stimme.store.changes import Expectation
from stimme.store.function_keys import FunctionKeyRepository, UserKeys

_Expected = Annotated[Expectation, Depends(expectation)]


def key_routes(
    authentication: Authentication, repository: FunctionKeyRepository, telephony: Telephony
) -> APIRouter:
    """Build the routes of users' keys, and of the own."""
    router = APIRouter(tags=["configuration"])
    signed_in = Depends(authentication.caller)
    admin = authentication.at_least("customer")

    async def put(
        caller: Caller, user_id: str, body: KeysBody, response: Response, expected: Expectation
    ) -> KeyList:
        values = [key.model_dump(exclude_none=True) for key in body.keys]
        kept, made = await repository.put(caller.authority, user_id, values, expected)
        if made.changed:
            await telephony.reload(made.row.customer_id)
        tag(response, kept.version, created=made.created)
        return _view(user_id, kept)

    async def get(caller: Caller, user_id: str, response: Response) -> KeyList:
        found = await repository.find(caller.person.scope, user_id)
        if found.version:
            tag(response, found.version)
        return _view(user_id, found)

    @router.get("/users/{user_id}/keys")
    async def keys(user_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response) -> KeyList:
        """Return a user's function keys, and what is written into telephones for them."""
        return await get(caller, str(user_id), response)

    @router.put("/users/{user_id}/keys", responses={201: {"model": KeyList}})
    async def put_keys(
        user_id: uuid.UUID,
        body: KeysBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> KeyList:
        """Set all function keys of a user."""
        return await put(caller, str(user_id), body, response, expected)

    @router.get("/me/keys", tags=["me"])
    async def my_keys(caller: Annotated[Caller, signed_in], response: Response) -> KeyList:
        """Return the own function keys."""
        return await get(caller, _own(caller), response)

    @router.put("/me/keys", tags=["me"], responses={201: {"model": KeyList}})
    async def put_my_keys(
        body: KeysBody, caller: Annotated[Caller, signed_in], response: Response, expected: _Expected
    ) -> KeyList:
        """Set all own function keys."""
        return await put(caller, _own(caller), body, response, expected)

    return router


def _own(caller: Caller) -> str:
    if caller.person.user is None:
        raise problems.not_found("This account has no extension.")
    return caller.person.user.id


def _view(user_id: str, kept: UserKeys) -> KeyList:
    tenant = kept.tenant
    return KeyList(
        user_id=user_id,
        items=[
            KeyItem(
                **KeyBody.model_validate(written).model_dump(),
                shown=label_of(tenant, key),
                address=address_of(key.position, tenant.domain),
            )
            for key, written in zip(kept.keys, write_keys(kept.keys), strict=True)
        ],
        version=kept.version,
        phone_settings={maker: write(tenant, kept.keys) for maker, write in TEXTS.items()},
    )
