"""The SIP messages of a call, for administrators: as they are in memory, or as they were stored."""

from typing import Annotated

from fastapi import APIRouter

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import Telephony
from stimme.operations.traces import TraceFiles
from stimme.sip.ladder import ladder
from stimme.sip.trace import TraceEntry
from stimme.sip.uri import clean_text
from stimme.store.directory import DirectoryRepository


def trace_routes(
    authentication: Authentication,
    directory: DirectoryRepository,
    telephony: Telephony,
    files: TraceFiles | None,
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["administration"])

    admin = authentication.at_least("customer")

    async def found(caller: Caller, call_id: str) -> tuple[str, tuple[TraceEntry, ...]]:
        tenants = list(await directory.customer_ids(caller.person.scope))
        for tenant_id in tenants:
            entries = tuple(telephony.trace(tenant_id, call_id))
            if entries:
                return tenant_id, entries
        stored = files.load(call_id) if files is not None else None
        if stored is None or stored.tenant_id not in tenants:
            raise problems.not_found("There is no trace of such a call any more.")
        return stored.tenant_id, stored.entries

    @router.get("/calls/{call_id}/trace")
    async def trace(call_id: str, caller: Annotated[Caller, admin]) -> schemas.CallTrace:
        """Return the SIP messages of a call, secrets blotted out, and their ladder as text."""
        _, entries = await found(caller, call_id)
        return schemas.CallTrace(
            call_id=call_id,
            ladder=ladder(entries),
            messages=[
                schemas.TraceMessage(
                    at=entry.at,
                    sent=entry.sent,
                    transport=entry.transport,
                    peer=f"{entry.peer[0]}:{entry.peer[1]}",
                    text=clean_text(entry.data.decode("utf-8", "surrogateescape")),
                )
                for entry in entries
            ],
        )

    @router.put("/calls/{call_id}/trace", status_code=204)
    async def store(call_id: str, caller: Annotated[Caller, admin]) -> None:
        """Keep the trace of a call beyond the time that it is in memory."""
        tenant_id, entries = await found(caller, call_id)
        if files is not None:
            files.store(tenant_id, call_id, entries)

    return router
