"""A network that loses a part of what it carries."""

import asyncio
import random
from typing import Any

from tests.integration.media.plug import Plug


class LossyNetwork(Plug):
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

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A datagram of one side goes to the other, or is lost."""
        if self._random.random() < self._loss:
            self.lost += 1
            return
        other = self.peers[0] if addr[1] == self.peers[1] else self.peers[1]
        self._transport.sendto(data, ("127.0.0.1", other))
