"""Free ports for the programs under test and their peers."""

import fcntl
import random
import socket
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


def free_ports(count: int) -> list[int]:
    """Ports of loopback that are free for TCP and UDP together with their next ones, none of them twice.

    baresip listens for TLS one above its SIP port. They lie below the ranges of demo systems, which lie below
    the one that the kernel gives to clients: what was free a moment ago still is when the program starts.
    """
    draw = random.SystemRandom()
    found: list[int] = []
    while len(found) < count:
        port = draw.randrange(2_000, 9_900, 2)
        if port not in found and _is_free(port) and _is_free(port + 1):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
