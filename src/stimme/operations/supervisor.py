"""Keeps the processes of a node alive: the media engine and call control.

Policy: a child that ends is started again at once; only a child that keeps ending within seconds waits
longer each time, so that a broken installation does not burn a processor. A child whose heartbeat stops hangs
and is killed. Children die with the supervisor, even when it is killed. On SIGTERM or SIGINT all children are
asked to end, and killed when they linger.
"""

import asyncio
import contextlib
import enum
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from stimme.config import Config
from stimme.operations.heartbeat import Heartbeat
from stimme.operations.parents import die_with_parent

_ENGINE_WATCHDOG_SECONDS = 10.0
_log = structlog.get_logger(__name__)


class ChildState(enum.Enum):
    """Where a child is in its life."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPING = "stopping"
    STOPPED = "stopped"


_TRANSITIONS: Mapping[ChildState, frozenset[ChildState]] = {
    ChildState.IDLE: frozenset({ChildState.RUNNING, ChildState.WAITING, ChildState.STOPPED}),
    ChildState.RUNNING: frozenset({ChildState.WAITING, ChildState.STOPPING}),
    ChildState.WAITING: frozenset({ChildState.RUNNING, ChildState.WAITING, ChildState.STOPPED}),
    ChildState.STOPPING: frozenset({ChildState.STOPPED}),
    ChildState.STOPPED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One process to keep alive.

    Attributes:
        name: Names its pid file and its log.
        arguments: The program and its arguments.
        environment: Variables added to those of the supervisor.
        pid_name: Names its pid file instead, for a process whose worker has the name's.
        watchdog: Seconds in which a sign of life is due (``operations.heartbeat``); None: it sends none.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    pid_name: str = ""
    watchdog: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How restarts and the end are paced, in seconds.

    Attributes:
        quick: A life shorter than this is a quick death.
        tolerated: So many quick deaths in a row are restarted without waiting.
        first_wait: The wait after that, doubled with each further quick death.
        longest_wait: Upper bound of the wait.
        grace: Time between SIGTERM and SIGKILL.
    """

    quick: float = 2.0
    tolerated: int = 3
    first_wait: float = 0.25
    longest_wait: float = 10.0
    grace: float = 4.0

    def wait_after(self, quick_deaths: int) -> float:
        """Seconds to wait before the next start after so many quick deaths in a row."""
        excess = quick_deaths - self.tolerated
        if excess <= 0:
            return 0.0
        return min(self.longest_wait, self.first_wait * 2.0 ** min(excess - 1, 20))


class Child:
    """One process that is started again whenever it ends."""

    def __init__(self, command: Command, data: Path, patience: Patience) -> None:
        self.command = command
        self.state = ChildState.IDLE
        self.starts = 0
        self._patience = patience
        self._pid_file = data / "run" / f"{command.pid_name or command.name}.pid"
        self._log_file = data / "log" / f"{command.name}.log"
        self._stop = asyncio.Event()
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Keep the process alive until ``stop`` is called; return when it has ended."""
        loop = asyncio.get_running_loop()
        quick_deaths = 0
        while not self._stop.is_set():
            began = loop.time()
            try:
                await self._live_once()
            except OSError as error:
                _log.error("process cannot be started", process=self.command.name, reason=str(error))
            if self._stop.is_set():
                break
            quick_deaths = quick_deaths + 1 if loop.time() - began < self._patience.quick else 0
            await self._enter(ChildState.WAITING)
            await self._pause(self._patience.wait_after(quick_deaths))
        await self._enter(ChildState.STOPPED)

    def stop(self) -> None:
        """Ask the process to end, for good."""
        self._stop.set()

    async def reached(self, *, starts: int) -> None:
        """Wait until the process has been started so many times."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.starts >= starts)

    async def _live_once(self) -> None:
        if self.command.watchdog is None:
            await self._live(None)
            return
        with Heartbeat(self.command.watchdog) as heartbeat:
            await self._live(heartbeat)

    async def _live(self, heartbeat: Heartbeat | None) -> None:
        process = await self._start({} if heartbeat is None else heartbeat.environment)
        ended = asyncio.ensure_future(process.wait())
        watch = None if heartbeat is None else asyncio.create_task(self._watch(process, heartbeat))
        asked = asyncio.ensure_future(self._stop.wait())
        self.starts += 1
        await self._enter(ChildState.RUNNING)
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._enter(ChildState.STOPPING)
                await self._end(process, ended)
            elif self._stop.is_set():
                await self._enter(ChildState.STOPPING)
            else:
                _log.warning("process ended", process=self.command.name, status=process.returncode)
        finally:
            asked.cancel()
            if watch is not None:
                watch.cancel()
            if not ended.done():
                _kill_group(process.pid)
            self._pid_file.unlink(missing_ok=True)

    async def _watch(self, process: asyncio.subprocess.Process, heartbeat: Heartbeat) -> None:
        await heartbeat.missed()
        _log.error("process hangs and is killed", process=self.command.name)
        _kill_group(process.pid)

    async def _start(self, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.command.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.command.environment, **environment},
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._pid_file.write_text(f"{process.pid}\n")
        return process

    async def _end(self, process: asyncio.subprocess.Process, ended: "asyncio.Future[int]") -> None:
        process.terminate()
        done, _ = await asyncio.wait({ended}, timeout=self._patience.grace)
        if not done:
            _log.warning("process killed", process=self.command.name)
            _kill_group(process.pid)
            await ended

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _enter(self, state: ChildState) -> None:
        if state not in _TRANSITIONS[self.state]:
            raise AssertionError(f"{self.command.name}: {self.state.value} → {state.value}")
        async with self._changed:
            self.state = state
            self._changed.notify_all()


class Supervisor:
    """Runs several children until it is told to stop."""

    def __init__(self, commands: Sequence[Command], data: Path, patience: Patience | None = None) -> None:
        self.children = [Child(command, data, patience or Patience()) for command in commands]

    async def run(self) -> None:
        """Keep all children alive; return when all have ended after ``stop``."""
        await asyncio.gather(*(child.run() for child in self.children))

    def stop(self) -> None:
        """End all children."""
        for child in self.children:
            child.stop()


def _kill_group(pid: int) -> None:
    # Each child leads a session of its own, so that what it forked ends with it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def commands_of(config: Config, config_path: Path) -> list[Command]:
    """The processes a node consists of."""
    media = config.media
    engine = Command(
        "media",
        [
            str(media.binary),
            *("--socket", str(media.socket)),
            *("--address", media.address),
            *("--ports", str(media.ports)),
            *("--log-level", {"warning": "warn"}.get(config.log.level, config.log.level)),
            *(() if media.metrics is None else ("--metrics", str(media.metrics))),
            *(() if media.nice == 0 else ("--nice", str(media.nice))),
            *(() if media.threads is None else ("--threads", str(media.threads))),
        ],
        watchdog=_ENGINE_WATCHDOG_SECONDS,
    )
    control = Command(
        "call-control",
        [sys.executable, "-m", "stimme.app", "--config", str(config_path.resolve())],
        pid_name="call-control-parent",
    )
    return [engine, control]


async def serve(config: Config, config_path: Path) -> int:
    """Run a node until SIGTERM or SIGINT.

    Returns:
        The exit status, 0.
    """
    config.run_directory.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(commands_of(config, config_path), config.node.data)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()
    return 0
