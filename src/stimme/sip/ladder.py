"""A trace as a ladder of text: who sent what to whom, and when."""

from collections.abc import Sequence

from stimme.sip.errors import SipParseError
from stimme.sip.message import Request, parse_message
from stimme.sip.trace import TraceEntry
from stimme.sip.uri import format_host_port

_WIDTH = 34
_MARGIN = 10


def ladder(entries: Sequence[TraceEntry], us: str = "stimme") -> str:
    """Draws it: we are the first column, each peer one more, in the order of their first message.

    Times are seconds from the first message. What cannot be read is drawn as `?`.
    """
    peers = list(dict.fromkeys(_peer(entry) for entry in entries))
    heads = [us, *peers]
    lines = [" " * _MARGIN + "".join(f"{head:<{_WIDTH}}" for head in heads).rstrip()]
    start = entries[0].at if entries else 0.0
    for entry in entries:
        lines.append(f"{entry.at - start:8.3f}  {_rung(entry, peers.index(_peer(entry)), len(peers))}")
    return "\n".join(lines) + "\n"


def _peer(entry: TraceEntry) -> str:
    return f"{entry.transport} {format_host_port(*entry.peer)}"


def _rung(entry: TraceEntry, column: int, columns: int) -> str:
    length = (column + 1) * _WIDTH - 1
    text = f" {_label(entry.data)} "[: length - 4]
    drawn = f"{text:-^{length - 2}}"
    arrow = f"-{drawn}>" if entry.sent else f"<{drawn}-"
    return f"|{arrow}|" + f"{'':{_WIDTH - 1}}|" * (columns - column - 1)


def _label(data: bytes) -> str:
    try:
        message = parse_message(data)
        start = (
            f"{message.method} {message.user}".rstrip()
            if isinstance(message, Request)
            else f"{message.status} {message.cseq.method}"
        )
    except SipParseError:
        return "?"
    return f"{start} SDP" if message.sdp else start
