"""`webrtc`: CPU per leg of calls between browsers (ICE, DTLS-SRTP) and plain RTP, against Janus' NoSIP.

Both sides speak Opus all the time, 50 packets a second, so that nothing is transcoded. Packets that arrive
are counted: fewer than 98 of 100, and nothing is measured.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from tests.bench import accounting, report, stimme_server
from tests.bench.peers import janus
from tests.bench.peers.webrtc_load import EXTENSIONS, PAYLOAD_TYPES, Peer, Told, WebrtcLoad, read
from tests.bench.processes import Server, first_line
from tests.bench.video import WARM_SECONDS, browser, check, counted, told

from stimme.media import Codec, Endpoint, HeaderExtension, RemoteMedia
from stimme.sip.sdp import SessionDescription

NAME = "webrtc"
TARGET = 0.8
UNIT = "ms CPU per leg and second"
_NUMBER = PAYLOAD_TYPES["audio"]
_OPUS = Codec("opus", _NUMBER, 48_000, 2)
_PACKETS_A_SECOND = 50
_MID_ONLY = EXTENSIONS[1:]
_PLAIN = """\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP {number}\r
a=rtpmap:{number} opus/48000/2\r
a=ptime:20\r
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How many calls of two legs, how long, how often; `seconds` without the warming up."""

    calls: int = 50
    seconds: int = 15
    runs: int = 3


class Gateway(Protocol):
    """A server under measurement."""

    server: Server
    address: str
    """Where browsers are that it can reach."""

    def call(self, peer: Peer) -> Told:
        """Connects a browser with its telephone."""

    def clear(self) -> None:
        """Ends all calls."""


class Janus:
    """Janus, driven by its JSON protocol."""

    address = janus.reachable_address()

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        path = scratch / "janus.sock"
        ports = {"first_port": 34_000, "last_port": 38_000}
        self.server = janus.start(stack, scratch, path, **ports, plugin="nosip")
        self._session = stack.enter_context(janus.Session(path, "nosip"))
        self._handles: list[int] = []

    def call(self, peer: Peer) -> Told:
        """Lets Janus make plain RTP of a browser's offer, and a browser's answer of the telephone's."""
        handle = self._session.attach()
        self._handles.append(handle)
        offer = peer.describe("audio", "sendrecv", setup="actpass", extensions=_MID_ONLY)
        generated, _ = self._session.tell(handle, {"request": "generate"}, {"type": "offer", "sdp": offer})
        barebone = SessionDescription.parse(generated["result"]["sdp"].encode())
        answer = _PLAIN.format(port=peer.plain, number=_NUMBER)
        process = {"request": "process", "type": "answer", "sdp": answer}
        _, described = self._session.tell(handle, process)
        return read(described["sdp"], active=False, plain=f"127.0.0.1:{barebone.media[0].port}")

    def clear(self) -> None:
        """Hang all up."""
        for handle in self._handles:
            self._session.leave(handle)
        self._handles = []


class Stimme(stimme_server.DrivenEngine):
    """Our engine alone, driven by its Python face as call control does."""

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        super().__init__(stack, scratch)
        self._endpoints: list[Endpoint] = []

    def call(self, peer: Peer) -> Told:
        """Two endpoints and their bridge."""
        return self.runner.run(self._call(peer))

    async def _call(self, peer: Peer) -> Told:
        one = await self.engine.create_endpoint("webrtc", tag=f"bench-{peer.port}")
        other = await self.engine.create_endpoint("rtp", tag=f"bench-{peer.plain}")
        self._endpoints += [one, other]
        await one.configure(
            browser(peer), [_OPUS], mid="0", extensions=[HeaderExtension(*each) for each in _MID_ONLY]
        )
        await other.configure(RemoteMedia("127.0.0.1", peer.plain or 0), [_OPUS])
        await self.engine.bridge(one, other, tag=f"bench-{peer.port}")
        plain = f"{other.local.address}:{other.local.port}"
        return replace(told(one, _NUMBER, plain=plain), extensions=_MID_ONLY)

    def clear(self) -> None:
        """Delete all endpoints."""
        self.runner.run(self._clear())

    async def _clear(self) -> None:
        await asyncio.gather(*(endpoint.delete() for endpoint in self._endpoints))
        self._endpoints = []


def measure(gateway: Gateway, options: Options) -> dict[str, Any]:
    """One run: what it cost and how much arrived.

    Raises:
        BenchError: The server ended, or forwarded so little that its CPU time says nothing.
    """
    program = stimme_server.example("webrtc_load")
    spent: list[float] = []
    memory = [accounting.anonymous_memory_of_all(gateway.server.pid)]

    def note() -> None:
        spent.append(accounting.cpu_seconds(gateway.server.pid))
        memory.append(accounting.anonymous_memory_of_all(gateway.server.pid))

    with WebrtcLoad(
        program,
        "audio",
        gateway.address,
        warm_seconds=WARM_SECONDS,
        seconds=options.seconds,
        count=options.calls,
    ) as load:
        for peer in load.peers:
            load.connect(gateway.call(peer))
        load.first()
        heard = load.talk(at_start=note, at_end=note)
    gateway.server.check_alive()
    gateway.clear()
    check(gateway.server, heard, _PACKETS_A_SECOND * 2 * options.calls * options.seconds)
    seconds = (spent[1] - spent[0]) / options.seconds / (2 * options.calls)
    return {
        "server": gateway.server.name,
        "ms_per_leg_second": 1000 * seconds,
        "bytes_per_call": (memory[-1] - memory[0]) / options.calls,
        **heard,
    }


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both, alternating. Raises BenchError when one does not start, ends, or sends too little."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        gateways: list[Gateway] = [Stimme(stack, Path(scratch)), Janus(stack, Path(scratch))]
        for _ in range(options.runs):
            runs += [measure(gateway, options) for gateway in gateways]
    ours, peer = _sides(runs, gateways)
    measurement = report.compare(
        NAME,
        [r["ms_per_leg_second"] for r in ours],
        [r["ms_per_leg_second"] for r in peer],
        peer_name=f"{first_line(['janus', '--version'])}, NoSIP",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    return report.Outcome(measurement, runs, [note for side in (ours, peer) for note in _notes(side)])


def _notes(runs: Sequence[dict[str, Any]]) -> list[str]:
    # Of the first run: later ones find memory that the first has left.
    weight = runs[0]["bytes_per_call"] / 1024
    return [
        counted(runs),
        f"{runs[0]['server']}: {weight:.1f} KiB of memory per call, a browser and a telephone",
    ]


def _sides(runs: Sequence[dict[str, Any]], gateways: Sequence[Gateway]) -> list[list[dict[str, Any]]]:
    return [[r for r in runs if r["server"] == gateway.server.name] for gateway in gateways]
