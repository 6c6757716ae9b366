"""`kill -9` with 200 calls up: all go on. Those that were set up are sipp's, on both sides."""

import asyncio
import contextlib
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench import sip_client, stimme_server
from tests.bench.peers import sipp
from tests.bench.processes import FreePorts
from tests.peers.aftermath import assert_nothing_journalled, await_successor, kill

from stimme.media import Engine, EngineError

_CALLS = 200
_SCENARIOS = Path(__file__).parent / "sipp"
_RTP = struct.Struct("!BBHII")


@dataclass(slots=True)
class Node:
    """A node with a trunk (sipp's caller) and a telephone (sipp's callee); its calls' media is one socket."""

    directory: Path
    caller: sipp.Caller
    callee: sipp.Callee
    media: socket.socket

    def kill(self, part: str) -> None:
        """End a part without a warning and wait for its successor."""
        pid_file = self.directory / "run" / f"{part}.pid"
        await_successor(pid_file, kill(pid_file))

    def run(self, at_full_load: Callable[[], None], *, hold: float) -> None:
        """All calls, each with one end at either side and one record."""
        load = sipp.Load(rate=40, calls=_CALLS, hold=hold)
        result = self.caller.run(load, at_full_load=at_full_load)
        assert (result.successful, result.failed) == (_CALLS, 0)
        # sipp's callee keeps a call for some seconds after its BYE, and counts it then.
        ended = self.callee.counters_when(lambda counters: counters.successful == _CALLS, seconds=20)
        assert (ended.successful, ended.failed) == (_CALLS, 0)

    def check_books(self) -> None:
        """Nobody is billed twice, nobody is forgotten, and nothing is left in the journal."""
        with closing(sqlite3.connect(self.directory / "stimme.db")) as database:
            (records,) = database.execute(
                "SELECT count(*) FROM call_records WHERE result = 'answered' AND hangup_by = 'caller'"
            ).fetchone()
        assert records == _CALLS
        assert_nothing_journalled(self.directory)


@contextlib.contextmanager
def node(directory: Path, scenarios: str) -> Iterator[Node]:
    port, web, metrics, callee_port, callee_media, caller_port, caller_media = FreePorts().take(7)
    site = stimme_server.Site(
        directory, sip_port=port, web_port=web, metrics_port=metrics, trunk_port=caller_port
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, site.server() as server:
        media.bind(("127.0.0.1", 0))
        media.setblocking(False)
        sound = ["-key", "sound", str(media.getsockname()[1])]
        server.wait_until(lambda: sip_client.answers_options(port), seconds=60)
        site.register_telephone(callee_port)
        caller = sipp.Caller(
            directory,
            port=caller_port,
            media_port=caller_media,
            server_port=port,
            number=site.number,
            scenario=_SCENARIOS / f"{scenarios}_caller.xml",
            options=sound,
        )
        with sipp.Callee(
            directory,
            port=callee_port,
            media_port=callee_media,
            scenario=_SCENARIOS / f"{scenarios}_callee.xml",
            options=sound,
        ) as callee:
            yield Node(directory, caller, callee, media)
        server.check_alive()


def test_two_hundred_calls_outlive_call_control(tmp_path: Path) -> None:
    """Afterwards both sides are answered rightly: re-INVITE, session refresh, UPDATE, OPTIONS, BYE."""
    with node(tmp_path, "asking") as running:
        running.run(lambda: running.kill("call-control"), hold=16)
    running.check_books()


def test_two_hundred_calls_outlive_the_engine(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every leg gets new media by re-INVITE and everybody hears the other again."""
    took: list[float] = []

    def kill_engine() -> None:
        before = time.monotonic()
        running.kill("media")
        asyncio.run(everybody_is_heard(tmp_path / "run" / "media.sock", running.media))
        took.append(time.monotonic() - before)

    with node(tmp_path, "new_media") as running:
        running.run(kill_engine, hold=30)
    running.check_books()
    record_property("seconds until all 400 legs were heard", round(took[0], 2))


async def everybody_is_heard(path: Path, media: socket.socket) -> None:
    """Says something else on each leg and waits until the other leg of its call has brought just that."""
    deadline = time.monotonic() + 30
    heard: set[int] = set()
    sequence = 0
    while len(heard) < 2 * _CALLS:
        assert time.monotonic() < deadline, f"only {len(heard)} of {2 * _CALLS} legs were heard"
        other = await bridged(path)
        sequence += 1
        for port in other.keys() - heard:
            packet = _RTP.pack(0x80, 8, sequence, 160 * sequence, port) + port.to_bytes(2, "big") * 80
            media.sendto(packet, ("127.0.0.1", port))
        await asyncio.sleep(0.1)
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (_, source) = media.recvfrom(2048)
                said = int.from_bytes(data[12:14], "big")
                if len(data) == 172 and data[12:] == data[12:14] * 80 and other.get(said) == source:
                    heard.add(said)


async def bridged(path: Path) -> dict[int, int]:
    """The port of each endpoint that is in a bridge, and the port of the other one."""
    try:
        engine = await Engine.connect(path, owner="test", on_event=lambda event: None)
    except (OSError, EngineError):
        return {}
    try:
        port = {info.id: info.local.port for info in await engine.endpoints()}
        pairs = [(port[pair.a], port[pair.b]) for pair in await engine.bridges()]
        return {one: two for pair in pairs for one, two in (pair, pair[::-1])}
    except EngineError:
        return {}
    finally:
        await engine.close()
