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

import structlog

from stimme.operations.parents import die_with_parent
from stimme.operations.supervisor import Patience

_STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
_WATCHED = _STOPPING | {signal.SIGCHLD}
_log = structlog.get_logger(__name__)


def keep_running(work: Callable[[], int], pid_file: Path, patience: Patience) -> int:
    """Fork a worker, and another whenever it dies; call it before any thread or event loop exists.

    Args:
        work: What the worker does; returns its exit status.
        pid_file: Holds the worker's process id while it lives.
        patience: How restarts are paced.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT, else that of a worker which ended with 0 by itself.
    """
    # Waited for instead of handled: a handler's flag that is set just before `waitpid` begins would be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    gc.freeze()
    quick_deaths = 0
    while True:
        began = time.monotonic()
        status, stopping = _live_once(work, pid_file)
        if stopping or status == 0:
            return 0
        _log.warning("worker ended", status=status)
        quick_deaths = quick_deaths + 1 if time.monotonic() - began < patience.quick else 0
        if _told_to_stop(patience.wait_after(quick_deaths)):
            return 0


def _live_once(work: Callable[[], int], pid_file: Path) -> tuple[int, bool]:
    """Gives the worker's exit status, and whether somebody wanted the end."""
    parent = os.getpid()
    worker = os.fork()
    if worker == 0:
        _be_worker(work, parent)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(f"{worker}\n")
    stopping = False
    try:
        while True:
            number = signal.sigwait(_WATCHED)
            if number in _STOPPING:
                stopping = True
                os.kill(worker, number)
                continue
            ended, waited = os.waitpid(worker, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(waited), stopping
    finally:
        pid_file.unlink(missing_ok=True)


def _be_worker(work: Callable[[], int], parent: int) -> None:
    """Never returns. What goes wrong in the work is printed, as the interpreter does it."""
    status = 1
    try:
        die_with_parent(parent)
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        status = work()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a fork must not go on in its parent's frames, whatever happened
        _log.exception("worker failed")
    finally:
        os._exit(status)


def _told_to_stop(seconds: float) -> bool:
    """Waits so long; True as soon as somebody wants the end."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        told = signal.sigtimedwait(_WATCHED, left)
        if told is not None and told.si_signo in _STOPPING:
            return True
    return False
