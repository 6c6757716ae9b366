"""A telephone made of one UDP socket: speaks tones, presses keys, and keeps every packet that it hears."""

import asyncio
import itertools
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from tests.audio import Samples, sine
from tests.integration.media.plug import Plug
from tests.integration.media.speech import CLOCKS, DECODERS, PAYLOAD_TYPES, RATES, encode

from stimme.media import Codec, LocalTransport

_HEADER = struct.Struct(">BBHII")
_FRAME_SECONDS = 0.02
EVENTS = 101
"""Payload type of telephone events with a clock of 8 kHz."""
EVENTS_48 = 110
"""Payload type of telephone events with a clock of 48 kHz."""
KEYS = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet (RFC 3550 §5.1) and when it came, in seconds of the event loop's clock."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    at: float

    @classmethod
    def parse(cls, data: bytes, at: float) -> "Packet":
        """Reads a packet without extension and padding, as the engine sends them."""
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        assert first == 0x80, f"first byte {first:#x}"
        return cls(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, data[_HEADER.size :], at)


class Phone(Plug):
    """A telephone at 127.0.0.1 that speaks one codec.

    Use `await Phone.open("PCMA")`; `close` ends it.
    """

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.heard: list[Packet] = []
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(16)
        self.timestamp = random.getrandbits(32)
        self.lag = 0.0
        """By how many seconds it spoke too late at worst, as on a machine that is busy otherwise."""
        self._peer: tuple[str, int] | None = None

    @classmethod
    async def open(cls, codec: str) -> Self:
        """A telephone with a port of its own."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(lambda: cls(codec), local_addr=("127.0.0.1", 0))
        return phone

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A packet came."""
        if len(data) >= _HEADER.size and not 192 <= data[1] <= 223:
            self.heard.append(Packet.parse(data, asyncio.get_running_loop().time()))

    @property
    def codecs(self) -> list[Codec]:
        """As negotiated: its codec, and telephone events in the clock of that codec."""
        clock = CLOCKS[self.codec]
        events = Codec("telephone-event", EVENTS_48 if clock == 48_000 else EVENTS, clock)
        return [self.format, events]

    @property
    def format(self) -> Codec:
        """Its codec alone."""
        return Codec(
            self.codec, PAYLOAD_TYPES[self.codec], CLOCKS[self.codec], 2 if self.codec == "opus" else 1
        )

    def dial(self, local: LocalTransport) -> None:
        """From now on it sends there."""
        self._peer = (local.address, local.port)

    def send(self, payload: bytes, *, payload_type: int | None = None, marker: bool = False) -> bytes:
        """Sends one packet of the next place in the stream; returns it."""
        assert self._peer is not None, "nobody has been dialled"
        self.sequence = (self.sequence + 1) & 0xFFFF
        kind = PAYLOAD_TYPES[self.codec] if payload_type is None else payload_type
        head = _HEADER.pack(0x80, kind | 0x80 * marker, self.sequence, self.timestamp, self.ssrc)
        self._transport.sendto(head + payload, self._peer)
        return head + payload

    def advance(self, seconds: float = _FRAME_SECONDS) -> None:
        """Lets the timestamp go on."""
        self.timestamp = (self.timestamp + round(seconds * CLOCKS[self.codec])) & 0xFFFFFFFF

    async def speak(self, hz: float, seconds: float, *, level_dbfs: float = -13.0) -> list[bytes]:
        """Sends a tone in real time; returns the payloads."""
        return await self.say(sine(hz, seconds, RATES[self.codec], level_dbfs=level_dbfs))

    async def say(self, samples: Samples) -> list[bytes]:
        """Sends samples of the codec's rate in real time; returns the payloads."""
        payloads = encode(self.codec, samples)
        await self.play(payloads)
        return payloads

    async def play(self, payloads: Sequence[bytes]) -> None:
        """Sends payloads of 20 ms each in real time."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, payload in enumerate(payloads):
            due = start + number * _FRAME_SECONDS
            await asyncio.sleep(due - loop.time())
            self.lag = max(self.lag, loop.time() - due)
            self.send(payload)
            self.advance()

    async def press(self, keys: str, *, milliseconds: int = 100, pause: float = 0.06) -> None:
        """Presses keys by RFC 4733: an event's packets share a timestamp, its end is sent three times."""
        clock = CLOCKS[self.codec]
        payload_type = EVENTS_48 if clock == 48_000 else EVENTS
        for key in keys:
            code = KEYS.index(key)
            frames = milliseconds // 20
            for frame in range(1, frames + 1):
                end = frame == frames
                for _ in range(3 if end else 1):
                    body = struct.pack(">BBH", code, 0x80 * end | 10, frame * clock // 50)
                    self.send(body, payload_type=payload_type, marker=frame == 1)
                await asyncio.sleep(_FRAME_SECONDS)
            self.advance(milliseconds / 1000 + pause)
            await asyncio.sleep(pause)

    def payloads(self, payload_type: int | None = None) -> list[bytes]:
        """What was heard of one payload type, its own codec's if none is named, in order of arrival."""
        kind = PAYLOAD_TYPES[self.codec] if payload_type is None else payload_type
        return [packet.payload for packet in self.heard if packet.payload_type == kind]

    def audio(self) -> Samples:
        """What was heard, decoded, as far as the network kept it in order."""
        decoder = DECODERS[self.codec]()
        return np.concatenate([decoder(payload) for payload in self.payloads()] or [np.zeros(0, np.int16)])

    def events(self) -> str:
        """Keys heard by RFC 4733: each timestamp is one press."""
        kind = EVENTS_48 if CLOCKS[self.codec] == 48_000 else EVENTS
        packets = [packet for packet in self.heard if packet.payload_type == kind]
        presses = itertools.groupby(packets, key=lambda packet: (packet.timestamp, packet.payload[0]))
        return "".join(KEYS[code] for (_, code), _ in presses)

    async def hears(self, packets: int, *, within: float = 2.0) -> None:
        """Waits until that many packets were heard. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while len(self.heard) < packets:
                await asyncio.sleep(0.005)
