"""A network between a browser and the engine that carries only so much."""

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

_LONGEST = 2048
_HEADERS = 28
"""Bytes of IP and UDP that every datagram needs as well."""
_DEPTH = 0.3
"""Seconds that a datagram waits for others at most, as in a router; what would wait longer is lost."""

_Address = tuple[str, int]


class Network:
    """Takes all datagrams of a browser to the engine, and of the engine's to it as many as it carries.

    It looks like an address translator (NAT): each of the browser's ports has one of its own behind it.
    Use it as a context manager.

    Attributes:
        rate: what it carries to the browser, bit/s; None: everything, at once.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self._loop = asyncio.get_running_loop()
        self._free = 0.0
        self._engine: _Address | None = None
        self._ways: dict[_Address, socket.socket] = {}
        self._inside = _open()

    def __enter__(self) -> Self:
        self._inside.bind(("127.0.0.1", 0))
        self._loop.add_reader(self._inside, self._from_browser)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._inside, *self._ways.values()):
            self._loop.remove_reader(each)
            each.close()

    def lead_to(self, address: str, port: int) -> int:
        """Puts an endpoint of the engine behind it; returns the port under which the browser finds it."""
        self._engine = (address, port)
        return int(self._inside.getsockname()[1])

    def _from_browser(self) -> None:
        while (received := _receive(self._inside)) is not None:
            data, browser = received
            way = self._ways.get(browser) or self._way(browser)
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                way.send(data)

    def _way(self, browser: _Address) -> socket.socket:
        assert self._engine is not None, "it leads nowhere yet"
        way = self._ways[browser] = _open()
        way.connect(self._engine)
        self._loop.add_reader(way, self._from_engine, way, browser)
        return way

    def _from_engine(self, way: socket.socket, browser: _Address) -> None:
        while (received := _receive(way)) is not None:
            self._carry(received[0], browser)

    def _carry(self, data: bytes, browser: _Address) -> None:
        now = self._loop.time()
        begins = max(now, self._free)
        if begins - now > _DEPTH:
            return
        self._free = begins
        if self.rate is not None:
            self._free += (len(data) + _HEADERS) * 8 / self.rate
        if self._free <= now:
            self._deliver(data, browser)
        else:
            self._loop.call_at(self._free, self._deliver, data, browser)

    def _deliver(self, data: bytes, browser: _Address) -> None:
        # What is still under way when it is closed is lost, and so is what the system does not take.
        if self._inside.fileno() >= 0:
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                self._inside.sendto(data, browser)


def _open() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    return opened


def _receive(end: socket.socket) -> tuple[bytes, _Address] | None:
    """The next datagram; None when there is none."""
    try:
        data, sender = end.recvfrom(_LONGEST)
    except (BlockingIOError, ConnectionRefusedError):
        return None
    return data, (str(sender[0]), int(sender[1]))
