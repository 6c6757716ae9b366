"""What is said on a leg, as it is said, for transcription or monitoring: the side of who listens."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_HEAD = struct.Struct(">QII")
_LONGEST = 65_536


@dataclass(frozen=True, slots=True)
class TapFrame:
    """20 ms of sound.

    Attributes:
        tap: number of the tap.
        sequence: counts frames from 0; one that is missing was lost, because the listener read too slowly.
        rate: samples a second.
        samples: 16 bit, little endian, channels interleaved.
    """

    tap: int
    sequence: int
    rate: int
    samples: bytes


class TapListener:
    """A socket at which taps, one or several, are heard; use it as a context manager.

    The kernel keeps some ten frames for a listener that is slow, 200 ms; what comes then is lost to it, and
    delays nobody.

    Args:
        path: of the socket, which is made, and removed at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def __enter__(self) -> Self:
        self._socket.bind(str(self.path))
        self.path.chmod(0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)

    async def hear(self) -> TapFrame:
        """The next frame. Raises ValueError for a datagram that is no frame, as of another program."""
        data = await asyncio.get_running_loop().sock_recv(self._socket, _LONGEST)
        if len(data) < _HEAD.size or (len(data) - _HEAD.size) % 2:
            raise ValueError(f"a datagram of {len(data)} bytes is no frame")
        tap, sequence, rate = _HEAD.unpack_from(data)
        return TapFrame(tap, sequence, rate, data[_HEAD.size :])
