"""`sip-memory`: what an established call weighs in Python, and what stays behind after many.

The weight is the slope of a fresh node's anonymous memory while more and more calls are held; its peer is the
weight that is aimed at. It is an upper bound: bounded tables (addresses once read, events to resume from)
fill meanwhile. A node that has had calls would show too little, because what they have freed is used first.
The trace of SIP messages, which has a bound of its own, is switched off.

In another node calls come and go at a fixed rate for a long time; how much its memory grows once every
bounded table has filled is in the notes.
"""

import itertools
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import accounting, report, sip_call
from tests.bench.peers import sipp
from tests.bench.processes import FreePorts

NAME = "sip-memory"
AIM_KIB = 30.0
UNIT = "KiB per established call"
_STEP = 200
_SETTLING = 0.4
"""This share of the soak is not looked at: bounded tables fill, the allocator finds its size."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how many.

    Attributes:
        seconds: Of calls after calls; an hour shows more than the ten minutes of the default.
        rate: Calls a second meanwhile.
        runs: How often 200 more calls are held.
    """

    seconds: int = 600
    rate: int = 50
    runs: int = 3


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Weigh calls in one node, let calls come and go in another.

    Raises:
        BenchError: A server or sipp does not start, dies, or calls do not come up.
    """
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        weights = _weigh(sip_call.stimme(stack, Path(scratch), ports, trace_megabytes=0), options.runs)
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        samples, soak = _soak(sip_call.stimme(stack, Path(scratch), ports), options)
    measurement = report.compare(
        NAME,
        weights,
        [AIM_KIB] * len(weights),
        peer_name="what is aimed at",
        target=1.0,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    settled = samples[int(len(samples) * _SETTLING) :]
    growth = slope([at for at, _ in settled], [memory for _, memory in settled]) * 3600 / 1024
    notes = [
        f"{soak['calls']} calls in {options.seconds} s, {soak['failed']} failed; call control has "
        f"{settled[0][1] / 2**20:.1f} MiB after {settled[0][0]:.0f} s and {settled[-1][1] / 2**20:.1f} MiB "
        f"at the end: {growth:.0f} KiB an hour",
    ]
    runs = [{"weights_kib": weights}, {**soak, "memory": samples}]
    return report.Outcome(measurement, runs, notes)


def _weigh(side: sip_call.Side, runs: int) -> list[float]:
    """KiB that each further call takes, step by step. Each step holds more calls than all before."""
    seen: list[int] = []
    for calls in range(_STEP, _STEP * (runs + 2), _STEP):
        load = sipp.Load(rate=50, calls=calls, hold=calls / 50 + 5)
        side.caller.run(load, at_full_load=lambda: seen.append(_python(side)))
    return [(after - before) / _STEP / 1024 for before, after in itertools.pairwise(seen)]


def _soak(side: sip_call.Side, options: Options) -> tuple[list[tuple[float, int]], dict[str, Any]]:
    """Memory in bytes by seconds since the beginning, and how the calls went."""
    samples: list[tuple[float, int]] = []

    def watch() -> None:
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < options.seconds - 1:
            samples.append((elapsed, _python(side)))
            time.sleep(min(5.0, options.seconds / 40))

    load = sipp.Load(rate=options.rate, calls=options.rate * options.seconds)
    return samples, side.measure(load, meanwhile=watch)


def _python(side: sip_call.Side) -> int:
    """Anonymous memory of call control itself, without supervisor and engine."""
    return accounting.anonymous_memory(side.call_control)


def slope(times: list[float], values: list[int]) -> float:
    """Of the straight line through the points; 0 for fewer than two."""
    return statistics.linear_regression(times, values).slope if len(times) > 1 else 0.0
