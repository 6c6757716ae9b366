"""The load generator of `rtp-relay`, a Rust program beside the engine: crates/media/examples/rtp_load.rs."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from tests.bench.processes import BenchError, pinned

_SPARE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much is sent.

    Attributes:
        calls: Calls at the same time; each leg of each sends 50 packets a second.
        warm_seconds: Traffic before the measurement begins.
        seconds: Traffic while it lasts.
    """

    calls: int
    warm_seconds: int
    seconds: int


class RtpLoad:
    """The telephones of one run: first tells their ports, then talks.

    Use it as a context manager; leaving the block ends the program.
    """

    def __init__(self, program: Path, traffic: Traffic) -> None:
        self._traffic = traffic
        arguments = [str(traffic.calls), str(traffic.warm_seconds), str(traffic.seconds)]
        self._command = pinned([str(program), *arguments])
        self.ports: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii"
        )
        self.ports = [(a, b) for a, b in json.loads(self._line())["ports"]]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def talk(
        self,
        relay_ports: Sequence[tuple[int, int]],
        *,
        at_start: Callable[[], None],
        at_end: Callable[[], None],
    ) -> dict[str, Any]:
        """Send to the relay's ports, one pair a call, and hear what comes back; blocks until all is over.

        Args:
            relay_ports: Where the first and the second leg of each call send to, on 127.0.0.1.
            at_start: Called when the warm-up is over.
            at_end: Called when the last packet has been sent.

        Returns:
            What the generator counted: sent, received, lost, duplicates, strangers, send_errors,
            transit_us, worst_lag_us.
        """
        self._pipe(self._process.stdin).writelines(f"127.0.0.1:{a} 127.0.0.1:{b}\n" for a, b in relay_ports)
        self._pipe(self._process.stdin).flush()
        self._expect("measuring")
        at_start()
        self._expect("measured")
        at_end()
        result: dict[str, Any] = json.loads(self._line())
        self._process.wait(_SPARE_SECONDS)
        return result

    def _expect(self, word: str) -> None:
        line = self._line()
        if line != word:
            raise BenchError(f"the load generator says {line!r} instead of {word!r}")

    def _line(self) -> str:
        line = self._pipe(self._process.stdout).readline().strip()
        if not line:
            raise BenchError("the load generator ended early")
        return line

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise BenchError("the load generator has not been started")
        return pipe
