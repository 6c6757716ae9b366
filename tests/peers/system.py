"""The whole system under test, started and told about as any outsider's program does it."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.peers.baresip import Line, Transport

_ROOT = Path(__file__).resolve().parents[2]
_END_SECONDS = 20.0
"""On a machine that does other work; how fast a demo ends is `test_demo`'s business."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo.

    Attributes:
        data: Its folder.
        facts: The line of JSON that it printed.
        process: `bin/stimme demo`.
    """

    data: Path
    facts: dict[str, Any]
    process: subprocess.Popen[str]

    def user(self, extension: str) -> dict[str, Any]:
        """A user as described."""
        found: dict[str, Any] = next(u for u in self.facts["users"] if u["extension"] == extension)
        return found

    def line(
        self, extension: str, transport: Transport = "udp", *, device: int = 0, password: str | None = None
    ) -> Line:
        """What a desk telephone of a user registers with."""
        known = self.user(extension)["devices"][device]
        return Line(
            user=known["sip_user"],
            password=password or known["sip_password"],
            domain=self.facts["domain"],
            proxy=self.facts["sip"][transport],
            transport=transport,
            ca=Path(self.facts["ca"]) if transport == "tls" else None,
        )

    def pid(self, part: str) -> int:
        """The process id of a part: `call-control`, `media`, `kamailio`, `baresip-echo`, …"""
        return int((self.data / "run" / f"{part}.pid").read_text())

    def alive(self, part: str, *, other_than: int) -> bool:
        """Whether a part runs in another process than that one."""
        try:
            return self.pid(part) != other_than
        except (FileNotFoundError, ValueError):
            return False

    def kill(self, part: str) -> None:
        """End a part without a warning, as a crash does."""
        os.kill(self.pid(part), signal.SIGKILL)

    def pause(self, part: str) -> None:
        """Let a part stand still, as when its network is cut."""
        os.killpg(self.pid(part), signal.SIGSTOP)

    def resume(self, part: str) -> None:
        """Let a paused part go on."""
        os.killpg(self.pid(part), signal.SIGCONT)

    def health(self) -> str:
        """What the node says of itself; empty while it does not answer."""
        try:
            answer = httpx.get(f"{self.facts['api']}/health", verify=self.trust(), timeout=2)
        except httpx.HTTPError:
            return ""
        return str(answer.json()["status"])

    def trust(self) -> ssl.SSLContext:
        """A TLS context that trusts the demo's own authority."""
        return ssl.create_default_context(cafile=self.facts["ca"])

    @contextlib.contextmanager
    def sign_in(self, login: str) -> Iterator[httpx.Client]:
        """An HTTP client that is signed in, for the length of a block."""
        password = next(a["password"] for a in self.facts["accounts"] if a["login"] == login)
        with httpx.Client(base_url=self.facts["api"], verify=self.trust(), timeout=10) as client:
            client.post("/session", json={"login": login, "password": password}).raise_for_status()
            yield client

    def as_user(self, extension: str) -> AbstractContextManager[httpx.Client]:
        """An HTTP client signed in as a user."""
        return self.sign_in(self.user(extension)["login"])

    def as_role(self, role: str) -> AbstractContextManager[httpx.Client]:
        """An HTTP client signed in as the first account of a role."""
        return self.sign_in(next(a["login"] for a in self.facts["accounts"] if a["role"] == role))

    def log(self, part: str) -> str:
        """What a part has logged so far."""
        return (self.data / "log" / f"{part}.log").read_text(errors="replace")


@contextlib.contextmanager
def running_demo(data: Path, base_port: int, *options: str) -> Iterator[Demo]:
    """The demo for the length of a block.

    Args:
        data: Its folder.
        base_port: Its lowest port.
        options: Further ones, for example `--no-limits`.
    """
    command = [*_command(data, base_port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/")
    try:
        assert process.stdout is not None
        # What its supervisor warns of (a part that it had to start again) comes on the same way.
        said = [""]
        while not said[-1].startswith("{") and (line := process.stdout.readline()):
            said.append(line)
        facts = json.loads(said[-1]) if said[-1].startswith("{") else {}
        assert "web" in facts, f"the demo did not start: {''.join(said)}"
        yield Demo(data, facts, process)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def refused_demo(data: Path, base_port: int) -> tuple[int, dict[str, Any]]:
    """Start a demo that cannot run: its exit status and what it printed."""
    result = subprocess.run(_command(data, base_port), stdout=subprocess.PIPE, timeout=60, check=False)
    return result.returncode, json.loads(result.stdout)


def _command(data: Path, base_port: int) -> list[str]:
    program = str(_ROOT / "bin" / "stimme")
    return [program, "demo", "--data", str(data), "--base-port", str(base_port), "--json"]
