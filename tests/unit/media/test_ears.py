"""The ears that all tests hear with: they must not hear what is not there."""

from pathlib import Path

import numpy as np
import pytest
from tests.audio import (
    SILENCE_DBFS,
    dominant_tone,
    level,
    longest_gap,
    read_wav,
    sine,
    tone_bursts,
    tone_level,
    write_wav,
)

RATES = (8000, 16_000, 48_000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [350.0, 425.0, 1000.0, 3100.0])
def test_a_tone_is_heard_at_its_level_and_its_neighbours_are_not(rate: int, hz: float) -> None:
    tone = sine(hz, 0.5, rate, level_dbfs=-20)
    assert tone_level(tone, rate, hz) == pytest.approx(-20, abs=0.1)
    assert level(tone) == pytest.approx(-20, abs=0.1)
    assert tone_level(tone, rate, hz + 50) < -50
    heard, loud = dominant_tone(tone, rate)
    assert heard == pytest.approx(hz, abs=0.5)
    assert loud == pytest.approx(-20, abs=0.2)


def test_the_louder_of_two_dominates() -> None:
    both = sine(600, 0.5, 8000, level_dbfs=-20) + sine(900, 0.5, 8000, level_dbfs=-14)
    assert dominant_tone(both, 8000)[0] == pytest.approx(900, abs=1)


def test_silence_is_silent() -> None:
    nothing = np.zeros(800, np.int16)
    assert dominant_tone(nothing, 8000) == (0.0, SILENCE_DBFS)
    assert tone_level(nothing, 8000, 425) == SILENCE_DBFS
    assert tone_level(nothing[:0], 8000, 425) == level(nothing[:0]) == SILENCE_DBFS
    assert tone_bursts(nothing, 8000, 425, above_dbfs=-40) == []


@pytest.mark.parametrize("rate", RATES)
def test_gaps_are_measured(rate: int) -> None:
    tone = sine(700, 1.0, rate)
    assert longest_gap(tone, rate, 700, below_dbfs=-25) == 0
    for seconds in (0.02, 0.05, 0.2):
        broken = tone.copy()
        start = rate // 3
        broken[start : start + round(seconds * rate)] = 0
        assert longest_gap(broken, rate, 700, below_dbfs=-25) == pytest.approx(seconds, abs=0.012)
    assert longest_gap(np.zeros(rate, np.int16), rate, 700, below_dbfs=-25) == pytest.approx(1, abs=0.02)


def test_bursts_are_found() -> None:
    cadence = np.concatenate(
        [sine(425, 0.3, 8000), np.zeros(1600, np.int16), sine(425, 0.3, 8000), np.zeros(800, np.int16)]
    )
    bursts = tone_bursts(cadence, 8000, 425, above_dbfs=-25)
    assert [start for start, _ in bursts] == pytest.approx([0, 0.5], abs=0.015)
    assert [length for _, length in bursts] == pytest.approx([0.3, 0.3], abs=0.03)
    assert len(tone_bursts(sine(425, 0.3, 8000), 8000, 425, above_dbfs=-25)) == 1


def test_a_wav_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    left, right = sine(500, 0.1, 16_000), sine(900, 0.1, 16_000)
    channels, rate = read_wav(write_wav(tmp_path / "a.wav", [left, right], 16_000))
    assert rate == 16_000
    assert np.array_equal(channels[0], left)
    assert np.array_equal(channels[1], right)
