"""Players, recorders and digits."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from tests.audio import dominant_tone, read_wav, sine, tone_bursts, tone_level, write_wav
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone
from tests.integration.media.speech import RATES

from stimme.media import (
    DtmfReceived,
    EngineError,
    PlayerFinished,
    RecorderFinished,
    Silence,
    Tone,
    WavFile,
)

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


@pytest.mark.parametrize("codec", ["PCMA", "PCMU", "G722", "opus"])
async def test_a_wav_file_is_played_to_its_end(
    client: Client, phones: Phones, tmp_path: Path, codec: str
) -> None:
    path = write_wav(tmp_path / "prompt.wav", [sine(600, 0.5, 16_000)], 16_000)
    phone = await phones(codec)
    leg = await client.leg(phone)
    player = await leg.play(WavFile(path))
    finished = await client.event(PlayerFinished)
    assert (finished.player_id, finished.endpoint_id, finished.tag) == (player.id, leg.id, leg.tag)
    await phone.hears(25)
    assert len(phone.heard) == 25
    rate = RATES[codec]
    hz, level = dominant_tone(phone.audio()[rate // 10 :], rate)
    assert hz == pytest.approx(600, abs=3)
    assert level == pytest.approx(-13, abs=1.5)
    gaps = np.diff([packet.at for packet in phone.heard])
    assert float(np.median(gaps)) == pytest.approx(0.02, abs=0.004), "in real time"


async def test_a_loop_goes_on_until_it_is_stopped(client: Client, phones: Phones, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "music.wav", [sine(600, 0.1, 8000)], 8000)
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    player = await leg.play(WavFile(path), loop=True)
    await phone.hears(15)
    await player.stop()
    await player.stop()
    heard = len(phone.heard)
    await asyncio.sleep(0.1)
    assert len(phone.heard) <= heard + 1
    assert client.seen(PlayerFinished) == []


async def test_a_tone_has_its_cadence(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    await leg.play(Tone((425.0,), (200, 300), level_dbm0=-10.0))
    await phone.hears(60)
    audio = phone.audio()
    bursts = tone_bursts(audio, 8000, 425, above_dbfs=-25)
    assert [round(start, 1) for start, _ in bursts] == [0.0, 0.5, 1.0]
    assert [length for _, length in bursts[:2]] == pytest.approx([0.2, 0.2], abs=0.02)
    assert tone_level(audio[400:1400], 8000, 425) == pytest.approx(-13.14, abs=0.5), "-10 dBm0"


async def test_a_player_takes_the_place_of_a_bridge_while_it_lasts(client: Client, phones: Phones) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    talk = asyncio.create_task(b.speak(900, 0.9))
    await a.hears(10)
    await legs[0].play(Silence(200))
    await client.event(PlayerFinished)
    await talk
    await a.hears(40)
    audio = a.audio()
    assert dominant_tone(audio[:1280], 8000)[0] == pytest.approx(900, abs=5)
    assert dominant_tone(audio[-1600:], 8000)[0] == pytest.approx(900, abs=5)
    quiet = sum(not np.any(np.abs(frame) > 100) for frame in np.split(audio, len(audio) // 160))
    assert quiet == 10
    assert len({packet.ssrc for packet in a.heard}) == 1


async def test_what_cannot_be_played_is_refused(client: Client, phones: Phones, tmp_path: Path) -> None:
    leg = await client.leg(await phones("PCMA"))
    with pytest.raises(EngineError, match="nowhere") as refused:
        await leg.play(WavFile(tmp_path / "nowhere.wav"))
    assert refused.value.code == "bad-request"
    fresh = await client.engine.create_endpoint("rtp", tag="fresh")
    with pytest.raises(EngineError, match="not configured"):
        await fresh.play(Silence(20))


async def test_a_recording_has_both_sides(client: Client, phones: Phones, tmp_path: Path) -> None:
    a, b = await phones("PCMA"), await phones("G722")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    path = tmp_path / "call.wav"
    recorder = await legs[0].record(path)
    with pytest.raises(EngineError, match="already"):
        await legs[0].record(tmp_path / "second.wav")
    await asyncio.gather(a.speak(500, 1.0), b.speak(1100, 1.0))
    assert not path.exists(), "it appears when it is complete"
    await recorder.stop()
    finished = await client.event(RecorderFinished)
    assert (finished.path, finished.recorder_id, finished.tag) == (path, recorder.id, legs[0].tag)
    (said, heard), rate = read_wav(path)
    assert rate == 16_000
    assert len(said) == pytest.approx(rate, abs=rate // 5)
    middle = slice(rate // 4, 3 * rate // 4)
    assert dominant_tone(said[middle], rate)[0] == pytest.approx(500, abs=3)
    assert dominant_tone(heard[middle], rate)[0] == pytest.approx(1100, abs=3)
    assert tone_level(said[middle], rate, 500) == pytest.approx(-13, abs=1)


async def test_a_message_ends_with_silence_and_is_trimmed(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    recorder = await leg.record(tmp_path / "message.wav", what="received", silence=0.6, trim=True)
    await phone.say(np.concatenate([sine(0, 0.3, 8000), sine(500, 0.6, 8000), sine(0, 0.3, 8000)]))
    await phone.say(np.concatenate([sine(500, 0.3, 8000), sine(0, 1.0, 8000)]))
    finished = await client.event(RecorderFinished)
    assert finished.recorder_id == recorder.id
    assert finished.duration_ms == pytest.approx(1200, abs=100)
    (message,), rate = read_wav(tmp_path / "message.wav")
    assert len(message) == finished.duration_ms * rate // 1000
    assert [length for _, length in tone_bursts(message, rate, 500, above_dbfs=-30)] == pytest.approx(
        [0.6, 0.3], abs=0.06
    )
    await recorder.stop()


async def test_a_recording_is_no_longer_than_its_limit(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    await leg.record(tmp_path / "short.wav", what="received", limit=0.5)
    await phone.speak(500, 0.8)
    assert (await client.event(RecorderFinished)).duration_ms == pytest.approx(500, abs=40)
    await leg.record(tmp_path / "next.wav")


async def test_a_mixed_recording_has_one_channel(client: Client, phones: Phones, tmp_path: Path) -> None:
    a, b = await phones("PCMA"), await phones("PCMU")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    recorder = await legs[0].record(tmp_path / "mixed.wav", what="mixed")
    await asyncio.gather(a.speak(500, 0.8), b.speak(1100, 0.8))
    await recorder.stop()
    await client.event(RecorderFinished)
    (mix,), rate = read_wav(tmp_path / "mixed.wav")
    middle = mix[rate // 4 : rate // 2]
    assert [tone_level(middle, rate, hz) for hz in (500, 1100)] == pytest.approx([-13, -13], abs=1)


async def test_a_recording_ends_with_its_endpoint(client: Client, phones: Phones, tmp_path: Path) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    await leg.record(tmp_path / "a.wav", what="received")
    await phone.speak(500, 0.3)
    await leg.delete()
    assert (await client.event(RecorderFinished)).path == tmp_path / "a.wav"
    channels, rate = read_wav(tmp_path / "a.wav")
    assert len(channels) == 1
    assert tone_level(channels[0], rate, 500) > -20


@pytest.mark.parametrize("codec", ["PCMA", "opus"])
async def test_every_key_is_told_once(client: Client, phones: Phones, codec: str) -> None:
    phone = await phones(codec)
    leg = await client.leg(phone)
    await phone.press("0123456789*#ABCD", milliseconds=60, pause=0.02)
    await client.event(DtmfReceived, count=16)
    await asyncio.sleep(0.05)
    presses = client.seen(DtmfReceived)
    assert "".join(press.digit for press in presses) == "0123456789*#ABCD"
    assert {(press.endpoint_id, press.tag, press.duration_ms) for press in presses} == {(leg.id, leg.tag, 60)}


async def test_digits_are_sent(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    await leg.send_dtmf("12", duration_ms=80)
    await leg.send_dtmf("#")
    async with asyncio.timeout(3):
        while phone.events() != "12#" or not phone.heard[-1].payload[1] & 0x80:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert phone.events() == "12#"
    ends = [packet for packet in phone.heard if packet.payload[1] & 0x80]
    assert len(ends) == 9, "the end of each comes three times (RFC 4733 §2.5.1.4)"
    assert [packet.marker for packet in phone.heard].count(True) == 3
    with pytest.raises(EngineError, match="'x'"):
        await leg.send_dtmf("12x")


@pytest.mark.parametrize("hearer", ["PCMA", "G722", "opus"])
async def test_digits_get_through_a_bridge_once(client: Client, phones: Phones, hearer: str) -> None:
    a, b = await phones("PCMA"), await phones(hearer)
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(500, 0.1)
    await a.press("110#", milliseconds=80)
    await a.speak(500, 0.1)
    await client.event(DtmfReceived, count=4)
    await asyncio.sleep(0.05)
    assert b.events() == "110#"
    assert "".join(press.digit for press in client.seen(DtmfReceived)) == "110#"
    assert len({packet.ssrc for packet in b.heard}) == 1


async def test_nobody_sends_digits_to_one_who_does_not_know_them(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    leg = await client.engine.create_endpoint("rtp", tag="old telephone")
    await leg.configure(phone.remote, [phone.format])
    with pytest.raises(EngineError) as refused:
        await leg.send_dtmf("1")
    assert refused.value.code == "unsupported"


async def test_a_recording_may_be_opus(client: Client, phones: Phones, tmp_path: Path) -> None:
    a, b = await phones("PCMA"), await phones("G722")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    path = tmp_path / "call.opus"
    recorder = await legs[0].record(path)
    await asyncio.gather(a.speak(500, 1.0), b.speak(1100, 1.0))
    await recorder.stop()
    finished = await client.event(RecorderFinished)
    assert path.stat().st_size < 12_000
    decode = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-ar", "16000", str(tmp_path / "call.wav")]
    ffmpeg = await asyncio.create_subprocess_exec(*decode, stderr=asyncio.subprocess.PIPE)
    _, complaints = await ffmpeg.communicate()
    assert (ffmpeg.returncode, complaints) == (0, b"")
    (said, heard), rate = read_wav(tmp_path / "call.wav")
    assert len(said) == pytest.approx(finished.duration_ms * rate / 1000, abs=1)
    middle = slice(rate // 4, 3 * rate // 4)
    assert dominant_tone(said[middle], rate) == pytest.approx((500, -13), abs=3)
    assert dominant_tone(heard[middle], rate) == pytest.approx((1100, -13), abs=3)
