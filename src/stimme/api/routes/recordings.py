"""Recordings of calls: listed, heard and deleted by who made them and by the customer's administrators.

Policy: a reseller or the provider hears no customer's calls: to them there are no recordings.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import Telephony
from stimme.api.views import decode_time_cursor, encode_cursor
from stimme.sentences import Sentence
from stimme.store.call_recordings import CallRecordings, Listener
from stimme.store.sound_models import CallRecordingRow

_Limit = Annotated[int, Query(ge=1, le=500)]


def recording_routes(
    authentication: Authentication, recordings: CallRecordings, telephony: Telephony
) -> APIRouter:
    """Build the routes of ``/call-recordings``."""
    router = APIRouter(tags=["calls"])
    signed_in = Depends(authentication.caller)

    def view(row: CallRecordingRow) -> schemas.CallRecordingItem:
        length = recordings.files.length(row) if recordings.files is not None else None
        making = row.id in telephony.recordings_under_way(row.customer_id)
        return schemas.CallRecordingItem(
            id=row.id,
            customer_id=row.customer_id,
            call_id=row.call_id,
            user_id=row.user_id,
            started_at=row.started_at,
            caller=schemas.Party(
                number=row.caller_number or "", name=row.caller_name or "", user_id=row.caller_user_id
            ),
            callee=schemas.Party(
                number=row.callee_number or "", name=row.callee_name or "", user_id=row.callee_user_id
            ),
            state="recording" if making else "ready" if length is not None else "missing",
            seconds=round(length[0], 1) if length is not None else None,
            size=length[1] if length is not None else None,
        )

    @router.get("/call-recordings")
    async def list_recordings(
        caller: Annotated[Caller, signed_in],
        customer_id: str | None = None,
        limit: _Limit = 100,
        before: str | None = None,
    ) -> schemas.CallRecordingList:
        """List recordings, newest first: the own ones, or (the customer's administrators) all of them."""
        who = _listener(caller)
        if who is None:
            return schemas.CallRecordingList(items=[], next=None)
        cursor = decode_time_cursor(before, "before")
        rows = await recordings.list(who, customer_id=customer_id, before=cursor, limit=limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        last = encode_cursor(rows[-1].started_at.isoformat(), rows[-1].id) if more else None
        return schemas.CallRecordingList(items=[view(row) for row in rows], next=last)

    @router.get("/call-recordings/{recording_id}")
    async def recording(recording_id: str, caller: Annotated[Caller, signed_in]) -> schemas.CallRecordingItem:
        """Return what is known of a recording."""
        return view(await recordings.find(_needed(caller), recording_id))

    @router.get(
        "/call-recordings/{recording_id}/audio",
        response_class=FileResponse,
        responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def audio(recording_id: str, caller: Annotated[Caller, signed_in]) -> FileResponse:
        """Return a recording as WAV, left who recorded, right who was heard; parts of it by ``Range``."""
        row = await recordings.find(_needed(caller), recording_id)
        path = recordings.files.path(row.customer_id, row.id) if recordings.files is not None else None
        if path is None or not path.is_file():
            raise problems.ProblemError(
                409,
                "conflict",
                Sentence("recording-incomplete", "The recording is not complete, or was lost."),
            )
        return FileResponse(path, media_type="audio/wav", filename=f"{row.started_at:%Y-%m-%d-%H%M%S}.wav")

    @router.delete("/call-recordings/{recording_id}", status_code=204)
    async def delete(recording_id: str, caller: Annotated[Caller, signed_in]) -> None:
        """Delete a recording."""
        await recordings.delete(caller.authority, _needed(caller), recording_id)

    return router


def _listener(caller: Caller) -> Listener | None:
    """What somebody may hear; None above the customer."""
    role, user = caller.person.account.role, caller.person.user
    if role == "customer":
        return Listener(caller.person.scope)
    if role == "user" and user is not None:
        return Listener(caller.person.scope, user.id)
    return None


def _needed(caller: Caller) -> Listener:
    who = _listener(caller)
    if who is None:
        raise problems.not_found("There is no such recording.")
    return who
