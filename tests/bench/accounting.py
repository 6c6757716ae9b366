"""What a set of processes has used: CPU time and memory, read from /proc.

A server is its process tree: supervisor, call control and engine on our side, main process and workers on the
peer's. CPU time of children that have ended and were waited for is included, so a restart cannot hide work.
"""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STAT_FIELDS_BEFORE_STATE = 2
"""proc(5) numbers the fields of `stat` from 1; after pid and (comm) are cut off, field 3 has index 0."""


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """One line of /proc/PID/stat, as far as it matters here.

    Attributes:
        pid: Process id.
        name: Command name, without the brackets.
        parent: Process id of the parent.
        cpu_seconds: User and system time of all its threads, and of the children it has waited for.
    """

    pid: int
    name: str
    parent: int
    cpu_seconds: float


def parse_stat(line: str) -> ProcessStat:
    """Parse a line of /proc/PID/stat (proc(5)); the command name may hold spaces and brackets.

    Raises:
        ValueError: The line does not look like one from /proc.
    """
    head, opened, rest = line.partition("(")
    name, closed, tail = rest.rpartition(")")
    if not opened or not closed:
        raise ValueError(f"no command name in {line!r}")
    fields = tail.split()
    if len(fields) < 15:
        raise ValueError(f"too few fields in {line!r}")

    def field(number: int) -> int:
        return int(fields[number - 1 - _STAT_FIELDS_BEFORE_STATE])

    ticks = field(14) + field(15) + field(16) + field(17)  # utime, stime, cutime, cstime
    return ProcessStat(int(head), name, field(4), ticks / _TICKS_PER_SECOND)


def all_processes() -> dict[int, ProcessStat]:
    """Every process there is now, by its id."""
    found: dict[int, ProcessStat] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we were looking
    return found


def tree(root: int, processes: dict[int, ProcessStat]) -> list[ProcessStat]:
    """The process `root` and all that descend from it, parents before children; empty when it is gone."""
    if root not in processes:
        return []
    members = [processes[root]]
    for member in members:
        members += [child for child in processes.values() if child.parent == member.pid]
    return members


def cpu_seconds(root: int) -> float:
    """User and system time of a process tree so far, in seconds (resolution: one clock tick, 10 ms)."""
    return sum(member.cpu_seconds for member in tree(root, all_processes()))


def cpu_seconds_by_name(root: int) -> dict[str, float]:
    """As `cpu_seconds`, split by command name."""
    split: dict[str, float] = {}
    for member in tree(root, all_processes()):
        split[member.name] = split.get(member.name, 0.0) + member.cpu_seconds
    return split


def parse_anonymous_memory(status: str) -> int:
    """Bytes of anonymous memory (heap, stacks) from the text of /proc/PID/status; 0 for a kernel thread."""
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def anonymous_memory(pid: int) -> int:
    """Bytes of anonymous memory of one process, without its children."""
    return parse_anonymous_memory((PROC / str(pid) / "status").read_text())


def anonymous_memory_of_all(root: int) -> int:
    """Bytes of anonymous memory of a process tree."""
    return sum(anonymous_memory_by_name(root).values())


def anonymous_memory_by_name(root: int) -> dict[str, int]:
    """Bytes of anonymous memory of a process tree, split by command name."""
    split: dict[str, int] = {}
    for member in tree(root, all_processes()):
        status = (PROC / str(member.pid) / "status").read_text()
        split[member.name] = split.get(member.name, 0) + parse_anonymous_memory(status)
    return split
