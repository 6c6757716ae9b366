"""Starts a worker from a process that has everything loaded already, so that a restart takes no time.

Importing call control costs more than a second of processor time; during a call that is a second too many.
So the supervisor's child imports it once and then forks: the fork does the work, its parent waits. When the
worker dies, the next one is there at once, with all its modules in memory that both share.

Policy: a worker that ends by itself with status 0 has been told to; every other end is followed by a new one,
paced as `Patience` says. SIGTERM and SIGINT are passed on to the worker. The worker dies with its parent.
"""

import gc
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog

from stimme.operations.supervisor import Patience, die_with_parent

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_log = structlog.get_logger(__name__)


class _Parent:
    """What the waiting process knows: its worker, and whether somebody wants the end."""

    def __init__(self) -> None:
        self.worker = 0
        self.stopping = False

    def stop(self, number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        if self.worker:
            os.kill(self.worker, number)


def keep_running(work: Callable[[], int], pid_file: Path, patience: Patience) -> int:
    """Fork a worker, and another whenever it dies; call it before any thread or event loop exists.

    Args:
        work: What the worker does; returns its exit status.
        pid_file: Holds the worker's process id while it lives.
        patience: How restarts are paced.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT, else that of a worker which ended with 0 by itself.
    """
    parent = _Parent()
    for number in _STOPPING:
        signal.signal(number, parent.stop)
    gc.freeze()
    quick_deaths = 0
    while not parent.stopping:
        began = time.monotonic()
        status = _live_once(parent, work, pid_file)
        if parent.stopping or status == 0:
            break
        _log.warning("worker ended", status=status)
        quick_deaths = quick_deaths + 1 if time.monotonic() - began < patience.quick else 0
        _pause(parent, patience.wait_after(quick_deaths))
    return 0


def _live_once(parent: _Parent, work: Callable[[], int], pid_file: Path) -> int:
    # Between fork and the entry in `parent` a signal must not be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    worker = os.fork()
    if worker == 0:
        _be_worker(work)
    parent.worker = worker
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(f"{worker}\n")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    try:
        _, waited = os.waitpid(worker, 0)
    finally:
        parent.worker = 0
        pid_file.unlink(missing_ok=True)
    return os.waitstatus_to_exitcode(waited)


def _be_worker(work: Callable[[], int]) -> None:
    """Never returns. What goes wrong in the work is printed, as the interpreter does it."""
    status = 1
    try:
        die_with_parent()
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        status = work()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a fork must not go on in its parent's frames, whatever happened
        _log.exception("worker failed")
    finally:
        os._exit(status)


def _pause(parent: _Parent, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not parent.stopping and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
