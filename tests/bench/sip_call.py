"""`sip-call`: CPU per call through our back-to-back user agent, against Kamailio as a stateful proxy.

sipp's built-in caller sends INVITE, gets 100, 180 and 200, sends ACK, waits half a second and sends BYE;
sipp's built-in callee answers. Nobody authenticates. On our side every call is two dialogs, two media
endpoints bridged in the engine, a journal entry and a call record; on the peer's it is three transactions
passed on with a Record-Route.

The CPU time is that of the server's whole process tree from before the first call of a run to after the last.
Runs of both servers alternate and a run follows shortly on the last, so what a server does late for the
calls of one run (transactions kept for retransmissions, batched writes) falls into its next one; a warm-up
run comes first.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import accounting, report, sip_client, stimme_server
from tests.bench.peers import kamailio, sipp
from tests.bench.processes import FreePorts, Server, is_free

NAME = "sip-call"
TARGET = 4.0
UNIT = "ms CPU per call"


@dataclass(frozen=True, slots=True)
class Options:
    """How hard and how often.

    Attributes:
        rate: Calls a second; neither server may fail any.
        seconds: Length of one run.
        runs: Runs on each side.
        held: Calls held at the same time to weigh one; 0 leaves that out.
    """

    rate: int = 50
    seconds: int = 15
    runs: int = 3
    held: int = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One server with the caller and the callee that load it."""

    server: Server
    caller: sipp.Caller
    callee: sipp.Callee
    pid_file: Path | None = None

    @property
    def call_control(self) -> int:
        """Process id of our call control, without supervisor and engine; of the peer the server's own."""
        return self.server.pid if self.pid_file is None else int(self.pid_file.read_text())

    def measure(self, load: sipp.Load, *, meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
        """Make the calls of one run; what they cost and how they went. `meanwhile` is as of `sipp.Caller`."""
        callee_before = self.callee.counters()
        before = accounting.cpu_seconds_by_name(self.server.pid)
        caller = self.caller.run(load, meanwhile=meanwhile)
        after = accounting.cpu_seconds_by_name(self.server.pid)
        self.server.check_alive()
        callee = self.callee.counters().since(callee_before)
        spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
        return {
            "server": self.server.name,
            "calls": caller.successful,
            "failed": caller.failed,
            "retransmissions": caller.retransmissions + callee.retransmissions,
            "ms_per_call": 1000 * sum(spent.values()) / max(1, caller.successful),
            "ms_per_call_by_process": {
                n: round(1000 * s / max(1, caller.successful), 3) for n, s in spent.items()
            },
        }

    def bytes_per_call(self, held: int) -> dict[str, float]:
        """Memory per call just set up, by process: the slope between half of `held` calls and all of them."""
        seen: list[dict[str, int]] = []
        for calls in (held // 2, held):
            load = sipp.Load(rate=50, calls=calls, hold=calls / 50 + 3)
            self.caller.run(
                load, at_full_load=lambda: seen.append(accounting.anonymous_memory_by_name(self.server.pid))
            )
        half, full = seen
        return {name: (full[name] - half.get(name, 0)) / (held - held // 2) for name in full}


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both servers, alternating.

    Raises:
        BenchError: A server or sipp does not start, dies, or the callee cannot be reached.
    """
    load = sipp.Load(rate=options.rate, calls=options.rate * options.seconds)
    warm_up = sipp.Load(rate=options.rate, calls=options.rate * 3)
    runs: list[dict[str, Any]] = []
    notes: list[str] = []
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        ours = stimme(stack, Path(scratch), ports)
        peer = kamailio_proxy(stack, Path(scratch), ports)
        if options.held:
            weights = ours.bytes_per_call(options.held)
            notes.append(
                "memory per call in its first seconds, with its transactions: "
                + ", ".join(f"{name} {size / 1024:.1f} KiB" for name, size in weights.items())
            )
        for side in (ours, peer):
            side.measure(warm_up)
        for _ in range(options.runs):
            runs += [side.measure(load) for side in (ours, peer)]
    notes += [
        f"{side.server.name}: {_total(runs, side, 'calls')} calls at {options.rate}/s, "
        f"{_total(runs, side, 'failed')} failed, {_total(runs, side, 'retransmissions')} retransmissions"
        for side in (ours, peer)
    ]
    measurement = report.compare(
        NAME,
        [r["ms_per_call"] for r in runs if r["server"] == ours.server.name],
        [r["ms_per_call"] for r in runs if r["server"] == peer.server.name],
        peer_name=f"Kamailio {machine['kamailio']}",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    return report.Outcome(measurement, runs, notes)


def _total(runs: list[dict[str, Any]], side: Side, key: str) -> int:
    return sum(r[key] for r in runs if r["server"] == side.server.name)


def kamailio_proxy(stack: ExitStack, scratch: Path, ports: FreePorts) -> Side:
    """Kamailio between the same two."""
    directory = scratch / "kamailio"
    directory.mkdir()
    port, callee_port, callee_media, caller_port, caller_media = ports.take(5)
    callee = stack.enter_context(sipp.Callee(directory, port=callee_port, media_port=callee_media))
    server = stack.enter_context(kamailio.proxy(directory, port=port, callee_port=callee_port))
    # It passes OPTIONS on to the callee, who does not answer them: that its socket is open has to do.
    server.wait_until(lambda: not is_free(port))
    caller = sipp.Caller(
        directory, port=caller_port, media_port=caller_media, server_port=port, number="service"
    )
    return Side(server, caller, callee)


def stimme(stack: ExitStack, scratch: Path, ports: FreePorts, *, trace_megabytes: int = 32) -> Side:
    """Our node, with sipp's caller as its trunk and sipp's callee as its only telephone."""
    directory = scratch / "stimme"
    directory.mkdir()
    port, web, metrics, callee_port, callee_media, caller_port, caller_media = ports.take(7)
    site = stimme_server.Site(
        directory,
        sip_port=port,
        web_port=web,
        metrics_port=metrics,
        trunk_port=caller_port,
        trace_megabytes=trace_megabytes,
    )
    server = stack.enter_context(site.server())
    server.wait_until(lambda: sip_client.answers_options(port), seconds=60)
    site.register_telephone(callee_port)
    callee = stack.enter_context(sipp.Callee(directory, port=callee_port, media_port=callee_media))
    caller = sipp.Caller(
        directory, port=caller_port, media_port=caller_media, server_port=port, number=site.number
    )
    return Side(server, caller, callee, directory / "run" / "call-control.pid")
