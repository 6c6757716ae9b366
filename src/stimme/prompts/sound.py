"""From what is to be said to a file that can be played.

A rendered piece lies under the hash of its text, so that a changed text is a new file. A customer's
recording lies under `customers/<customer>/<language>/<name>.wav` and wins over the rendered piece; its name
is the prompt's id, with the number of the part behind it where a prompt has values (`queue.position.1`). A
prompt that only the customer has (`own.…`) is a recording, too.

All files are 16 kHz mono, 16 bits. Several pieces are joined into one file, kept for the next time.
"""

import hashlib
import os
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

from stimme.prompts.catalogue import Piece, catalogue
from stimme.prompts.grammar import SpeechError
from stimme.prompts.own import MUSIC, OwnSounds, replaceable
from stimme.prompts.say import Say

RATE = 16_000
VERSION = "1"
JOINED_KEPT = 500


def piece_file(language: str, spoken: str) -> str:
    """The name of a rendered piece, below the folder of all sounds."""
    digest = hashlib.sha256(f"{VERSION}|{language}|{spoken}".encode()).hexdigest()
    return f"{language}/{digest[:20]}.wav"


class Sounds:
    """Finds and joins the sounds of prompts.

    Args:
        rendered: the folder that `stimme.prompts.render` filled.
        customers: the folder with customers' recordings.
        joined: a folder for joined files; it may be emptied at any time.
    """

    def __init__(self, rendered: Path, customers: Path, joined: Path) -> None:
        self._rendered = rendered
        self.own = OwnSounds(customers)
        self._joined = joined

    def file(self, words: Sequence[Say], language: str, customer: str | None = None) -> Path:
        """One file that says it all. Raises SpeechError when a sound is missing."""
        pieces = [path for say in words for path in self.pieces(say, language, customer)]
        return pieces[0] if len(pieces) == 1 else self._join(pieces)

    def pieces(self, say: Say, language: str, customer: str | None = None) -> list[Path]:
        """The files of one prompt, in order. Raises SpeechError when a sound is missing."""
        texts = catalogue(language)
        if say.prompt not in texts.prompts:
            own = self._recording(customer, texts.language, say.prompt)
            if own is None:
                raise SpeechError(f"there is neither a prompt nor a recording {say.prompt!r}")
            return [own]
        return [self._find(piece, texts.language, customer) for piece in texts.pieces(say)]

    def ours(self, folder: str, name: str) -> Path | None:
        """Our own sound of a name (`stimme.prompts.own`); None when we have none of it."""
        piece = replaceable(folder).get(name) if folder != MUSIC else None
        path = self._rendered / (
            piece_file(folder, piece.spoken) if piece is not None else f"music/{name}.wav"
        )
        return path if path.is_file() and (piece is not None or folder == MUSIC) else None

    def music(self, customer: str | None = None, name: str = "hold") -> Path:
        """A stream of music: the customer's of this name, else the customer's on hold, else ours."""
        own = self._recording(customer, MUSIC, name) or self._recording(customer, MUSIC, "hold")
        return own if own is not None else self._rendered / "music" / "hold.wav"

    def _find(self, piece: Piece, language: str, customer: str | None) -> Path:
        own = self._recording(customer, language, piece.recording) if piece.recording else None
        if own is not None:
            return own
        path = self._rendered / piece_file(language, piece.spoken)
        if not path.is_file():
            raise SpeechError(f'"{piece.text}" has not been rendered; run "make prompts"')
        return path

    def _recording(self, customer: str | None, folder: str, name: str) -> Path | None:
        return None if customer is None else self.own.find(customer, folder, name)

    def _join(self, pieces: Sequence[Path]) -> Path:
        marks = "|".join(f"{path}:{path.stat().st_mtime_ns}" for path in pieces)
        target = self._joined / f"{hashlib.sha256(marks.encode()).hexdigest()[:24]}.wav"
        if target.is_file():
            os.utime(target)
            return target
        self._joined.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._joined, suffix=".part", delete=False) as part:
            join_wav(pieces, Path(part.name))
        self._forget_oldest()
        return Path(part.name).rename(target)

    def _forget_oldest(self) -> None:
        files = sorted(self._joined.glob("*.wav"), key=lambda path: path.stat().st_mtime)
        for path in files[: max(0, len(files) - JOINED_KEPT + 1)]:
            path.unlink(missing_ok=True)


def join_wav(pieces: Sequence[Path], target: Path) -> None:
    """Writes several files one after the other into one. Raises SpeechError for one of another format."""
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        for path in pieces:
            try:
                with wave.open(str(path), "rb") as sound:
                    if sound.getparams()[:3] != (1, 2, RATE):
                        raise SpeechError(f"{path.name} is not 16 kHz mono with 16 bits")
                    out.writeframes(sound.readframes(sound.getnframes()))
            except (wave.Error, EOFError) as error:
                raise SpeechError(f"{path.name} cannot be read: {error}") from error
