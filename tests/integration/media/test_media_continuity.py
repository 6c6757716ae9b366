"""A telephone hears one stream from first packet to last, whoever speaks: tshark's RTP analysis says so."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.media.capture import streams, write_capture
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone

from stimme.media import Endpoint, Tone

pytestmark = pytest.mark.integration
_UNDER_WAY = 5
"""Packets that a jitter buffer may still have, or has made longer or shorter."""
Phones = Callable[[str], Awaitable[Phone]]


async def talk(
    client: Client, leg: Endpoint, other: Endpoint, listener: Phone, speaker: Phone, hz: float
) -> None:
    """Half a second of a bridge in which the other side speaks."""
    before = len(listener.heard)
    bridge = await client.engine.bridge(leg, other, tag="call")
    said = await speaker.speak(hz, 0.5)
    await listener.hears(before + len(said) - _UNDER_WAY)
    await bridge.delete()


async def through_hold_and_other_partners(client: Client, phones: Phones, codecs: Sequence[str]) -> Phone:
    """A telephone that talks with one, waits with music, and talks with another."""
    listener, first, second = [await phones(codec) for codec in codecs]
    leg, one, two = [await client.leg(phone) for phone in (listener, first, second)]
    await talk(client, leg, one, listener, first, 500)
    music = await leg.play(Tone((800.0,)), loop=True)
    await listener.hears(len(listener.heard) + 20)
    await music.stop()
    await talk(client, leg, two, listener, second, 1100)
    await talk(client, leg, one, listener, first, 500)
    return listener


@pytest.mark.interop(client="tshark", feature="RTP analysis over hold, other partners and other codecs")
@pytest.mark.parametrize(
    "codecs", [("PCMA", "PCMA", "PCMA"), ("PCMA", "PCMU", "opus"), ("opus", "G722", "opus")], ids="-".join
)
async def test_one_stream_over_hold_and_change_of_partners(
    client: Client, phones: Phones, tmp_path: Path, codecs: Sequence[str]
) -> None:
    listener = await through_hold_and_other_partners(client, phones, codecs)
    found = streams(write_capture(tmp_path / "heard.pcap", listener.heard, listener.port), listener.port)
    assert len(found) == 1, "one SSRC"
    assert (found[0].packets, found[0].lost, found[0].problems) == (len(listener.heard), 0, False)
    # Were there a gap, or another time, tshark would have said so.
    damaged = [
        *listener.heard[:20],
        *(replace(each, timestamp=each.timestamp ^ 1 << 20) for each in listener.heard[22:]),
    ]
    (found[0],) = streams(write_capture(tmp_path / "damaged.pcap", damaged, listener.port), listener.port)
    assert (found[0].lost, found[0].problems) == (2, True)


@pytest.mark.interop(client="tshark", feature="RTP analysis over a change of the listener's codec")
async def test_one_stream_over_a_change_of_the_codec(client: Client, phones: Phones, tmp_path: Path) -> None:
    listener, speaker = await phones("PCMA"), await phones("PCMA")
    leg, other = await client.leg(listener), await client.leg(speaker)
    await client.engine.bridge(leg, other, tag="call")
    said = await speaker.speak(500, 0.5)
    await leg.configure(listener.remote, [replace(listener.format, name="PCMU", payload_type=0)])
    said += await speaker.speak(500, 0.5)
    await listener.hears(len(said))
    (found,) = streams(write_capture(tmp_path / "heard.pcap", listener.heard, listener.port), listener.port)
    assert {packet.payload_type for packet in listener.heard} == {8, 0}
    assert (found.packets, found.lost) == (len(listener.heard), 0)
    steps = [
        ((y.sequence - x.sequence) & 0xFFFF, (y.timestamp - x.timestamp) & 0xFFFFFFFF)
        for x, y in zip(listener.heard, listener.heard[1:], strict=False)
    ]
    assert set(steps) == {(1, 160)}, "number and time go on as if nothing had been"
