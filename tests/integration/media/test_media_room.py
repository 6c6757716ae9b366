"""Rooms: who hears whom, and what the room tells."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.audio import longest_gap, read_wav, tone_level
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone
from tests.integration.media.speech import RATES

from stimme.media import (
    Endpoint,
    EngineError,
    PlayerFinished,
    RecorderFinished,
    Room,
    RoomSpeakers,
    Tone,
)

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
TONES = (500.0, 800.0, 1300.0, 1700.0)


async def conference(
    client: Client, phones: Phones, *codecs: str, rate: int = 16_000
) -> tuple[Room, list[Phone], list[Endpoint]]:
    """A room with a telephone of each codec in it."""
    room = await client.engine.create_room(tag="room", rate=rate)
    members = [await phones(codec) for codec in codecs]
    legs = [await client.leg(phone) for phone in members]
    for leg in legs:
        await room.add(leg)
    return room, members, legs


def heard(phone: Phone, *, last: float = 0.4) -> set[float]:
    """Which of `TONES` are in the last part of what a telephone heard, at about the level that was said."""
    rate = RATES[phone.codec]
    audio = phone.audio()[-round(last * rate) :]
    levels = {hz: tone_level(audio, rate, hz) for hz in TONES}
    assert all(level > -16 or level < -40 for level in levels.values()), levels
    return {hz for hz, level in levels.items() if level > -16}


async def talk(*phones: Phone, seconds: float = 1.0) -> None:
    """Each says its own tone."""
    await asyncio.gather(
        *(phone.speak(hz, seconds, level_dbfs=-14) for phone, hz in zip(phones, TONES, strict=False))
    )


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
async def test_everybody_hears_everybody_else(client: Client, phones: Phones, rate: int) -> None:
    _, members, _ = await conference(client, phones, "PCMA", "PCMU", "G722", "opus", rate=rate)
    await talk(*members, seconds=1.2)
    for phone, own in zip(members, TONES, strict=True):
        assert heard(phone) == set(TONES) - {own}
        rate_heard = RATES[phone.codec]
        settled = phone.audio()[rate_heard // 3 :]
        other = next(hz for hz in TONES if hz != own)
        gap = longest_gap(settled, rate_heard, other, below_dbfs=-30)
        assert gap < 0.02 + max(speaker.lag for speaker in members)
        assert len({packet.ssrc for packet in phone.heard}) == 1


async def test_roles_say_who_is_heard(client: Client, phones: Phones) -> None:
    room, members, legs = await conference(client, phones, "PCMA", "PCMA", "PCMA", "PCMA")
    await room.add(legs[1], role="muted")
    await room.add(legs[2], role="listen")
    await room.whisper(legs[3], to=legs[0])
    await talk(*members)
    assert [heard(phone) for phone in members] == [{1700.0}, {500.0}, {500.0}, {500.0}]
    (info,) = await client.engine.rooms()
    assert [(member.role, member.whisper_to) for member in info.members] == [
        ("talk", None),
        ("muted", None),
        ("listen", None),
        ("whisper", legs[0].id),
    ]
    await room.add(legs[1], role="talk")
    await talk(*members)
    assert heard(members[0]) == {800.0, 1700.0}


async def test_entering_leaves_a_bridge_and_a_bridge_leaves_the_room(client: Client, phones: Phones) -> None:
    a, b, c = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(phone) for phone in (a, b, c)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    room = await client.engine.create_room(tag="three")
    for leg in legs:
        await room.add(leg)
    assert await client.engine.bridges() == []
    assert {info.room for info in await client.engine.endpoints()} == {room.id}
    await talk(a, b, c)
    assert heard(a) == {800.0, 1300.0}
    await client.engine.bridge(legs[0], legs[1], tag="call again")
    await talk(a, b, c)
    assert (heard(a), heard(b)) == ({800.0}, {500.0})
    (info,) = await client.engine.rooms()
    assert [member.endpoint for member in info.members] == [legs[2].id]
    assert len({packet.ssrc for packet in a.heard}) == 1


async def test_speakers_are_told(client: Client, phones: Phones) -> None:
    _, members, legs = await conference(client, phones, "PCMA", "PCMA", "PCMA")
    await members[1].speak(800, 0.4)
    first = await client.event(RoomSpeakers)
    assert (first.tag, first.speakers) == ("room", (legs[1].id,))
    await client.event(RoomSpeakers, count=2)
    assert client.seen(RoomSpeakers)[1].speakers == ()
    await asyncio.gather(
        members[0].speak(500, 0.5, level_dbfs=-20), members[2].speak(1300, 0.5, level_dbfs=-10)
    )
    spoken = [set(event.speakers) for event in client.seen(RoomSpeakers)]
    assert {legs[0].id, legs[2].id} in spoken


async def test_announcements_and_recordings(client: Client, phones: Phones, tmp_path: Path) -> None:
    room, members, legs = await conference(client, phones, "PCMA", "G722")
    recorder = await room.record(tmp_path / "room.wav")
    with pytest.raises(EngineError, match="already"):
        await room.record(tmp_path / "again.wav")
    player = await room.play(Tone((1700.0,), level_dbm0=-10.0, duration_ms=800))
    await talk(*members, seconds=0.7)
    assert heard(members[0], last=0.3) == {800.0, 1700.0}
    finished = await client.event(PlayerFinished)
    assert (finished.player_id, finished.endpoint_id, finished.tag) == (player.id, 0, "room")
    endless = await room.play(Tone((1700.0,)))
    await endless.stop()
    await recorder.stop()
    assert (await client.event(RecorderFinished)).tag == "room"
    (mix,), rate = read_wav(tmp_path / "room.wav")
    assert rate == 16_000
    middle = mix[rate // 3 : rate * 2 // 3]
    assert all(tone_level(middle, rate, hz) > -17 for hz in (500, 800, 1700))
    await legs[0].delete()
    await room.delete()
    await room.delete()
    assert await client.engine.rooms() == []
    assert [info.room for info in await client.engine.endpoints()] == [None]


async def test_a_prompt_for_one_member_is_heard_by_it_alone(client: Client, phones: Phones) -> None:
    _, members, legs = await conference(client, phones, "PCMA", "PCMA", "PCMA")
    await legs[0].play(Tone((1700.0,), level_dbm0=-10.0))
    await talk(*members)
    assert [heard(phone) for phone in members] == [{1700.0}, {500.0, 1300.0}, {500.0, 800.0}]


async def test_what_makes_no_sense_is_refused(client: Client, phones: Phones) -> None:
    room, _, legs = await conference(client, phones, "PCMA")
    with pytest.raises(EngineError, match="44100"):
        await client.engine.create_room(tag="odd", rate=44_100)
    with pytest.raises(EngineError, match="hearer"):
        await room.whisper(legs[0], to=legs[0])
    await room.delete()
    with pytest.raises(EngineError) as gone:
        await room.add(legs[0])
    assert gone.value.code == "not-found"
