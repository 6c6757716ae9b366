"""The music on hold: our own, made by arithmetic, so that it belongs to nobody else.

Eight bars in 6/8 over four chords, twice: a soft plucked figure and a warm pad, without a beat that a codec
for speech would tear apart, and quiet enough to talk over. The end runs into the beginning. The tune and
its sound are dedicated to the public domain (CC0-1.0).
"""

import math
import wave
from array import array
from functools import cache
from pathlib import Path

from stimme.prompts.sound import RATE

_BEAT = RATE * 3 // 10
_BEATS_PER_CHORD = 6
# D, B minor, G, A with their third and fifth, and the melody over each, as half tones above the A of 220 Hz.
_CHORDS = ((-7, 5, 9, 12), (-10, 2, 5, 9), (-14, -2, 2, 5), (-12, 0, 4, 7))
_MELODY = (
    *(17, None, 12, 14, None, 9),
    *(14, None, 9, 12, None, 5),
    *(10, None, 14, 17, None, 14),
    *(16, None, 12, 9, None, 7),
    *(21, None, 17, 14, None, 12),
    *(17, None, 14, 9, None, 14),
    *(19, None, 14, 10, None, 14),
    *(16, 12, 9, 7, None, None),
)
_FIGURE = (0, 1, 2, 3, 2, 1)
_PLUCK_SECONDS = 1.6
_PEAK = 0.35


def compose() -> "array[int]":
    """The samples: 16 kHz, 16 bits, about 29 seconds that can be played in a loop."""
    length = len(_MELODY) * _BEAT * 2
    mix = [0.0] * length
    for bar in range(len(_MELODY) // _BEATS_PER_CHORD * 2):
        chord = _CHORDS[bar % len(_CHORDS)]
        start = bar * _BEATS_PER_CHORD * _BEAT
        _mix_in(mix, start, _pad(chord), 0.05)
        for beat in range(_BEATS_PER_CHORD):
            _mix_in(mix, start + beat * _BEAT, _string(chord[_FIGURE[beat]]), 0.16)
    # The first time the figure is alone; the melody comes with the repetition.
    for beat, tone in enumerate(_MELODY):
        if tone is not None:
            _mix_in(mix, length // 2 + beat * _BEAT, _string(tone), 0.26)
    loudest = max(map(abs, mix))
    return array("h", (round(sample / loudest * _PEAK * 32767) for sample in mix))


def write(target: Path) -> None:
    """Writes the music as a WAV file."""
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        out.writeframes(compose().tobytes())


def _frequency(tone: int) -> float:
    return 220.0 * 2 ** (tone / 12)


def _mix_in(mix: list[float], start: int, sound: list[float], loudness: float) -> None:
    """Adds a sound; what goes beyond the end goes on at the beginning."""
    for offset, sample in enumerate(sound):
        mix[(start + offset) % len(mix)] += loudness * sample


@cache
def _string(tone: int) -> list[float]:
    """A plucked string that fades, the higher partials sooner."""
    length = round(_PLUCK_SECONDS * RATE)
    turn = 2 * math.pi * _frequency(tone) / RATE
    sound = [0.0] * length
    for partial, strength, decay in ((1, 1.0, 2.6), (2, 0.35, 4.5), (3, 0.12, 7.0)):
        for offset in range(length):
            edge = min(1.0, offset / 80, (length - offset) / 800)
            fade = strength * edge * math.exp(-decay * offset / RATE)
            sound[offset] += fade * math.sin(turn * partial * offset)
    return sound


@cache
def _pad(chord: tuple[int, ...]) -> list[float]:
    """A chord that swells and goes within its bar."""
    length = _BEATS_PER_CHORD * _BEAT
    turns = [2 * math.pi * _frequency(tone) / RATE for tone in chord[1:]]
    return [
        math.sin(math.pi * offset / length) ** 2 * sum(math.sin(turn * offset) for turn in turns)
        for offset in range(length)
    ]
