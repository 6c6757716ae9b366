"""Telephones that hear steady tones through an engine, and a flow beside them that does without it.

The telephones are `crates/media/examples/tone_load.rs`. For a measurement, engine and telephones have a core
each and go before other programs, where that is allowed: measured is the engine then, and not who else is on.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import accounting
from tests.bench.peers.rtp_load import CodecLoad
from tests.bench.processes import LOAD_CORE, SERVER_CORE
from tests.integration.media.harness import Client

from stimme.media import Codec, Endpoint, RemoteMedia

_ROOT = Path(__file__).parents[3]
_TARGET = Path(os.environ.get("CARGO_TARGET_DIR", _ROOT / "target"))
_CODECS = {
    "PCMU": Codec("PCMU", 0, 8000),
    "PCMA": Codec("PCMA", 8, 8000),
    "G722": Codec("G722", 9, 8000),
    "opus": Codec("opus", 96, 48_000, 2),
}
_KINDS = [("PCMU", "PCMU")] * 4 + [("PCMA", "PCMU"), ("G722", "PCMA"), ("opus", "PCMU"), ("opus", "opus")]
BUNDLE = 2 * len(_KINDS)
"""Legs of a bundle of calls: forwarded, converted table by table, and decoded and encoded."""
_WARM_SECONDS = 3
LONGEST_MS = 20
"""A gap that is allowed: one packet."""
_HELD_UP_MS = 10
"""Less than this no jitter buffer notices."""
_AFTER_MS = 1000
"""So long after the machine stood still a gap may still come of it."""
_BEST = -20
_STEAL = 8
"""Where /proc/stat has the time in which a host did not run us (proc(5))."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one run.

    Attributes:
        legs: Telephones.
        seconds: How long they were listened to.
        core: Share of a core that the engine took.
        stolen: Share of all cores' time in which the host let somebody else run.
        dropped: Packets that some socket of this machine had no room for.
        sent: Packets that the telephones sent.
        received: Packets that they heard.
        longest_ms: The longest silence in a tone.
        deaf: Telephones that heard less than 98 of 100 packets.
        gaps: Telephone, milliseconds from the start, length of those above 20 ms.
        away_ms: The longest that a packet of the flow without the engine was away.
        lag_ms: The furthest that the telephones were behind.
        stalls: Milliseconds from the start, and length: when that flow or the telephones were held up.
    """

    legs: int
    seconds: int
    core: float
    stolen: float
    dropped: int
    sent: int
    received: int
    longest_ms: int
    deaf: int
    gaps: list[tuple[int, int, int]]
    away_ms: float
    lag_ms: float
    stalls: list[tuple[int, int]]

    def own_gaps(self) -> list[tuple[int, int, int]]:
        """Those before which the machine did not stand still."""
        return [gap for gap in self.gaps if not self._held_up(gap)]

    def _held_up(self, gap: tuple[int, int, int]) -> bool:
        _, end, length = gap
        begin = end - length - _AFTER_MS
        return any(took >= _HELD_UP_MS and begin <= at and at - took <= end for at, took in self.stalls)

    def __str__(self) -> str:
        held_up = sum(took >= _HELD_UP_MS for _, took in self.stalls)
        return (
            f"{self.legs} legs, {self.seconds} s: {self.core:.0%} of a core, {self.sent} packets, "
            f"{self.sent - self.received} lost, {self.dropped} for want of room, "
            f"longest gap {self.longest_ms} ms, {len(self.gaps)} above {LONGEST_MS} ms, "
            f"{len(self.own_gaps())} of them the engine's; without it: longest delay {self.away_ms:.1f} ms, "
            f"telephones late by {self.lag_ms:.1f} ms, held up {held_up} times, {self.stolen:.2%} stolen"
        )


async def listen(client: Client, engine: int, bundles: int, seconds: int, *, alone: bool) -> Heard:
    """Lets so many bundles of calls speak through the engine with this process id.

    Args:
        client: of that engine; the legs are gone again afterwards.
        engine: its process id.
        bundles: how many.
        seconds: for how long they are listened to.
        alone: a core for the engine and one for the telephones, and they go before all others.
    """
    names = [name for kind in _KINDS * bundles for name in kind]
    notes: list[tuple[float, list[int], int]] = []

    def note() -> None:
        notes.append((accounting.cpu_seconds(engine), _ticks(), _dropped()))

    program = _program()
    with _echo(program, alone) as (echo, port), _ToneLoad(program, names, seconds, port) as load:
        if alone:
            for pid, core in [(engine, SERVER_CORE), (echo, SERVER_CORE), (load.pid, LOAD_CORE)]:
                # The echo's turn comes whatever the engine does: it tells of the machine.
                _go_first(pid, core)
        legs = [await _leg(client, name, port) for name, port in zip(names, load.ports, strict=True)]
        for a, b in zip(legs[::2], legs[1::2], strict=True):
            await client.engine.bridge(a, b, tag=f"call-{a.id}")
        targets = [leg.local.port for leg in legs]
        result = await asyncio.to_thread(load.talk, targets, at_start=note, at_end=note)
        for leg in legs:
            await leg.delete()
    return _heard(len(names), seconds, notes, result)


def _heard(
    legs: int, seconds: int, notes: list[tuple[float, list[int], int]], result: dict[str, Any]
) -> Heard:
    (cpu, ticks, dropped), (cpu_then, ticks_then, dropped_then) = notes
    spent = [then - before for before, then in zip(ticks, ticks_then, strict=True)]
    control = result["control"]
    return Heard(
        legs=legs,
        seconds=seconds,
        core=(cpu_then - cpu) / seconds,
        stolen=spent[_STEAL - 1] / max(sum(spent), 1),
        dropped=dropped_then - dropped,
        sent=result["sent"],
        received=result["received"],
        longest_ms=result["longest_ms"],
        deaf=result["deaf"],
        gaps=[(leg, at, length) for leg, at, length in result["gaps"]],
        away_ms=control["away_ms"],
        lag_ms=control["lag_ms"],
        stalls=[(at, took) for at, took in control["stalls"]],
    )


class _ToneLoad(CodecLoad):
    """The telephones."""

    def __init__(self, program: Path, names: list[str], seconds: int, echo: str) -> None:
        super().__init__(program, names, warm_seconds=_WARM_SECONDS, seconds=seconds)
        self._command.insert(-1, echo)

    @property
    def pid(self) -> int:
        return self._process.pid


@contextmanager
def _echo(program: Path, alone: bool) -> Iterator[tuple[int, str]]:
    """The other end of the flow that does without the engine: process id and port."""
    with subprocess.Popen([str(program), "echo"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()


def _go_first(pid: int, core: int) -> None:
    """Gives all threads of a process that core, and the best nice value where that is allowed (sched(7)).

    No real-time priority: where such programs leave others little, the kernel takes 50 ms of a second from
    them at once. Its session counts first, as for the engine's own nice value (ADR 23).
    """
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, int(task.name), _BEST)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_BEST))


def _ticks() -> list[int]:
    """What all cores together did so far, in the columns of /proc/stat."""
    line = Path("/proc/stat").read_text().partition("\n")[0]
    return [int(word) for word in line.split()[1:]]


def _dropped() -> int:
    """Datagrams that found a socket's buffer full."""
    names, values = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Udp:")
    )
    return int(dict(zip(names, values, strict=True))["RcvbufErrors"])


async def _leg(client: Client, name: str, port: int) -> Endpoint:
    leg = await client.engine.create_endpoint("rtp", tag=f"leg-{port}")
    await leg.configure(RemoteMedia("127.0.0.1", port), [_CODECS[name]])
    return leg


def _program() -> Path:
    """The load, built when it is missing or older than its source: `make engine` builds no examples."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "stimme-media"]
    subprocess.run([*command, "--example", "tone_load"], cwd=_ROOT, check=True)
    return _TARGET / "release/examples/tone_load"
