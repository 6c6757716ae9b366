"""The journal of confirmed calls: an append-only file, written before the call goes on.

Policy: what was appended outlives the death of the process, whatever the database does meanwhile; a killed
call control loses no call that it has answered. Nothing is forced to the disk: when the machine itself dies,
its calls are over. The end of a call is noted only once its record is in the database, so that a call is
recorded in any case, and once. The file holds MessagePack pairs of call id and state, None for a call that
has ended; it is written anew, with the living calls only, at the start and when it has grown too much.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import structlog

_log = structlog.get_logger("stimme.store")
_GROWTH_BYTES = 16 << 20


class CallJournal:
    """Confirmed calls, for a restarted call control to go on with (``stimme.pbx.ports.Journal``).

    Args:
        file: Where it lies; made when missing.
        settled: Calls what it is given once everything reported to the database until now is in there.

    Raises:
        OSError: When the file cannot be made or read.
    """

    def __init__(self, file: Path, settled: Callable[[Callable[[], None]], None]) -> None:
        self._file = file
        self._settled = settled
        self._living = _read(file)
        self._descriptor = -1
        self._grown = 0
        self._begin_anew()

    def put(self, call_id: str, value: dict[str, Any]) -> None:
        """Keep the state of a call, in place of what was there."""
        self._living[call_id] = value
        self._append(call_id, value)

    def delete(self, call_id: str) -> None:
        """Forget a call that has ended, as soon as its record is safe."""
        if call_id in self._living:
            self._settled(lambda: self._forget(call_id))

    async def load(self) -> dict[str, dict[str, Any]]:
        """Return every call that had not ended, by id."""
        return dict(self._living)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _forget(self, call_id: str) -> None:
        if self._living.pop(call_id, None) is not None:
            self._append(call_id, None)
        if self._grown > _GROWTH_BYTES:
            self._begin_anew()

    def _append(self, call_id: str, value: dict[str, Any] | None) -> None:
        if self._descriptor < 0:
            return
        try:
            self._grown += os.write(self._descriptor, msgpack.packb([call_id, value]))
        except OSError as error:
            _log.error("the journal cannot be written", error=str(error))

    def _begin_anew(self) -> None:
        self.close()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._descriptor = os.open(part, flags, 0o600)
        for call_id, value in self._living.items():
            os.write(self._descriptor, msgpack.packb([call_id, value]))
        part.rename(self._file)
        self._grown = 0


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """The calls of a journal; what was cut off in the middle of a write is not one."""
    living: dict[str, dict[str, Any]] = {}
    if not file.exists():
        return living
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(file.read_bytes())
    try:
        for call_id, value in unpacker:
            if value is None:
                living.pop(call_id, None)
            else:
                living[call_id] = value
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        _log.error("the journal is damaged", file=str(file), error=str(error))
    return living
