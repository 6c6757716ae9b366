"""``python -m stimme.directory.helper``: the heavy work on phone books, in a process without calls.

Reads one task from standard input, writes its result to standard output, and ends; both are frames as
``apart`` writes and reads them. It has a low priority, and dies with the process that started it.
"""

import os
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from stimme.directory.frames import entry_of, pack, packed_slices, unpack_from
from stimme.directory.importing import read_against
from stimme.directory.order import WordOrder
from stimme.operations.parents import die_with_parent

_NICE = 10


def main(parent: int) -> int:
    """Does what the parent asks for; returns the exit status."""
    die_with_parent(parent)
    os.nice(_NICE)
    frames = _frames(sys.stdin.buffer)
    task: dict[str, Any] = next(frames)
    out = sys.stdout.buffer
    match task["task"]:
        case "read":
            content = b"".join(_part(frames))
            known: set[tuple[str, str]] = set(chain.from_iterable(_part(frames)))
            draft = read_against(content, task["format"], task["area"], known)
            for frame in packed_slices(draft.new):
                out.write(frame)
            out.write(pack(None))
            problems = [(problem.line, problem.reason) for problem in draft.problems]
            out.write(pack({"known": draft.known, "problems": problems}))
        case "order":
            entries = [entry_of(each) for each in chain.from_iterable(_part(frames))]
            out.write(pack(WordOrder.of(entries).packed()))
        case unknown:
            raise AssertionError(unknown)
    out.flush()
    return 0


def _frames(source: BinaryIO) -> Iterator[Any]:
    while (frame := unpack_from(source)) is not Ellipsis:
        yield frame


def _part(frames: Iterator[Any]) -> Iterator[Any]:
    """The frames up to the next one that says that this part is over."""
    for frame in frames:
        if frame is None:
            return
        yield frame
    raise EOFError


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
