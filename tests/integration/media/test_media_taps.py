"""Taps: other programs hear a leg as it speaks, and disturb nobody."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from tests.audio import Samples, dominant_tone, longest_gap
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone

from stimme.media import EngineError, TapFinished, TapFrame, TapListener

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


async def frames(listener: TapListener, count: int) -> list[TapFrame]:
    """So many frames."""
    return [await listener.hear() for _ in range(count)]


def sound(heard: list[TapFrame], channels: int) -> list[Samples]:
    """The samples of each channel."""
    samples = np.frombuffer(b"".join(frame.samples for frame in heard), dtype="<i2")
    return [samples[channel::channels].astype(np.int16) for channel in range(channels)]


async def test_a_program_hears_both_sides_as_they_speak(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    a, b = await phones("PCMA"), await phones("opus")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    with TapListener(tmp_path / "ear") as ear:
        tap = await legs[0].tap(ear.path, what="both")
        talk = asyncio.gather(a.speak(500, 1.2), b.speak(1100, 1.2))
        began = asyncio.get_running_loop().time()
        heard = await asyncio.wait_for(frames(ear, 50), 3)
        assert asyncio.get_running_loop().time() - began == pytest.approx(1.0, abs=0.1), "as it is said"
        await talk
        await tap.stop()
        await tap.stop()
    assert [frame.sequence for frame in heard] == list(range(50))
    assert {(frame.tap, frame.rate, len(frame.samples)) for frame in heard} == {(tap.id, 16_000, 1280)}
    said, answered = (channel[4800:] for channel in sound(heard, 2))
    assert dominant_tone(said, 16_000) == pytest.approx((500, -13), abs=3)
    assert dominant_tone(answered, 16_000) == pytest.approx((1100, -13), abs=3)


async def test_a_listener_that_does_not_read_disturbs_nobody(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    with TapListener(tmp_path / "ear") as ear:
        await legs[0].tap(ear.path, rate=8000)
        await a.speak(500, 1.0)
        heard = await asyncio.wait_for(frames(ear, 12), 3)
    numbers = [frame.sequence for frame in heard]
    assert numbers[:5] == list(range(5))
    assert max(after - before for before, after in itertools.pairwise(numbers)) > 20, (
        "what came meanwhile is lost"
    )
    await b.hears(50)
    assert longest_gap(b.audio(), 8000, 500, below_dbfs=-25) == 0
    finished = await client.event(TapFinished)
    assert (finished.endpoint_id, finished.tag) == (legs[0].id, legs[0].tag)


async def test_what_cannot_be_heard_is_refused(client: Client, phones: Phones, tmp_path: Path) -> None:
    leg = await client.leg(await phones("PCMA"))
    with pytest.raises(EngineError, match="path") as refused:
        await leg.tap(tmp_path / "nobody")
    assert refused.value.code == "failed"
    with TapListener(tmp_path / "ear") as ear:
        with pytest.raises(EngineError, match="rate"):
            await leg.tap(ear.path, rate=11_025)
        taps = [await leg.tap(ear.path) for _ in range(4)]
        with pytest.raises(EngineError, match="4 taps") as refused:
            await leg.tap(ear.path)
        assert refused.value.code == "limit"
        await taps[0].stop()
        await leg.tap(ear.path)
        await leg.delete()
