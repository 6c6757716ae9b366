"""`kill -9` of call control at random moments while calls are set up: nothing stays half open."""

import asyncio
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.bench import sip_client, stimme_server
from tests.bench.peers import sipp
from tests.bench.processes import FreePorts
from tests.peers.aftermath import assert_nothing_journalled, await_successor, kill

from stimme.media import Engine

_SCENARIOS = Path(__file__).parent / "sipp"
_RATE = 20
_QUICK_DEATH = 2.0
"""The supervisor waits before it restarts who keeps dying within so many seconds."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_nothing_stays_half_open(tmp_path: Path, kills: int) -> None:
    port, web, metrics, callee_port, callee_media, caller_port, caller_media = FreePorts().take(7)
    site = stimme_server.Site(
        tmp_path, sip_port=port, web_port=web, metrics_port=metrics, trunk_port=caller_port
    )
    calls = round((kills * (_QUICK_DEATH + 0.6) + 1) * _RATE)
    with site.server() as server:
        server.wait_until(lambda: sip_client.answers_options(port), seconds=60)
        site.register_telephone(callee_port)
        with sipp.Callee(
            tmp_path, port=callee_port, media_port=callee_media, scenario=_SCENARIOS / "callee.xml"
        ) as callee:
            caller = sipp.Caller(
                tmp_path,
                port=caller_port,
                media_port=caller_media,
                server_port=port,
                number=site.number,
                scenario=_SCENARIOS / "caller.xml",
            )
            with killing(tmp_path / "run" / "call-control.pid", port, random.Random(kills)) as killed:
                result = caller.run(sipp.Load(rate=_RATE, calls=calls))
            assert (result.successful, result.failed) == (calls, 0), "every call came to an end"
            ended = callee.counters_when(lambda counters: not counters.current, seconds=40)
            assert (ended.current, ended.failed) == (0, 0), "no telephone was left ringing or talking"
        assert len(killed) >= kills * 0.7
        assert asyncio.run(endpoints(tmp_path / "run" / "media.sock")) == 0, "no endpoint was left"
        server.check_alive()
    with closing(sqlite3.connect(tmp_path / "stimme.db")) as database:
        results = dict(database.execute("SELECT result, count(*) FROM call_records GROUP BY result"))
    assert sum(results.values()) == calls, f"one record for each of {calls} calls: {results}"
    assert_nothing_journalled(tmp_path)


@contextmanager
def killing(pid_file: Path, sip_port: int, rng: random.Random) -> Iterator[list[int]]:
    """Kills the process of a pid file again and again, at a random moment after it has taken up its work."""
    done, killed = threading.Event(), list[int]()

    def kill_again() -> None:
        while not done.wait(_QUICK_DEATH + rng.random() / 2):
            while not sip_client.answers_options(sip_port):
                if done.wait(0.05):
                    return
            killed.append(kill(pid_file))
            await_successor(pid_file, killed[-1])

    thread = threading.Thread(target=kill_again)
    thread.start()
    try:
        yield killed
    finally:
        done.set()
        thread.join()


async def endpoints(socket: Path) -> int:
    """How many endpoints the engine has once call control had time to free those of ended calls."""
    engine = await Engine.connect(socket, owner="test", on_event=lambda event: None)
    try:
        for _ in range(50):
            living = len(await engine.endpoints())
            if not living:
                break
            await asyncio.sleep(0.1)
        return living
    finally:
        await engine.close()
