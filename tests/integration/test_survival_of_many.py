"""`kill -9` of call control with 200 calls up: all go on, end by BYE, and leave one record each."""

import asyncio
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.bench import sip_client, stimme_server
from tests.bench.peers import sipp
from tests.bench.processes import FreePorts

from stimme.store.journal import CallJournal

_CALLS = 200


def test_two_hundred_calls_outlive_call_control(tmp_path: Path) -> None:
    port, web, metrics, callee_port, callee_media, caller_port, caller_media = FreePorts().take(7)
    site = stimme_server.Site(
        tmp_path, sip_port=port, web_port=web, metrics_port=metrics, trunk_port=caller_port
    )
    with site.server() as server:
        server.wait_until(lambda: sip_client.answers_options(port), seconds=60)
        site.register_telephone(callee_port)
        pid_file = tmp_path / "run" / "call-control.pid"

        def kill() -> None:
            old = int(pid_file.read_text())
            os.kill(old, signal.SIGKILL)
            deadline = time.monotonic() + 30
            while not (pid_file.exists() and pid_file.read_text().strip() not in ("", str(old))):
                assert time.monotonic() < deadline, "no new call control"
                time.sleep(0.02)

        with sipp.Callee(tmp_path, port=callee_port, media_port=callee_media) as callee:
            caller = sipp.Caller(
                tmp_path, port=caller_port, media_port=caller_media, server_port=port, number=site.number
            )
            result = caller.run(sipp.Load(rate=40, calls=_CALLS, hold=12), at_full_load=kill)
            assert (result.successful, result.failed) == (_CALLS, 0)
            # sipp's callee keeps a call for some seconds after its BYE, and counts it then.
            deadline = time.monotonic() + 20
            while callee.counters().successful < _CALLS and time.monotonic() < deadline:
                time.sleep(0.2)
            ended = callee.counters()
        assert (ended.successful, ended.failed) == (_CALLS, 0)
        server.check_alive()
    with closing(sqlite3.connect(tmp_path / "stimme.db")) as database:
        (records,) = database.execute(
            "SELECT count(*) FROM call_records WHERE result = 'answered' AND hangup_by = 'caller'"
        ).fetchone()
    assert records == _CALLS
    journal = CallJournal(tmp_path / "calls.journal", lambda work: None)
    assert asyncio.run(journal.load()) == {}
    journal.close()
