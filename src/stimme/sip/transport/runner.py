"""Sockets and time for a user agent: the one place where SIP meets asyncio."""

import asyncio
import ipaddress
import random
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

import structlog
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from stimme.sip.errors import SipParseError
from stimme.sip.flow import DEFAULT_PORTS, Flow, Target
from stimme.sip.message import Message, parse_message
from stimme.sip.timers import Timers
from stimme.sip.transport.flows import StreamFlow, UdpFlow, UdpListener, WebSocketFlow
from stimme.sip.ua import METHODS, Transmit, UserAgent, UserAgentHandler

log = structlog.get_logger("stimme.sip")

KEEPALIVE_PING = b"\r\n\r\n"
KEEPALIVE_PONG = b"\r\n"
MAX_CONNECTIONS = 20_000
MAX_HELD = 10_000
CONNECT_TIMEOUT = 5.0
Address = tuple[str, int]


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
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._public = public_address
        self._half_open = half_open
        self._udp: list[UdpListener] = []
        self._servers: list[asyncio.Server] = []
        self._websockets: list[WebSocketServer] = []
        self._streams: dict[tuple[str, Address], StreamFlow] = {}
        self._open: set[StreamFlow] = set()
        self._connecting: dict[tuple[str, Address], list[Transmit]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._held: list[tuple[Message, Flow]] | None = []
        self.malformed = 0
        self.messages: Counter[tuple[str, str]] = Counter()
        self.on_flow_closed: Callable[[Flow], None] = lambda flow: None
        self.ua = UserAgent(
            handler,
            clock=self._loop.time,
            rng=random.SystemRandom(),
            product=product,
            on_output=self._flush,
            timers=timers,
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
            self._udp.append(listener)
            address = listener.local
        elif transport in ("tcp", "tls"):
            server = await self._loop.create_server(
                lambda: self._new_stream(transport, self._half_open),
                host,
                port,
                ssl=self._server_tls if transport == "tls" else None,
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
        for listener in self._udp:
            listener.close()
        for server in self._servers:
            server.close()
        for sockets in self._websockets:
            sockets.close()
        for stream in list(self._open):
            stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sockets in self._websockets:
            await sockets.wait_closed()

    # -- receiving ------------------------------------------------------------------------------------------

    def _receive_datagram(self, data: bytes, flow: UdpFlow) -> None:
        if data in (KEEPALIVE_PING, KEEPALIVE_PONG, b"\x00") or not data.strip():
            return
        self._receive(data, flow)

    def _receive_stream(self, data: bytes, flow: StreamFlow) -> None:
        self._streams.setdefault((flow.transport, flow.remote), flow)
        if data == KEEPALIVE_PING:
            flow.send(KEEPALIVE_PONG)
        else:
            self._receive(data, flow)

    def _receive(self, data: bytes, flow: Flow) -> None:
        try:
            message = parse_message(data)
        except SipParseError as error:
            self.malformed += 1
            log.debug("malformed message", source=flow.remote, fault=str(error), offset=error.offset)
            self.ua.receive_malformed(data, error, flow)
            self._flush()
            return
        self.messages["in", _kind_of(data)] += 1
        if self._held is None:
            self.ua.receive(message, flow)
            self._flush()
        elif len(self._held) < MAX_HELD:
            self._held.append((message, flow))

    def release(self) -> None:
        """Hands on what came since the listeners opened, and from now on everything at once.

        Until then messages wait, so that after a restart no request meets a user agent whose calls have not
        been taken up again: it would be told that its dialog does not exist.
        """
        held, self._held = self._held or [], None
        for message, flow in held:
            self.ua.receive(message, flow)
        self._flush()

    def _new_stream(self, transport: str, half_open: float | None) -> StreamFlow:
        flow = StreamFlow(transport, self._receive_stream, self._lost, half_open)
        if len(self._open) >= MAX_CONNECTIONS:
            flow.close()  # before it is made: it is aborted as soon as it stands
        self._open.add(flow)
        return flow

    def _lost(self, flow: StreamFlow) -> None:
        self._open.discard(flow)
        if self._streams.get((flow.transport, flow.remote)) is flow:
            del self._streams[(flow.transport, flow.remote)]
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
        writer = self._loop.create_task(flow.write_to(send))
        try:
            while (data := await receive()) is not None:
                frame = data.encode() if isinstance(data, str) else data
                if frame.strip():
                    self._receive(frame, flow)
                else:
                    flow.send(KEEPALIVE_PONG)
        finally:
            flow.closed = True
            writer.cancel()
            self.on_flow_closed(flow)

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
                self._send(transmit)
        self._arm()

    def _send(self, transmit: Transmit) -> None:
        destination = transmit.destination
        self.messages["out", _kind_of(transmit.data)] += 1
        if isinstance(destination, Target):
            self._send_to_target(transmit, destination)
        elif destination.closed:
            self._send_to_closed(transmit, destination)
        elif isinstance(destination, UdpFlow | StreamFlow | WebSocketFlow):
            destination.send(transmit.data)

    def _send_to_closed(self, transmit: Transmit, flow: Flow) -> None:
        """A response may open a new connection to its Via (RFC 3261 §18.2.2); a browser cannot be called."""
        if flow.transport in ("tcp", "tls") and transmit.data.startswith(b"SIP/2.0 "):
            via = parse_message(transmit.data).via
            port = via.port or DEFAULT_PORTS[flow.transport]
            self._send_to_target(transmit, Target(flow.transport, flow.remote[0], port))
        else:
            self._failed(transmit, "the connection is closed")

    def _send_to_target(self, transmit: Transmit, target: Target) -> None:
        if target.transport == "udp":
            self._send_datagram(transmit, target)
            return
        if target.transport not in ("tcp", "tls"):
            self._failed(transmit, f"no connection over {target.transport}")
            return
        key = (target.transport, (target.host, target.port))
        stream = self._streams.get(key)
        if stream is not None and not stream.closed:
            stream.send(transmit.data)
        elif key in self._connecting:
            self._connecting[key].append(transmit)
        else:
            self._connecting[key] = [transmit]
            self._start(self._connect(key, target))

    def _send_datagram(self, transmit: Transmit, target: Target) -> None:
        if not self._udp:
            self._failed(transmit, "no UDP socket")
        elif _is_numeric(target.host):
            self._udp[0].flow((target.host, target.port)).send(transmit.data)
        else:
            self._start(self._resolve_and_send(transmit, target))

    async def _resolve_and_send(self, transmit: Transmit, target: Target) -> None:
        listener = self._udp[0]
        try:
            found = await self._loop.getaddrinfo(
                target.host, target.port, family=listener.family, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError) as error:  # the latter for names that are no domain names
            self._failed(transmit, f"{target.host}: {error}")
            return
        address = found[0][4]
        listener.flow((str(address[0]), int(address[1]))).send(transmit.data)

    async def _connect(self, key: tuple[str, Address], target: Target) -> None:
        if target.transport == "tls" and self._client_tls is None:
            self._connected(key, None, "outgoing TLS is not configured")
            return
        tls = self._client_tls if target.transport == "tls" else None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, flow = await self._loop.create_connection(
                    lambda: self._new_stream(target.transport, None),
                    target.host,
                    target.port,
                    ssl=tls,
                    server_hostname=(target.server_name or target.host) if tls else None,
                )
        except (OSError, ValueError) as error:  # the latter for names that are no domain names
            self._connected(key, None, str(error) or "connection timed out")
            return
        self._connected(key, flow, "")

    def _connected(self, key: tuple[str, Address], flow: StreamFlow | None, fault: str) -> None:
        waiting = self._connecting.pop(key, [])
        if flow is not None:
            self._streams[key] = flow
        for transmit in waiting:
            if flow is None:
                self._failed(transmit, fault)
            else:
                flow.send(transmit.data)

    def _failed(self, transmit: Transmit, reason: str) -> None:
        if transmit.on_error is not None:
            # Not within the call that sent: its caller has not got the transaction yet.
            self._loop.call_soon(self._report, transmit.on_error, reason)

    def _report(self, on_error: Callable[[str], None], reason: str) -> None:
        on_error(reason)
        self._flush()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
    start = data.lstrip()
    if start.startswith(b"SIP/2.0 "):
        return f"{start[8:9].decode('ascii', 'replace')}xx"
    method = start.partition(b" ")[0].decode("ascii", "replace")
    return method if method in METHODS else "other"


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
