"""Files that customers hand in: what they are, and what becomes of them."""

import io
import subprocess
import wave
from array import array

import pytest

from stimme.prompts.own import name_fault
from stimme.prompts.upload import UploadError, kind_of, read_upload


def wav(seconds: float, *, rate: int = 8000, channels: int = 1) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
        out.writeframes(array("h", [3000, -3000] * int(seconds * rate * channels // 2)).tobytes())
    return target.getvalue()


def mp3(content: bytes) -> bytes:
    made = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-metadata", "title=x", "-f", "mp3", "pipe:1"]
    return subprocess.run(made, input=content, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("content", "kind"),
    [(wav(0.2), "wav"), (b"ID3\x04rest", "mp3"), (b"\xff\xfb\x90\x00", "mp3"), (b"\xff\xf3\x90\x00", "mp3")],
)
def test_the_kind_is_known_by_the_content(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    "content", [b"", b"RIFFxxxxAVI ", b"OggS", b"<html>", b"\xff\xff\x90", b"\xff\xf1\x50\x80", b"#!/bin/sh"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(UploadError) as refused:
        kind_of(content)
    assert refused.value.reason == "type"


@pytest.mark.parametrize("content", [wav(1.0), wav(1.0, rate=44_100, channels=2), mp3(wav(1.0, rate=44_100))])
async def test_every_file_becomes_16_khz_mono(content: bytes) -> None:
    sound = await read_upload(content, longest=60)
    assert 0.9 < sound.seconds < 1.2
    with wave.open(io.BytesIO(sound.wav)) as read:
        assert read.getparams()[:3] == (1, 2, 16_000)
        assert read.getnframes() / 16_000 == pytest.approx(sound.seconds)
    assert b"title" not in sound.wav


async def test_too_long_and_too_short() -> None:
    with pytest.raises(UploadError) as refused:
        await read_upload(wav(3.0), longest=2.0)
    assert (refused.value.reason, str(refused.value)) == ("length", "This is longer than 2 seconds.")
    with pytest.raises(UploadError) as refused:
        await read_upload(wav(0.01), longest=2.0)
    assert refused.value.reason == "damaged"


@pytest.mark.parametrize("content", [b"RIFF\x00\x00\x00\x00WAVEnonsense", b"ID3" + b"\x00" * 500])
async def test_a_damaged_file(content: bytes) -> None:
    with pytest.raises(UploadError) as refused:
        await read_upload(content, longest=2.0)
    assert refused.value.reason == "damaged"


@pytest.mark.parametrize(
    ("folder", "name", "good"),
    [
        ("de", "queue.please_wait", True),
        ("en", "queue.position.1", True),
        ("de", "own.welcome", True),
        ("music", "hold", True),
        ("music", "jazz_2", True),
        ("music", "queue.please_wait", False),
        ("de", "queue.unknown", False),
        ("de", "../secret", False),
        ("de", "own." + "x" * 60, False),
        ("music", "", False),
    ],
)
def test_names(folder: str, name: str, good: bool) -> None:
    assert (name_fault(folder, name) is None) is good
