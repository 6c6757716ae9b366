"""The sockets behind flows: one UDP socket with many peers, one stream or WebSocket a peer."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from stimme.sip.errors import SipParseError
from stimme.sip.transport.stream import StreamFramer

Address = tuple[str, int]
DSCP_CS3 = 24 << 2
MAX_UNSENT_BYTES = 1 << 20


class UdpListener(asyncio.DatagramProtocol):
    """A UDP socket; `receive` gets each datagram with the flow that leads back."""

    def __init__(self, receive: Callable[[bytes, "UdpFlow"], None]) -> None:
        self._receive = receive
        self.local: Address = ("", 0)
        self.family = socket.AF_INET
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open: mark its packets as signalling (DSCP CS3, RFC 4594 §3)."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = transport.get_extra_info("sockname")[:2]
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            self.family = raw.family
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, DSCP_CS3)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A datagram came."""
        self._receive(data, UdpFlow(self, addr[:2]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error of some peer: its transactions end by their own timers."""

    def flow(self, remote: Address) -> "UdpFlow":
        """The flow to a peer."""
        return UdpFlow(self, remote)

    def send(self, data: bytes, remote: Address) -> None:
        """Sends one datagram."""
        if self._transport is not None:
            self._transport.sendto(data, remote)

    def close(self) -> None:
        """Closes the socket."""
        if self._transport is not None:
            self._transport.close()


class UdpFlow:
    """A peer of a UDP socket."""

    __slots__ = ("_listener", "remote")
    transport = "udp"
    closed = False

    def __init__(self, listener: UdpListener, remote: Address) -> None:
        self._listener = listener
        self.remote = remote

    @property
    def local(self) -> Address:
        """Our address."""
        return self._listener.local

    def send(self, data: bytes) -> None:
        """Sends one datagram."""
        self._listener.send(data, self.remote)


class StreamFlow(asyncio.Protocol):
    """A TCP or TLS connection, accepted or opened.

    An accepted one is closed when its first message, or a later one that has begun, is not complete within
    `half_open` seconds; at rest between messages it may stay for as long as it wants.

    Attributes:
        key: transport and address that we opened it for, None when the peer opened it.
        half_open: it was closed because no whole message came in time.
    """

    def __init__(
        self,
        transport: str,
        receive: Callable[[bytes, "StreamFlow"], None],
        lost: Callable[["StreamFlow"], None],
        half_open: float | None,
        admits: Callable[["StreamFlow"], bool] = lambda flow: True,
    ) -> None:
        self.transport = transport
        self.local: Address = ("", 0)
        self.remote: Address = ("", 0)
        self.closed = False
        self._receive = receive
        self._lost = lost
        self._half_open = half_open
        self._admits = admits
        self.key: tuple[str, Address] | None = None
        self.half_open = False
        self._deadline: asyncio.TimerHandle | None = None
        self._framer = StreamFramer()
        self._socket: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._socket = cast(asyncio.Transport, transport)
        self.remote = (transport.get_extra_info("peername") or ("", 0))[:2]
        if not self._admits(self) or self.closed:
            self.closed = True
            self._socket.abort()
            return
        self.local = transport.get_extra_info("sockname")[:2]
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, DSCP_CS3)
        self._expect_a_message()

    def data_received(self, data: bytes) -> None:
        """Bytes came: whole messages go on; what cannot be framed ends the connection."""
        if self.closed:
            return
        try:
            messages = self._framer.feed(data)
        except SipParseError:
            self.close()
            return
        if messages and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._deadline is None and self._framer.pending:
            self._expect_a_message()
        for message in messages:
            self._receive(message, self)

    def _expect_a_message(self) -> None:
        if self._half_open is not None:
            self._deadline = asyncio.get_running_loop().call_later(self._half_open, self._too_slow)

    def _too_slow(self) -> None:
        self.half_open = True
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.closed = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._lost(self)

    def send(self, data: bytes) -> None:
        """Sends bytes; a peer that does not read is cut off before it costs memory."""
        if self._socket is None or self.closed:
            return
        if self._socket.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._socket.abort()
            return
        self._socket.write(data)

    def close(self) -> None:
        """Closes the connection."""
        self.closed = True
        if self._socket is not None:
            self._socket.close()


class WebSocketFlow:
    """A WebSocket of a browser; messages wait in a bounded queue for its writer."""

    def __init__(self, transport: str, local: Address, remote: Address) -> None:
        self.transport = transport
        self.local = local
        self.remote = remote
        self.closed = False
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(1000)

    def send(self, data: bytes) -> None:
        """Queues one message."""
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            self.closed = True

    async def write_to(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Writes the queue until cancelled or the socket fails."""
        with contextlib.suppress(OSError, RuntimeError):
            while not self.closed:
                await send(await self._queue.get())
        self.closed = True
