"""The way out: finds or opens the connection for each message, resolves names, reports what failed."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from stimme.sip.flow import DEFAULT_PORTS, Flow, Target
from stimme.sip.layer import Transmit
from stimme.sip.message import parse_message
from stimme.sip.transport.flows import Address, StreamFlow, UdpFlow, UdpListener, WebSocketFlow

CONNECT_TIMEOUT = 5.0
MAX_WAITING = 1_000


class Sender:
    """See the module's docstring.

    Args:
        loop: runs lookups and connections.
        client_tls: for outgoing TLS connections; None refuses them.
        new_stream: makes the protocol of an outgoing connection.
        failed: called, never within `send`, with the error handler of a message and a sentence.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        client_tls: ssl.SSLContext | None,
        new_stream: Callable[[str], StreamFlow],
        failed: Callable[[Callable[[str], None], str], None],
    ) -> None:
        self._loop = loop
        self._client_tls = client_tls
        self._new_stream = new_stream
        self._report = failed
        self._streams: dict[tuple[str, Address], StreamFlow] = {}
        self._connecting: dict[tuple[str, Address], list[Transmit]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.udp: list[UdpListener] = []

    def adopt(self, flow: StreamFlow) -> None:
        """A connection that a peer opened serves for messages to its address too."""
        self._streams.setdefault((flow.transport, flow.remote), flow)

    def lost(self, flow: StreamFlow) -> None:
        """A connection is gone."""
        for key in ((flow.transport, flow.remote), flow.key):
            if key is not None and self._streams.get(key) is flow:
                del self._streams[key]

    async def close(self) -> None:
        """Ends lookups and connection attempts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, transmit: Transmit) -> None:
        """Sends one message, or sees to it that it is sent."""
        destination = transmit.destination
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
        elif key not in self._connecting:
            self._connecting[key] = [transmit]
            self._start(self._connect(key, target))
        elif len(self._connecting[key]) < MAX_WAITING:
            self._connecting[key].append(transmit)
        else:
            self._failed(transmit, "too many messages wait for the connection")

    def _send_datagram(self, transmit: Transmit, target: Target) -> None:
        listener = self._listener_for(target.host)
        if listener is None:
            self._failed(transmit, "no UDP socket")
        elif is_numeric(target.host):
            listener.send(transmit.data, (target.host, target.port))
        else:
            self._start(self._resolve_and_send(transmit, target, listener))

    def _listener_for(self, host: str) -> UdpListener | None:
        """The first socket of the peer's address family, or the first of all."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for listener in self.udp:
            if listener.family == family:
                return listener
        return self.udp[0] if self.udp else None

    async def _resolve_and_send(self, transmit: Transmit, target: Target, listener: UdpListener) -> None:
        try:
            found = await self._loop.getaddrinfo(
                target.host, target.port, family=listener.family, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError) as error:  # the latter for names that are no domain names
            self._failed(transmit, f"{target.host}: {error}")
            return
        address = found[0][4]
        listener.send(transmit.data, (str(address[0]), int(address[1])))

    async def _connect(self, key: tuple[str, Address], target: Target) -> None:
        if target.transport == "tls" and self._client_tls is None:
            self._connected(key, None, "outgoing TLS is not configured")
            return
        tls = self._client_tls if target.transport == "tls" else None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, flow = await self._loop.create_connection(
                    lambda: self._new_stream(target.transport),
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
            flow.key = key
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

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def is_numeric(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
