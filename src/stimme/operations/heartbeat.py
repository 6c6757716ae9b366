"""The signs of life that a child sends: the datagrams of ``sd_notify(3)``, received as systemd does.

Policy: a child that was granted a time sends ``WATCHDOG=1`` within it, as long as its loop goes round; its
first sign is awaited just as long. Who misses it hangs: it is killed and started again, for its calls are
silent anyway.
"""

import asyncio
import secrets
import socket
from types import TracebackType
from typing import Self

_LONGEST_WORD = 4096
_SIGNS = frozenset({b"READY=1", b"WATCHDOG=1"})


class Heartbeat:
    """Listens at a datagram socket for one life of one child; use it as a context manager.

    The socket has a random name in the abstract namespace (unix(7)): no file is left behind.

    Args:
        within: seconds in which a sign of life is due.
    """

    def __init__(self, within: float) -> None:
        self._name = f"stimme-{secrets.token_hex(16)}"
        self._within = within
        self._loop = asyncio.get_running_loop()
        self._missed = asyncio.Event()
        self._alarm = self._loop.call_later(within, self._missed.set)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def __enter__(self) -> Self:
        self._socket.bind(f"\0{self._name}")
        self._loop.add_reader(self._socket, self._read)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    @property
    def environment(self) -> dict[str, str]:
        """What the child is told."""
        return {
            "NOTIFY_SOCKET": f"@{self._name}",
            "WATCHDOG_USEC": str(round(self._within * 1_000_000)),
        }

    async def missed(self) -> None:
        """Return when no sign of life came in time."""
        await self._missed.wait()

    def _read(self) -> None:
        while True:
            try:
                words = self._socket.recv(_LONGEST_WORD).splitlines()
            except BlockingIOError:
                return
            if not _SIGNS.isdisjoint(words):
                self._alarm.cancel()
                self._alarm = self._loop.call_later(self._within, self._missed.set)
