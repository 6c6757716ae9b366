"""Free base ports for demo systems under test."""

import fcntl
import random
import tempfile
from pathlib import Path
from typing import IO

import pytest

from stimme.demo.ports import SPAN, DemoPorts, PortError

_RESERVED: dict[int, IO[str]] = {}
"""Bases of this process, each with its locked file. Ports are taken seconds after they were found free:
without a lock two processes that start a demo at once find the same ones."""


def free_base_port() -> int:
    """A base whose ports are free right now, below those the system gives to clients.

    No other process of these tests gets it as long as this one lives.
    """
    bases = list(range(10000, 32768 - SPAN, SPAN))
    random.SystemRandom().shuffle(bases)
    for base in sorted(bases, key=lambda each: each not in _RESERVED):
        ours = base in _RESERVED
        if not ours and not _reserve(base):
            continue
        try:
            DemoPorts.counted_from(base).require_free()
        except PortError:
            if not ours:
                _RESERVED.pop(base).close()
            continue
        return base
    pytest.fail("no free range of ports")


def _reserve(base: int) -> bool:
    file = (Path(tempfile.gettempdir()) / f"stimme-tests-{base}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _RESERVED[base] = file
    return True
