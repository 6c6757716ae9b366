"""An engine process for a test, and a client of it."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TypeVar

from tests.integration.media.phone import Phone

from stimme.media import Endpoint, Engine, MediaEvent
from stimme.operations.supervisor import Child, Command, Supervisor

_ROOT = Path(__file__).parents[3]
_TARGET = Path(os.environ.get("CARGO_TARGET_DIR", _ROOT / "target"))
BINARY = _TARGET / "release/stimme-media"
THREADS = os.environ.get("STIMME_MEDIA_THREADS", "1")
"""Threads of every engine here that is not told otherwise; `test_media_shards.py` has two in any case."""
Wanted = TypeVar("Wanted")


class EngineProcess:
    """A running `stimme-media` and its socket.

    Args:
        folder: for the socket and the log.
        ports: the range of ports; engines may share one, ports that are taken are passed over.
        options: further arguments.
    """

    def __init__(self, folder: Path, ports: str, *options: str) -> None:
        self.socket = folder / "media.sock"
        self.log = folder / "media.log"
        command = [str(BINARY), "--socket", str(self.socket)]
        command += ["--address", "127.0.0.1", "--ports", ports]
        command += [] if "--threads" in options else ["--threads", THREADS]
        command += options
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ready(self) -> None:
        """Waits until it listens."""
        async with asyncio.timeout(10):
            while not await self._listens():
                assert self._process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.01)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(str(self.socket))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        writer.close()
        return True

    def stop(self) -> int:
        """Ends it; returns its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(10)


@contextlib.asynccontextmanager
async def supervised(
    folder: Path, *options: str, watchdog: float, by: Sequence[str] = ()
) -> AsyncIterator[Child]:
    """An engine as a node runs it, with its socket, its log and its number in a folder.

    Args:
        folder: has `media.sock`, `log/media.log` and `run/media.pid` then.
        options: further arguments.
        watchdog: seconds in which it must show a sign of life.
        by: a command that starts the one behind it, if it is not started directly.
    """
    command = [*by, str(BINARY), "--socket", str(folder / "media.sock"), "--address", "127.0.0.1"]
    command += ["--ports", "30000-31999", *options]
    supervisor = Supervisor([Command("media", command, watchdog=watchdog)], folder)
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor.children[0]
    finally:
        supervisor.stop()
        await running


class Client:
    """A client of the engine that remembers the events."""

    def __init__(self, engine: Engine, events: list[MediaEvent], told: asyncio.Event) -> None:
        self.engine = engine
        self.events = events
        self._told = told

    @classmethod
    async def connect(cls, process: EngineProcess, owner: str = "test") -> "Client":
        """Connects and says hello."""
        return await cls.reach(process.socket, owner)

    @classmethod
    async def reach(cls, socket: Path, owner: str = "test") -> "Client":
        """Connects and says hello as soon as somebody listens. Raises TimeoutError."""
        events: list[MediaEvent] = []
        told = asyncio.Event()

        def hear(event: MediaEvent) -> None:
            events.append(event)
            told.set()

        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                    engine = await Engine.connect(socket, owner=owner, on_event=hear)
                    return cls(engine, events, told)
                await asyncio.sleep(0.02)

    def seen(self, kind: type[Wanted]) -> list[Wanted]:
        """Events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def event(
        self, kind: type[Wanted], *, within: float = 3.0, count: int = 1, tag: str | None = None
    ) -> Wanted:
        """Waits for the `count`th event of a kind, of what has a tag. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while len(found := self._tagged(kind, tag)) < count:
                self._told.clear()
                await self._told.wait()
        return found[count - 1]

    def _tagged(self, kind: type[Wanted], tag: str | None) -> list[Wanted]:
        return [event for event in self.seen(kind) if tag is None or getattr(event, "tag", None) == tag]

    async def leg(self, phone: Phone, **options: object) -> Endpoint:
        """An endpoint that is configured for a telephone, which is told where to send."""
        endpoint = await self.engine.create_endpoint("rtp", tag=f"leg-{phone.port}")
        await endpoint.configure(phone.remote, phone.codecs, **options)  # type: ignore[arg-type]
        phone.dial(endpoint.local)
        return endpoint
