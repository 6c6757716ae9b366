"""Ending a process of a node as a crash does, and what has to be true of its files afterwards."""

import asyncio
import os
import signal
import time
from pathlib import Path

from stimme.store.journal import CallJournal
from stimme.store.secrets import open_vault

_POLL_SECONDS = 0.02


def kill(pid_file: Path) -> int:
    """End the process of a pid file without a warning; gives its id."""
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    return pid


def await_successor(pid_file: Path, killed: int, *, seconds: float = 30.0) -> None:
    """Wait until another process has taken the place of a killed one; nothing but its pid file tells."""
    deadline = time.monotonic() + seconds
    while not (pid_file.exists() and pid_file.read_text().strip() not in ("", str(killed))):
        assert time.monotonic() < deadline, f"no successor: {pid_file.name}"
        time.sleep(_POLL_SECONDS)


def assert_nothing_journalled(directory: Path) -> None:
    """The journal of a node holds no call and no leg."""
    vault = open_vault(directory / "secret.key")
    journal = CallJournal(directory / "calls.journal", lambda work: None, vault)
    try:
        assert asyncio.run(journal.load()) == {}
    finally:
        journal.close()
