"""Sockets and time for a user agent: the one place where SIP meets asyncio."""

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import structlog
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from stimme.sip.errors import SipParseError
from stimme.sip.flow import Flow
from stimme.sip.message import Message, parse_message
from stimme.sip.timers import Timers
from stimme.sip.trace import Trace
from stimme.sip.transport.flood import FloodGuard, FloodLimits
from stimme.sip.transport.flows import Address, StreamFlow, UdpFlow, UdpListener, WebSocketFlow
from stimme.sip.transport.gate import HANDSHAKE_SECONDS, TlsGate
from stimme.sip.transport.sending import Sender
from stimme.sip.ua import METHODS, UserAgent, UserAgentHandler

log = structlog.get_logger("stimme.sip")

KEEPALIVE_PING = b"\r\n\r\n"
KEEPALIVE_PONG = b"\r\n"
MAX_CONNECTIONS = 20_000
MAX_CONNECTIONS_OF_ONE = 2_000
MAX_HELD = 10_000
_LONGEST_KEEPALIVE = 4
_METHODS = {method.encode(): method for method in METHODS}
_CLASSES = {str(number).encode(): f"{number}xx" for number in range(1, 7)}


class SipRunner:
    """Owns the sockets of a node and drives its `UserAgent`.

    Args:
        handler: the application.
        product: User-Agent and Server value.
        server_tls: for TLS and WSS listeners.
        client_tls: for outgoing TLS connections; None refuses them.
        public_address: address that peers can reach us under, for Contact and Via.
        timers: RFC 3261 timers.
        half_open: seconds that an accepted connection may take for a whole message.
        flood: what one source may send.
        trace: keeps messages by call; None keeps none.

    Attributes:
        guard: counts what each source sends; the application tells it whom to trust.
        on_blocked: hears of a source that is blocked from now on.
        most_of_one: connections that one source may have.
        refused_connections, half_open: connections refused, and closed for saying too little in time.
        crowded_out: requests of strangers that were not read because there were too many of others.
    """

    def __init__(
        self,
        handler: UserAgentHandler,
        *,
        product: str,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
        public_address: str | None = None,
        timers: Timers | None = None,
        half_open: float = 30.0,
        flood: FloodLimits | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server_tls = server_tls
        self._public = public_address
        self._half_open = half_open
        self._sender = Sender(
            self._loop,
            client_tls=client_tls,
            new_stream=lambda transport: self._new_stream(transport, None),
            failed=self._report,
        )
        self._servers: list[asyncio.Server] = []
        self._gates: list[TlsGate] = []
        self._websockets: list[WebSocketServer] = []
        self._open: set[StreamFlow] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._held: list[tuple[Message, Flow, bytes]] | None = []
        self.malformed = 0
        self.guard = FloodGuard(self._loop.time, flood or FloodLimits(enabled=False), self._blocked)
        self.on_blocked: Callable[[str], None] = lambda source: None
        self._connections: Counter[str] = Counter()
        self.most_of_one = MAX_CONNECTIONS_OF_ONE
        self.refused_connections = 0
        self.crowded_out = 0
        self.half_open = 0
        self.messages: Counter[tuple[str, str]] = Counter()
        self.on_flow_closed: Callable[[Flow], None] = lambda flow: None
        self.ua = UserAgent(
            handler,
            clock=self._loop.time,
            rng=random.SystemRandom(),
            product=product,
            on_output=self._flush,
            timers=timers,
            trace=trace,
        )

    async def listen(
        self, transport: Literal["udp", "tcp", "tls", "ws", "wss"], host: str, port: int
    ) -> Address:
        """Opens a listener and gives its address.

        Raises OSError when the port is taken, ValueError for tls and wss without a certificate.
        """
        if transport in ("tls", "wss") and self._server_tls is None:
            raise ValueError(f"a {transport} listener needs a certificate")
        if transport == "udp":
            _, listener = await self._loop.create_datagram_endpoint(
                lambda: UdpListener(self._receive_datagram), local_addr=(host, port)
            )
            self._sender.udp.append(listener)
            address = listener.local
        elif transport == "tls" and self._server_tls is not None:
            gate = TlsGate(
                self._server_tls,
                (host, port),
                admits=self._admits,
                left=self._left,
                new_flow=lambda: self._new_stream("tls", self._half_open),
                seconds=min(self._half_open, HANDSHAKE_SECONDS),
            )
            self._gates.append(gate)
            address = gate.address
        elif transport == "tcp":
            server = await self._loop.create_server(
                lambda: self._new_stream("tcp", self._half_open), host, port
            )
            self._servers.append(server)
            address = server.sockets[0].getsockname()[:2]
        else:
            sockets = await serve(
                lambda connection: self._serve_websocket(connection, secure=transport == "wss"),
                host,
                port,
                ssl=self._server_tls if transport == "wss" else None,
                subprotocols=[Subprotocol("sip")],
                max_size=65536,
            )
            self._websockets.append(sockets)
            address = next(iter(sockets.sockets)).getsockname()[:2]
        self.announce(transport, address)
        return address

    def announce(self, transport: str, address: Address) -> None:
        """Says under which address this transport is reached, for Via and Contact; the first one counts."""
        self.ua.addresses.setdefault(transport, (self._public or address[0], address[1]))

    async def close(self) -> None:
        """Closes every socket; calls are not ended, they live on in the journal."""
        if self._timer is not None:
            self._timer.cancel()
        for listener in self._sender.udp:
            listener.close()
        for server in self._servers:
            server.close()
        for gate in self._gates:
            await gate.close()
        for sockets in self._websockets:
            sockets.close()
        for stream in list(self._open):
            stream.close()
        await self._sender.close()
        for sockets in self._websockets:
            await sockets.wait_closed()

    def attacks(self) -> dict[str, int]:
        """What was refused since the start, by kind."""
        counts = self.guard.counts
        return {
            "throttled": counts.throttled,
            "refused_while_blocked": counts.refused,
            "blocked_for_flooding": counts.blocks,
            "malformed": self.malformed,
            "connections_refused": self.refused_connections,
            "half_open": self.half_open,
            "crowded_out": self.crowded_out,
        }

    # -- receiving ------------------------------------------------------------------------------------------

    def _receive_datagram(self, data: bytes, flow: UdpFlow) -> None:
        if len(data) > _LONGEST_KEEPALIVE or data.strip(b"\r\n\0"):
            self._receive(data, flow)

    def _receive_stream(self, data: bytes, flow: StreamFlow) -> None:
        self._sender.adopt(flow)
        if data == KEEPALIVE_PING:
            flow.send(KEEPALIVE_PONG)
        else:
            self._receive(data, flow)

    def _blocked(self, source: str) -> None:
        log.warning("source blocked for flooding", source=source)
        for flow in [flow for flow in self._open if flow.remote[0] == source]:
            flow.close()
        self.on_blocked(source)

    def _receive(self, data: bytes, flow: Flow) -> None:
        if not self.guard.admits(flow.remote[0], data):
            return
        if self.ua.crowded and not data.startswith(b"SIP/") and not self.guard.trusted(flow.remote[0]):
            self.crowded_out += 1
            return
        try:
            message = parse_message(data)
        except SipParseError as error:
            self.malformed += 1
            self.guard.malformed(flow.remote[0])
            log.debug("malformed message", source=flow.remote, fault=str(error), offset=error.offset)
            self.ua.receive_malformed(data, error, flow)
            self._flush()
            return
        self.messages["in", _kind_of(data)] += 1
        if self._held is None:
            self.ua.receive(message, flow, data)
            self._flush()
        elif len(self._held) < MAX_HELD:
            self._held.append((message, flow, data))

    def release(self) -> None:
        """Hands on what came since the listeners opened, and from now on everything at once.

        Until then messages wait, so that after a restart no request meets a user agent whose calls have not
        been taken up again: it would be told that its dialog does not exist.
        """
        held, self._held = self._held or [], None
        for message, flow, data in held:
            self.ua.receive(message, flow, data)
        self._flush()

    def _new_stream(self, transport: str, half_open: float | None) -> StreamFlow:
        return StreamFlow(transport, self._receive_stream, self._lost, half_open, self._opens)

    def _opens(self, flow: StreamFlow) -> bool:
        self._open.add(flow)
        return self._admits(flow.remote[0])

    def _admits(self, source: str) -> bool:
        """Whether this source may have one more connection; it is counted until `_left`."""
        self._connections[source] += 1
        full = self._connections.total() > MAX_CONNECTIONS or self._connections[source] > self.most_of_one
        if not full and not self.guard.blocked(source):
            return True
        self.refused_connections += 1
        return False

    def _left(self, source: str) -> None:
        self._connections[source] -= 1
        if self._connections[source] <= 0:
            del self._connections[source]

    def _lost(self, flow: StreamFlow) -> None:
        if flow in self._open:
            self._open.discard(flow)
            self._left(flow.remote[0])
        if flow.half_open:
            self.half_open += 1
        self._sender.lost(flow)
        self.on_flow_closed(flow)

    async def websocket(
        self,
        receive: Callable[[], Awaitable[bytes | str | None]],
        send: Callable[[bytes], Awaitable[None]],
        *,
        remote: Address,
        local: Address,
        secure: bool,
    ) -> None:
        """Serves one accepted WebSocket with sub-protocol `sip` (RFC 7118) until `receive` gives None."""
        flow = WebSocketFlow("wss" if secure else "ws", local, remote)
        if not self._admits(remote[0]):
            self._left(remote[0])
            return
        writer = self._loop.create_task(flow.write_to(send))
        try:
            async for data in self._frames(receive):
                frame = data.encode() if isinstance(data, str) else data
                if frame.strip():
                    self._receive(frame, flow)
                else:
                    flow.send(KEEPALIVE_PONG)
        finally:
            flow.closed = True
            writer.cancel()
            self._left(remote[0])
            self.on_flow_closed(flow)

    async def _frames(
        self, receive: Callable[[], Awaitable[bytes | str | None]]
    ) -> AsyncIterator[bytes | str]:
        """What comes over a WebSocket; the first frame in time, or nothing."""
        try:
            async with asyncio.timeout(self._half_open):
                data = await receive()
        except TimeoutError:
            self.half_open += 1
            return
        while data is not None:
            yield data
            data = await receive()

    async def _serve_websocket(self, connection: ServerConnection, *, secure: bool) -> None:
        async def receive() -> bytes | str | None:
            try:
                return await connection.recv()
            except ConnectionClosed:
                return None

        async def send(data: bytes) -> None:
            # Text unless the bytes are no text: some browsers' stacks expect it (RFC 7118 §5.2 allows both).
            try:
                message: str | bytes = data.decode()
            except UnicodeDecodeError:
                message = data
            try:
                await connection.send(message)
            except ConnectionClosed as error:
                raise ConnectionError(str(error)) from error

        local, remote = connection.local_address[:2], connection.remote_address[:2]
        await self.websocket(receive, send, remote=remote, local=local, secure=secure)

    # -- sending --------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        while output := self.ua.take_output():
            for transmit in output:
                self.messages["out", _kind_of(transmit.data)] += 1
                self._sender.send(transmit)
        self._arm()

    def _report(self, on_error: Callable[[str], None], reason: str) -> None:
        on_error(reason)
        self._flush()

    # -- time -----------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        due = self.ua.next_timeout()
        if due is None:
            return
        if self._timer is not None:
            if self._timer_at <= due:
                return
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.ua.run_timers()
        self._flush()


def _kind_of(data: bytes) -> str:
    """How the counters name a well-formed message: its method, or the class of its status."""
    start = data if data[:1].isalpha() else data.lstrip()
    if start.startswith(b"SIP/2.0 "):
        return _CLASSES.get(start[8:9], "other")
    return _METHODS.get(start[: start.find(b" ")], "other")
