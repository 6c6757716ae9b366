"""`rooms`: CPU per telephone in a conference, against Janus' AudioBridge with plain RTP participants.

Rooms of five telephones that speak PCMU all the time, mixed at 8 kHz; each hears the four others. Packets
that arrive are counted: fewer than 98 of 100, and nothing is measured.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.bench import accounting, report, stimme_server
from tests.bench.peers import janus
from tests.bench.peers.rtp_load import CodecLoad
from tests.bench.processes import BenchError, Server, first_line

from stimme.media import Codec, Endpoint, RemoteMedia, Room

NAME = "rooms"
TARGET = 0.6
UNIT = "ms CPU per telephone and second"
_PCMU = Codec("PCMU", 0, 8000)
_RATE = 8000
_SEATS = 5
_ARRIVE = 0.98
_WARM_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """How many rooms of five, how long, how often; `seconds` without the warming up."""

    rooms: int = 40
    seconds: int = 15
    runs: int = 3


class Mixer(Protocol):
    """A mixer under measurement."""

    server: Server

    def seat(self, ports: Sequence[int]) -> list[int]:
        """Five telephones to a room, by their ports; returns where each of them sends to."""

    def clear(self) -> None:
        """Close all rooms."""


class Janus:
    """Janus, driven by its JSON protocol."""

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        path = scratch / "janus.sock"
        self.server = janus.start(stack, scratch, path, first_port=34_000, last_port=43_000)
        self._control = stack.enter_context(janus.Control(path))
        self._rooms: list[int] = []

    def seat(self, ports: Sequence[int]) -> list[int]:
        """A room for each five."""
        targets = []
        for number, port in enumerate(ports):
            room = 1 + number // _SEATS
            if room not in self._rooms:
                self._control.create_room(room, _RATE)
                self._rooms.append(room)
            targets.append(self._control.join(room, port))
        return targets

    def clear(self) -> None:
        """Destroy each room."""
        for room in self._rooms:
            self._control.destroy_room(room)
        self._rooms = []


class Stimme(stimme_server.DrivenEngine):
    """Our engine alone, driven by its Python face as call control does."""

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        super().__init__(stack, scratch)
        self._rooms: list[Room] = []
        self._endpoints: list[Endpoint] = []

    def seat(self, ports: Sequence[int]) -> list[int]:
        """A room for each five."""
        self.runner.run(self._seat(ports))
        return [endpoint.local.port for endpoint in self._endpoints]

    async def _seat(self, ports: Sequence[int]) -> None:
        for number, port in enumerate(ports):
            if number % _SEATS == 0:
                self._rooms.append(await self.engine.create_room(tag=f"bench-{number}", rate=_RATE))
            endpoint = await self.engine.create_endpoint("rtp", tag=f"bench-{port}")
            await endpoint.configure(RemoteMedia("127.0.0.1", port), [_PCMU])
            await self._rooms[-1].add(endpoint)
            self._endpoints.append(endpoint)

    def clear(self) -> None:
        """Delete rooms and endpoints."""
        self.runner.run(self._clear())

    async def _clear(self) -> None:
        await asyncio.gather(*(room.delete() for room in self._rooms))
        await asyncio.gather(*(endpoint.delete() for endpoint in self._endpoints))
        self._rooms, self._endpoints = [], []


def measure(mixer: Mixer, options: Options) -> dict[str, Any]:
    """One run: what it cost and how much arrived.

    Raises:
        BenchError: The mixer ended, or sent so little that its CPU time says nothing.
    """
    telephones = options.rooms * _SEATS
    program = stimme_server.example("codec_load")
    spent: list[float] = []

    def note() -> None:
        spent.append(accounting.cpu_seconds(mixer.server.pid))

    codecs = ["PCMU"] * telephones
    with CodecLoad(program, codecs, warm_seconds=_WARM_SECONDS, seconds=options.seconds) as load:
        heard = load.talk(mixer.seat(load.ports), at_start=note, at_end=note)
    mixer.server.check_alive()
    mixer.clear()
    if heard["received"] < _ARRIVE * heard["sent"]:
        raise BenchError(f"{mixer.server.name}: {heard['received']} heard of {heard['sent']} packets")
    seconds = (spent[1] - spent[0]) / options.seconds / telephones
    return {"server": mixer.server.name, "ms_per_telephone_second": 1000 * seconds, **heard}


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both, alternating. Raises BenchError when one does not start, ends, or sends too little."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        mixers: list[Mixer] = [Stimme(stack, Path(scratch)), Janus(stack, Path(scratch))]
        for _ in range(options.runs):
            runs += [measure(mixer, options) for mixer in mixers]
    ours, peer = ([r for r in runs if r["server"] == mixer.server.name] for mixer in mixers)
    measurement = report.compare(
        NAME,
        [r["ms_per_telephone_second"] for r in ours],
        [r["ms_per_telephone_second"] for r in peer],
        peer_name=f"{first_line(['janus', '--version'])}, AudioBridge",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    notes = [f"{side[0]['server']}: {_heard(side)}" for side in (ours, peer)]
    return report.Outcome(measurement, runs, notes)


def _heard(runs: Sequence[dict[str, Any]]) -> str:
    return f"{sum(r['received'] for r in runs)} packets heard, {sum(r['sent'] for r in runs)} sent"
