"""A network that loses a part of what it carries."""

import asyncio
import random
from typing import Any, cast

from stimme.media import RemoteMedia


class LossyNetwork(asyncio.DatagramProtocol):
    """Stands between two endpoints and loses a part of the datagrams, the same in each run."""

    def __init__(self, loss: float) -> None:
        self._loss = loss
        self._random = random.Random(1)
        self.peers: list[int] = []
        self.lost = 0

    @classmethod
    async def open(cls, loss: float) -> "LossyNetwork":
        """A network with a port of its own."""
        loop = asyncio.get_running_loop()
        _, network = await loop.create_datagram_endpoint(lambda: cls(loss), local_addr=("127.0.0.1", 0))
        return network

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A datagram of one side goes to the other, or is lost."""
        if self._random.random() < self._loss:
            self.lost += 1
            return
        other = self.peers[0] if addr[1] == self.peers[1] else self.peers[1]
        self._transport.sendto(data, ("127.0.0.1", other))

    @property
    def remote(self) -> RemoteMedia:
        """As both sides are told of it."""
        return RemoteMedia("127.0.0.1", int(self._transport.get_extra_info("sockname")[1]))

    def close(self) -> None:
        """Takes it down."""
        self._transport.close()
