"""Starting servers and load generators, each pinned to one core, and ending exactly those."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench import accounting

SERVER_CORE = 0
LOAD_CORE = 1
_STOP_SECONDS = 6.0


class BenchError(Exception):
    """A measurement cannot be made: a program is missing, does not start, or fails under the load."""


class Server:
    """A program under measurement with all its children, pinned to one core, its output in a log file.

    Use it as a context manager: leaving the block ends the whole process tree, by process id.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, core: int = SERVER_CORE) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the program itself, the root of its tree."""
        if self._process is None:
            raise BenchError(f"{self.name} has not been started")
        return self._process.pid

    def __enter__(self) -> Self:
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                ["taskset", "--cpu-list", str(self._core), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 20.0) -> None:
        """Wait until `ready` says yes.

        Raises:
            BenchError: The program ended, or the time is up; the end of its log is in the message.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name} did not get ready:\n{self.log_tail()}")
            time.sleep(0.05)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check_alive(self) -> None:
        """Raise BenchError if the program has ended."""
        if self._process is None or self._process.poll() is not None:
            raise BenchError(f"{self.name} ended during the measurement:\n{self.log_tail()}")

    def stop(self) -> None:
        """End the program and its children: SIGTERM to the root, SIGKILL to what is left of the tree."""
        if self._process is None:
            return
        members = accounting.tree(self._process.pid, accounting.all_processes())
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        living = accounting.all_processes()
        for member in members:
            survivor = living.get(member.pid)
            if survivor is not None and survivor.name == member.name:
                with suppress(ProcessLookupError):
                    os.kill(member.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def pinned(command: Sequence[str], *, core: int = LOAD_CORE) -> list[str]:
    """The command line that runs `command` on one core only."""
    return ["taskset", "--cpu-list", str(core), *command]


class FreePorts:
    """Ports of 127.0.0.1 that nobody uses now for UDP or TCP, none of them given twice.

    They lie below the range from which the kernel picks for others, and four apart: sipp takes the port two
    above its media port as well.
    """

    _STEP = 4

    def __init__(self) -> None:
        self._next = 20_000 + self._STEP * (os.getpid() % 2_000)

    def take(self, count: int) -> list[int]:
        """Further ports.

        Raises:
            BenchError: There are no more.
        """
        found: list[int] = []
        while len(found) < count:
            if self._next > 32_000:
                raise BenchError("no free ports")
            if is_free(self._next):
                found.append(self._next)
            self._next += self._STEP
        return found


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody has bound this port, neither for UDP nor for TCP."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def first_line(command: Sequence[str]) -> str:
    """First non-empty line a program prints, to report its version; "" if it is not installed."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return ""
    lines = (result.stdout + result.stderr).split("\n")
    return next((line.strip() for line in lines if line.strip()), "")


class RaisesOnTermination:
    """Turns SIGTERM into SystemExit while inside the block, so that every server is ended on the way out."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._leave)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)
