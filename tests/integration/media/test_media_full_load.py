"""Steady tones through an engine that is busy: no telephone hears a gap longer than a packet.

A gap is found in what is heard and not by the clock. One before which a flow without the engine was held up
as well, by other programs or by the host, is the machine's and is only told (`tones.py`).
"""

import pytest
from tests.integration.media.harness import Client, EngineProcess
from tests.integration.media.tones import BUNDLE, Heard, listen

pytestmark = pytest.mark.integration
_MOST = 1000 // BUNDLE
"""Bundles for which the engine has ports."""
_STEP = 16
_TRIAL_SECONDS = 10
_LOST = 0.0005
"""Share of packets from which on a core is overloaded: those under way at the ends of a trial are less."""
_FULL = 0.9


async def test_no_leg_hears_a_gap(client: Client, engine_process: EngineProcess) -> None:
    heard = await listen(client, engine_process.pid, 1, 5, alone=False)
    print(heard)
    assert heard.deaf == 0, heard
    assert heard.own_gaps() == [], heard


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_ten_minutes_at_full_load(client: Client, engine_process: EngineProcess) -> None:
    """Full load is nine tenths of the most legs that one core carries without loss or gap."""
    most = await _most_bundles(client, engine_process)
    heard = await listen(client, engine_process.pid, int(most * _FULL), 600, alone=True)
    print(heard)
    assert heard.deaf == 0, heard
    assert heard.own_gaps() == [], heard


async def _most_bundles(client: Client, engine: EngineProcess) -> int:
    """Upwards in great steps until it is too many, then in halves between the last two."""
    clean, step = 0, _STEP
    while step:
        bundles = min(clean + step, _MOST)
        if bundles > clean and _clean(await _trial(client, engine, bundles)):
            clean = bundles
        else:
            step //= 2
    return clean


async def _trial(client: Client, engine: EngineProcess, bundles: int) -> Heard:
    heard = await listen(client, engine.pid, bundles, _TRIAL_SECONDS, alone=True)
    print(heard)
    return heard


def _clean(heard: Heard) -> bool:
    return not heard.gaps and heard.sent - heard.received < _LOST * heard.sent
