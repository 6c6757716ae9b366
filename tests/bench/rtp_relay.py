"""`rtp-relay`: CPU per relayed two-way G.711 call, against rtpengine without its kernel module.

The same load generator talks to both, alternating: two legs a call, 50 packets a second each way, 160 bytes
of PCMU in each. The relays have one core for themselves, the generator the other. Every packet is checked for
having arrived once and unaltered; lost ones are reported, and with more than one lost in a thousand nothing
is measured. What a relay adds to a packet's way is its transit less that of a run in which the two legs of a
call send to each other.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.bench import accounting, report, stimme_server
from tests.bench.peers import rtpengine
from tests.bench.peers.rtp_load import RtpLoad, Traffic
from tests.bench.processes import BenchError, FreePorts, Server

from stimme.media import Bridge, Codec, Endpoint, Engine, RemoteMedia

NAME = "rtp-relay"
TARGET = 0.7
UNIT = "ms CPU per call and second"
DIRECT = "no relay"
_PCMU = Codec("PCMU", 0, 8000)
_TOLERATED_LOSS = 0.001


@dataclass(frozen=True, slots=True)
class Options:
    """How many calls, how long, how often.

    Attributes:
        calls: Calls relayed at the same time.
        seconds: Length of one run, without one second of warming up.
        runs: Runs on each side.
    """

    calls: int = 100
    seconds: int = 15
    runs: int = 3


class Relay(Protocol):
    """A relay under measurement: connects the calls of a run and ends them."""

    server: Server
    keys: list[tuple[bytes, bytes]]
    """What the first party of each connected call encrypts and decrypts with; empty: plain RTP."""

    def connect(self, parties: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Set up a call for each pair of ports; returns the relay's ports that the two are to send to."""

    def disconnect(self) -> None:
        """End all calls."""


class Rtpengine:
    """rtpengine, driven by offer and answer; it can be made to connect its calls otherwise."""

    def __init__(self, stack: ExitStack, scratch: Path, calls: int) -> None:
        (control_port,) = FreePorts().take(1)
        ports = {"first_port": 34_000, "last_port": 34_000 + 8 * calls}
        self.server = stack.enter_context(rtpengine.relay(scratch, control_port=control_port, **ports))
        self.control = stack.enter_context(rtpengine.Control(control_port))
        self.server.wait_until(self.control.answers_ping)
        self._calls: list[str] = []
        self.keys: list[tuple[bytes, bytes]] = []

    def connect(self, parties: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Offer and answer for each call."""
        self._calls = [f"bench-{caller}-{callee}" for caller, callee in parties]
        self.keys = []
        return [
            self.connect_call(name, caller, callee)
            for name, (caller, callee) in zip(self._calls, parties, strict=True)
        ]

    def connect_call(self, name: str, caller: int, callee: int) -> tuple[int, int]:
        """One call; returns the ports that the two are to send to."""
        return self.control.connect_call(name, caller, callee)

    def disconnect(self) -> None:
        """Delete each call."""
        for name in self._calls:
            self.control.delete_call(name)
        self._calls = []


class Stimme:
    """Our engine alone, driven by its Python face as call control does."""

    def __init__(self, stack: ExitStack, scratch: Path, calls: int) -> None:
        socket = scratch / "media.sock"
        last_port = 44_000 + 8 * calls
        self.server = stack.enter_context(
            stimme_server.engine(scratch, socket, first_port=44_000, last_port=last_port)
        )
        self.server.wait_until(socket.exists)
        self._runner = stack.enter_context(asyncio.Runner())
        self.engine = self._runner.run(Engine.connect(socket, owner="bench", on_event=lambda _event: None))
        stack.callback(lambda: self._runner.run(self.engine.close()))
        self._calls: list[tuple[Endpoint, Endpoint, Bridge]] = []
        self.keys: list[tuple[bytes, bytes]] = []

    def connect(self, parties: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Two endpoints and a bridge for each call."""
        self.keys = []
        self._calls = [self._runner.run(self.connect_call(caller, callee)) for caller, callee in parties]
        return [(a.local.port, b.local.port) for a, b, _ in self._calls]

    def disconnect(self) -> None:
        """Delete bridges and endpoints."""
        for a, b, bridge in self._calls:
            self._runner.run(self._disconnect_call(a, b, bridge))
        self._calls = []

    async def connect_call(self, caller: int, callee: int) -> tuple[Endpoint, Endpoint, Bridge]:
        """Two endpoints and their bridge."""
        a = await self.engine.create_endpoint("rtp", tag=f"bench-{caller}")
        b = await self.engine.create_endpoint("rtp", tag=f"bench-{callee}")
        await a.configure(RemoteMedia("127.0.0.1", caller), [_PCMU])
        await b.configure(RemoteMedia("127.0.0.1", callee), [_PCMU])
        return a, b, await self.engine.bridge(a, b, tag=f"bench-{caller}")

    @staticmethod
    async def _disconnect_call(a: Endpoint, b: Endpoint, bridge: Bridge) -> None:
        await bridge.delete()
        await a.delete()
        await b.delete()


def measure_directly(traffic: Traffic) -> dict[str, Any]:
    """One run without a relay: what generator and kernel alone take for a packet."""
    with RtpLoad(stimme_server.example("rtp_load"), traffic) as load:
        to_each_other = [(b, a) for a, b in load.ports]
        heard = load.talk(to_each_other)
    return {"server": DIRECT, **heard}


def measure(relay: Relay, traffic: Traffic) -> dict[str, Any]:
    """One run: what it cost and what arrived.

    Raises:
        BenchError: The relay ended, or lost so much that its CPU time says nothing.
    """
    with RtpLoad(stimme_server.example("rtp_load"), traffic) as load:
        empty = accounting.anonymous_memory_of_all(relay.server.pid)
        ports = relay.connect(load.ports)
        spent: list[float] = []
        memory: list[int] = []

        def at_start() -> None:
            memory.append(accounting.anonymous_memory_of_all(relay.server.pid))
            spent.append(accounting.cpu_seconds(relay.server.pid))

        def at_end() -> None:
            spent.append(accounting.cpu_seconds(relay.server.pid))

        heard = load.talk(ports, keys=relay.keys, at_start=at_start, at_end=at_end)
    relay.server.check_alive()
    relay.disconnect()
    if heard["lost"] > _TOLERATED_LOSS * heard["sent"]:
        raise BenchError(f"{relay.server.name} lost {heard['lost']} of {heard['sent']} packets")
    seconds_per_call = (spent[1] - spent[0]) / traffic.seconds / traffic.calls
    return {
        "server": relay.server.name,
        "ms_per_call_second": 1000 * seconds_per_call,
        "bytes_per_call": (memory[0] - empty) / traffic.calls,
        **heard,
    }


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both relays, alternating.

    Raises:
        BenchError: A relay or the generator does not start, ends, or loses packets.
    """
    return compare(NAME, TARGET, _BOTH, options, command=command, machine=machine)


Makers = Sequence[Callable[[ExitStack, Path, int], Relay]]


def compare(
    name: str,
    target: float,
    makers: Makers,
    options: Options,
    *,
    command: str,
    machine: dict[str, str | int],
) -> report.Outcome:
    """Measure our relay and rtpengine, alternating. Raises BenchError as `run`."""
    traffic = Traffic(options.calls, 1, options.seconds)
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        relays: list[Relay] = [make(stack, Path(scratch), options.calls) for make in makers]
        for _ in range(options.runs):
            runs += [measure(relay, traffic) for relay in relays]
        direct = measure_directly(traffic)
    ours, peer = ([r for r in runs if r["server"] == relay.server.name] for relay in relays)
    measurement = report.compare(
        name,
        [r["ms_per_call_second"] for r in ours],
        [r["ms_per_call_second"] for r in peer],
        peer_name=f"rtpengine {machine['rtpengine']}, user space",
        target=target,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    remarks = [_remark(side, direct) for side in (ours, peer)]
    return report.Outcome(measurement, [*runs, direct], remarks)


_BOTH: Makers = (Stimme, Rtpengine)


def _remark(runs: list[dict[str, Any]], direct: dict[str, Any]) -> str:
    first, sent = runs[0], sum(r["sent"] for r in runs)
    lost, worst = sum(r["lost"] for r in runs), max(r["transit_us"]["p999"] for r in runs)
    median = sorted(r["transit_us"]["p50"] for r in runs)[len(runs) // 2]
    added = median - direct["transit_us"]["p50"]
    return (
        f"{first['server']}: {lost} of {sent} packets lost, transit p50 {median} µs, "
        f"of which {added} are the relay's, p99.9 {worst} µs, "
        f"{first['bytes_per_call'] / 1024:.1f} KiB of memory per call"
    )
