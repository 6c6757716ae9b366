"""UDPTL (ITU-T T.38 §9.1 and annex A) for tests: written from the standard, nothing of it is the engine's.

A datagram is a `UDPTLPacket` in aligned PER (ITU-T X.691): a number, the IFP packet as an open type, and a
choice of what repairs the loss of earlier ones: these packets once more, or parities over them.
"""

from collections.abc import Iterable
from itertools import zip_longest

_DEPTH = 3
"""Earlier packets that are sent once more, or parities."""
_SPAN = 3
"""Packets under one parity."""
_REMEMBERED = 64
"""Numbers back to which a packet is kept."""


class MalformedError(ValueError):
    """A datagram that is no `UDPTLPacket`."""


class Udptl:
    """Both directions of one peer's UDPTL.

    Args:
        parity: whether losses are repaired by parities (`t38UDPFEC`) or repetition (`t38UDPRedundancy`).

    What arrives may be repaired either way, whatever is sent.
    """

    def __init__(self, *, parity: bool = False) -> None:
        self._parity = parity
        self._sent: list[bytes] = []
        self._heard: dict[int, bytes] = {}
        self._next = 0
        self.repaired = 0
        """Packets that were lost, and came by a later datagram."""
        self.lost = 0
        """Packets that never came."""

    def pack(self, packet: bytes) -> bytes:
        """The datagram of the next packet."""
        number = len(self._sent)
        self._sent.append(packet)
        head = (number & 0xFFFF).to_bytes(2, "big") + _field(packet)
        if not self._parity or number < _SPAN * _DEPTH:
            earlier = self._sent[max(number - _DEPTH, 0) : number]
            return head + b"\x00" + _sequence(reversed(earlier))
        parities = (
            _parity(self._sent[each] for each in _covered(number, _SPAN, _DEPTH, place))
            for place in range(_DEPTH)
        )
        return head + b"\x80" + _field(bytes([_SPAN])) + _sequence(parities)

    def unpack(self, datagram: bytes) -> list[tuple[int, bytes]]:
        """Packets that a datagram brings and that were not there, in order, each with its number (16 bits).

        Raises:
            MalformedError: it is no `UDPTLPacket`.
        """
        reader = _Reader(datagram)
        sequence = int.from_bytes(reader.take(2), "big")
        primary = reader.field()
        by_parity = reader.take(1)[0] & 0x80
        span = int.from_bytes(reader.field(), "big") if by_parity else 0
        extra = [reader.field() for _ in range(reader.length())]
        reader.end()
        # The number nearest to the expected one that ends in these 16 bits.
        number = self._next + ((sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if number < self._next:
            return []
        missing = range(self._next, number)
        if by_parity:
            found = self._restored(number, span, extra)
        else:
            found = {number - back: packet for back, packet in enumerate(extra, start=1) if packet}
        brought = {each: found[each] for each in missing if each in found}
        self.repaired += len(brought)
        self.lost += len(missing) - len(brought)
        brought[number] = primary
        self._heard.update(brought)
        self._heard = {each: self._heard[each] for each in self._heard if each > number - _REMEMBERED}
        self._next = number + 1
        return [(each & 0xFFFF, packet) for each, packet in brought.items()]

    def _restored(self, number: int, span: int, parities: list[bytes]) -> dict[int, bytes]:
        """A parity gives back the one packet under it that is missing."""
        restored = {}
        for place, parity in enumerate(parities):
            covered = _covered(number, span, len(parities), place)
            absent = [each for each in covered if each not in self._heard]
            if len(absent) == 1:
                others = (self._heard[each] for each in covered if each in self._heard)
                restored[absent[0]] = _parity([parity, *others])
        return restored


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise MalformedError(f"{count} bytes at {self._at} of {self._data.hex()}")
        self._at += count
        return taken

    def length(self) -> int:
        """X.691 §11.9, without fragments: a datagram is shorter than 16384 bytes."""
        first = self.take(1)[0]
        if first & 0xC0 == 0xC0:
            raise MalformedError(f"a fragment at {self._at} of {self._data.hex()}")
        return first if first < 0x80 else (first & 0x3F) << 8 | self.take(1)[0]

    def field(self) -> bytes:
        """What comes with its length: an open type, an octet string, an integer without bounds."""
        return self.take(self.length())

    def end(self) -> None:
        if self._at != len(self._data):
            raise MalformedError(f"more after {self._at} of {self._data.hex()}")


def _covered(number: int, span: int, parities: int, place: int) -> list[int]:
    """Packets under a parity, as many apart as there are parities; the last of them ends before `number`."""
    return [number + place - parities * step for step in range(span, 0, -1)]


def _parity(packets: Iterable[bytes]) -> bytes:
    total = b""
    for packet in packets:
        total = bytes(a ^ b for a, b in zip_longest(total, packet, fillvalue=0))
    return total


def _length(count: int) -> bytes:
    return bytes([count]) if count < 0x80 else (0x8000 | count).to_bytes(2, "big")


def _field(contents: bytes) -> bytes:
    return _length(len(contents)) + contents


def _sequence(items: Iterable[bytes]) -> bytes:
    fields = [_field(item) for item in items]
    return _length(len(fields)) + b"".join(fields)
