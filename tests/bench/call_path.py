"""Call control alone, call after call within one process: what to look at while tuning, no comparison.

Everything of a call is there but the sockets of SIP, the database and the other programs: messages as bytes,
the user agent, routing, the call's task, the real engine over its socket, the journal's file. The clock is
set by hand, so that a transaction's 32 seconds cost no time.

    python -m tests.bench.call_path [--profile]
    python -m tests.bench.call_path --memory

Prints microseconds of this process's own CPU time per call, the least of several rounds, because whatever
else runs on a shared machine only ever adds; or the bytes that Python holds per established call, by line.
"""

import argparse
import asyncio
import cProfile
import gc
import pstats
import random
import re
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from tests.bench.stimme_server import engine

from stimme.logs import configure_logs
from stimme.media import Engine
from stimme.pbx.bus import EventBus
from stimme.pbx.model import Device, NumberBlock, Tenant, TrunkConfig, User
from stimme.pbx.node import OWNER, Node
from stimme.pbx.records import CallListEntry, CallNote, CallRecord
from stimme.prompts.grammar import SpeechError
from stimme.prompts.say import Say
from stimme.sip.message import Headers, Request, parse_message
from stimme.sip.ua import UserAgent
from stimme.sip.uri import SipUri
from stimme.store.journal import CallJournal
from stimme.store.secrets import open_vault

EPOCH = 1_800_000_000.0
CALLER = ("127.0.0.1", 5071)
CALLEE = ("127.0.0.1", 5072)
_SDP = (
    "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
_PATIENCE = 10.0
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(slots=True)
class Way:
    """A flow that only the measurement sees."""

    remote: tuple[str, int]
    transport: str = "udp"
    local: tuple[str, int] = ("127.0.0.1", 5060)
    closed: bool = False


class Nowhere:
    """A store that keeps nothing."""

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        """A setting."""

    def delete(self, tenant_id: str, key: str) -> None:
        """A setting."""

    def save(self, key: str, tenant_id: str, value: dict[str, Any]) -> None:
        """A registration."""

    def remove(self, key: str) -> None:
        """A registration."""

    def note(self, note: CallNote) -> None:
        """A note of a call."""

    async def last_to(self, tenant_id: str, user_id: str) -> str | None:
        return None

    def add(self, record: CallRecord, entries: Sequence[CallListEntry]) -> None:
        """A finished call."""

    async def load(self, only: str | None = None) -> dict[str, Any]:
        """Nothing."""
        return {}


class NoSounds:
    """No prompt has been rendered."""

    def file(self, words: Sequence[Say], language: str, customer: str | None = None) -> Path:
        """Raises SpeechError."""
        raise SpeechError("nothing is rendered")

    def music(self, customer: str | None = None, name: str = "hold") -> Path:
        """A file that is not there."""
        return Path("hold.wav")


class Calls:
    """Makes calls through a node as sipp's built-in caller and callee do, many at the same time."""

    def __init__(self, node: Node, ua: UserAgent, output: asyncio.Event) -> None:
        self._node = node
        self._ua = ua
        self._output = output
        self._made = 0
        self._callers = Way(CALLER)
        self._callees = Way(CALLEE)
        self.answered: dict[str, str] = {}
        """Final To of each established call by Call-ID of the caller."""

    async def establish(self, count: int) -> list[str]:
        """This many calls at the same time; their Call-IDs once every caller has got 200."""
        calls = [self._invite() for _ in range(count)]
        while True:
            self._exchange()
            if all(call in self.answered for call in calls):
                return calls
            await self._something()

    async def hang_up(self, calls: Sequence[str]) -> None:
        """The callers send BYE."""
        for call in calls:
            self._receive(self._request("BYE", call, self.answered.pop(call), 2), self._callers)
        self._exchange()
        while any(pbx.calls for pbx in self._node.tenants.values()):
            await self._something()
            self._exchange()

    async def _something(self) -> None:
        """Waits until the user agent has something to send."""
        self._output.clear()
        await asyncio.wait_for(self._output.wait(), _PATIENCE)

    def _invite(self) -> str:
        self._made += 1
        call = f"{self._made}-4711@127.0.0.1"
        to = "service <sip:+493023125010@127.0.0.1:5060>"
        extra = "Subject: Performance Test\r\nContent-Type: application/sdp\r\n"
        self._receive(self._request("INVITE", call, to, 1, extra, _SDP), self._callers)
        return call

    def _request(self, method: str, call: str, to: str, cseq: int, extra: str = "", body: str = "") -> str:
        number = call.partition("-")[0]
        return (
            f"{method} sip:+493023125010@127.0.0.1:5060 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{CALLER[1]};branch=z9hG4bK-{number}-{method}-{cseq}\r\n"
            f"From: sipp <sip:sipp@127.0.0.1:{CALLER[1]}>;tag={number}SIPpTag00\r\n"
            f"To: {to}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: sip:sipp@127.0.0.1:{CALLER[1]}\r\nMax-Forwards: 70\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _receive(self, text: str, way: Way) -> None:
        data = text.encode()
        self._ua.receive(parse_message(data), way, data)

    def _exchange(self) -> None:
        """Both peers answer what was sent to them, until nothing more is."""
        while output := self._ua.take_output():
            for transmit in output:
                text = transmit.data.decode()
                if text.startswith("SIP/2.0"):
                    self._hear_answer(text)
                elif not text.startswith("ACK"):
                    self._answer(text)

    def _hear_answer(self, text: str) -> None:
        if text.startswith("SIP/2.0 200") and "CSeq: 1 INVITE" in text:
            fields = dict(re.findall(r"\r\n([\w-]+): ([^\r]*)", text))
            self.answered[fields["Call-ID"]] = fields["To"]
            self._receive(self._request("ACK", fields["Call-ID"], fields["To"], 1), self._callers)

    def _answer(self, text: str) -> None:
        fields = dict(re.findall(r"\r\n([\w-]+): ([^\r]*)", text))
        if "tag=" not in fields["To"]:
            fields["To"] += f";tag=callee{fields['Call-ID'][:8]}"
        head = "".join(f"{name}: {fields[name]}\r\n" for name in _COPIED)
        head += f"Contact: <sip:127.0.0.1:{CALLEE[1]};transport=UDP>\r\n"
        if text.startswith("INVITE"):
            self._receive(f"SIP/2.0 180 Ringing\r\n{head}Content-Length: 0\r\n\r\n", self._callees)
            head += "Content-Type: application/sdp\r\n"
            self._receive(f"SIP/2.0 200 OK\r\n{head}Content-Length: {len(_SDP)}\r\n\r\n{_SDP}", self._callees)
        else:
            self._receive(f"SIP/2.0 200 OK\r\n{head}Content-Length: 0\r\n\r\n", self._callees)


def tenant() -> Tenant:
    """The customer of `sip-call`: one user, one telephone, one static trunk."""
    return Tenant(
        id="bench",
        name="Bench",
        domain="bench.example",
        users={"u": User("u", "10", "Bench", number="+493023125010")},
        devices={"d": Device("d", "u", "bench-telephone")},
        trunks={"t": TrunkConfig("t", "sipp", "static", *CALLER)},
        numbers=[NumberBlock("t", "+4930231250", 2)],
    )


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> float:
        """Seconds."""
        return self.now


async def measure(scratch: Path, chosen: argparse.Namespace) -> None:
    """Makes the calls and prints what they cost."""
    clock, nowhere = Clock(), Nowhere()
    journal = CallJournal(scratch / "calls.journal", lambda work: work(), open_vault(scratch / "secret.key"))
    node = Node(
        bus=EventBus(),
        bindings=nowhere,
        journal=journal,
        records=nowhere,
        store=nowhere,
        sounds=NoSounds(),
        clock=clock,
        wall_clock=clock,
        rng=random.SystemRandom(),
        key=b"key",
        algorithms=("MD5",),
        limits=False,
        ring_timeout=60.0,
        media_timeout=3600.0,
    )
    output = asyncio.Event()
    ua = UserAgent(node, clock=clock, rng=random.SystemRandom(), product="stimme/0", on_output=output.set)
    ua.addresses["udp"] = ("127.0.0.1", 5060)
    node.attach(ua, lambda address: None)
    pbx = await node.add_tenant(tenant())
    node.switch.connected(
        await Engine.connect(scratch / "media.sock", owner=OWNER, on_event=lambda event: None)
    )
    pbx.registrar.register(pbx.tenant.devices["d"], _register(), Way(CALLEE))
    calls = Calls(node, ua, output)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*chosen.gc)
    if chosen.memory:
        await _weigh(calls, clock, ua, chosen)
    else:
        await _time(calls, clock, ua, chosen)
    journal.close()


def _register() -> Request:
    headers = [
        ("From", "<sip:bench-telephone@bench.example>;tag=1"),
        ("To", "<sip:bench-telephone@bench.example>"),
        ("Call-ID", "r"),
        ("CSeq", "1 REGISTER"),
        ("Contact", f"<sip:bench-telephone@127.0.0.1:{CALLEE[1]}>"),
    ]
    return Request("REGISTER", SipUri("bench.example"), Headers(headers))


async def _time(calls: Calls, clock: Clock, ua: UserAgent, chosen: argparse.Namespace) -> None:
    gc.collect()
    left = 0
    spent: list[float] = []
    profile = cProfile.Profile()
    for number in range(chosen.rounds + 1):
        if chosen.profile and number == 1:
            profile.enable()
        before = time.process_time()
        for _ in range(chosen.calls // chosen.together):
            await calls.hang_up(await calls.establish(chosen.together))
            clock.now += chosen.together / chosen.rate
            ua.run_timers()
        spent.append((time.process_time() - before) / chosen.calls * 1e6)
        left += gc.collect()
    profile.disable()
    if chosen.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
    print(f"{left / chosen.calls / len(spent):.1f} objects per call left to the garbage collector")
    if spent[1:]:
        print(f"{min(spent[1:]):.0f} µs CPU per call ({', '.join(f'{each:.0f}' for each in spent[1:])})")


async def _weigh(calls: Calls, clock: Clock, ua: UserAgent, chosen: argparse.Namespace) -> None:
    first = await calls.establish(50)
    gc.collect()
    tracemalloc.start(chosen.frames)
    held = await calls.establish(chosen.together)
    await asyncio.sleep(0.1)
    gc.collect()
    seen = [(f"{chosen.together} calls, just established", tracemalloc.take_snapshot())]
    clock.now += 40
    ua.run_timers()
    await asyncio.sleep(0.1)
    gc.collect()
    seen.append(("after 40 seconds", tracemalloc.take_snapshot()))
    for what, snapshot in seen:
        lines = snapshot.statistics("lineno" if chosen.frames == 1 else "traceback")
        total = sum(line.size for line in lines) / chosen.together
        blocks = sum(line.count for line in lines) / chosen.together
        print(f"{what}: {total / 1024:.1f} KiB a call in {blocks:.0f} blocks")
        for line in lines[: chosen.lines]:
            frame = line.traceback[-1]
            print(f"  {line.size / chosen.together:7.0f}  {line.count / chosen.together:5.1f}  {frame}")
    tracemalloc.stop()
    await calls.hang_up([*first, *held])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.call_path", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000, help="calls of one round")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--together", type=int, default=5, help="calls at the same time")
    parser.add_argument("--rate", type=int, default=50, help="calls a second of the clock set by hand")
    parser.add_argument("--gc", type=int, nargs=3, default=(50_000, 20, 50), help="thresholds")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--lines", type=int, default=45)
    chosen = parser.parse_args()
    configure_logs("warning", None)
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch:
        socket = Path(scratch) / "media.sock"
        server = engine(Path(scratch), socket, first_port=44_000, last_port=46_000)
        with server:
            server.wait_until(socket.exists)
            uvloop.run(measure(Path(scratch), chosen))


if __name__ == "__main__":
    main()
