"""`sip-register`: CPU per refreshed registration, against Kamailio's registrar with everything in memory.

A telephone sends REGISTER, is challenged, and sends it again with its digest (MD5, which is all that sipp and
Kamailio have in common with us); the binding is there already and is refreshed. On our side the binding
goes to the database as well, behind the answer.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import accounting, report, sip_client, stimme_server
from tests.bench.crowd import PASSWORD, Crowd
from tests.bench.peers import kamailio, sipp
from tests.bench.processes import BenchError, FreePorts, Server, is_free

NAME = "sip-register"
TARGET = 8.0
UNIT = "ms CPU per refresh"
SCENARIO = Path(__file__).parent / "peers" / "register.xml"


@dataclass(frozen=True, slots=True)
class Options:
    """How hard and how often.

    Attributes:
        rate: Refreshes a second.
        seconds: Length of one run.
        runs: Runs on each side.
        telephones: How many register, in turn.
    """

    rate: int = 100
    seconds: int = 15
    runs: int = 3
    telephones: int = 1_000


@dataclass(frozen=True, slots=True)
class Registrar:
    """One registrar and the telephones that register with it."""

    server: Server
    telephones: sipp.Caller

    def measure(self, load: sipp.Load, *, during: Callable[[], None] | None = None) -> dict[str, Any]:
        """Refresh registrations; what that cost and how it went."""
        before = accounting.cpu_seconds_by_name(self.server.pid)
        counted = self.telephones.run(load, meanwhile=during)
        after = accounting.cpu_seconds_by_name(self.server.pid)
        self.server.check_alive()
        if not counted.successful:
            raise BenchError(f"{self.server.name}: nobody could register:\n{self.server.log_tail()}")
        spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
        return {
            "server": self.server.name,
            "refreshes": counted.successful,
            "failed": counted.failed,
            "retransmissions": counted.retransmissions,
            "ms_per_refresh": 1000 * sum(spent.values()) / counted.successful,
            "cpu_seconds_by_process": {name: round(seconds, 3) for name, seconds in spent.items()},
        }


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both registrars, alternating.

    Raises:
        BenchError: A server or sipp does not start, dies, or refuses everybody.
    """
    load = sipp.Load(rate=options.rate, calls=options.rate * options.seconds)
    everybody = sipp.Load(rate=2 * options.rate, calls=options.telephones)
    runs: list[dict[str, Any]] = []
    ports = FreePorts()
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        sides = (
            ours(stack, Path(scratch), ports, options.telephones)[0],
            peer(stack, Path(scratch), ports, options.telephones),
        )
        for side in sides:
            side.measure(everybody)
        for _ in range(options.runs):
            runs += [side.measure(load) for side in sides]
    measurement = report.compare(
        NAME,
        [each["ms_per_refresh"] for each in runs if each["server"] == sides[0].server.name],
        [each["ms_per_refresh"] for each in runs if each["server"] == sides[1].server.name],
        peer_name=f"Kamailio {machine['kamailio']}",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    return report.Outcome(measurement, runs, [summary(runs, side.server.name) for side in sides])


def summary(runs: list[dict[str, Any]], server: str) -> str:
    """How many refreshes one side did, and what went wrong."""
    of_side = [each for each in runs if each["server"] == server]
    sums = {key: sum(each[key] for each in of_side) for key in ("refreshes", "failed", "retransmissions")}
    return (
        f"{server}: {sums['refreshes']} refreshes, {sums['failed']} failed, "
        f"{sums['retransmissions']} retransmissions"
    )


def ours(
    stack: ExitStack, scratch: Path, ports: FreePorts, telephones: int
) -> tuple[Registrar, stimme_server.Site]:
    """Our node with a crowd of telephones."""
    directory = scratch / "stimme"
    directory.mkdir()
    port, web, metrics, trunk, local, media = ports.take(6)
    crowd = Crowd(directory, telephones)
    site = stimme_server.Site(
        directory, sip_port=port, web_port=web, metrics_port=metrics, trunk_port=trunk, furnish=crowd
    )
    server = stack.enter_context(site.server())
    server.wait_until(lambda: sip_client.answers_options(port), seconds=60)
    return Registrar(server, _telephones(directory, crowd, port, local, media)), site


def peer(stack: ExitStack, scratch: Path, ports: FreePorts, telephones: int) -> Registrar:
    """Kamailio, which lets everybody in who has the crowd's password."""
    directory = scratch / "kamailio"
    directory.mkdir()
    port, local, media = ports.take(3)
    server = stack.enter_context(kamailio.registrar(directory, port=port, password=PASSWORD))
    server.wait_until(lambda: not is_free(port))
    return Registrar(server, _telephones(directory, Crowd(directory, telephones), port, local, media))


def _telephones(directory: Path, crowd: Crowd, server_port: int, port: int, media_port: int) -> sipp.Caller:
    return sipp.Caller(
        directory,
        port=port,
        media_port=media_port,
        server_port=server_port,
        number="registrar",
        scenario=SCENARIO,
        options=["-inf", str(crowd.list_for_sipp())],
    )
