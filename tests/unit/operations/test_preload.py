"""A worker forked from a loaded parent: killed, told to end, failing."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import pathlib, signal, sys
from stimme.operations.preload import keep_running
from stimme.operations.supervisor import Patience

def work():
    {work}

sys.exit(keep_running(work, pathlib.Path({pid_file!r}), Patience(quick=0.0)))
"""


@contextmanager
def parent(work: str, pid_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = _PROGRAM.format(work=work, pid_file=str(pid_file))
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def worker_other_than(old: int, pid_file: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if pid_file.exists() and (text := pid_file.read_text()).strip() and int(text) != old:
            return int(text)
        time.sleep(0.01)
    raise TimeoutError("no worker")


def test_a_killed_worker_is_followed_by_another_of_the_same_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "worker.pid"
    with parent("signal.pause()", pid_file) as process:
        first = worker_other_than(0, pid_file)
        os.kill(first, signal.SIGKILL)
        second = worker_other_than(first, pid_file)
        parent_of_second = Path(f"/proc/{second}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent_of_second) == process.pid


def test_sigterm_ends_worker_and_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "worker.pid"
    with parent("signal.pause()", pid_file) as process:
        worker = worker_other_than(0, pid_file)
        process.terminate()
        assert process.wait(20) == 0
        assert not Path(f"/proc/{worker}").exists()
        assert not pid_file.exists()


def test_worker_that_ends_with_0_ends_the_parent(tmp_path: Path) -> None:
    with parent("return 0", tmp_path / "worker.pid") as process:
        assert process.wait(20) == 0


def test_worker_that_fails_is_tried_again(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    work = f"path = pathlib.Path({str(mark)!r}); path.exists() or (path.touch(), sys.exit(3)); return 0"
    with parent(work, tmp_path / "worker.pid") as process:
        assert process.wait(20) == 0
        assert mark.exists()


def test_worker_dies_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "worker.pid"
    with parent("signal.pause()", pid_file) as process:
        worker = worker_other_than(0, pid_file)
        ended = select.poll()
        ended.register(os.pidfd_open(worker), select.POLLIN)
        process.kill()
        assert ended.poll(20_000), "the worker outlived its parent"
