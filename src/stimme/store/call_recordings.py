"""Recordings of calls: who made which, and the files.

Policy: a row is written when a recording begins, through the same way as call records; the media engine
writes the file, which is there once it is complete. Who may hear one: the user who made it and the customer's
administrators; nobody above the customer. A recording goes when it is deleted, when its user is forgotten,
or when the customer's time for them is over; its file goes at once or in the following night.
"""

import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, delete, literal, select, tuple_

from stimme.pbx.apps.fields import FieldError
from stimme.pbx.ports import RecordedCall
from stimme.pbx.recording_policy import RecordingPolicy, read_recording
from stimme.store.changes import Authority, changing
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.models import UtcDateTime
from stimme.store.service_models import Service
from stimme.store.sound_models import CallRecordingRow
from stimme.store.writer import WriteBehind

RECORDINGS = cast(Table, CallRecordingRow.__table__)
RECORDINGS_FOLDER = "call-recordings"
"""The folder of recordings of calls, in the node's data folder."""
_PRIVATE = 0o700
_UNKNOWN_KEPT = timedelta(days=1)
"""A file without a row may belong to a recording whose row is being written."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear recordings: inside a scope, and only the own ones where a user is named."""

    scope: Scope
    user_id: str | None = None


class RecordingFiles:
    """The files: `<customer>/<id>.wav` below a folder that nobody else may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, customer_id: str, recording_id: str) -> Path:
        """Where a recording is, or will be."""
        return self._folder / customer_id / f"{recording_id}.wav"

    def prepare(self, customer_id: str) -> None:
        """Makes the folder. Raises OSError."""
        self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        (self._folder / customer_id).mkdir(mode=_PRIVATE, exist_ok=True)

    def length(self, row: CallRecordingRow) -> tuple[float, int] | None:
        """Seconds and bytes of a recording; None while its file is not there."""
        path = self.path(row.customer_id, row.id)
        try:
            with wave.open(str(path), "rb") as sound:
                return sound.getnframes() / sound.getframerate(), path.stat().st_size
        except (OSError, wave.Error, EOFError):
            return None

    def remove_unknown(self, known: set[str], before: float) -> int:
        """Removes files older than a time (seconds since the epoch) whose ids nobody knows."""
        found = [path for path in self._folder.glob("*/*.wav") if path.stem not in known]
        gone = [path for path in found if path.stat().st_mtime < before]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


class NewRecordings:
    """Notes recordings as they begin (``stimme.pbx.ports.RecordingStore``)."""

    def __init__(self, writer: WriteBehind, files: RecordingFiles) -> None:
        self._writer = writer
        self._files = files

    def begin(self, recording: RecordedCall) -> Path:
        """Note a recording; give the file that is to be written. Raises OSError."""
        self._files.prepare(recording.tenant_id)
        self._writer.put(RECORDINGS, recording.id, _row(recording))
        return self._files.path(recording.tenant_id, recording.id)


def _row(recording: RecordedCall) -> dict[str, Any]:
    return {
        "id": recording.id,
        "customer_id": recording.tenant_id,
        "call_id": recording.call_id,
        "user_id": recording.user_id,
        "started_at": recording.started_at,
        "caller_number": recording.caller.number,
        "caller_name": recording.caller.name,
        "caller_user_id": recording.caller.user_id,
        "callee_number": recording.callee.number,
        "callee_name": recording.callee.name,
        "callee_user_id": recording.callee.user_id,
    }


class CallRecordings:
    """Reads and deletes recordings."""

    def __init__(self, database: Database, files: RecordingFiles | None) -> None:
        self._database = database
        self.files = files

    async def list(
        self,
        who: Listener,
        *,
        customer_id: str | None,
        before: tuple[datetime, str] | None,
        limit: int,
    ) -> Sequence[CallRecordingRow]:
        """List recordings older than ``before`` (start and id of the last one seen), newest first."""
        order = (CallRecordingRow.started_at.desc(), CallRecordingRow.id.desc())
        statement = select(CallRecordingRow).order_by(*order).limit(limit)
        if who.user_id is not None:
            statement = statement.where(CallRecordingRow.user_id == who.user_id)
        if customer_id is not None:
            statement = statement.where(CallRecordingRow.customer_id == customer_id)
        if before is not None:
            last = tuple_(literal(before[0], UtcDateTime()), literal(before[1]))
            statement = statement.where(tuple_(CallRecordingRow.started_at, CallRecordingRow.id) < last)
        async with self._database.scoped(who.scope) as session:
            return (await session.scalars(statement)).all()

    async def find(self, who: Listener, recording_id: str) -> CallRecordingRow:
        """Return one recording. Raises NotFoundError."""
        async with self._database.scoped(who.scope) as session:
            return _own(await session.get(CallRecordingRow, recording_id), who)

    async def delete(self, authority: Authority, who: Listener, recording_id: str) -> None:
        """Delete a recording with its file. Raises NotFoundError."""
        async with changing(self._database, authority) as session:
            row = _own(await session.get(CallRecordingRow, recording_id), who)
            await session.delete(row)
        if self.files is not None:
            self.files.path(row.customer_id, row.id).unlink(missing_ok=True)

    async def forget_old(self, now: datetime) -> int:
        """Delete what the customers' times are over for, and files that nobody knows; return how many."""
        async with self._database.system() as session, session.begin():
            days = await self._days(session)
            for customer_id in set(await session.scalars(select(CallRecordingRow.customer_id).distinct())):
                kept = days.get(customer_id, RecordingPolicy().keep_days)
                await session.execute(
                    delete(CallRecordingRow).where(
                        CallRecordingRow.customer_id == customer_id,
                        CallRecordingRow.started_at < now - timedelta(days=kept),
                    )
                )
            known = set(await session.scalars(select(CallRecordingRow.id)))
        if self.files is None:
            return 0
        return self.files.remove_unknown(known, (now - _UNKNOWN_KEPT).timestamp())

    @staticmethod
    async def _days(session: Any) -> Mapping[str, int]:
        days = {}
        for row in await session.scalars(select(Service).where(Service.kind == "recording")):
            try:
                days[row.customer_id] = read_recording(row.value).keep_days
            except FieldError:
                continue  # told when the tenants are loaded; the default counts
        return days


def _own(row: CallRecordingRow | None, who: Listener) -> CallRecordingRow:
    if row is None or who.user_id not in (None, row.user_id):
        raise NotFoundError("There is no such recording.")
    return row
