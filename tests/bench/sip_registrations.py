"""`sip-registrations`: 20,000 telephones held, each of which refreshes every two minutes.

The figure is the share of one core that this takes, against Kamailio's registrar for the same; aimed at are
less than 25 %. Meanwhile an INVITE goes in five times a second, from the trunk to a telephone that is busy:
how long it takes until the INVITE comes out again at the telephone is in the notes; aimed at are less than
2 ms at the median.
"""

import os
import socket
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import by_hand, report, sip_register, stimme_server
from tests.bench.peers import sipp
from tests.bench.processes import LOAD_CORE, FreePorts

NAME = "sip-registrations"
TARGET = sip_register.TARGET
UNIT = "% of one core"
LIMIT_PERCENT, LIMIT_MS = 25.0, 2.0
INTERVAL = 120
_PROBES_PER_SECOND = 5


@dataclass(frozen=True, slots=True)
class Options:
    """How many telephones, how long and how often.

    Attributes:
        telephones: All of them are registered before the first run.
        seconds: Length of one run.
        runs: Runs on each side.
    """

    telephones: int = 20_000
    seconds: int = 15
    runs: int = 3


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both registrars, alternating.

    Raises:
        BenchError: A server or sipp does not start, dies, or refuses everybody.
    """
    rate = max(1, round(options.telephones / INTERVAL))
    load = sipp.Load(rate=rate, calls=rate * options.seconds)
    everybody = sipp.Load(rate=2 * rate, calls=options.telephones)
    runs: list[dict[str, Any]] = []
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        ours, site = sip_register.ours(stack, Path(scratch), ports, options.telephones)
        peer = sip_register.peer(stack, Path(scratch), ports, options.telephones)
        filled = [side.measure(everybody) for side in (ours, peer)]
        probe = stack.enter_context(Probe(site, ports.take(1)[0]))
        for _ in range(options.runs):
            runs.append(ours.measure(load, during=lambda: probe.ask(options.seconds)))
            runs.append(peer.measure(load))
    for each in runs:
        spent = sum(each["cpu_seconds_by_process"].values())
        each["percent"] = 100 * spent / (each["refreshes"] / rate)
    measurement = report.compare(
        NAME,
        [each["percent"] for each in runs if each["server"] == ours.server.name],
        [each["percent"] for each in runs if each["server"] == peer.server.name],
        peer_name=f"Kamailio {machine['kamailio']}",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    waits = sorted(probe.milliseconds)
    notes = [
        f"{options.telephones} telephones, {rate} refreshes a second: {measurement.ours:.1f} % of a core "
        f"(aimed at: {LIMIT_PERCENT:.0f}), with {_PROBES_PER_SECOND} INVITEs a second",
        f"INVITE in to INVITE out: median {statistics.median(waits):.2f} ms (aimed at: {LIMIT_MS:.0f}), "
        f"95 % within {waits[len(waits) * 95 // 100]:.2f} ms, {len(waits)} calls, {probe.lost} without",
        *(sip_register.summary(filled + runs, side.server.name) for side in (ours, peer)),
    ]
    return report.Outcome(measurement, [*runs, {"invite_ms": waits}], notes)


@dataclass(slots=True)
class Probe:
    """A provider that calls and a telephone that is busy: the time between the two INVITEs.

    Attributes:
        milliseconds: From sending the INVITE to receiving ours, call by call.
        lost: Calls that did not arrive within a second.
    """

    site: stimme_server.Site
    telephone_port: int
    milliseconds: list[float] = field(default_factory=list)
    lost: int = 0
    _trunk: socket.socket = field(init=False, repr=False)
    _telephone: socket.socket = field(init=False, repr=False)

    def __enter__(self) -> "Probe":
        self.site.register_telephone(self.telephone_port)
        self._trunk = by_hand.open_at(self.site.trunk_port, self.site.sip_port)
        self._telephone = by_hand.open_at(self.telephone_port, self.site.sip_port)
        return self

    def __exit__(self, *_: object) -> None:
        self._trunk.close()
        self._telephone.close()

    def ask(self, seconds: float) -> None:
        """Calls for as long as this, from the core of the load."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            ends = time.monotonic() + seconds - 1
            while time.monotonic() < ends:
                self._call()
                time.sleep(1 / _PROBES_PER_SECOND)
        finally:
            os.sched_setaffinity(0, before)

    def _call(self) -> None:
        call = by_hand.Call(f"{len(self.milliseconds)}-{self.lost}-{os.getpid()}", self._dialled, self._trunk)
        began = time.perf_counter()
        call.invite()
        try:
            invite = by_hand.receive(self._telephone, "INVITE")
            self.milliseconds.append(1000 * (time.perf_counter() - began))
            self._telephone.send(by_hand.response(invite, "486 Busy Here"))
            call.acknowledge(by_hand.receive(self._trunk, "SIP/2.0 486"))
            by_hand.receive(self._telephone, "ACK")
        except TimeoutError:
            self.lost += 1

    @property
    def _dialled(self) -> str:
        return f"sip:{self.site.number}@127.0.0.1:{self.site.sip_port}"
