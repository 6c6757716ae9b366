"""Sounds of customers' own, as files that are played: `<customer>/<language or music>/<name>.wav`.

The store has them; the files are made of it, and may be deleted at any time while nothing runs.
"""

import re
import shutil
from pathlib import Path

from stimme.prompts.catalogue import GRAMMARS, Piece, catalogue
from stimme.prompts.grammar import SpeechError
from stimme.sentences import Sentence

MUSIC = "music"
FOLDERS = (*GRAMMARS, MUSIC)
_OWN = "own."
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_CUSTOMER = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_NAME = 50


def replaceable(language: str) -> dict[str, Piece]:
    """Every part of a prompt that a customer may replace, by the name of its recording."""
    return {
        part.recording: part
        for prompt in catalogue(language).prompts.values()
        for form in prompt.forms.values()
        for part in form
        if isinstance(part, Piece)
    }


def name_fault(folder: str, name: str) -> Sentence | None:
    """Why nothing can be kept under a name; None for a name that can be used."""
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
        return Sentence("sound-name", "A name is made of a-z, 0-9 and _, with dots between its parts.")
    if folder == MUSIC:
        return Sentence("music-name", "The name of a piece of music has no dot.") if "." in name else None
    if name.startswith(_OWN) or name in replaceable(folder):
        return None
    return Sentence(
        "no-such-prompt",
        "There is no prompt {name}; one of your own begins with {prefix}",
        name=name,
        prefix=_OWN,
    )


class OwnSounds:
    """The files of all customers.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, customer: str, folder: str, name: str) -> Path | None:
        """A customer's sound, None when there is none. Raises SpeechError for what is no name."""
        path = self._path(customer, folder, name)
        return path if path.is_file() else None

    def outdated(self, customer: str, folder: str, name: str, size: int, changed_at: float) -> bool:
        """Whether the file is missing, or older than what the store has (seconds since the epoch)."""
        path = self.find(customer, folder, name)
        if path is None:
            return True
        state = path.stat()
        return state.st_size != size or state.st_mtime < changed_at

    def write(self, customer: str, folder: str, name: str, content: bytes) -> None:
        """Keeps a sound; who is hearing the one before hears it to its end. Raises OSError."""
        path = self._path(customer, folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)

    def remove(self, customer: str, folder: str, name: str) -> None:
        """Forgets a sound; one that is not there is no error."""
        self._path(customer, folder, name).unlink(missing_ok=True)

    def forget(self, customer: str) -> None:
        """Forgets all of a customer's."""
        if _CUSTOMER.fullmatch(customer):
            shutil.rmtree(self._folder / customer, ignore_errors=True)

    def customers(self) -> set[str]:
        """Whose sounds are here."""
        return {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()

    def _path(self, customer: str, folder: str, name: str) -> Path:
        if folder not in FOLDERS or not _CUSTOMER.fullmatch(customer) or not _NAME.fullmatch(name):
            raise SpeechError(f"not a name of a recording: {name!r}")
        return self._folder / customer / folder / f"{name}.wav"
