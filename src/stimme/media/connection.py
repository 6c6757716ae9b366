"""The wire between call control and the engine: length-prefixed MessagePack over a Unix socket.

Requests that are made in one pass of the event loop leave in one write, and with them those that have time.
Each write wakes up the engine, and its answer call control, which costs more than the work. Replies find
their request by its number; events are handed on in the order in which the engine sent them.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, cast

import msgpack

from stimme.media.errors import EngineError, EngineLostError

PROTOCOL = 1
MAX_FRAME_BYTES = 16 << 20
_LENGTH = struct.Struct(">I")
_REQUEST, _REPLY, _ERROR, _EVENT = range(4)
_IDLE_SECONDS = 0.05


async def all_of(replies: Iterable[Awaitable[object]]) -> None:
    """Waits for replies to requests under way; raises the first EngineError once all are there."""
    failure: EngineError | None = None
    for reply in replies:
        try:
            await reply
        except EngineError as error:
            failure = failure or error
    if failure is not None:
        raise failure


class Connection(asyncio.Protocol):
    """One connection to the engine.

    Args:
        on_event: gets the name and the fields of every event.
    """

    def __init__(self, on_event: Callable[[str, dict[str, Any]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._packer = msgpack.Packer()
        self._outgoing: list[bytes] = []
        self._leaving = False
        self._idle: asyncio.TimerHandle | None = None
        self._next = 0
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    async def open(cls, path: Path, on_event: Callable[[str, dict[str, Any]], None]) -> "Connection":
        """Connects. Raises OSError when nobody listens."""
        _, connection = await asyncio.get_running_loop().create_unix_connection(
            lambda: cls(on_event), str(path)
        )
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine is gone: everything that waits for it fails."""
        for future in self._pending.values():
            if not future.done():
                future.set_exception(EngineLostError())
        self._pending.clear()
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Bytes came from the engine; a frame that cannot be read closes the connection."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME_BYTES:
                self.close()
                return
            if len(self._buffer) < _LENGTH.size + length:
                return
            frame = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
            del self._buffer[: _LENGTH.size + length]
            try:
                message = msgpack.unpackb(frame)
            except (ValueError, msgpack.UnpackException):
                self.close()
                return
            self._receive(message)

    def _receive(self, message: object) -> None:
        match message:
            case [kind, int(number), result] if kind == _REPLY:
                if (waiting := self._waiting(number)) is not None:
                    waiting.set_result(result)
            case [kind, int(number), code, text] if kind == _ERROR:
                if (waiting := self._waiting(number)) is not None:
                    waiting.set_exception(EngineError(str(code), str(text)))
            case [kind, _, name, dict(fields)] if kind == _EVENT:
                self._on_event(str(name), fields)
            case _:
                self.close()

    def _waiting(self, number: int) -> "asyncio.Future[Any] | None":
        """The future of a request, None when its caller was cancelled: the reply has no reader then."""
        future = self._pending.pop(number, None)
        return None if future is None or future.done() else future

    def request(self, op: str, **fields: Any) -> "asyncio.Future[Any]":
        """Sends a request soon. The future raises EngineError, or EngineLostError."""
        future = self._prepare(op, fields)
        if self._outgoing and not self._leaving:
            self._leaving = True
            self._loop.call_soon(self._flush)
        return future

    def request_idly(self, op: str, **fields: Any) -> "asyncio.Future[Any]":
        """As `request`, for what nobody waits for: it leaves with the next request, or after 50 ms."""
        future = self._prepare(op, fields)
        if self._outgoing and not self._leaving and self._idle is None:
            self._idle = self._loop.call_later(_IDLE_SECONDS, self._flush)
        return future

    def _prepare(self, op: str, fields: dict[str, Any]) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None:
            future.set_exception(EngineLostError())
            return future
        self._next += 1
        self._pending[self._next] = future
        frame: bytes = self._packer.pack([_REQUEST, self._next, op, fields])
        self._outgoing += (_LENGTH.pack(len(frame)), frame)
        return future

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        self._leaving = False
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if outgoing and self._transport is not None:
            self._transport.write(b"".join(outgoing))

    def close(self) -> None:
        """Ends the connection; what lives in the engine stays there."""
        if self._transport is not None:
            self._flush()
            self._transport.close()
