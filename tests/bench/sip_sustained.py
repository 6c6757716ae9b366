"""`sip-sustained`: five minutes at 80 % of the highest rate, without a failed call or a retransmission.

First the highest rate is looked for, in steps up by runs of ten seconds and down by longer ones: the highest
at which no call failed and nothing was sent again. Then 80 % of it, all the time; CPU per call is read for
each third and compared with Kamailio's at the same rate. That nothing failed is in the notes: the point.
"""

import itertools
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import accounting, report, sip_call
from tests.bench.peers import sipp
from tests.bench.processes import BenchError, FreePorts

NAME = "sip-sustained"
TARGET = sip_call.TARGET
SHARE = 0.8
_FIRST, _STEP, _MOST = 75, 25, 600
_STEP_SECONDS = 10
_HOLD_SECONDS = 45
"""Longer than transactions are kept (RFC 3261 timers B, F, H, J): until then calls get dearer."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long.

    Attributes:
        seconds: At 80 % of the highest rate.
        runs: Parts that it is read in, and runs of the peer.
    """

    seconds: int = 300
    runs: int = 3


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Look for the highest rate, then stay below it.

    Raises:
        BenchError: A server or sipp does not start, dies, or the lowest rate fails already.
    """
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        ours = sip_call.stimme(stack, Path(scratch), ports)
        peer = sip_call.kamailio_proxy(stack, Path(scratch), ports)
        highest, steps = _highest(ours)
        rate = int(highest * SHARE)
        parts, whole = _stay(ours, sipp.Load(rate=rate, calls=rate * options.seconds), options)
        load = sipp.Load(rate=rate, calls=rate * _STEP_SECONDS)
        peers = [peer.measure(load) for _ in range(options.runs)]
    measurement = report.compare(
        NAME,
        parts,
        [each["ms_per_call"] for each in peers],
        peer_name=f"Kamailio {machine['kamailio']}",
        target=TARGET,
        unit=sip_call.UNIT,
        command=command,
        machine=machine,
    )
    notes = [
        f"highest rate without a failed call or a retransmission in {_HOLD_SECONDS} s: {highest} calls/s",
        f"{rate} calls/s for {options.seconds} s: {whole['calls']} calls, {whole['failed']} failed, "
        f"{whole['retransmissions']} retransmissions",
    ]
    return report.Outcome(measurement, [*steps, {**whole, "parts_ms_per_call": parts}, *peers], notes)


def _highest(side: sip_call.Side) -> tuple[int, list[dict[str, Any]]]:
    """The rate, and all that was tried; of the one looked for the last."""
    side.measure(sipp.Load(rate=_FIRST, calls=_FIRST * 3))
    steps: list[dict[str, Any]] = []

    def clean(rate: int, seconds: int) -> bool:
        load = sipp.Load(rate=rate, calls=rate * seconds)
        try:
            step = side.measure(load)
        except (
            BenchError
        ) as error:  # so much that sipp does not come to its end; a dead server is another matter
            side.server.check_alive()
            step = {"failed": load.calls, "retransmissions": 0, "why": str(error)}
        steps.append({"rate": rate, **step})
        time.sleep(2)
        return not step["failed"] and not step["retransmissions"]

    short = itertools.takewhile(lambda rate: clean(rate, _STEP_SECONDS), range(_FIRST, _MOST + 1, _STEP))
    highest = max(short, default=0)
    while highest and not clean(highest, _HOLD_SECONDS):
        highest -= _STEP
    if highest < _FIRST:
        raise BenchError(f"not even {_FIRST} calls/s without a failed call or a retransmission: {steps}")
    return highest, steps


def _stay(side: sip_call.Side, load: sipp.Load, options: Options) -> tuple[list[float], dict[str, Any]]:
    """Milliseconds of CPU per call for each part, and the whole."""
    marks: list[tuple[float, int]] = []

    def watch() -> None:
        began = time.monotonic()
        for part in range(options.runs + 1):
            # The first and the last second are not looked at: calls begin, or end, only.
            due = began + 1 + part * (options.seconds - 2) / options.runs
            time.sleep(max(0.0, due - time.monotonic()))
            marks.append((accounting.cpu_seconds(side.server.pid), side.callee.counters().successful))

    whole = side.measure(load, meanwhile=watch)
    parts = [
        1000 * (cpu - cpu_before) / max(1, calls - calls_before)
        for (cpu_before, calls_before), (cpu, calls) in itertools.pairwise(marks)
    ]
    return parts, whole
