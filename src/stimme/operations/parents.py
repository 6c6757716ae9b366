"""What ties a process to the one that started it."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int | None = None) -> None:
    """Make the calling process receive SIGKILL when its parent thread ends; also for a ``preexec_fn``.

    Args:
        parent: The parent's process id; if it has died before it could be noticed, the caller dies now. Not
            needed in a ``preexec_fn``, for which the parent waits.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
