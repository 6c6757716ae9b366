"""From prompts to files: lookup, customers' recordings, joining, rendering."""

import array
import wave
from itertools import pairwise
from pathlib import Path

import pytest

from stimme.prompts.catalogue import catalogue
from stimme.prompts.grammar import SpeechError
from stimme.prompts.music import write
from stimme.prompts.render import Job, jobs, render
from stimme.prompts.say import Say
from stimme.prompts.sound import JOINED_KEPT, RATE, Sounds, join_wav, piece_file

POSITION = Say("queue.position", {"position": 2})


def sound(path: Path, *samples: int, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        out.writeframes(array.array("h", samples).tobytes())
    return path


def samples(path: Path) -> list[int]:
    with wave.open(str(path), "rb") as read:
        assert read.getparams()[:3] == (1, 2, RATE)
        return list(array.array("h", read.readframes(read.getnframes())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rendered German pieces of one prompt, each with its number as the only sample."""
    pieces = [*catalogue("de").pieces(POSITION), *catalogue("de").pieces(Say("dnd.on"))]
    for number, piece in enumerate(pieces, start=1):
        sound(tmp_path / "rendered" / piece_file("de", piece.spoken), number)
    return tmp_path


@pytest.fixture
def sounds(folder: Path) -> Sounds:
    return Sounds(folder / "rendered", folder / "customers", folder / "joined")


def test_one_piece_is_played_as_it_is(sounds: Sounds, folder: Path) -> None:
    assert samples(sounds.file([Say("dnd.on")], "de")) == [3]
    assert not (folder / "joined").exists()


def test_several_pieces_become_one_file_which_is_kept(sounds: Sounds, folder: Path) -> None:
    file = sounds.file([POSITION, Say("dnd.on")], "de")
    assert samples(file) == [1, 2, 3]
    assert sounds.file([POSITION, Say("dnd.on")], "de") == file
    assert [path.name for path in (folder / "joined").iterdir()] == [file.name]


def test_a_customer_s_recording_wins(sounds: Sounds, folder: Path) -> None:
    sound(folder / "customers/muster/de/dnd.on.wav", 30)
    sound(folder / "customers/muster/de/queue.position.1.wav", 10)
    assert samples(sounds.file([POSITION, Say("dnd.on")], "de", "muster")) == [10, 2, 30]
    assert samples(sounds.file([POSITION, Say("dnd.on")], "de", "other")) == [1, 2, 3]


def test_a_new_recording_is_heard_at_once(sounds: Sounds, folder: Path) -> None:
    path = sound(folder / "customers/muster/de/dnd.on.wav", 30)
    assert samples(sounds.file([POSITION, Say("dnd.on")], "de", "muster")) == [1, 2, 30]
    sound(path, 31)
    assert samples(sounds.file([POSITION, Say("dnd.on")], "de", "muster")) == [1, 2, 31]


def test_a_prompt_of_the_customer_s_own(sounds: Sounds, folder: Path) -> None:
    sound(folder / "customers/muster/de/own.hello.wav", 40)
    assert samples(sounds.file([Say("own.hello")], "de", "muster")) == [40]
    for customer in ("other", None):
        with pytest.raises(SpeechError):
            sounds.file([Say("own.hello")], "de", customer)


def test_the_music_is_the_customer_s_or_ours(sounds: Sounds, folder: Path) -> None:
    assert sounds.music("muster") == folder / "rendered/music/hold.wav"
    own = sound(folder / "customers/muster/music/hold.wav", 1)
    sales = sound(folder / "customers/muster/music/sales.wav", 1)
    assert sounds.music("muster") == own
    assert sounds.music("muster", "sales") == sales
    assert sounds.music("other") == folder / "rendered/music/hold.wav"


@pytest.mark.parametrize(
    ("customer", "name"), [("../x", "own.hello"), ("muster", "../../etc"), ("muster", "own/x"), ("", "own.x")]
)
def test_names_never_leave_their_folder(sounds: Sounds, customer: str, name: str) -> None:
    with pytest.raises(SpeechError):
        sounds.file([Say(name)], "de", customer)


def test_a_piece_that_was_not_rendered_says_so(sounds: Sounds) -> None:
    with pytest.raises(SpeechError, match="make prompts"):
        sounds.file([Say("dnd.off")], "de")


def test_only_sound_of_the_right_kind_is_joined(tmp_path: Path) -> None:
    good = sound(tmp_path / "good.wav", 1)
    slow = sound(tmp_path / "slow.wav", 1, rate=8000)
    (tmp_path / "text.wav").write_text("no sound")
    for bad in (slow, tmp_path / "text.wav"):
        with pytest.raises(SpeechError):
            join_wav([good, bad], tmp_path / "out.wav")


def test_the_joined_files_are_bounded(sounds: Sounds, folder: Path) -> None:
    for number in range(JOINED_KEPT + 5):
        sound(folder / "joined" / f"old{number}.wav", 1)
    sounds.file([POSITION], "de")
    assert len(list((folder / "joined").iterdir())) == JOINED_KEPT


def test_rendering_makes_what_is_missing_and_removes_what_has_gone(tmp_path: Path) -> None:
    wanted = {"de/a.wav": Job("de", "Guten Tag,"), "en/b.wav": Job("en-gb", "-v is no option here.")}
    stale = sound(tmp_path / "de/gone.wav", 1)
    assert render(tmp_path, wanted) == 2
    assert not stale.exists()
    for name in wanted:
        heard = samples(tmp_path / name)
        assert 0.3 * RATE < len(heard) < 5 * RATE
        assert 20_000 < max(map(abs, heard)) <= 32_767
    before = (tmp_path / "de/a.wav").stat().st_mtime_ns
    assert render(tmp_path, wanted) == 0
    assert (tmp_path / "de/a.wav").stat().st_mtime_ns == before


def test_every_piece_has_a_file_of_its_own() -> None:
    spoken = {(name.partition("/")[0], job.spoken) for name, job in jobs().items()}
    assert len(spoken) == len(jobs())


def test_the_music_loops_without_a_click(tmp_path: Path) -> None:
    write(tmp_path / "hold.wav")
    heard = samples(tmp_path / "hold.wav")
    assert 20 * RATE < len(heard) < 60 * RATE
    steps = [abs(b - a) for a, b in pairwise(heard)]
    assert abs(heard[0] - heard[-1]) <= max(steps)
    assert 8_000 < max(map(abs, heard)) < 14_000
    assert abs(sum(heard) / len(heard)) < 10
