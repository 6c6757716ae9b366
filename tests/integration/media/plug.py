"""What telephones, fax machines and networks of the tests have in common: a socket at 127.0.0.1."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any, cast

from stimme.media import RemoteMedia


class Plug(asyncio.DatagramProtocol, ABC):
    """A datagram socket at the event loop; who inherits says what is done with what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    @abstractmethod
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A datagram came."""

    def close(self) -> None:
        """Unplugs it."""
        self._transport.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._transport.get_extra_info("sockname")[1])

    @property
    def remote(self) -> RemoteMedia:
        """As the engine is told of it."""
        return RemoteMedia("127.0.0.1", self.port)
