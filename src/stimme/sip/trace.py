"""The messages of each call, kept in memory for a while: what an administrator sees as a ladder.

Policy: the messages are kept as they were on the wire; the calls that were quiet longest leave when the whole
is too large, and of one call no more than 200 messages are kept. What could help to guess a password or to
decrypt speech is blotted out when the trace is read.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_BYTES = 32 << 20
MAX_MESSAGES = 200
_CALL_ID = re.compile(rb"\r\n(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]+)", re.IGNORECASE)
_SECRETS = re.compile(rb'(\bresponse="|\bcnonce="|\binline:|\bice-pwd:)[^"|\s]+')
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
        self._calls: OrderedDict[bytes, list[_Kept]] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._size

    def note(self, data: bytes, *, sent: bool, transport: str, peer: tuple[str, int]) -> None:
        """A message was sent or received."""
        if not self._most:
            return
        found = _CALL_ID.search(data)
        if found is None:
            return
        call_id = found.group(1).strip()
        messages = self._calls.get(call_id)
        if messages is None:
            messages = self._calls[call_id] = []
        elif len(messages) >= MAX_MESSAGES:
            return
        else:
            self._calls.move_to_end(call_id)
        messages.append((self._clock(), sent, transport, peer, data))
        self._size += len(data) + _OVERHEAD
        while self._size > self._most and len(self._calls) > 1:
            _, dropped = self._calls.popitem(last=False)
            self._size -= sum(len(entry[4]) + _OVERHEAD for entry in dropped)

    def of(self, call_id: str) -> list[TraceEntry]:
        """The messages of a call in the order they went; empty when it is not kept any more."""
        kept = self._calls.get(call_id.encode("utf-8", "surrogateescape"), ())
        return [
            TraceEntry(at, sent, transport, peer, _SECRETS.sub(rb"\1***", data))
            for at, sent, transport, peer, data in kept
        ]
