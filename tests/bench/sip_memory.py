"""`sip-memory`: what an established call weighs in Python, and what stays behind after many.

The weight is the slope of a fresh node's anonymous memory while calls are added at a fixed rate and all of
them stay; its peer is the weight that is aimed at. The transactions that set a call up are kept for half a
minute (RFC 3261 timers B, F and J, RFC 6026 L and M): once their number has become constant, what still grows
is what an established call takes. It is an upper bound: bounded tables (addresses once read, events to resume
from) fill meanwhile. What a call takes together with its transactions is in the notes. The trace of SIP
messages, which has a bound of its own, is switched off.

In another node calls come and go at a fixed rate for a long time; how much its memory grows once every
bounded table has filled is in the notes.
"""

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
_ADDED = 20
"""Calls a second that are added while calls are weighed."""
_TRANSACTIONS = 40.0
"""Seconds after which as many transactions end as begin."""
_WINDOW = 25.0
"""Seconds of adding calls that give one weight."""
_SETTLING = 0.4
"""This share of the soak is not looked at: bounded tables fill, the allocator finds its size."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how many.

    Attributes:
        seconds: Of calls after calls; an hour shows more than the ten minutes of the default.
        rate: Calls a second meanwhile.
        runs: How often the weight is taken, each from 500 further calls.
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
        young, weights = _weigh(sip_call.stimme(stack, Path(scratch), ports, trace_megabytes=0), options.runs)
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
        f"a call whose transactions are still kept: {young:.1f} KiB",
        f"{soak['calls']} calls in {options.seconds} s, {soak['failed']} failed; call control has "
        f"{settled[0][1] / 2**20:.1f} MiB after {settled[0][0]:.0f} s and {settled[-1][1] / 2**20:.1f} MiB "
        f"at the end: {growth:.0f} KiB an hour",
    ]
    runs = [{"weights_kib": weights}, {**soak, "memory": samples}]
    return report.Outcome(measurement, runs, notes)


def _weigh(side: sip_call.Side, runs: int) -> tuple[float, list[float]]:
    """KiB of a call with its transactions, and of established calls, window by window."""
    samples: list[tuple[float, int]] = []
    seconds = _TRANSACTIONS + runs * _WINDOW
    load = sipp.Load(rate=_ADDED, calls=int(_ADDED * (seconds + 5)), hold=seconds + 10)
    side.caller.run(load, meanwhile=lambda: _watch(side, samples, seconds, every=1.0))
    begins = [_TRANSACTIONS + run * _WINDOW for run in range(runs)]
    weights = [_weight(samples, begin, begin + _WINDOW) for begin in begins]
    return _weight(samples, 0.0, _TRANSACTIONS - 10), weights


def _weight(samples: list[tuple[float, int]], begin: float, end: float) -> float:
    """KiB that each call added between two moments takes."""
    chosen = [(at, memory) for at, memory in samples if begin <= at < end]
    return slope([at for at, _ in chosen], [memory for _, memory in chosen]) / _ADDED / 1024


def _watch(side: sip_call.Side, samples: list[tuple[float, int]], seconds: float, *, every: float) -> None:
    """Notes the memory by seconds since the beginning."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        samples.append((elapsed, _python(side)))
        time.sleep(every)


def _soak(side: sip_call.Side, options: Options) -> tuple[list[tuple[float, int]], dict[str, Any]]:
    """Memory in bytes by seconds since the beginning, and how the calls went."""
    samples: list[tuple[float, int]] = []
    every = min(5.0, options.seconds / 40)
    load = sipp.Load(rate=options.rate, calls=options.rate * options.seconds)
    counts = side.measure(load, meanwhile=lambda: _watch(side, samples, options.seconds - 1, every=every))
    return samples, counts


def _python(side: sip_call.Side) -> int:
    """Anonymous memory of call control itself, without supervisor and engine."""
    return accounting.anonymous_memory(side.call_control)


def slope(times: list[float], values: list[int]) -> float:
    """Of the straight line through the points; 0 for fewer than two."""
    return statistics.linear_regression(times, values).slope if len(times) > 1 else 0.0
