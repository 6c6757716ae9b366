"""The door in front of TLS: who may come in is asked before a handshake costs anything.

Policy: a connection is counted against its source from the moment it is accepted; a handshake may take ten
seconds. One that fails, or is never begun, leaves nothing behind.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from stimme.sip.transport.flows import Address, StreamFlow

HANDSHAKE_SECONDS = 10.0
_BACKLOG = 512
_OUT_OF_FILES = 0.2


class TlsGate:
    """A TLS listener; made open.

    Args:
        tls: the server's certificate.
        address: to listen at.
        admits: asked with a source's address; counts the connection, whatever it says.
        left: told when a counted connection is counted no longer.
        new_flow: makes the flow of a connection whose handshake is done; it counts itself.
        seconds: for the handshake.

    Raises OSError when the port is taken.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        address: Address,
        *,
        admits: Callable[[str], bool],
        left: Callable[[str], None],
        new_flow: Callable[[], StreamFlow],
        seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=_BACKLOG)
        self._listener.setblocking(False)
        self.address: Address = self._listener.getsockname()[:2]
        self._tls = tls
        self._admits = admits
        self._left = left
        self._new_flow = new_flow
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    async def close(self) -> None:
        """Closes the listener and what has not shaken hands yet."""
        tasks = [self._accepting, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

    async def _accept(self) -> None:
        while True:
            try:
                connection, remote = await self._loop.sock_accept(self._listener)
            except OSError:  # the peer was gone at once, or the process has no file left
                await asyncio.sleep(_OUT_OF_FILES)
                continue
            source = str(remote[0])
            if self._admits(source):
                task = self._loop.create_task(self._shake_hands(connection, source))
                self._handshakes.add(task)
                task.add_done_callback(self._handshakes.discard)
            else:
                self._left(source)
                connection.close()

    async def _shake_hands(self, connection: socket.socket, source: str) -> None:
        try:
            with contextlib.suppress(OSError):  # ssl.SSLError and time-outs are such, too
                await self._loop.connect_accepted_socket(
                    self._new_flow, connection, ssl=self._tls, ssl_handshake_timeout=self._seconds
                )
        finally:
            self._left(source)
