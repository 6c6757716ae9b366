"""Fax machines for tests that share nothing with the engine but spandsp itself, as Debian packages it.

`LineMachine` is spandsp's `fax_*` behind a telephone line that is cut into RTP packets (A-law, 20 ms), and
`PacketMachine` its `t38_terminal_*` behind the UDPTL of `udptl.py`. Each has a socket of its own, and its
clock is that of the event loop: both live in real time. Documents are TIFF files.
"""

import asyncio
import ctypes
import ctypes.util
import functools
import random
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from tests.integration.media.plug import Plug
from tests.integration.media.speech import DECODERS, ENCODERS, PAYLOAD_TYPES
from tests.integration.media.udptl import MalformedError, Udptl

from stimme.media import LocalTransport, RemoteMedia

_FRAME = 160
"""Samples in 20 ms."""
_FRAME_SECONDS = 0.02
_SILENCE_SECONDS = 0.5
"""After so long without a packet the line is taken to be silent, lest the timers of T.30 stand still."""
_LONGEST_SECONDS = 110.0
_RTP = struct.Struct(">BBHII")
_PCMA = PAYLOAD_TYPES["PCMA"]

_ALL_MODEMS = 0x01 | 0x02 | 0x04
"""V.27ter, V.29, V.17 (`T30_SUPPORT_…`)."""
_ALL_COMPRESSIONS = 0x02 | 0x04 | 0x08
"""T.4 in one and two dimensions, T.6."""
_T6 = 3
_TRANSFERRED_TCF = 2

_State = ctypes.c_void_p
_Int = ctypes.c_int
_EndHandler = ctypes.CFUNCTYPE(None, _State, ctypes.c_void_p, _Int)
_PacketHandler = ctypes.CFUNCTYPE(_Int, _State, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), _Int, _Int)


class _Statistics(ctypes.Structure):
    """`t30_stats_t` of spandsp 0.0.6."""

    _fields_ = [
        (name, _Int)
        for name in (
            "bit_rate",
            "error_correcting_mode",
            "pages_tx",
            "pages_rx",
            "pages_in_file",
            "x_resolution",
            "y_resolution",
            "width",
            "length",
            "image_size",
            "encoding",
            "bad_rows",
            "longest_bad_row_run",
            "error_correcting_mode_retries",
            "current_status",
        )
    ]


_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    # name: (what it returns, what it takes)
    "fax_init": (_State, _State, _Int),
    "fax_free": (_Int, _State),
    "fax_get_t30_state": (_State, _State),
    "fax_rx": (_Int, _State, ctypes.c_void_p, _Int),
    "fax_rx_fillin": (_Int, _State, _Int),
    "fax_tx": (_Int, _State, ctypes.c_void_p, _Int),
    "t38_terminal_init": (_State, _State, _Int, _PacketHandler, ctypes.c_void_p),
    "t38_terminal_free": (_Int, _State),
    "t38_terminal_get_t30_state": (_State, _State),
    "t38_terminal_get_t38_core_state": (_State, _State),
    "t38_terminal_send_timeout": (_Int, _State, _Int),
    "t38_core_rx_ifp_packet": (_Int, _State, ctypes.c_char_p, _Int, ctypes.c_uint16),
    "t38_set_t38_version": (None, _State, _Int),
    "t38_set_data_rate_management_method": (None, _State, _Int),
    "t30_call_active": (_Int, _State),
    "t30_completion_code_to_str": (ctypes.c_char_p, _Int),
    "t30_get_rx_ident": (ctypes.c_char_p, _State),
    "t30_get_transfer_statistics": (None, _State, ctypes.POINTER(_Statistics)),
    "t30_set_ecm_capability": (_Int, _State, _Int),
    "t30_set_phase_e_handler": (None, _State, _EndHandler, ctypes.c_void_p),
    "t30_set_rx_encoding": (_Int, _State, _Int),
    "t30_set_rx_file": (None, _State, ctypes.c_char_p, _Int),
    "t30_set_supported_compressions": (_Int, _State, _Int),
    "t30_set_supported_modems": (_Int, _State, _Int),
    "t30_set_tx_file": (None, _State, ctypes.c_char_p, _Int, _Int),
    "t30_set_tx_ident": (_Int, _State, ctypes.c_char_p),
}


@functools.cache
def _spandsp() -> ctypes.CDLL:
    path = ctypes.util.find_library("spandsp")
    assert path is not None, "libspandsp is not installed"
    library = ctypes.CDLL(path)
    for name, (returns, *takes) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = returns, takes
    return library


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transfer ended, as spandsp tells it.

    Attributes:
        code: completion code of phase E; 0 is well.
        text: the same for people who know T.30.
        pages: that were confirmed.
        ecm: errors were corrected.
        bit_rate: of image data, bit/s.
        retries: frames that error correction repeated.
        ident: number that the peer showed.
    """

    code: int
    text: str
    pages: int
    ecm: bool
    bit_rate: int
    retries: int
    ident: str


class FaxMachine(Plug, ABC):
    """What both kinds have in common: a socket at 127.0.0.1, a clock, and T.30.

    Use `await Kind.open()` and `dial`, then `send` or `receive`, one after the other; `close` ends it.
    Whatever comes while no document is under way is dropped, as by a machine that is not in the call.
    """

    def __init__(self) -> None:
        self._spandsp = _spandsp()
        self._peer: tuple[str, int] | None = None
        self._state: int | None = None
        self._broken: MalformedError | None = None
        self._codes: list[int] = []
        # Callbacks must live as long as the library knows them.
        self._on_end = _EndHandler(lambda _t30, _user, code: self._codes.append(code))

    @classmethod
    async def open(cls) -> Self:
        """A machine with a port of its own."""
        loop = asyncio.get_running_loop()
        _, machine = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        return machine

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A datagram came."""
        if self._state is None:
            return
        try:
            self._hear(self._state, data)
        except MalformedError as error:
            self._broken = error

    def dial(self, peer: LocalTransport | RemoteMedia) -> None:
        """From now on it sends there."""
        self._peer = (peer.address, peer.port)

    async def send(self, document: Path, *, ident: str) -> Outcome:
        """Calls and sends all pages of a document.

        Raises:
            MalformedError: the peer sent what its protocol does not allow.
            TimeoutError: it does not end.
        """
        return await self._transfer(document, ident, sends=True)

    async def receive(self, document: Path, *, ident: str) -> Outcome:
        """Answers and writes what comes to a file. Raises as `send`."""
        return await self._transfer(document, ident, sends=False)

    async def _transfer(self, document: Path, ident: str, *, sends: bool) -> Outcome:
        self._codes.clear()
        state, t30 = self._pick_up(sends)
        self._state = state
        try:
            self._instruct(t30, document, ident, sends=sends)
            async with asyncio.timeout(_LONGEST_SECONDS):
                await self._run(state, t30)
            return self._outcome(t30, sends=sends)
        finally:
            self._state = None
            # Its files are closed with it.
            self._hang_up(state)

    def _instruct(self, t30: int, document: Path, ident: str, *, sends: bool) -> None:
        spandsp, path = self._spandsp, str(document).encode()
        assert spandsp.t30_set_tx_ident(t30, ident.encode()) == 0
        spandsp.t30_set_ecm_capability(t30, 1)
        spandsp.t30_set_supported_modems(t30, _ALL_MODEMS)
        spandsp.t30_set_supported_compressions(t30, _ALL_COMPRESSIONS)
        spandsp.t30_set_rx_encoding(t30, _T6)
        spandsp.t30_set_phase_e_handler(t30, self._on_end, None)
        if sends:
            spandsp.t30_set_tx_file(t30, path, -1, -1)
        else:
            spandsp.t30_set_rx_file(t30, path, -1)

    async def _run(self, state: int, t30: int) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._spandsp.t30_call_active(t30):
            self._advance(state)
            due += _FRAME_SECONDS
            await asyncio.sleep(due - loop.time())
            if self._broken:
                raise self._broken

    def _outcome(self, t30: int, *, sends: bool) -> Outcome:
        told = _Statistics()
        self._spandsp.t30_get_transfer_statistics(t30, ctypes.byref(told))
        (code,) = self._codes
        return Outcome(
            code=code,
            text=self._spandsp.t30_completion_code_to_str(code).decode(),
            pages=told.pages_tx if sends else told.pages_rx,
            ecm=bool(told.error_correcting_mode),
            bit_rate=told.bit_rate,
            retries=told.error_correcting_mode_retries,
            ident=(self._spandsp.t30_get_rx_ident(t30) or b"").decode(),
        )

    def _post(self, datagram: bytes) -> None:
        assert self._peer is not None, "nobody has been dialled"
        self._transport.sendto(datagram, self._peer)

    @abstractmethod
    def _pick_up(self, calling: bool) -> tuple[int, int]:
        """A terminal of spandsp, and the T.30 within."""

    @abstractmethod
    def _hear(self, state: int, datagram: bytes) -> None:
        """Takes a datagram. Raises MalformedError."""

    @abstractmethod
    def _advance(self, state: int) -> None:
        """Goes on by 20 ms."""

    @abstractmethod
    def _hang_up(self, state: int) -> None:
        """Lets the terminal go."""


class LineMachine(FaxMachine):
    """A fax machine with a modem, at a line of G.711."""

    def __init__(self) -> None:
        super().__init__()
        self._encode, self._decode = ENCODERS["PCMA"](), DECODERS["PCMA"]()
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._expected: int | None = None
        self._heard_at = 0.0
        self.missed = 0
        """Packets that did not come."""

    def _pick_up(self, calling: bool) -> tuple[int, int]:
        state = self._spandsp.fax_init(None, int(calling))
        assert state, "fax_init"
        self._expected, self._heard_at = None, asyncio.get_running_loop().time()
        return state, self._spandsp.fax_get_t30_state(state)

    def _hear(self, state: int, datagram: bytes) -> None:
        if len(datagram) != _RTP.size + _FRAME:
            raise MalformedError(f"{len(datagram)} bytes are no 20 ms of A-law")
        first, kind, sequence, _, _ = _RTP.unpack_from(datagram)
        if first != 0x80 or kind & 0x7F != _PCMA:
            raise MalformedError(f"a header that begins with {datagram[:2].hex()}")
        ahead = 0 if self._expected is None else (sequence - self._expected) & 0xFFFF
        if ahead > 0x8000:
            return
        self._heard_at = asyncio.get_running_loop().time()
        self._expected = (sequence + 1) & 0xFFFF
        self.missed += ahead
        for _ in range(ahead):
            self._spandsp.fax_rx_fillin(state, _FRAME)
        samples = self._decode(datagram[_RTP.size :])
        self._spandsp.fax_rx(state, samples.ctypes.data, _FRAME)

    def _advance(self, state: int) -> None:
        if asyncio.get_running_loop().time() > self._heard_at + _SILENCE_SECONDS:
            self._spandsp.fax_rx_fillin(state, _FRAME)
        samples = np.zeros(_FRAME, dtype=np.int16)
        self._spandsp.fax_tx(state, samples.ctypes.data, _FRAME)
        head = _RTP.pack(0x80, _PCMA, self._sequence, self._timestamp, self._ssrc)
        self._post(head + self._encode(samples))
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + _FRAME) & 0xFFFFFFFF

    def _hang_up(self, state: int) -> None:
        self._spandsp.fax_free(state)


class PacketMachine(FaxMachine):
    """A fax machine that speaks T.38 (version 0, training goes through to the other machine)."""

    def __init__(self) -> None:
        super().__init__()
        self.parity = False
        """Whether it repairs losses by parities instead of repetition."""
        self.udptl = Udptl()
        self._outbox: list[tuple[bytes, int]] = []
        self._on_packet = _PacketHandler(self._collect)

    def _pick_up(self, calling: bool) -> tuple[int, int]:
        spandsp = self._spandsp
        self.udptl = Udptl(parity=self.parity)
        state = spandsp.t38_terminal_init(None, int(calling), self._on_packet, None)
        assert state, "t38_terminal_init"
        core = spandsp.t38_terminal_get_t38_core_state(state)
        spandsp.t38_set_t38_version(core, 0)
        spandsp.t38_set_data_rate_management_method(core, _TRANSFERRED_TCF)
        return state, spandsp.t38_terminal_get_t30_state(state)

    def _hear(self, state: int, datagram: bytes) -> None:
        core = self._spandsp.t38_terminal_get_t38_core_state(state)
        for number, packet in self.udptl.unpack(datagram):
            self._spandsp.t38_core_rx_ifp_packet(core, packet, len(packet), number)
        self._flush()

    def _advance(self, state: int) -> None:
        self._spandsp.t38_terminal_send_timeout(state, _FRAME)
        self._flush()

    def _hang_up(self, state: int) -> None:
        self._spandsp.t38_terminal_free(state)

    def _collect(self, _core: int, _user: int, packet: Any, length: int, times: int) -> int:
        self._outbox.append((ctypes.string_at(packet, length), times))
        return 0

    def _flush(self) -> None:
        """Sends what spandsp has to say; what matters most it wants to be sent several times at once."""
        outbox, self._outbox = self._outbox, []
        for packet, times in outbox:
            datagram = self.udptl.pack(packet)
            for _ in range(times):
                self._post(datagram)
