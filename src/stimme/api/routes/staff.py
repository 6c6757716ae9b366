"""Accounts of the own organisation and those below it, and what staff may do.

Policy: as ``stimme.store.staff`` says; programs' tokens reach none of this (``stimme.api.scopes``).
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from stimme.api import credentials
from stimme.api.authentication import Authentication, Caller
from stimme.api.views import decode_cursor, encode_cursor
from stimme.store.models import Account
from stimme.store.rights import rights_of
from stimme.store.staff import Staff


def staff_routes(authentication: Authentication, staff: Staff) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["credentials"])

    admin = authentication.at_least("customer")

    @router.get("/accounts")
    async def accounts(
        caller: Annotated[Caller, admin],
        organisation_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        after: str | None = None,
    ) -> credentials.AccountList:
        """List accounts by organisation and login."""
        cursor = decode_cursor(after, "after")
        rows = await staff.page(
            caller.person.scope, organisation_id=organisation_id, after=cursor, limit=limit + 1
        )
        items = [_view(row) for row in rows[:limit]]
        following = encode_cursor(items[-1].organisation_id, items[-1].login) if len(rows) > limit else None
        return credentials.AccountList(items=items, next=following)

    @router.put("/accounts/{account_id}/rights")
    async def set_rights(
        account_id: uuid.UUID, body: credentials.RightsBody, caller: Annotated[Caller, admin]
    ) -> credentials.AccountItem:
        """Cut an account down to some rights, or give it all of its role."""
        return _view(await staff.set_rights(caller.authority, str(account_id), rights_of(body.rights)))

    @router.delete("/accounts/{account_id}", status_code=204)
    async def dismiss(account_id: uuid.UUID, caller: Annotated[Caller, admin]) -> None:
        """Delete an account; its sessions and tokens end with it."""
        await staff.dismiss(caller.authority, str(account_id))

    return router


def _view(row: Account) -> credentials.AccountItem:
    return credentials.AccountItem.model_validate(row, from_attributes=True)
