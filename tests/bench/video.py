"""`video`: CPU for one browser that sends pictures to others in a room, against Janus' VideoRoom.

The sender has 1 Mbit/s (25 pictures a second of five packets); the others watch. ICE, DTLS-SRTP and feedback
are as browsers have them. Packets that arrive are counted: fewer than 98 of 100, and nothing is measured.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.bench import accounting, report, stimme_server
from tests.bench.peers import janus
from tests.bench.peers.webrtc_load import EXTENSIONS, PAYLOAD_TYPES, Peer, Told, WebrtcLoad, read
from tests.bench.processes import BenchError, Server, first_line

from stimme.media import Codec, Endpoint, HeaderExtension, RemoteMedia, Room, VideoStream

NAME = "video"
TARGET = 1.0
UNIT = "ms CPU per viewer and second"
ARRIVE = 0.98
WARM_SECONDS = 3
_ROOM = 1
_PATIENCE_SECONDS = 5.0
_PACKETS_A_SECOND = 125
_VP8 = Codec("VP8", PAYLOAD_TYPES["video"], 90_000)


@dataclass(frozen=True, slots=True)
class Options:
    """How many watch, how long, how often; `seconds` without the warming up."""

    viewers: int = 10
    seconds: int = 15
    runs: int = 3


class Forwarder(Protocol):
    """A server under measurement."""

    server: Server
    address: str
    """Where browsers are that it can reach."""

    def sender(self, peer: Peer) -> Told:
        """Lets the browser in that sends."""

    def viewers(self, peers: Sequence[Peer]) -> list[Told]:
        """Lets those in that watch it."""

    def clear(self) -> None:
        """Ends it all."""


class Janus:
    """Janus, driven by its JSON protocol."""

    address = janus.reachable_address()

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        path = scratch / "janus.sock"
        ports = {"first_port": 34_000, "last_port": 39_000}
        self.server = janus.start(stack, scratch, path, **ports, plugin="videoroom")
        self._session = stack.enter_context(janus.Session(path, "videoroom"))
        self._maker = self._session.attach()
        self._handles: list[int] = []
        self._feed = 0

    def sender(self, peer: Peer) -> Told:
        """A room, and its publisher."""
        room = {"room": _ROOM, "publishers": 1, "videocodec": "vp8", "permanent": False, "bitrate": 0}
        self._session.tell(self._maker, {"request": "create", **room})
        handle = self._attach()
        joined, _ = self._session.tell(handle, {"request": "join", "ptype": "publisher", "room": _ROOM})
        self._feed = int(joined["id"])
        offer = {"type": "offer", "sdp": peer.describe("video", "sendonly", setup="actpass")}
        _, answer = self._session.tell(handle, {"request": "publish"}, offer)
        return read(answer["sdp"], active=False)

    def viewers(self, peers: Sequence[Peer]) -> list[Told]:
        """Subscribers, to whom Janus makes the offers."""
        return [self._subscribe(peer) for peer in peers]

    def _subscribe(self, peer: Peer) -> Told:
        handle = self._attach()
        join = {"request": "join", "ptype": "subscriber", "room": _ROOM, "streams": [{"feed": self._feed}]}
        offer = self._offered(handle, join)
        told = read(offer["sdp"], active=True)
        answer = peer.describe(
            "video",
            "recvonly",
            setup="active",
            extensions=told.extensions,
            payload_type=told.payload_type,
        )
        self._session.tell(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        return told

    def _offered(self, handle: int, join: dict[str, Any]) -> dict[str, str]:
        """Janus' offer; it knows the feed a moment later than the sender knows that it is connected."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._session.tell(handle, join)[1]
            except BenchError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _attach(self) -> int:
        self._handles.append(self._session.attach())
        return self._handles[-1]

    def clear(self) -> None:
        """Let everybody out and destroy the room."""
        for handle in self._handles:
            self._session.leave(handle)
        self._handles = []
        self._session.tell(self._maker, {"request": "destroy", "room": _ROOM})


class Stimme(stimme_server.DrivenEngine):
    """Our engine alone, driven by its Python face as call control does."""

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        super().__init__(stack, scratch)
        self._room: Room | None = None
        self._endpoints: list[Endpoint] = []

    def sender(self, peer: Peer) -> Told:
        """A room, and who sends in it."""
        return self.runner.run(self._enter(peer, "recvonly"))

    def viewers(self, peers: Sequence[Peer]) -> list[Told]:
        """Who watches; the only one who sends is shown."""
        return [self.runner.run(self._enter(peer, "sendonly")) for peer in peers]

    async def _enter(self, peer: Peer, direction: Any) -> Told:
        if self._room is None:
            self._room = await self.engine.create_room(tag="bench")
        endpoint = await self.engine.create_endpoint("webrtc", tag=f"bench-{peer.port}")
        self._endpoints.append(endpoint)
        stream = VideoStream("0", (_VP8,), direction, ssrc=0x5000_0000 + len(self._endpoints))
        await endpoint.configure(
            browser(peer), [], mid="a", video=[stream], extensions=[HeaderExtension(*e) for e in EXTENSIONS]
        )
        await self._room.add(endpoint)
        return told(endpoint, PAYLOAD_TYPES["video"], ssrc=stream.ssrc)

    def clear(self) -> None:
        """Delete room and endpoints."""
        self.runner.run(self._clear())

    async def _clear(self) -> None:
        if self._room is not None:
            await self._room.delete()
        await asyncio.gather(*(endpoint.delete() for endpoint in self._endpoints))
        self._room, self._endpoints = None, []


def browser(peer: Peer) -> RemoteMedia:
    """A browser as our engine is told of it."""
    return RemoteMedia(
        peer.address,
        peer.port,
        ice_ufrag=peer.ufrag,
        ice_pwd=peer.pwd,
        fingerprint=peer.fingerprint,
        dtls_setup="passive",
    )


def told(endpoint: Endpoint, payload_type: int, **further: Any) -> Told:
    """Our endpoint as a browser is told of it."""
    local = endpoint.local
    return Told(
        f"{local.address}:{local.port}",
        str(local.ice_ufrag),
        str(local.ice_pwd),
        str(local.fingerprint),
        True,
        payload_type,
        **further,
    )


def measure(forwarder: Forwarder, options: Options) -> dict[str, Any]:
    """One run: what it cost and how much arrived.

    Raises:
        BenchError: The server ended, or forwarded so little that its CPU time says nothing.
    """
    program = stimme_server.example("webrtc_load")
    spent: list[float] = []

    def note() -> None:
        spent.append(accounting.cpu_seconds(forwarder.server.pid))

    with WebrtcLoad(
        program,
        "video",
        forwarder.address,
        warm_seconds=WARM_SECONDS,
        seconds=options.seconds,
        count=options.viewers,
    ) as load:
        load.connect(forwarder.sender(load.peers[0]))
        load.first()
        for viewer in forwarder.viewers(load.peers[1:]):
            load.connect(viewer)
        seen = load.talk(at_start=note, at_end=note)
    forwarder.server.check_alive()
    forwarder.clear()
    check(forwarder.server, seen, _PACKETS_A_SECOND * options.viewers * options.seconds)
    seconds = (spent[1] - spent[0]) / options.seconds / options.viewers
    return {"server": forwarder.server.name, "ms_per_viewer_second": 1000 * seconds, **seen}


def run(options: Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both, alternating. Raises BenchError when one does not start, ends, or sends too little."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        forwarders: list[Forwarder] = [Stimme(stack, Path(scratch)), Janus(stack, Path(scratch))]
        for _ in range(options.runs):
            runs += [measure(forwarder, options) for forwarder in forwarders]
    ours, peer = ([r for r in runs if r["server"] == each.server.name] for each in forwarders)
    measurement = report.compare(
        NAME,
        [r["ms_per_viewer_second"] for r in ours],
        [r["ms_per_viewer_second"] for r in peer],
        peer_name=f"{first_line(['janus', '--version'])}, VideoRoom",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    return report.Outcome(measurement, runs, [counted(side) for side in (ours, peer)])


def check(server: Server, counted: dict[str, Any], wanted: int) -> None:
    """Raises BenchError when packets are missing, or the load generator sent fewer than it should."""
    if counted["sent"] < ARRIVE * wanted:
        raise BenchError(f"the load generator sent for {counted['sent']} packets instead of {wanted}")
    if counted["received"] < ARRIVE * counted["sent"]:
        raise BenchError(f"{server.name}: {counted['received']} arrived of {counted['sent']} packets")


def counted(runs: Sequence[dict[str, Any]]) -> str:
    """A note on what arrived."""
    received, sent = (sum(r[key] for r in runs) for key in ("received", "sent"))
    return f"{runs[0]['server']}: {received} packets arrived, {sent} were to"
