"""The tones that a telephone network speaks with, by country.

Frequencies and cadences follow ITU-T E.180 Supplement 2 (tones used in national networks); where a country
specifies none, what its operators use. Every tone goes on until its player is stopped, call waiting too: a
network repeats it for as long as the second call waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stimme.media.types import Playlist, Silence, Tone


@dataclass(frozen=True, slots=True)
class CountryTones:
    """The tones of one country.

    Attributes:
        dial: ready for digits.
        ringback: the other side rings.
        busy: the other side talks.
        congestion: no line is free.
        call_waiting: somebody else calls; heard over a conversation.
    """

    dial: Tone
    ringback: Tone
    busy: Tone
    congestion: Tone
    call_waiting: Tone


def _country(
    dial: Tone,
    *,
    ringback: tuple[int, ...],
    busy: int,
    congestion: tuple[int, ...],
    waiting: tuple[int, ...],
) -> CountryTones:
    """One frequency for everything, busy as long on as off."""

    def cadence(*milliseconds: int) -> Tone:
        return Tone(dial.frequencies, milliseconds)

    return CountryTones(
        dial, cadence(*ringback), cadence(busy, busy), cadence(*congestion), cadence(*waiting)
    )


_425 = Tone((425.0,))

COUNTRIES: Mapping[str, CountryTones] = MappingProxyType(
    {
        "AT": _country(
            Tone((420.0,)),
            ringback=(1000, 5000),
            busy=400,
            congestion=(200, 200),
            waiting=(40, 1960),
        ),
        "BE": CountryTones(
            dial=_425,
            ringback=Tone((425.0,), (1000, 3000)),
            busy=Tone((425.0,), (500, 500)),
            congestion=Tone((425.0,), (167, 167)),
            call_waiting=Tone((1400.0,), (175, 175, 175, 3500)),
        ),
        "CH": _country(
            _425, ringback=(1000, 4000), busy=500, congestion=(200, 200), waiting=(200, 200, 200, 4000)
        ),
        "CZ": CountryTones(
            dial=Tone((425.0,), (330, 330, 660, 660)),
            ringback=Tone((425.0,), (1000, 4000)),
            busy=Tone((425.0,), (330, 330)),
            congestion=Tone((425.0,), (165, 165)),
            call_waiting=Tone((425.0,), (330, 9000)),
        ),
        "DE": _country(
            _425, ringback=(1000, 4000), busy=480, congestion=(240, 240), waiting=(200, 200, 200, 5000)
        ),
        "DK": _country(
            _425, ringback=(1000, 4000), busy=500, congestion=(200, 200), waiting=(200, 600, 200, 3000)
        ),
        "ES": _country(
            _425,
            ringback=(1500, 3000),
            busy=200,
            congestion=(200, 200, 200, 200, 200, 600),
            waiting=(175, 175, 175, 3500),
        ),
        "FR": _country(
            Tone((440.0,)),
            ringback=(1500, 3500),
            busy=500,
            congestion=(250, 250),
            waiting=(300, 10_000),
        ),
        "GB": CountryTones(
            dial=Tone((350.0, 440.0)),
            ringback=Tone((400.0, 450.0), (400, 200, 400, 2000)),
            busy=Tone((400.0,), (375, 375)),
            congestion=Tone((400.0,), (400, 350, 225, 525)),
            call_waiting=Tone((400.0,), (100, 4000)),
        ),
        "IT": CountryTones(
            dial=Tone((425.0,), (200, 200, 600, 1000)),
            ringback=Tone((425.0,), (1000, 4000)),
            busy=Tone((425.0,), (500, 500)),
            congestion=Tone((425.0,), (200, 200)),
            call_waiting=Tone((425.0,), (400, 100, 250, 100, 150, 14_000)),
        ),
        "NL": _country(_425, ringback=(1000, 4000), busy=500, congestion=(250, 250), waiting=(500, 9500)),
        "PL": _country(
            _425, ringback=(1000, 4000), busy=500, congestion=(500, 500), waiting=(150, 150, 150, 4000)
        ),
        "US": CountryTones(
            dial=Tone((350.0, 440.0)),
            ringback=Tone((440.0, 480.0), (2000, 4000)),
            busy=Tone((480.0, 620.0), (500, 500)),
            congestion=Tone((480.0, 620.0), (250, 250)),
            call_waiting=Tone((440.0,), (300, 10_000)),
        ),
    }
)
"""By ISO 3166-1 code."""

SPECIAL_INFORMATION = Playlist(
    (
        Tone((950.0,), duration_ms=330),
        Tone((1400.0,), duration_ms=330),
        Tone((1800.0,), duration_ms=330),
        Silence(1000),
    )
)
"""Three rising tones before an announcement, as for a number not in use (ITU-T E.180 §10); to be looped."""


def tones_of(country: str) -> CountryTones:
    """The tones of a country by its ISO 3166-1 code; Germany's for a country that is not in the table."""
    return COUNTRIES.get(country.upper(), COUNTRIES["DE"])
