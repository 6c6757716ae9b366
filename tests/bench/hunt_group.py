"""`hunt-group`: a call for a hunt group of 100 parallel members; how long until all their telephones ring.

From sending the provider's INVITE to receiving the last of ours. The figure is the time for one member,
against that in a group of 10 on the same node: a ratio of about one, or less, says that the cost grows with
the number of members and not faster. Aimed at: all 100 within 100 ms.
"""

import os
import socket
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import by_hand, report, sip_client, stimme_server
from tests.bench.house import GROUPS, House
from tests.bench.processes import LOAD_CORE, BenchError, FreePorts

NAME = "hunt-group"
TARGET = 1.2
LIMIT_MS = 100.0
_PAUSE_SECONDS = 0.3
_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How many calls to each group."""

    runs: int = 3

    @property
    def calls(self) -> int:
        """Single calls scatter: ten for each run."""
        return 10 * self.runs


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Call the groups in turn. Raises BenchError when a telephone is not called."""
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        site, telephones = open_house(stack, Path(scratch))
        trunk = stack.enter_context(by_hand.open_at(site.trunk_port, site.sip_port))
        ring = Ringing(site, trunk, telephones)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            for _ in range(_WARM_UP):
                ring.all_of(max(GROUPS))
            times = {size: [0.0] * options.calls for size in GROUPS}
            for number in range(options.calls):
                for size in GROUPS:
                    times[size][number] = ring.all_of(size)
        finally:
            os.sched_setaffinity(0, before)
    least, most = min(GROUPS), max(GROUPS)
    measurement = report.compare(
        NAME,
        [each / most for each in times[most]],
        [each / least for each in times[least]],
        peer_name=f"a group of {least}",
        target=TARGET,
        unit="ms for one member",
        command=command,
        machine=machine,
    )
    notes = [
        f"{size} telephones are called: median {statistics.median(found):.1f} ms, worst {max(found):.1f} ms"
        + (f" (aimed at: {LIMIT_MS:.0f})" if size == most else "")
        for size, found in times.items()
    ]
    return report.Outcome(
        measurement, [{"members": size, "ms": found} for size, found in times.items()], notes
    )


def open_house(stack: ExitStack, scratch: Path) -> tuple[stimme_server.Site, socket.socket]:
    """A node that runs until the stack is left, and the socket of all its telephones."""
    sip, web, metrics, trunk, port = FreePorts().take(5)
    site = stimme_server.Site(
        scratch,
        sip_port=sip,
        web_port=web,
        metrics_port=metrics,
        trunk_port=trunk,
        extension="299",
        furnish=House(scratch, port),
    )
    server = stack.enter_context(site.server())
    server.wait_until(lambda: sip_client.answers_options(site.sip_port), seconds=60)
    return site, stack.enter_context(by_hand.open_at(port, sip))


class Ringing:
    """A provider that calls groups, and their telephones, which are all busy."""

    def __init__(self, site: stimme_server.Site, trunk: socket.socket, telephones: socket.socket) -> None:
        self._site = site
        self._trunk = trunk
        self._telephones = telephones
        self._calls = 0

    def all_of(self, size: int) -> float:
        """Milliseconds until the last telephone of a group is called. Raises BenchError."""
        self._calls += 1
        uri = f"sip:{stimme_server.HEAD}{GROUPS[size]}@127.0.0.1:{self._site.sip_port}"
        call = by_hand.Call(f"group-{self._calls}-{os.getpid()}", uri, self._trunk)
        invites: dict[str, str] = {}
        began = time.perf_counter()
        call.invite()
        try:
            while len(invites) < size:
                invite = by_hand.receive(self._telephones, "INVITE")
                invites.setdefault(by_hand.field(invite, "Call-ID"), invite)
            took = 1000 * (time.perf_counter() - began)
            for invite in invites.values():
                self._telephones.send(by_hand.response(invite, "486 Busy Here"))
            call.acknowledge(by_hand.receive(self._trunk, "SIP/2.0 4"))
        except TimeoutError:
            raise BenchError(f"{len(invites)} of {size} telephones were called") from None
        time.sleep(_PAUSE_SECONDS)
        self._silence()
        return took

    def _silence(self) -> None:
        """Lets by what still comes: ACKs, repeated messages."""
        for endpoint in (self._telephones, self._trunk):
            endpoint.setblocking(False)
            try:
                while True:
                    endpoint.recv(65_535)
            except BlockingIOError:
                endpoint.settimeout(1.0)
