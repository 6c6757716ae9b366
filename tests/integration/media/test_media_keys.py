"""Digits by tones, by events and by INFO, and from each to each."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from tests.audio import Samples, level, sine, tone_level
from tests.integration.media.harness import Client
from tests.integration.media.phone import KEYS, Phone

from stimme.media import Codec, DtmfHandover, DtmfReceived, Endpoint
from stimme.media.types import DtmfMethod

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
PLACES = ("123A", "456B", "789C", "*0#D")


def tones(keys: str, rate: int = 8000, *, seconds: float = 0.08, pause: float = 0.08) -> Samples:
    """Keys as a telephone sounds them (ITU-T Q.23)."""
    pieces = []
    for key in keys:
        row = next(index for index, place in enumerate(PLACES) if key in place)
        pair = (ROWS[row], COLUMNS[PLACES[row].index(key)])
        pieces += [sum(sine(hz, seconds, rate, level_dbfs=-16) for hz in pair), sine(0, pause, rate)]
    return np.concatenate(pieces).astype(np.int16)


def sounded(audio: Samples) -> str:
    """Keys that are heard in audio of 8 kHz for 40 ms at least, the shortest that counts (ITU-T Q.24)."""
    keys, before = "", None
    for start in range(0, len(audio) - 320, 80):
        halves = {key_of(audio[start : start + 160]), key_of(audio[start + 160 : start + 320])}
        key = halves.pop() if len(halves) == 1 else None
        if key is not None and before is None:
            keys += key
        before = key
    return keys


def key_of(piece: Samples) -> str | None:
    """The key whose tones are in a piece, if both are loud enough."""
    rows, columns = ([tone_level(piece, 8000, hz) for hz in group] for group in (ROWS, COLUMNS))
    row, column = rows.index(max(rows)), columns.index(max(columns))
    return PLACES[row][column] if min(max(rows), max(columns)) > -20 else None


async def leg(client: Client, phone: Phone, method: DtmfMethod) -> Endpoint:
    """A leg whose digits come and go in one way."""
    endpoint = await client.engine.create_endpoint("rtp", tag=method)
    codecs = phone.codecs if method == "events" else [phone.format]
    await endpoint.configure(phone.remote, codecs, dtmf=method)
    phone.dial(endpoint.local)
    return endpoint


async def enter(phone: Phone, endpoint: Endpoint, method: DtmfMethod, keys: str) -> None:
    """Presses keys in the telephone's way."""
    match method:
        case "events":
            await phone.press(keys, milliseconds=80)
        case "inband":
            await phone.say(tones(keys))
        case "info":
            await endpoint.receive_dtmf(keys, duration_ms=100)


@pytest.mark.parametrize("codec", ["PCMA", "G722", "opus"])
async def test_tones_are_heard_once(client: Client, phones: Phones, codec: str) -> None:
    phone = await phones(codec)
    await leg(client, phone, "inband")
    rate = {"PCMA": 8000, "G722": 16_000, "opus": 48_000}[codec]
    await phone.say(tones("0123456789*#ABCD11", rate, pause=0.06))
    await client.event(DtmfReceived, count=18)
    await asyncio.sleep(0.1)
    presses = client.seen(DtmfReceived)
    assert "".join(press.digit for press in presses) == "0123456789*#ABCD11"
    assert all(50 <= press.duration_ms <= 100 for press in presses)


async def test_speech_that_is_no_key_is_none(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    await leg(client, phone, "inband")
    await phone.speak(697, 0.3)
    await phone.speak(1000, 0.3)
    assert client.seen(DtmfReceived) == []


@pytest.mark.parametrize("to", ["events", "inband", "info"])
@pytest.mark.parametrize("come", ["events", "inband", "info"])
async def test_digits_get_from_each_way_to_each(
    client: Client, phones: Phones, come: DtmfMethod, to: DtmfMethod
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await leg(client, a, come), await leg(client, b, to)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(440, 0.1)
    await enter(a, legs[0], come, "1105#")
    await a.say(sine(0, 0.3, 8000))
    await asyncio.sleep(1.0)
    received = client.seen(DtmfReceived)
    assert [(press.digit, press.tag) for press in received] == [(key, come) for key in "1105#"]
    assert b.events() == ("1105#" if to == "events" else "")
    handed = client.seen(DtmfHandover)
    assert [(press.digit, press.tag) for press in handed] == (
        [(key, to) for key in "1105#"] if to == "info" else []
    )
    assert sounded(b.audio()) == ("1105#" if to == "inband" else "")


@pytest.mark.parametrize("agreed", ["inband", "info"])
async def test_events_that_come_all_the_same_go_on_once(
    client: Client, phones: Phones, agreed: DtmfMethod
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a, dtmf=agreed), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.press("42", milliseconds=80)
    await client.event(DtmfReceived, count=2)
    await asyncio.sleep(0.6)
    assert b.events() == "42"
    assert len([packet for packet in b.heard if packet.payload[1] & 0x80]) == 6, "three ends of each"


async def test_digits_that_are_kept_are_told_and_go_on_only_when_they_are_sent(
    client: Client, phones: Phones
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a, keep_digits=True), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.press("**4", milliseconds=80)
    await client.event(DtmfReceived, count=3)
    assert "".join(press.digit for press in client.seen(DtmfReceived)) == "**4"
    await legs[0].receive_dtmf("7", duration_ms=80)
    await legs[1].send_dtmf("5", duration_ms=80)
    await b.press("9", milliseconds=80)
    await asyncio.sleep(0.6)
    assert (a.events(), b.events()) == ("9", "5")


async def test_digits_are_sent_as_tones(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    endpoint = await leg(client, phone, "inband")
    await endpoint.send_dtmf(KEYS, duration_ms=100)
    await phone.hears(16 * 9, within=6)
    await asyncio.sleep(0.1)
    assert sounded(phone.audio()) == KEYS
    assert level(phone.audio()[:400]) > -16


async def test_info_is_call_controls_business(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    endpoint = await leg(client, phone, "info")
    await endpoint.send_dtmf("12", duration_ms=90)
    await client.event(DtmfHandover, count=2)
    assert [(event.digit, event.duration_ms) for event in client.seen(DtmfHandover)] == [("1", 90), ("2", 90)]
    assert phone.heard == []


async def test_comfort_noise_goes_through_untouched(client: Client, phones: Phones) -> None:
    a, b, c = await phones("PCMA"), await phones("PCMA"), await phones("PCMA")
    legs = []
    for phone in (a, b):
        legs.append(await client.engine.create_endpoint("rtp", tag="noisy"))
        await legs[-1].configure(phone.remote, [phone.format, Codec("CN", 13, 8000)])
        phone.dial(legs[-1].local)
    plain = await client.leg(c)
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(500, 0.1)
    a.send(b"\x28", payload_type=13)
    a.advance(1.0)
    await a.speak(500, 0.1)
    await b.hears(11)
    assert [packet.payload for packet in b.heard if packet.payload_type == 13] == [b"\x28"]
    steps = [y.timestamp - x.timestamp for x, y in zip(b.heard, b.heard[1:], strict=False)]
    assert sum(steps) == 160 * 9 + 8000
    await client.engine.bridge(legs[0], plain, tag="call")
    await a.speak(500, 0.1)
    a.send(b"\x28", payload_type=13)
    await a.speak(500, 0.1)
    await c.hears(10)
    assert {packet.payload_type for packet in c.heard} == {8}
