"""From an audio file that somebody hands in to a sound that can be played: WAV and MP3.

Policy: the kind is known by the content, not by what the sender says it is. FFmpeg reads the file, told the
format and the few decoders that may be used, with bounds on time and length; what comes out is 16 kHz
mono, 16 bits, and nothing else of the file (no names, no pictures) is kept.
"""

import asyncio
import io
import shutil
import wave
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from stimme.prompts.sound import RATE
from stimme.sentences import Sentence

Kind = Literal["wav", "mp3"]
LARGEST = 32_000_000
"""Bytes of a file."""
LONGEST_PROMPT = 300.0
LONGEST_MUSIC = 900.0
SHORTEST = 0.1
"""Seconds."""
_PATIENCE = 60.0
_DECODERS = "pcm_s16le,pcm_s24le,pcm_s32le,pcm_u8,pcm_f32le,pcm_alaw,pcm_mulaw,mp3,mp3float"
_SECOND = RATE * 2


class UploadError(ValueError):
    """A file that cannot be used, with the reason in words.

    Attributes:
        reason: `type` (neither WAV nor MP3), `damaged`, `length`, or `unable` (FFmpeg is missing).
    """

    def __init__(self, reason: Literal["type", "damaged", "length", "unable"], sentence: Sentence) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sound:
    """A WAV file of 16 kHz mono with 16 bits, and its length."""

    wav: bytes
    seconds: float


def kind_of(content: bytes) -> Kind:
    """What a file is by its first bytes. Raises UploadError."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "wav"
    if content[:3] == b"ID3" or _is_mpeg_layer_3(content[:2]):
        return "mp3"
    raise UploadError("type", Sentence("sound-type", "This is neither a WAV nor an MP3 file."))


def _is_mpeg_layer_3(start: bytes) -> bool:
    """The header of a frame: eleven bits set, then version (not 01) and layer III (ISO 11172-3)."""
    return len(start) == 2 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0 and start[1] & 0x06 == 0x02


async def read_upload(content: bytes, *, longest: float) -> Sound:
    """Makes a sound of a file; `longest` is in seconds. Raises UploadError."""
    samples = await _decode(content, kind_of(content), longest + 1)
    seconds = len(samples) / _SECOND
    if seconds < SHORTEST:
        raise UploadError("damaged", Sentence("sound-silent", "Nothing can be heard in this file."))
    if seconds > longest:
        raise UploadError(
            "length", Sentence("sound-long", "This is longer than {count} seconds.", count=round(longest))
        )
    target = io.BytesIO()
    with wave.open(target, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        out.writeframes(samples)
    return Sound(target.getvalue(), seconds)


async def _decode(content: bytes, kind: Kind, longest: float) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UploadError("unable", Sentence("no-ffmpeg", "FFmpeg is missing on this node."))
    source = ["-protocol_whitelist", "pipe", "-codec_whitelist", _DECODERS, "-f", kind, "-i", "pipe:0"]
    target = ["-map", "0:a:0", "-t", str(longest), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    process = await asyncio.create_subprocess_exec(
        program,
        *("-v", "error", *source, *target),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            samples, _ = await process.communicate(content)
    except TimeoutError:
        raise UploadError("damaged", Sentence("sound-slow", "This file cannot be read in time.")) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise UploadError("damaged", Sentence("sound-damaged", "This file cannot be read as audio."))
    return samples
