"""Load generators beside the engine: crates/media/examples/rtp_load.rs and codec_load.rs."""

import json
import subprocess
from collections.abc import Callable, Iterable, Sequence
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


class Load:
    """A program that first tells who is there, then talks; a context manager that ends it."""

    def __init__(self, program: Path, arguments: Sequence[str]) -> None:
        self._command = pinned([str(program), *arguments])

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii"
        )
        self._read_hello(json.loads(self._line()))
        return self

    def _read_hello(self, hello: dict[str, Any]) -> None:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _tell(self, lines: Iterable[str]) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.writelines(f"{line}\n" for line in lines)
        pipe.flush()

    def _follow(self, at_start: Callable[[], None], at_end: Callable[[], None]) -> dict[str, Any]:
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


class RtpLoad(Load):
    """The telephones of one run in pairs, whose packets are followed one by one."""

    def __init__(self, program: Path, traffic: Traffic) -> None:
        arguments = [str(traffic.calls), str(traffic.warm_seconds), str(traffic.seconds)]
        super().__init__(program, arguments)
        self.ports: list[tuple[int, int]] = []

    def _read_hello(self, hello: dict[str, Any]) -> None:
        self.ports = [(a, b) for a, b in hello["ports"]]

    def talk(
        self,
        relay_ports: Sequence[tuple[int, int]],
        *,
        keys: Sequence[tuple[bytes, bytes]] = (),
        at_start: Callable[[], None] = lambda: None,
        at_end: Callable[[], None] = lambda: None,
    ) -> dict[str, Any]:
        """Send to the relay's ports, one pair a call, and hear what comes back; blocks until all is over.

        Args:
            relay_ports: Where the first and the second leg of each call send to, on 127.0.0.1.
            keys: What the first leg of each call encrypts and decrypts with; none: plain RTP.
            at_start: Called when the warm-up is over.
            at_end: Called when the last packet has been sent.

        Returns:
            What the generator counted: sent, received, lost, duplicates, strangers, send_errors,
            transit_us, worst_lag_us.
        """
        secrets = [f" {out.hex()} {back.hex()}" for out, back in keys] or [""] * len(relay_ports)
        pairs = zip(relay_ports, secrets, strict=True)
        self._tell(f"127.0.0.1:{a} 127.0.0.1:{b}{secret}" for (a, b), secret in pairs)
        return self._follow(at_start, at_end)


class CodecLoad(Load):
    """Telephones that speak a codec each; counted is how many packets they send and hear."""

    def __init__(self, program: Path, codecs: Sequence[str], *, warm_seconds: int, seconds: int) -> None:
        super().__init__(program, [str(warm_seconds), str(seconds), ",".join(codecs)])
        self.ports: list[int] = []

    def _read_hello(self, hello: dict[str, Any]) -> None:
        self.ports = [int(port) for port in hello["ports"]]

    def talk(
        self, targets: Sequence[int], *, at_start: Callable[[], None], at_end: Callable[[], None]
    ) -> dict[str, Any]:
        """Send to a port of 127.0.0.1 from each telephone; blocks until all is over.

        Returns:
            sent, received.
        """
        self._tell(f"127.0.0.1:{port}" for port in targets)
        return self._follow(at_start, at_end)
