"""`lamps`: a line that 50 telephones watch (dialog-info, RFC 4235) begins to ring; when do all of them know?

From sending the provider's INVITE to receiving the last of the NOTIFYs that it causes. The figure is the time
for one watcher, against that of a line which 5 watch, on the same node. Aimed at: all 50 within 50 ms.
"""

import os
import socket
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import by_hand, hunt_group, report, sip_client, stimme_server
from tests.bench.house import FIRST, PASSWORD, telephone
from tests.bench.processes import LOAD_CORE, BenchError

NAME = "lamps"
TARGET = 1.2
LIMIT_MS = 50.0
WATCHERS = {FIRST + 99: 5, FIRST + 98: 50}
"""How many telephones watch a line, by its extension."""
_PAUSE_SECONDS = 0.3
_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How many changes of each line."""

    runs: int = 3

    @property
    def calls(self) -> int:
        """Single changes scatter: ten for each run."""
        return 10 * self.runs


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Let both lines ring in turn. Raises BenchError when a watcher is not told."""
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        site, telephones = hunt_group.open_house(stack, Path(scratch))
        trunk = stack.enter_context(by_hand.open_at(site.trunk_port, site.sip_port))
        lamps = Lamps(site, trunk, telephones)
        for extension, count in WATCHERS.items():
            lamps.watch(extension, count)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            for extension in list(WATCHERS) * _WARM_UP:
                lamps.ring(extension)
            times = {
                extension: [lamps.ring(extension) for _ in range(options.calls)] for extension in WATCHERS
            }
        finally:
            os.sched_setaffinity(0, before)
    few, many = (sorted(WATCHERS, key=lambda each: WATCHERS[each])[place] for place in (0, -1))
    measurement = report.compare(
        NAME,
        [each / WATCHERS[many] for each in times[many]],
        [each / WATCHERS[few] for each in times[few]],
        peer_name=f"a line that {WATCHERS[few]} watch",
        target=TARGET,
        unit="ms for one watcher",
        command=command,
        machine=machine,
    )
    notes = [
        f"{WATCHERS[each]} are told: median {statistics.median(found):.1f} ms, worst {max(found):.1f} ms"
        + (f" (aimed at: {LIMIT_MS:.0f})" if each == many else "")
        for each, found in times.items()
    ]
    runs = [{"watchers": WATCHERS[each], "ms": found} for each, found in times.items()]
    return report.Outcome(measurement, runs, notes)


@dataclass(slots=True)
class Lamps:
    """Telephones that watch lines, and a provider that lets these ring."""

    site: stimme_server.Site
    trunk: socket.socket
    telephones: socket.socket
    _watchers: dict[int, set[str]] = field(default_factory=dict)
    _calls: int = 0

    def watch(self, extension: int, count: int) -> None:
        """Subscribes that many telephones. Raises BenchError when they may not."""
        who = self._watchers[extension] = set()
        for number in range(count):
            call_id = f"lamp-{extension}-{number}"
            sip_client.subscribe(
                self.telephones,
                str(extension),
                user=telephone(number),
                domain=stimme_server.DOMAIN,
                password=PASSWORD,
                call_id=call_id,
            )
            who.add(call_id)
        self._settle()

    def ring(self, extension: int) -> float:
        """Milliseconds until every watcher knows that a line rings. Raises BenchError."""
        self._calls += 1
        uri = f"sip:{stimme_server.HEAD}{extension}@127.0.0.1:{self.site.sip_port}"
        call = by_hand.Call(f"lamp-{self._calls}-{os.getpid()}", uri, self.trunk)
        untold, invite = set(self._watchers[extension]), ""
        began = time.perf_counter()
        call.invite()
        try:
            while untold:
                message = self.telephones.recv(65_535).decode()
                if message.startswith("INVITE") and not invite:
                    invite = message
                    self.telephones.send(by_hand.response(message, "180 Ringing"))
                elif message.startswith("NOTIFY"):
                    untold.discard(by_hand.field(message, "Call-ID").partition(" ")[2])
                    self.telephones.send(by_hand.response(message, "200 OK"))
        except TimeoutError:
            raise BenchError(f"{len(untold)} of {len(self._watchers[extension])} were not told") from None
        took = 1000 * (time.perf_counter() - began)
        if not invite:
            invite = by_hand.receive(self.telephones, "INVITE")
        self.telephones.send(by_hand.response(invite, "486 Busy Here"))
        call.acknowledge(by_hand.receive(self.trunk, "SIP/2.0 4"))
        self._settle()
        return took

    def _settle(self) -> None:
        """Takes note of every NOTIFY until none comes any more."""
        self.telephones.settimeout(_PAUSE_SECONDS)
        try:
            while True:
                message = self.telephones.recv(65_535).decode()
                if message.startswith("NOTIFY"):
                    self.telephones.send(by_hand.response(message, "200 OK"))
        except TimeoutError:
            self.telephones.settimeout(1.0)
