"""sipp with its built-in scenarios: `uac` calls, `uas` answers at once, and both keep count."""

import csv
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import LOAD_CORE, BenchError, Server, pinned

_NO_CALL_FAILED = 0
_SOME_CALLS_FAILED = 1
_RAMP_SECONDS = 20.0
_SLACK = 1.5
"""sipp gets behind its rate when the machine does other work too."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What sipp has counted since it started.

    Attributes:
        successful: Calls that went through the whole scenario.
        failed: Calls that did not.
        retransmissions: Messages sent or received again.
        current: Calls up now.
    """

    successful: int = 0
    failed: int = 0
    retransmissions: int = 0
    current: int = 0

    def since(self, earlier: "Counters") -> "Counters":
        """What has been added since `earlier`; calls up now are not a sum and stay."""
        return Counters(
            self.successful - earlier.successful,
            self.failed - earlier.failed,
            self.retransmissions - earlier.retransmissions,
            self.current,
        )


def parse_statistics(text: str) -> Counters:
    """The cumulative counters on the last complete line of a file written by `-trace_stat`."""
    complete = text[: text.rfind("\n") + 1]
    rows = list(csv.DictReader(complete.splitlines(), delimiter=";"))
    if not rows:
        return Counters()
    last = rows[-1]
    return Counters(
        int(last["SuccessfulCall(C)"]),
        int(last["FailedCall(C)"]),
        int(last["Retransmissions(C)"]),
        int(last["CurrentCall"]),
    )


class Callee:
    """The built-in `uas` scenario, or one of ours, on 127.0.0.1:`port`, for as long as the block lasts."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int,
        media_port: int,
        scenario: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._statistics = directory / f"uas-{port}.csv"
        command = ["sipp", *_scenario("uas", scenario), "-i", "127.0.0.1", "-p", str(port), *options]
        command += [
            "-mp",
            str(media_port),
            "-trace_err",
            "-error_file",
            str(directory / f"uas-{port}.errors"),
        ]
        command += ["-nostdin", "-trace_stat", "-stf", str(self._statistics), "-fd", "1"]
        self._server = Server("sipp uas", command, log=directory / f"uas-{port}.log", core=LOAD_CORE)

    def __enter__(self) -> "Callee":
        self._server.__enter__()
        self._server.wait_until(lambda: self._statistics.exists() and bool(self._statistics.read_text()))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def counters(self) -> Counters:
        """What it has counted, at most a second old."""
        return parse_statistics(self._statistics.read_text())

    def counters_when(self, done: Callable[[Counters], bool], *, seconds: float) -> Counters:
        """What it has counted once `done` says so of it, or the time is up: it writes once a second."""
        deadline = time.monotonic() + seconds
        while not done(counters := self.counters()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return counters


def _scenario(built_in: str, ours: Path | None) -> list[str]:
    return ["-sn", built_in] if ours is None else ["-sf", str(ours)]


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls, how fast, how long.

    Attributes:
        rate: New calls a second.
        calls: Calls in all.
        hold: Seconds between ACK and BYE.
    """

    rate: int
    calls: int
    hold: float = 0.5


class Caller:
    """The built-in `uac` scenario, or one of ours, from a port of 127.0.0.1 that a server may know it by."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int,
        media_port: int,
        server_port: int,
        number: str,
        scenario: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._statistics = directory / f"uac-{port}.csv"
        self._log = directory / f"uac-{port}.log"
        self._command = ["sipp", *_scenario("uac", scenario), f"127.0.0.1:{server_port}", "-s", number]
        self._command += ["-trace_err", "-error_file", str(directory / f"uac-{port}.errors")]
        self._command += ["-i", "127.0.0.1", *options, "-p", str(port), "-mp", str(media_port), "-nostdin"]
        self._command += ["-trace_stat", "-stf", str(self._statistics), "-fd", "1"]

    def run(
        self,
        load: Load,
        *,
        at_full_load: Callable[[], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Counters:
        """Make the calls and wait for the last to end.

        Args:
            load: The calls to make.
            at_full_load: Called once when as many calls are up as are to be made in all; for that `load.hold`
                has to be longer than making them takes.
            meanwhile: Called once the calls have begun; has to return before they must have ended.

        Raises:
            BenchError: sipp itself failed, or did not finish in time.
        """
        self._statistics.unlink(missing_ok=True)
        wanted = ["-r", str(load.rate), "-m", str(load.calls), "-l", str(load.calls)]
        wanted += ["-d", str(round(load.hold * 1000))]
        seconds = load.calls / load.rate * _SLACK + load.hold + _RAMP_SECONDS
        with self._log.open("wb") as output:
            process = subprocess.Popen(
                pinned([*self._command, *wanted]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                if at_full_load is not None:
                    self._wait_until_up(process, load.calls, load.calls / load.rate + load.hold)
                    at_full_load()
                if meanwhile is not None:
                    meanwhile()
                status = process.wait(seconds)
            except subprocess.TimeoutExpired as error:
                raise BenchError(f"sipp did not finish {load.calls} calls in {seconds:.0f} s") from error
            finally:
                process.kill()
                process.wait()
        if status not in (_NO_CALL_FAILED, _SOME_CALLS_FAILED):
            raise BenchError(f"sipp ended with {status}:\n{self._log.read_text(errors='replace')[-2000:]}")
        return self.counters()

    def counters(self) -> Counters:
        """What it has counted, at most a second old while it runs."""
        return parse_statistics(self._statistics.read_text()) if self._statistics.exists() else Counters()

    def _wait_until_up(self, process: subprocess.Popen[bytes], calls: int, seconds: float) -> None:
        waited = 0.0
        while self.counters().current < calls:
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                waited += 0.1
            else:
                break
            if waited > seconds:
                break
        if self.counters().current < calls:
            raise BenchError(f"only {self.counters().current} of {calls} calls came up")
