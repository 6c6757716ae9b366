"""Steady tones through an engine that is busy: no telephone hears a gap longer than a packet.

The telephones are `crates/media/examples/tone_load.rs`, which looks at what it hears and not at the clock, so
what else the machine does costs nothing but lost packets of its own sockets.
"""

import asyncio
import subprocess
from pathlib import Path

import pytest
from tests.bench import accounting
from tests.bench.peers.rtp_load import CodecLoad
from tests.integration.media.harness import Client, EngineProcess

from stimme.media import Codec, Endpoint, RemoteMedia

pytestmark = pytest.mark.integration
_ROOT = Path(__file__).parents[3]
_CODECS = {
    "PCMU": Codec("PCMU", 0, 8000),
    "PCMA": Codec("PCMA", 8, 8000),
    "G722": Codec("G722", 9, 8000),
    "opus": Codec("opus", 96, 48_000, 2),
}
_KINDS = [("PCMU", "PCMU")] * 4 + [("PCMA", "PCMU"), ("G722", "PCMA"), ("opus", "PCMU"), ("opus", "opus")]
"""Calls of a bundle: forwarded, transcoded table by table, and decoded and encoded."""
_WARM_SECONDS = 3
_LONGEST_MS = 20


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("bundles", "seconds"),
    [
        pytest.param(1, 5, id="some-seconds"),
        pytest.param(32, 600, id="ten-minutes-at-full-load", marks=pytest.mark.slow),
    ],
)
async def test_no_leg_hears_a_gap(
    client: Client, engine_process: EngineProcess, bundles: int, seconds: int
) -> None:
    kinds = _KINDS * bundles
    names = [name for kind in kinds for name in kind]
    spent: list[float] = []

    def note() -> None:
        spent.append(accounting.cpu_seconds(engine_process.pid))

    with CodecLoad(_program(), names, warm_seconds=_WARM_SECONDS, seconds=seconds) as load:
        legs = [await _leg(client, name, port) for name, port in zip(names, load.ports, strict=True)]
        for a, b in zip(legs[::2], legs[1::2], strict=True):
            await client.engine.bridge(a, b, tag=f"call-{a.id}")
        targets = [leg.local.port for leg in legs]
        heard = await asyncio.to_thread(load.talk, targets, at_start=note, at_end=note)
    print(f"{len(names)} legs, {(spent[1] - spent[0]) / seconds:.0%} of a core, {heard}")
    assert heard["deaf"] == 0, heard
    assert heard["longest_ms"] <= _LONGEST_MS, heard


async def _leg(client: Client, name: str, port: int) -> Endpoint:
    leg = await client.engine.create_endpoint("rtp", tag=f"leg-{port}")
    await leg.configure(RemoteMedia("127.0.0.1", port), [_CODECS[name]])
    return leg


def _program() -> Path:
    """The load, built when it is missing or older than its source: `make engine` builds no examples."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "stimme-media"]
    subprocess.run([*command, "--example", "tone_load"], cwd=_ROOT, check=True)
    return _ROOT / "target/release/examples/tone_load"
