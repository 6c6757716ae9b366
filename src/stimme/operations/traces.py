"""SIP traces that somebody wanted to keep: one file for each call in the node's data folder.

Policy: a trace is stored when it is asked for, in `traces/` of the node's data folder, readable by the node
alone; the oldest are removed when there are more than 1,000. They hold telephone numbers: delete the folder's
files when the fault is found.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stimme.sip.trace import TraceEntry

MAX_FILES = 1_000
_CALL = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace with the customer whose call it was."""

    tenant_id: str
    entries: tuple[TraceEntry, ...]


class TraceFiles:
    """See the module's docstring.

    Args:
        folder: made when the first trace is stored.
        most: files kept.
    """

    def __init__(self, folder: Path, *, most: int = MAX_FILES) -> None:
        self._folder = folder
        self._most = most

    def store(self, tenant_id: str, call_id: str, entries: Sequence[TraceEntry]) -> None:
        """Keeps a trace in place of an earlier one of the call.

        Raises OSError when it cannot be written, ValueError for what is no call's id.
        """
        path = self._path(call_id)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        messages = [
            [entry.at, entry.sent, entry.transport, list(entry.peer), base64.b64encode(entry.data).decode()]
            for entry in entries
        ]
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"tenant": tenant_id, "messages": messages}))
        fresh.replace(path)
        kept = sorted(self._folder.glob("*.json"), key=lambda each: each.stat().st_mtime)
        for old in kept[: -self._most]:
            old.unlink(missing_ok=True)

    def load(self, call_id: str) -> StoredTrace | None:
        """A stored trace, None when there is none that can be read."""
        try:
            value = json.loads(self._path(call_id).read_text())
            return StoredTrace(
                str(value["tenant"]),
                tuple(
                    TraceEntry(at, sent, transport, (peer[0], peer[1]), base64.b64decode(data))
                    for at, sent, transport, peer, data in value["messages"]
                ),
            )
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def _path(self, call_id: str) -> Path:
        if _CALL.fullmatch(call_id) is None:
            raise ValueError(f"not a call: {call_id[:64]!r}")
        return self._folder / f"{call_id}.json"
