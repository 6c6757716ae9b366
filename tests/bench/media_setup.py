"""What one call costs the engine before anybody speaks: two endpoints, configured, bridged, deleted again.

    python -m tests.bench.media_setup [--calls N] [--runs N]

Prints microseconds of CPU of the engine per call, and what is left behind: file descriptors and memory.
"""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from tests.bench import accounting, stimme_server

from stimme.media import Codec, Endpoint, Engine, RemoteMedia

_CODECS = [Codec("PCMA", 8, 8000), Codec("telephone-event", 101, 8000)]
_AT_ONCE = 50


async def one_call(engine: Engine, number: int) -> None:
    """As call control does it: what belongs together leaves in one write."""
    made = await engine.create_endpoints([("rtp", f"{number}-{side}") for side in "ab"])
    a, b = (one for one in made if isinstance(one, Endpoint))
    _, _, bridge = await asyncio.gather(
        a.configure(RemoteMedia("127.0.0.1", 9), _CODECS, timeout=30.0),
        b.configure(RemoteMedia("127.0.0.1", 9), _CODECS, timeout=30.0),
        engine.bridge(a, b, tag=str(number)),
    )
    await asyncio.gather(bridge.delete(), a.delete(), b.delete())


async def measure(pid: int, socket: Path, calls: int, runs: int) -> tuple[list[float], int]:
    """Microseconds of CPU per call for each run, and file descriptors that are left open."""
    engine = await Engine.connect(socket, owner="bench", on_event=lambda _event: None)
    descriptors = Path(f"/proc/{pid}/fd")
    open_before = len(list(descriptors.iterdir()))
    spent = []
    for _ in range(runs):
        before = accounting.cpu_seconds(pid)
        for start in range(0, calls, _AT_ONCE):
            await asyncio.gather(*(one_call(engine, start + number) for number in range(_AT_ONCE)))
        spent.append((accounting.cpu_seconds(pid) - before) / calls * 1e6)
    left = len(list(descriptors.iterdir())) - open_before
    await engine.close()
    return spent, left


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media_setup", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch:
        socket = Path(scratch) / "media.sock"
        server = stimme_server.engine(Path(scratch), socket, first_port=44_000, last_port=46_000)
        with server:
            server.wait_until(socket.exists)
            spent, left = asyncio.run(measure(server.pid, socket, chosen.calls, chosen.runs))
            memory = accounting.anonymous_memory_of_all(server.pid)
    runs = ", ".join(f"{run:.0f}" for run in spent)
    print(f"{statistics.median(spent):.0f} µs CPU of the engine per call ({runs})")
    made = 2 * chosen.calls * chosen.runs
    print(f"after {made} endpoints: {left} more descriptors, {memory >> 10} KiB in all")


if __name__ == "__main__":
    main()
