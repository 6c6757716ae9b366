"""CPU time and memory as /proc tells them."""

import os
import subprocess
import sys

import pytest
from tests.bench import accounting
from tests.bench.accounting import ProcessStat

TICKS = os.sysconf("SC_CLK_TCK")
LINE = (
    "4711 (a (very) odd name) S 17 4711 4711 0 -1 4194560 1 2 3 4 "
    "150 50 25 75 20 0 8 0 9021 1000 200 18446744073709551615"
)


def test_a_command_name_may_hold_brackets_and_spaces() -> None:
    stat = accounting.parse_stat(LINE)
    assert (stat.pid, stat.name, stat.parent) == (4711, "a (very) odd name", 17)


def test_cpu_time_is_user_and_system_of_itself_and_of_ended_children() -> None:
    assert accounting.parse_stat(LINE).cpu_seconds == pytest.approx((150 + 50 + 25 + 75) / TICKS)


@pytest.mark.parametrize("line", ["", "12 sh S 1", "12 (sh) S 1 2 3"])
def test_what_is_not_a_stat_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"name|few"):
        accounting.parse_stat(line)


def test_a_tree_has_all_descendants_and_nobody_else() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1}
    processes = {pid: ProcessStat(pid, f"p{pid}", parent, 1.0) for pid, parent in parents.items()}
    assert [member.pid for member in accounting.tree(10, processes)] == [10, 11, 12]
    assert accounting.tree(99, processes) == []


def test_work_of_an_ended_child_is_counted() -> None:
    before = accounting.cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "for _ in range(2_000_000): pass"], check=True)
    assert accounting.cpu_seconds(os.getpid()) > before


def test_anonymous_memory_is_read_in_bytes() -> None:
    status = "Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t     640 kB\nRssFile:\t 260 kB\n"
    assert accounting.parse_anonymous_memory(status) == 640 * 1024
    assert accounting.parse_anonymous_memory("Name:\tkthreadd\n") == 0


def test_memory_of_this_process_is_found_by_name() -> None:
    assert sum(accounting.anonymous_memory_by_name(os.getpid()).values()) > 0
