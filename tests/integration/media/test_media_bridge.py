"""Bridges: what one telephone says is what the other hears, both ways at once."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from tests.audio import dominant_tone, longest_gap, sine, tone_level
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone
from tests.integration.media.speech import CLOCKS, RATES, encode

from stimme.media import EngineError, MediaStarted

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
ALL = ("PCMA", "PCMU", "G722", "opus")


async def bridged(client: Client, a: Phone, b: Phone) -> None:
    """Two telephones in a call."""
    legs = [await client.leg(phone) for phone in (a, b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
async def test_the_same_codec_is_forwarded_untouched(client: Client, phones: Phones, codec: str) -> None:
    a, b = await phones(codec), await phones(codec)
    await bridged(client, a, b)
    said = await asyncio.gather(a.speak(697, 0.5), b.speak(1209, 0.5))
    await asyncio.gather(a.hears(25), b.hears(25))
    assert (b.payloads(), a.payloads()) == tuple(said)
    for heard, speaker in ((b.heard, a), (a.heard, b)):
        assert {packet.ssrc for packet in heard}.isdisjoint({speaker.ssrc}), "our own SSRC"
        assert len({packet.ssrc for packet in heard}) == 1
        steps = {
            ((after.sequence - before.sequence) & 0xFFFF, (after.timestamp - before.timestamp) & 0xFFFFFFFF)
            for before, after in itertools.pairwise(heard)
        }
        assert steps == {(1, 160)}
        assert [packet.marker for packet in heard] == [True] + [False] * 24
    assert [event.tag for event in client.seen(MediaStarted)] == [f"leg-{a.port}", f"leg-{b.port}"]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ALL, 2)))
async def test_a_tone_gets_through_every_pair_of_codecs(
    client: Client, phones: Phones, one: str, other: str
) -> None:
    a, b = await phones(one), await phones(other)
    await bridged(client, a, b)
    await asyncio.gather(a.speak(700, 1.2), b.speak(1700, 1.2))
    await asyncio.gather(a.hears(58), b.hears(58))
    for hearer, hz in ((b, 700), (a, 1700)):
        rate = RATES[hearer.codec]
        heard = hearer.audio()[rate // 5 : rate * 11 // 10]
        tone, level = dominant_tone(heard, rate)
        assert tone == pytest.approx(hz, abs=2)
        assert level == pytest.approx(-13, abs=1.5)
        late = max(a.lag, b.lag)
        assert longest_gap(heard, rate, hz, below_dbfs=-25) <= (0.01 if late < 0.01 else 0.02 + late)
        assert tone_level(heard, rate, 2400 - hz) < -45, "nobody hears himself"
        clock = {
            (after.timestamp - before.timestamp) & 0xFFFFFFFF
            for before, after in itertools.pairwise(hearer.heard)
        }
        assert clock == {CLOCKS[hearer.codec] // 50}


async def test_a_bad_network_is_heard_evenly_when_transcoded(client: Client, phones: Phones) -> None:
    a, b = await phones("PCMA"), await phones("opus")
    await bridged(client, a, b)
    loop = asyncio.get_running_loop()
    start = loop.time()
    sent: list[tuple[float, int, bytes]] = []
    for number, payload in enumerate(encode("PCMA", sine(700, 2.0, 8000))):
        late = 0.03 if number % 12 == 5 else (number * 7 % 9) / 1000
        if number not in (40, 60, 61):
            sent.append((start + number * 0.02 + late, number, payload))
    first, timestamp = a.sequence, a.timestamp
    for due, number, payload in sorted(sent):
        await asyncio.sleep(due - loop.time())
        a.sequence = first + number & 0xFFFF
        a.timestamp = timestamp + number * 160 & 0xFFFFFFFF
        a.send(payload)
    await b.hears(99)
    assert longest_gap(b.audio()[9600 : 48_000 * 19 // 10], 48_000, 700, below_dbfs=-25) <= 0.02
    assert {(y.timestamp - x.timestamp) & 0xFFFFFFFF for x, y in itertools.pairwise(b.heard)} == {960}
    gaps = [y.at - x.at for x, y in itertools.pairwise(b.heard)]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(0.02, abs=0.002), (
        "as evenly as if nothing had happened"
    )
    (speaker,) = [each for each in await client.engine.endpoints() if each.tag == f"leg-{a.port}"]
    stats = await client.engine.attach(speaker).stats()
    assert 3 <= stats.frames_concealed <= 12
    assert stats.packets_late <= 2


async def test_another_bridge_goes_on_in_the_same_stream(client: Client, phones: Phones) -> None:
    a, b, c = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(phone) for phone in (a, b, c)]
    first = await client.engine.bridge(legs[0], legs[1], tag="first")
    await b.speak(500, 0.2)
    await a.hears(10)
    await client.engine.bridge(legs[0], legs[2], tag="second")
    await asyncio.gather(b.speak(500, 0.2), c.speak(900, 0.2))
    await a.hears(20)
    steps = [(y.sequence - x.sequence) & 0xFFFF for x, y in itertools.pairwise(a.heard)]
    assert steps == [1] * (len(a.heard) - 1)
    assert len({packet.ssrc for packet in a.heard}) == 1
    assert dominant_tone(a.audio()[-1200:], 8000)[0] == pytest.approx(900, abs=10)
    assert [bridge.tag for bridge in await client.engine.bridges()] == ["second"]
    await first.delete()
    assert len(await client.engine.bridges()) == 1, "deleting what has ended already is no error"


async def test_directions_are_obeyed(client: Client, phones: Phones) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await legs[1].configure(b.remote, b.codecs, direction="recvonly")
    await asyncio.gather(a.speak(500, 0.2), b.speak(900, 0.2))
    await a.hears(10)
    assert b.heard == [], "we do not send to b"
    await legs[1].configure(b.remote, b.codecs, direction="sendonly")
    before = len(a.heard)
    await asyncio.gather(a.speak(500, 0.2), b.speak(900, 0.2))
    await b.hears(10)
    assert len(a.heard) == before, "we do not listen to b"


async def test_an_endpoint_with_itself_is_refused(client: Client, phones: Phones) -> None:
    leg = await client.leg(await phones("PCMA"))
    with pytest.raises(EngineError, match="itself") as refused:
        await client.engine.bridge(leg, leg, tag="mirror")
    assert refused.value.code == "bad-request"
