"""Codecs for tests that the engine does not share: G.711 by its formula, G.722 by spandsp, Opus by libopus.

One frame is 20 ms. `ENCODERS` and `DECODERS` make a fresh codec by its name in SDP.
"""

import ctypes
import ctypes.util
from collections.abc import Callable
from typing import Protocol

import numpy as np
from tests.audio import Samples

_FRAME_SECONDS = 0.02
_OPUS_VOIP = 2048


class Encoder(Protocol):
    """From 20 ms of samples to a payload."""

    def __call__(self, samples: Samples) -> bytes:
        """Encodes one frame."""


class Decoder(Protocol):
    """From a payload to samples."""

    def __call__(self, payload: bytes) -> Samples:
        """Decodes one payload."""


RATES = {"PCMA": 8000, "PCMU": 8000, "G722": 16_000, "opus": 48_000}
"""Samples a second after decoding."""
CLOCKS = {"PCMA": 8000, "PCMU": 8000, "G722": 8000, "opus": 48_000}
"""Ticks of the RTP timestamp a second (RFC 3551 §4.5.2 for G.722)."""
PAYLOAD_TYPES = {"PCMA": 8, "PCMU": 0, "G722": 9, "opus": 96}


def _decode_alaw_byte(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def _decode_ulaw_byte(code: int) -> int:
    code ^= 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return -magnitude if code & 0x80 else magnitude


_ALAW = np.array([_decode_alaw_byte(code) for code in range(256)], dtype=np.int16)
_ULAW = np.array([_decode_ulaw_byte(code) for code in range(256)], dtype=np.int16)


class _Companding:
    """G.711 by table: the nearest value there is."""

    def __init__(self, table: Samples) -> None:
        self._table = table
        order = np.argsort(table, kind="stable")
        self._sorted, self._codes = table[order].astype(np.int32), order.astype(np.uint8)

    def encode(self, samples: Samples) -> bytes:
        wanted = samples.astype(np.int32)
        above = np.clip(np.searchsorted(self._sorted, wanted), 1, 255)
        lower = wanted - self._sorted[above - 1] < self._sorted[above] - wanted
        return self._codes[np.where(lower, above - 1, above)].tobytes()

    def decode(self, payload: bytes) -> Samples:
        return self._table[np.frombuffer(payload, dtype=np.uint8)]


def _library(name: str) -> ctypes.CDLL:
    path = ctypes.util.find_library(name)
    assert path is not None, f"lib{name} is not installed"
    return ctypes.CDLL(path)


class _G722Encoder:
    def __init__(self) -> None:
        self._library = _library("spandsp")
        self._library.g722_encode_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.g722_encode_init(None, 64_000, 0))

    def __call__(self, samples: Samples) -> bytes:
        out = ctypes.create_string_buffer(len(samples))
        pcm = samples.astype(np.int16)
        length = self._library.g722_encode(
            self._state, out, pcm.ctypes.data_as(ctypes.c_void_p), ctypes.c_int(len(pcm))
        )
        return out.raw[:length]


class _G722Decoder:
    def __init__(self) -> None:
        self._library = _library("spandsp")
        self._library.g722_decode_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.g722_decode_init(None, 64_000, 0))

    def __call__(self, payload: bytes) -> Samples:
        out = np.zeros(2 * len(payload) + 2, dtype=np.int16)
        length = self._library.g722_decode(
            self._state, out.ctypes.data_as(ctypes.c_void_p), payload, ctypes.c_int(len(payload))
        )
        return out[:length]


class _OpusEncoder:
    def __init__(self) -> None:
        self._library = _library("opus")
        self._library.opus_encoder_create.restype = ctypes.c_void_p
        error = ctypes.c_int()
        made = self._library.opus_encoder_create(48_000, 1, _OPUS_VOIP, ctypes.byref(error))
        assert error.value == 0, f"opus_encoder_create: {error.value}"
        self._state = ctypes.c_void_p(made)

    def __call__(self, samples: Samples) -> bytes:
        out = ctypes.create_string_buffer(1275)
        pcm = samples.astype(np.int16)
        length = self._library.opus_encode(
            self._state,
            pcm.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(len(pcm)),
            out,
            ctypes.c_int32(1275),
        )
        assert length > 0, f"opus_encode: {length}"
        return out.raw[:length]


class _OpusDecoder:
    def __init__(self) -> None:
        self._library = _library("opus")
        self._library.opus_decoder_create.restype = ctypes.c_void_p
        error = ctypes.c_int()
        made = self._library.opus_decoder_create(48_000, 1, ctypes.byref(error))
        assert error.value == 0, f"opus_decoder_create: {error.value}"
        self._state = ctypes.c_void_p(made)

    def __call__(self, payload: bytes) -> Samples:
        out = np.zeros(5760, dtype=np.int16)
        length = self._library.opus_decode(
            self._state,
            payload,
            ctypes.c_int32(len(payload)),
            out.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(len(out)),
            ctypes.c_int(0),
        )
        assert length > 0, f"opus_decode: {length}"
        return out[:length]


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "PCMA": lambda: _Companding(_ALAW).encode,
    "PCMU": lambda: _Companding(_ULAW).encode,
    "G722": _G722Encoder,
    "opus": _OpusEncoder,
}
DECODERS: dict[str, Callable[[], Decoder]] = {
    "PCMA": lambda: _Companding(_ALAW).decode,
    "PCMU": lambda: _Companding(_ULAW).decode,
    "G722": _G722Decoder,
    "opus": _OpusDecoder,
}


def encode(codec: str, samples: Samples) -> list[bytes]:
    """Payloads of 20 ms; what is left at the end is dropped."""
    encoder, length = ENCODERS[codec](), round(RATES[codec] * _FRAME_SECONDS)
    return [encoder(samples[at : at + length]) for at in range(0, len(samples) - length + 1, length)]


def decode(codec: str, payloads: list[bytes]) -> Samples:
    """All samples of a stream without losses."""
    decoder = DECODERS[codec]()
    return np.concatenate([decoder(payload) for payload in payloads] or [np.zeros(0, np.int16)])
