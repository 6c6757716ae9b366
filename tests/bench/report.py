"""Figures, and how they are shown: medians, the printed table, build/bench.json, the machine."""

import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import processes


@dataclass(frozen=True, slots=True)
class Measurement:
    """One comparison, as it stands in build/bench.json.

    Attributes:
        name: Name by which `make bench ONLY=` asks for it.
        ours: Median of our runs, in `unit`.
        peer: Median of the peer's runs, in `unit`.
        peer_name: The peer and its version.
        ratio: ours ÷ peer; below 1 we need less.
        target: The ratio that is aimed at.
        unit: What the two figures count.
        runs: Number of runs on each side that the medians are taken from.
        command: What repeats the measurement.
        machine: Where it was made, with the versions of the programs involved.
    """

    name: str
    ours: float
    peer: float
    peer_name: str
    ratio: float
    target: float
    unit: str
    runs: int
    command: str
    machine: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one measurement hands back: the comparison, its single runs, and remarks worth printing."""

    measurement: Measurement
    runs: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def compare(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    peer_name: str,
    target: float,
    unit: str,
    command: str,
    machine: dict[str, str | int],
) -> Measurement:
    """Compare the medians of two series of runs.

    Raises:
        ValueError: A series is empty, the two differ in length, or the peer's median is not positive.
    """
    if not ours or len(ours) != len(peer):
        raise ValueError("both sides need the same number of runs, at least one")
    our_median, peer_median = statistics.median(ours), statistics.median(peer)
    if peer_median <= 0:
        raise ValueError("the peer used no time that could be measured")
    return Measurement(
        name=name,
        ours=round(our_median, 4),
        peer=round(peer_median, 4),
        peer_name=peer_name,
        ratio=round(our_median / peer_median, 3),
        target=target,
        unit=unit,
        runs=len(ours),
        command=command,
        machine=machine,
    )


def parse_cpu_model(cpuinfo: str) -> str:
    """The first "model name" in the text of /proc/cpuinfo, or "unknown"."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return " ".join(value.split())
    return "unknown"


def parse_version(line: str) -> str:
    """The first thing in a line that looks like a version number, or "missing"."""
    found = re.search(r"\d+\.\d+[\w.+-]*\w", line)
    return found[0] if found else "missing"


def describe_machine() -> dict[str, str | int]:
    """CPU model, number of cores, kernel, and the versions of Python and of the peers."""
    return {
        "cpu": parse_cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "kamailio": parse_version(processes.first_line(["kamailio", "-v"])),
        "rtpengine": parse_version(processes.first_line(["rtpengine", "--version"])),
        "sipp": parse_version(processes.first_line(["sipp", "-v"])),
    }


def table(measurements: Sequence[Measurement]) -> str:
    """The comparisons as lines of text, columns aligned."""
    header = ("measurement", "ours", "peer", "ratio", "target", "unit", "peer is")
    rows = [header] + [
        (m.name, f"{m.ours:.3f}", f"{m.peer:.3f}", f"{m.ratio:.2f}", f"{m.target:.2f}", m.unit, m.peer_name)
        for m in measurements
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def write(outcomes: Sequence[Outcome], build: Path) -> Path:
    """Write build/bench.json, and the single runs of each measurement to build/bench/NAME.json beside it."""
    details = build / "bench"
    details.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        path = details / f"{outcome.measurement.name}.json"
        path.write_text(json.dumps({"runs": outcome.runs, "notes": outcome.notes}, indent=2) + "\n")
    path = build / "bench.json"
    path.write_text(json.dumps([asdict(outcome.measurement) for outcome in outcomes], indent=2) + "\n")
    return path
