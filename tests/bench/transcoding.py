"""`transcoding`: CPU per two-way call between Opus and G.711, against rtpengine.

The first party of each call speaks Opus (32 kbit/s, 20 ms), the second PCMU; both speak all the time, 50
packets a second. Packets that arrive are counted: fewer than 98 of 100, and nothing is measured.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import accounting, report, rtp_relay, stimme_server
from tests.bench.peers.rtp_load import CodecLoad
from tests.bench.peers.rtpengine import Value, audio_port
from tests.bench.processes import BenchError

from stimme.media import Bridge, Codec, Endpoint, RemoteMedia

NAME = "transcoding"
TARGET = 1.0
UNIT = "ms CPU per call and second"
_OPUS = Codec("opus", 96, 48_000, 2)
_PCMU = Codec("PCMU", 0, 8000)
_ARRIVE = 0.98
_WARM_SECONDS = 2
_SDP = """\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP {kind}\r
a=rtpmap:{kind} {name}\r
a=ptime:20\r
"""


class Rtpengine(rtp_relay.Rtpengine):
    """rtpengine, told to offer PCMU instead of Opus."""

    def connect_call(self, name: str, caller: int, callee: int) -> tuple[int, int]:
        """One call whose sides have no codec in common."""
        offer = _SDP.format(port=caller, kind=96, name="opus/48000/2")
        answer = _SDP.format(port=callee, kind=0, name="PCMU/8000")
        asked: dict[str, Value] = {"codec": {"mask": ["opus"], "transcode": ["PCMU"]}}
        for_callee, for_caller = self.control.exchange(name, offer, answer, asked)
        if "opus" in for_callee or "opus" not in for_caller:
            raise BenchError(f"rtpengine does not transcode:\n{for_caller}\n{for_callee}")
        return audio_port(for_caller), audio_port(for_callee)


class Stimme(rtp_relay.Stimme):
    """Our engine alone, driven by its Python face as call control does."""

    async def connect_call(self, caller: int, callee: int) -> tuple[Endpoint, Endpoint, Bridge]:
        """Two endpoints that have no codec in common, and their bridge."""
        a = await self.engine.create_endpoint("rtp", tag=f"bench-{caller}")
        b = await self.engine.create_endpoint("rtp", tag=f"bench-{callee}")
        await a.configure(RemoteMedia("127.0.0.1", caller), [_OPUS])
        await b.configure(RemoteMedia("127.0.0.1", callee), [_PCMU])
        return a, b, await self.engine.bridge(a, b, tag=f"bench-{caller}")


def measure(relay: rtp_relay.Relay, options: rtp_relay.Options) -> dict[str, Any]:
    """One run: what it cost and how much arrived.

    Raises:
        BenchError: The relay ended, or lost so much that its CPU time says nothing.
    """
    codecs = ["opus", "PCMU"] * options.calls
    program = stimme_server.example("codec_load")
    with CodecLoad(program, codecs, warm_seconds=_WARM_SECONDS, seconds=options.seconds) as load:
        ports = relay.connect(list(zip(load.ports[::2], load.ports[1::2], strict=True)))
        spent: list[float] = []

        def note() -> None:
            spent.append(accounting.cpu_seconds(relay.server.pid))

        heard = load.talk([port for pair in ports for port in pair], at_start=note, at_end=note)
    relay.server.check_alive()
    relay.disconnect()
    if heard["received"] < _ARRIVE * heard["sent"]:
        raise BenchError(f"{relay.server.name}: {heard['received']} of {heard['sent']} packets arrived")
    seconds_per_call = (spent[1] - spent[0]) / options.seconds / options.calls
    return {"server": relay.server.name, "ms_per_call_second": 1000 * seconds_per_call, **heard}


_BOTH: tuple[Callable[[ExitStack, Path, int], rtp_relay.Relay], ...] = (Stimme, Rtpengine)


def run(options: rtp_relay.Options, *, command: str, machine: dict[str, str | int]) -> report.Outcome:
    """Measure both, alternating. Raises BenchError when one does not start, ends, or loses packets."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as scratch, ExitStack() as stack:
        relays = [make(stack, Path(scratch), options.calls) for make in _BOTH]
        for _ in range(options.runs):
            runs += [measure(relay, options) for relay in relays]
    ours, peer = ([r for r in runs if r["server"] == relay.server.name] for relay in relays)
    measurement = report.compare(
        NAME,
        [r["ms_per_call_second"] for r in ours],
        [r["ms_per_call_second"] for r in peer],
        peer_name=f"rtpengine {machine['rtpengine']}, user space",
        target=TARGET,
        unit=UNIT,
        command=command,
        machine=machine,
    )
    return report.Outcome(measurement, runs, [_remark(side) for side in (ours, peer)])


def _remark(runs: Sequence[dict[str, Any]]) -> str:
    sent, received = sum(r["sent"] for r in runs), sum(r["received"] for r in runs)
    return f"{runs[0]['server']}: {received} packets heard, {sent} sent"
