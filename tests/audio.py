"""Ears for tests: which tone is in a piece of audio, how loud it is, and whether it ever stops.

Samples are NumPy arrays of 16-bit integers, one channel. Levels are in dBFS: a sine that fills all 16 bits
has 0 dBFS (which is +3.14 dBm0 in G.711, ITU-T G.711 §3).
"""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
SILENCE_DBFS = -120.0
_FULL_SCALE = 32768.0


def sine(hz: float, seconds: float, rate: int, *, level_dbfs: float = -13.0) -> Samples:
    """A sine, beginning at phase 0."""
    moments = np.arange(round(seconds * rate)) / rate
    amplitude = (_FULL_SCALE - 1) * 10 ** (level_dbfs / 20)
    return np.round(amplitude * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def tone_level(samples: Samples, rate: int, hz: float) -> float:
    """Level of one frequency in dBFS, by Goertzel's sum over all samples, Hann-windowed.

    Keeps frequencies apart that are four divided by the length in seconds away or more: 40 Hz for 100 ms.
    """
    if len(samples) == 0:
        return SILENCE_DBFS
    window = np.hanning(len(samples))
    phase = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate)
    amplitude = 2 * abs(np.sum(samples * window * phase)) / (window.sum() * _FULL_SCALE)
    return _decibel(amplitude)


def dominant_tone(samples: Samples, rate: int) -> tuple[float, float]:
    """The strongest frequency in hertz and its level in dBFS; (0.0, `SILENCE_DBFS`) for silence.

    The frequency is exact to about a tenth of one divided by the length in seconds.
    """
    if len(samples) < 8 or not np.any(samples):
        return 0.0, SILENCE_DBFS
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    spectrum[0] = 0
    peak = int(np.argmax(spectrum))
    offset = 0.0
    if 0 < peak < len(spectrum) - 1:
        left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-9)
        curvature = left - 2 * middle + right
        offset = 0.5 * (left - right) / curvature if curvature else 0.0
    hz = (peak + offset) * rate / len(samples)
    return float(hz), tone_level(samples, rate, hz)


def level(samples: Samples) -> float:
    """Level of everything together in dBFS: a sine of amplitude A reads as `tone_level` does."""
    if len(samples) == 0:
        return SILENCE_DBFS
    effective = float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
    return _decibel(effective * np.sqrt(2) / _FULL_SCALE)


def longest_gap(samples: Samples, rate: int, hz: float, *, below_dbfs: float) -> float:
    """Seconds for which a tone was missing at most, exact to 5 ms.

    Use it with frequencies of 300 Hz and more: the 10 ms that are looked at must hold a few periods.
    """
    window, step = rate // 100, rate // 200
    silent = _runs(~_loud(samples, rate, hz, below_dbfs, window, step))
    return max((end - begin for begin, end in silent), default=0) * step / rate


def tone_bursts(samples: Samples, rate: int, hz: float, *, above_dbfs: float) -> list[tuple[float, float]]:
    """When a tone sounded: beginning and length of each burst in seconds, exact to about 10 ms."""
    window, step = rate // 50, rate // 200
    loud = _runs(_loud(samples, rate, hz, above_dbfs, window, step))
    return [((begin * step + window // 2) / rate, (end - begin) * step / rate) for begin, end in loud]


def read_wav(path: Path) -> tuple[list[Samples], int]:
    """The channels of a 16-bit WAV file, and its sample rate."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, f"{path} has {8 * file.getsampwidth()} bits"
        count, rate = file.getnchannels(), file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return [samples[channel::count].astype(np.int16) for channel in range(count)], rate


def write_wav(path: Path, channels: list[Samples], rate: int) -> Path:
    """Writes channels of equal length as a 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def _loud(samples: Samples, rate: int, hz: float, dbfs: float, window: int, step: int) -> NDArray[np.bool_]:
    """For each step, whether a tone is louder than `dbfs` in the window that begins there."""
    starts = range(0, len(samples) - window + 1, step)
    return np.array([tone_level(samples[at : at + window], rate, hz) > dbfs for at in starts], dtype=bool)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Beginning and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def _decibel(amplitude: float) -> float:
    return max(20 * float(np.log10(max(amplitude, 1e-12))), SILENCE_DBFS)
