"""The messages of the last calls, kept in memory for a while: what an administrator sees as a ladder.

Policy: the messages of all calls are kept together as they were on the wire; the oldest leave when they are
more than `MAX_BYTES`. Noting one costs nothing but its place: which call it belongs to is looked up when a
trace is read. What could help to guess a password or to decrypt speech is blotted out then.
"""

import re
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

MAX_BYTES = 32 << 20
_CALL_ID = re.compile(rb"\r\n(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]+)", re.IGNORECASE)
_SECRETS = re.compile(rb'(\bresponse="|\bcnonce="|\binline:|\bice-pwd:|\bpn-prid=)[^"|\s;>]+')
_OVERHEAD = 200


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One message.

    Attributes:
        at: seconds since the epoch.
        sent: by us; received otherwise.
        transport, peer: how and with whom.
        data: the message, secrets blotted out.
    """

    at: float
    sent: bool
    transport: str
    peer: tuple[str, int]
    data: bytes


_Kept = tuple[float, bool, str, tuple[str, int], bytes]


class Trace:
    """See the module's docstring.

    Args:
        clock: seconds since the epoch.
        most_bytes: of all messages together; 0 keeps nothing.
    """

    def __init__(self, clock: Callable[[], float], *, most_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._most = most_bytes
        self._kept: deque[_Kept] = deque()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._size

    def note(self, data: bytes, *, sent: bool, transport: str, peer: tuple[str, int]) -> None:
        """A message was sent or received."""
        if not self._most:
            return
        self._kept.append((self._clock(), sent, transport, peer, data))
        self._size += len(data) + _OVERHEAD
        while self._size > self._most:
            self._size -= len(self._kept.popleft()[4]) + _OVERHEAD

    def of(self, *call_ids: str) -> list[TraceEntry]:
        """The messages with one of these Call-IDs in the order they went; empty when none is kept."""
        wanted = {call_id.encode("utf-8", "surrogateescape") for call_id in call_ids}
        return [
            TraceEntry(at, sent, transport, peer, _SECRETS.sub(rb"\1***", data))
            for at, sent, transport, peer, data in self._kept
            if _is_of(data, wanted)
        ]


def _is_of(data: bytes, wanted: Collection[bytes]) -> bool:
    if not any(call_id in data for call_id in wanted):  # cheap, and false for nearly all
        return False
    found = _CALL_ID.search(data)
    return found is not None and found.group(1).strip() in wanted
