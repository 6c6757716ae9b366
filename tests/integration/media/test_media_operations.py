"""What operators have of the engine: figures, a look into it, a watchdog, a process without rights."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.media.harness import BINARY, Client, EngineProcess, supervised
from tests.integration.media.phone import Phone

from stimme.media import EngineError

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


@pytest.fixture
def engine_process(tmp_path: Path) -> Iterator[EngineProcess]:
    """A process that shows its figures."""
    process = EngineProcess(tmp_path, "30000-31999", "--metrics", "127.0.0.1:0")
    try:
        yield process
    finally:
        assert process.stop() == 0, process.log.read_text()


def show(socket: Path, *options: str) -> str:
    """What the command line prints."""
    command = [str(BINARY), "show", "--socket", str(socket), *options]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=10).stdout


async def figures(process: EngineProcess) -> dict[str, float]:
    """The page as Prometheus' own parser reads it; a label is appended to its name."""
    found = re.search(r"http://\S+/metrics", process.log.read_text())
    assert found is not None, process.log.read_text()
    async with httpx.AsyncClient() as web:
        page = (await web.get(found[0])).text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {"/".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}


async def test_figures_count_what_lives_and_what_is_gone(
    client: Client, phones: Phones, engine_process: EngineProcess
) -> None:
    a, b = await phones("PCMA"), await phones("G722")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    with pytest.raises(EngineError):
        await legs[0].send_dtmf("x")
    await asyncio.gather(a.speak(500, 1.2), b.speak(700, 1.2))
    async with asyncio.timeout(3):
        while (await figures(engine_process))["stimme_media_packets_received_total"] < 120:
            await asyncio.sleep(0.1)
    living = await figures(engine_process)
    assert living["stimme_media_endpoints/rtp"] == 2
    assert living["stimme_media_transcoded_endpoints"] == 2
    assert living["stimme_media_bridges"] == 1
    assert living["stimme_media_packets_sent_total"] >= 118
    assert living["stimme_media_refusals_total"] == 1
    assert living["stimme_media_clients"] == 1
    assert 0 < living["stimme_media_loop_busy_seconds_total"] < living["process_cpu_seconds_total"] + 1
    assert living["process_resident_memory_bytes"] > 1_000_000
    await asyncio.gather(*(leg.delete() for leg in legs))
    async with asyncio.timeout(3):
        while (gone := await figures(engine_process))["stimme_media_endpoints/rtp"] > 0:
            await asyncio.sleep(0.1)
    assert gone["stimme_media_packets_received_total"] == 120
    assert gone["stimme_media_endpoints_made_total"] == 2
    assert gone["stimme_media_endpoint_mos_count"] == 2
    assert gone["stimme_media_endpoint_mos_sum"] == pytest.approx(8.8, abs=0.4)
    assert gone["stimme_media_endpoint_mos_bucket/+Inf"] == 2


async def test_the_command_line_shows_endpoints_bridges_and_quality(
    client: Client, phones: Phones, engine_process: EngineProcess
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    bridge = await client.engine.bridge(legs[0], legs[1], tag="call 7")
    room = await client.engine.create_room(tag="meeting")
    await room.add(await client.engine.create_endpoint("webrtc", tag="browser"))
    await asyncio.gather(a.speak(500, 0.4), b.speak(700, 0.4))
    text = await asyncio.to_thread(show, engine_process.socket)
    lines = [line.split() for line in text.splitlines()]
    assert lines[1] == ["endpoints", "3,", "bridges", "1,", "rooms", "1,", "faxes", "0"]
    row = next(line for line in lines if line[:1] == [str(legs[0].id)])
    assert row[1:5] == ["rtp", f"127.0.0.1:{legs[0].local.port}", str(legs[1].id), "PCMA"]
    assert row[5:9] == ["20", "20", "0", "0"]
    assert float(row[11]) == pytest.approx(4.4, abs=0.2)
    assert f"bridge {bridge.id}: {legs[0].id} and {legs[1].id}  call 7" in text
    facts = json.loads(await asyncio.to_thread(show, engine_process.socket, "--json", "yes"))
    assert [endpoint["tag"] for endpoint in facts["endpoints"]] == [legs[0].tag, legs[1].tag, "browser"]
    assert facts["endpoints"][1]["stats"]["packets_received"] == 20
    assert facts["rooms"][0]["members"][0]["role"] == "talk"


def test_without_an_engine_it_says_so(tmp_path: Path) -> None:
    command = [str(BINARY), "show", "--socket", str(tmp_path / "none.sock")]
    result = subprocess.run(command, capture_output=True, check=False, text=True, timeout=10)
    assert result.returncode == 1
    assert "none.sock" in result.stderr


async def test_the_process_has_given_up_what_it_does_not_need(
    client: Client, engine_process: EngineProcess
) -> None:
    assert await client.engine.endpoints() == []
    for task in Path(f"/proc/{engine_process.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
        assert status["NoNewPrivs"] == "1", task
        assert status["Seccomp"] == "2", task
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}, task


def nice_values(pid: int) -> set[int]:
    """Of all threads of a process (proc_pid_stat(5))."""
    stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return {int(stat.rpartition(")")[2].split()[16]) for stat in stats}


def session_nice(pid: int) -> int | None:
    """Of the session (sched(7)); None where the kernel does not share out by sessions."""
    autogroup = Path(f"/proc/{pid}/autogroup")
    return int(autogroup.read_text().split()[-1]) if autogroup.exists() else None


@pytest.mark.parametrize("allowed", [True, False])
async def test_it_goes_before_other_programs_where_it_may(tmp_path: Path, allowed: bool) -> None:
    root = os.geteuid() == 0
    if allowed and not root:
        pytest.skip("only root may go before others")
    # Whoever is not root may not anyway.
    by = ["setpriv", "--bounding-set=-sys_nice"] if root and not allowed else []
    own = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = own - 5
    async with supervised(tmp_path, "--nice", str(wanted), "--threads", "2", watchdog=10.0, by=by):
        client = await Client.reach(tmp_path / "media.sock")
        await client.engine.create_endpoint("rtp", tag="leg")
        pid = int((tmp_path / "run/media.pid").read_text())
        assert nice_values(pid) == {wanted if allowed else own}
        assert session_nice(pid) in (None, wanted if allowed else 0)
        log = (tmp_path / "log/media.log").read_text()
        assert f"nice value {wanted}" in log
        assert ("WARN" in log) != allowed, log
        await client.engine.close()


async def test_an_engine_that_hangs_is_started_again(tmp_path: Path) -> None:
    async with supervised(tmp_path, watchdog=2.0) as engine:
        await engine.reached(starts=1)
        await asyncio.sleep(3)
        assert engine.starts == 1, "its loop goes round, though nothing happens"
        os.kill(int((tmp_path / "run/media.pid").read_text()), signal.SIGSTOP)
        async with asyncio.timeout(10):
            await engine.reached(starts=2)
        await (await Client.reach(tmp_path / "media.sock")).engine.close()
