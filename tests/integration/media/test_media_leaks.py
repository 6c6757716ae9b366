"""Endpoints that come and go leave nothing behind: no memory, no file, no port, no thread."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest
from tests.integration.media.harness import Client, EngineProcess

from stimme.media import Codec, Endpoint, RemoteMedia, Tone

pytestmark = pytest.mark.integration
PCMA = Codec("PCMA", 8, 8000)
BATCH = 200
GROWTH_PAGES = 1024
"""Pages of 4 KiB by which the process may grow after the first thousand: an allocator's slack, 4 MiB."""


def held(pid: int) -> tuple[int, int, int]:
    """Resident pages, open files and threads of a process."""
    process = Path(f"/proc/{pid}")
    resident = int((process / "statm").read_text().split()[1])
    return resident, len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


async def come_and_go(client: Client, tmp_path: Path) -> None:
    """Opens many endpoints, lets them do something, and closes them."""
    engine = client.engine
    plain = await asyncio.gather(*(engine.create_endpoint("rtp", tag=f"leg-{n}") for n in range(BATCH - 10)))
    browsers = await asyncio.gather(*(engine.create_endpoint("webrtc", tag=f"tab-{n}") for n in range(10)))
    await asyncio.gather(*(leg.configure(RemoteMedia("127.0.0.1", 9), [PCMA]) for leg in plain))
    some: list[Awaitable[object]] = [
        engine.bridge(a, b, tag="call") for a, b in zip(plain[::8], plain[1::8], strict=False)
    ]
    some += [leg.play(Tone((425.0,))) for leg in plain[2::20]]
    some += [leg.record(tmp_path / f"{leg.id}.wav") for leg in plain[3:5]]
    some += [leg.receive_fax(tmp_path / f"{leg.id}.tif") for leg in plain[5:7]]
    await asyncio.gather(*some)
    everything: list[Endpoint] = [*plain, *browsers]
    await asyncio.gather(*(endpoint.delete() for endpoint in everything))
    client.events.clear()


async def check(client: Client, process: EngineProcess, tmp_path: Path, endpoints: int) -> None:
    for _ in range(1000 // BATCH):
        await come_and_go(client, tmp_path)
    before = held(process.pid)
    for _ in range((endpoints - 1000) // BATCH):
        await come_and_go(client, tmp_path)
    async with asyncio.timeout(10):
        # Threads of faxes that were dropped end within a moment.
        while held(process.pid)[2] > before[2]:
            await asyncio.sleep(0.05)
    after = held(process.pid)
    assert after[1] <= before[1], f"files: {before[1]}, then {after[1]}"
    assert after[0] - before[0] < GROWTH_PAGES, f"pages: {before[0]}, then {after[0]}"
    assert await client.engine.endpoints() == []
    assert await client.engine.bridges() == []


async def test_two_thousand_endpoints_leave_nothing(
    client: Client, engine_process: EngineProcess, tmp_path: Path
) -> None:
    await check(client, engine_process, tmp_path, 2_000)


@pytest.mark.slow
async def test_a_hundred_thousand_endpoints_leave_nothing(
    client: Client, engine_process: EngineProcess, tmp_path: Path
) -> None:
    await check(client, engine_process, tmp_path, 100_000)
