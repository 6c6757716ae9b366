"""Files of every kind, lists, and sources that many hear; the files are made by ffmpeg."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from tests.audio import dominant_tone, level, sine, tone_bursts, tone_level, write_wav
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone
from tests.integration.media.speech import RATES

from stimme.media import AudioFile, EngineError, PlayerFinished, Playlist, Silence, Tone
from stimme.media.tones import SPECIAL_INFORMATION, tones_of

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


def convert(wav: Path, ending: str, *options: str) -> Path:
    """A file in another form, made by ffmpeg."""
    path = wav.with_suffix(ending)
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(wav), *options, str(path)]
    subprocess.run(command, check=True, timeout=30)
    return path


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        (".mp3", ["-ac", "2", "-ar", "44100"]),  # ffmpeg makes stereo 3 dB quieter
        (".ogg", ["-c:a", "libvorbis", "-ar", "22050"]),
        (".opus", ["-c:a", "libopus"]),
        (".wav", ["-ac", "2", "-ar", "32000", "-c:a", "pcm_s24le"]),
    ],
)
async def test_files_of_every_kind(
    client: Client, phones: Phones, tmp_path: Path, ending: str, options: list[str]
) -> None:
    original = write_wav(
        tmp_path / "original.wave", [np.concatenate([sine(600, 1.0, 48_000), sine(900, 0.4, 48_000)])], 48_000
    )
    path = convert(original, ending, *options)
    phone = await phones("G722")
    leg = await client.leg(phone)
    await leg.play(AudioFile(path, start_ms=700))
    await client.event(PlayerFinished)
    audio = phone.audio()
    assert len(audio) == pytest.approx(0.7 * 16_000, abs=1200)
    for part, hz in ((slice(1600, 4000), 600), (slice(6400, 9600), 900)):
        heard, loud = dominant_tone(audio[part], 16_000)
        assert heard == pytest.approx(hz, abs=10)
        assert loud == pytest.approx(-16 if "-ac" in options else -13, abs=1.5)


async def test_a_list_is_played_without_a_gap(client: Client, phones: Phones, tmp_path: Path) -> None:
    files = [
        AudioFile(write_wav(tmp_path / f"{hz}.wav", [sine(hz, 0.21, rate)], rate))
        for hz, rate in ((500, 8000), (800, 16_000), (1100, 48_000))
    ]
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    await leg.play(Playlist((*files, Tone((1400.0,), duration_ms=210))))
    await client.event(PlayerFinished)
    audio = phone.audio()
    assert len(audio) == pytest.approx(0.84 * 8000, abs=320)
    for number, hz in enumerate((500, 800, 1100, 1400)):
        middle = round((0.21 * number + 0.105) * 8000)
        assert dominant_tone(audio[middle - 600 : middle + 600], 8000)[0] == pytest.approx(hz, abs=10)
    assert min(level(frame) for frame in np.split(audio[: len(audio) // 160 * 160 - 320], 40)) > -20


async def test_what_is_missing_in_a_list_is_told_before_it_plays(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    leg = await client.leg(await phones("PCMA"))
    for source, word in (
        (Playlist((Silence(20), AudioFile(tmp_path / "two.mp3"))), "two"),
        (Playlist((Tone((425.0,)),)), "duration"),
    ):
        with pytest.raises(EngineError, match=word) as refused:
            await leg.play(source)
        assert refused.value.code == "bad-request"


async def test_special_information_is_three_rising_tones(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    await (await client.leg(phone)).play(SPECIAL_INFORMATION, loop=True)
    await phone.hears(130, within=4)
    bursts = [tone_bursts(phone.audio(), 8000, hz, above_dbfs=-25)[0] for hz in (950, 1400, 1800)]
    assert [start for start, _ in bursts] == pytest.approx([0, 0.33, 0.66], abs=0.03)
    assert len(tone_bursts(phone.audio(), 8000, 950, above_dbfs=-25)) == 2


async def test_the_busy_tone_of_germany(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    await (await client.leg(phone)).play(tones_of("de").busy)
    await phone.hears(120, within=4)
    bursts = tone_bursts(phone.audio(), 8000, 425, above_dbfs=-25)
    assert [start for start, _ in bursts] == pytest.approx([0, 0.96, 1.92], abs=0.03)
    assert bursts[1][1] == pytest.approx(0.48, abs=0.03)


async def test_music_on_hold_is_one_stream_for_all(client: Client, phones: Phones, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "music.wav", [sine(700, 0.5, 16_000)], 16_000)
    music = await client.engine.create_source(AudioFile(path), tag="music")
    listeners = [await phones(codec) for codec in ("PCMA", "PCMA", "G722", "opus")]
    legs = [await client.leg(phone) for phone in listeners]
    players = [await leg.play(music) for leg in legs]
    for phone in listeners:
        await phone.hears(60)
    (info,) = await client.engine.sources()
    assert (info.tag, info.listeners) == ("music", tuple(leg.id for leg in legs))
    first, second = listeners[0].payloads(), listeners[1].payloads()
    assert second[5] in first[:10], "the same bytes"
    for phone in listeners:
        rate = RATES[phone.codec]
        hz, loud = dominant_tone(phone.audio()[rate // 4 :], rate)
        assert hz == pytest.approx(700, abs=3)
        assert loud == pytest.approx(-13, abs=1.5)
    await players[0].stop()
    await client.engine.delete_source(music)
    finished = sorted(event.player_id for event in client.seen(PlayerFinished))
    assert finished == [player.id for player in players[1:]], "a player that was stopped tells nothing"
    heard = len(listeners[1].heard)
    await asyncio.sleep(0.1)
    assert len(listeners[1].heard) <= heard + 1
    with pytest.raises(EngineError) as gone:
        await legs[0].play(music)
    assert gone.value.code == "not-found"


async def test_music_stands_still_while_nobody_listens(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    song = np.concatenate([sine(500, 0.4, 8000), sine(1000, 0.4, 8000)])
    music = await client.engine.create_source(
        AudioFile(write_wav(tmp_path / "song.wav", [song], 8000)), tag="song"
    )
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    player = await leg.play(music)
    await phone.hears(10)
    await player.stop()
    await asyncio.sleep(0.6)
    before = len(phone.heard)
    await leg.play(music)
    await phone.hears(before + 5)
    assert tone_level(phone.audio()[-640:], 8000, 500) > -20
