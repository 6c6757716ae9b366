"""What administrators look at: users, devices, trunks and call records of their customers."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import Telephony
from stimme.api.views import (
    call_record_view,
    decode_cursor,
    decode_time_cursor,
    device_view,
    encode_cursor,
    trunk_view,
    user_view,
)
from stimme.store.calls import CallHistory
from stimme.store.directory import DirectoryRepository

_Row = TypeVar("_Row")
_Limit = Annotated[int, Query(ge=1, le=1000)]
_Query = Annotated[str, Query(max_length=200, description="What to search for.")]


def administration_routes(
    authentication: Authentication,
    directory: DirectoryRepository,
    history: CallHistory,
    telephony: Telephony,
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["administration"])

    async def administrator(
        caller: Annotated[Caller, Depends(authentication.caller)], customer_id: str | None = None
    ) -> Caller:
        caller.must_be_at_least("customer")
        if customer_id is not None and not await directory.has_customer(caller.person.scope, customer_id):
            raise problems.not_found("There is no such customer.")
        return caller

    admin = Depends(administrator)

    @router.get("/users")
    async def users(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        query: _Query = "",
        limit: _Limit = 200,
        after: str | None = None,
    ) -> schemas.UserList:
        """List users by extension; ``query`` finds names, extensions and numbers."""
        cursor = decode_cursor(after, "after")
        found, more = _page(
            await directory.users(
                caller.person.scope, customer_id=customer_id, after=cursor, limit=limit + 1, query=query
            ),
            limit,
        )
        items = [user_view(user, telephony) for user in found]
        last = encode_cursor(found[-1].customer_id, found[-1].extension) if more else None
        return schemas.UserList(items=items, next=last)

    @router.get("/devices")
    async def devices(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        query: _Query = "",
        limit: _Limit = 200,
        after: str | None = None,
    ) -> schemas.DeviceList:
        """List devices; passwords are never shown. ``query`` finds names and SIP users."""
        cursor = decode_cursor(after, "after")
        found, more = _page(
            await directory.devices(
                caller.person.scope, customer_id=customer_id, after=cursor, limit=limit + 1, query=query
            ),
            limit,
        )
        registered = {
            tenant: frozenset(telephony.registered_devices(tenant))
            for tenant in {device.customer_id for device in found}
        }
        items = [device_view(device, telephony, registered[device.customer_id]) for device in found]
        last = encode_cursor(found[-1].customer_id, found[-1].sip_user) if more else None
        return schemas.DeviceList(items=items, next=last)

    @router.get("/trunks")
    async def trunks(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        query: _Query = "",
        limit: _Limit = 200,
        after: str | None = None,
    ) -> schemas.TrunkList:
        """List trunks with their numbers and state; ``query`` finds names and hosts."""
        cursor = decode_cursor(after, "after")
        found, more = _page(
            await directory.trunks(
                caller.person.scope, customer_id=customer_id, after=cursor, limit=limit + 1, query=query
            ),
            limit,
        )
        items = [trunk_view(trunk, blocks, telephony) for trunk, blocks in found]
        last = encode_cursor(found[-1][0].customer_id, found[-1][0].name) if more else None
        return schemas.TrunkList(items=items, next=last)

    @router.get("/call-records")
    async def call_records(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        limit: _Limit = 100,
        before: str | None = None,
    ) -> schemas.CallRecordList:
        """List finished calls, newest first."""
        cursor = decode_time_cursor(before, "before")
        found, more = _page(
            await history.call_records(
                caller.person.scope, customer_id=customer_id, before=cursor, limit=limit + 1
            ),
            limit,
        )
        last = encode_cursor(found[-1].started_at.isoformat(), found[-1].id) if more else None
        notes = await history.notes(caller.person.scope, [row.id for row in found])
        items = [call_record_view(row, notes.get(row.id, ())) for row in found]
        return schemas.CallRecordList(items=items, next=last)

    return router


def _page(rows: Sequence[_Row], limit: int) -> tuple[Sequence[_Row], bool]:
    return rows[:limit], len(rows) > limit
