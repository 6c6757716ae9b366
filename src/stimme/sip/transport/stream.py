"""Framing of SIP on a stream by Content-Length (RFC 3261 §18.3), without I/O."""

import re

from stimme.sip.errors import SipParseError

MAX_MESSAGE_BYTES = 1 << 17
MAX_HEAD_BYTES = 65536
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)


class StreamFramer:
    """Cuts a byte stream into messages. Keep-alives (RFC 5626 §3.5.1) come out as `b"\\r\\n\\r\\n"`."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """True while a message has begun and is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Adds what was received and gives the messages that are complete.

        Raises SipParseError when the stream cannot be framed: it must be closed then.
        """
        self._buffer += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            if message:
                messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if buffer.startswith(b"\r\n\r\n"):
            del buffer[:4]
            return b"\r\n\r\n"
        if buffer.startswith(b"\r\n"):
            if len(buffer) < 4 and b"\r\n\r\n".startswith(bytes(buffer)):
                return None  # perhaps the first half of a keep-alive
            del buffer[:2]
            return b""
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEAD_BYTES:
                raise SipParseError("the headers are too long", len(buffer))
            return None
        found = _LENGTH.search(buffer, 0, end + 4)
        if found is None:
            raise SipParseError("no Content-Length on a stream", end)
        total = end + 4 + int(found.group(1))
        if total > MAX_MESSAGE_BYTES:
            raise SipParseError("the message is too long", total)
        if len(buffer) < total:
            return None
        message = bytes(buffer[:total])
        del buffer[:total]
        return message
