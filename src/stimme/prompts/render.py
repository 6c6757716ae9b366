"""Renders every prompt to sound: `python -m stimme.prompts.render OUTDIR`.

Done when stimme is built, by eSpeak NG and SoX, without a network. Incremental: a piece whose file is there
is not rendered again, and files whose text has gone are removed. Each piece is cut to its sound (silence at
both ends goes), brought to 16 kHz mono and to the same loudness.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stimme.prompts import music
from stimme.prompts.catalogue import GRAMMARS, catalogue
from stimme.prompts.grammar import SpeechError
from stimme.prompts.sound import RATE, piece_file

_WORDS_PER_MINUTE = 155
_QUIET = "0.3%"


@dataclass(frozen=True, slots=True)
class Job:
    """A text and the voice that says it."""

    voice: str
    spoken: str


def jobs() -> dict[str, Job]:
    """Everything that the catalogues can say, by the name of its file."""
    return {
        piece_file(language, spoken): Job(grammar.voice, spoken)
        for language, grammar in GRAMMARS.items()
        for spoken in catalogue(language).all_texts()
    }


def render(out: Path, wanted: Mapping[str, Job]) -> int:
    """Brings the spoken sounds of a folder up to date and tells how many were made.

    Raises:
        SpeechError: when a program is missing or fails.
    """
    missing = [(out / name, job) for name, job in wanted.items() if not (out / name).is_file()]
    for folder in {path.parent for path, _ in missing}:
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(_speak, job, path) for path, job in missing]:
            done.result()
    folders = {(out / name).parent for name in wanted}
    for path in [path for folder in folders for path in folder.glob("*.wav")]:
        if str(path.relative_to(out)) not in wanted:
            path.unlink()
    return len(missing)


def render_music(out: Path) -> bool:
    """Makes the music on hold unless it is there; tells whether it was made."""
    tune = out / "music" / "hold.wav"
    if tune.is_file():
        return False
    tune.parent.mkdir(parents=True, exist_ok=True)
    part = tune.with_suffix(".part")
    music.write(part)
    part.rename(tune)
    return True


def _speak(job: Job, target: Path) -> None:
    part = target.with_suffix(".part.wav")
    # A leading minus would be an option: the text goes in by the standard input.
    say = [_program("espeak-ng"), "-v", job.voice, "-s", str(_WORDS_PER_MINUTE), "--stdin", "--stdout"]
    trim = ["silence", "1", "0.005", _QUIET, "reverse"]
    shape = [*trim, *trim, "pad", "0.01", "0.04", "norm", "-3"]
    form = ["-t", "wav", "-", "-r", str(RATE), "-c", "1", "-b", "16", str(part)]
    try:
        wave = subprocess.run(say, input=job.spoken.encode(), capture_output=True, check=True).stdout  # noqa: S603
        subprocess.run([_program("sox"), "-D", "-V1", *form, *shape], input=wave, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise SpeechError(f'"{job.spoken}" cannot be rendered: {error}') from error
    part.rename(target)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SpeechError(f'{name} is missing; run "make packages"')
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Renders every prompt to sound.")
    parser.add_argument("out", type=Path, metavar="OUTDIR")
    try:
        out = parser.parse_args().out
        wanted = jobs()
        made = render(out, wanted)
    except SpeechError as error:
        print(error, file=sys.stderr)
        return 1
    tune = "made" if render_music(out) else "there"
    print(f"prompts: {made} of {len(wanted)} rendered, music on hold {tune}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
