"""Browsers beside the engine: crates/media/examples/webrtc_load.rs, and what they and a server say in SDP."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tests.bench.peers.rtp_load import Load
from tests.bench.processes import BenchError

from stimme.sip.sdp import MediaDescription, SessionDescription

MID = "0"
EXTENSIONS = (
    (3, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"),
    (4, "urn:ietf:params:rtp-hdrext:sdes:mid"),
)
PAYLOAD_TYPES = {"video": 96, "audio": 111}
_FORMATS = {"video": "VP8/90000", "audio": "opus/48000/2"}
_FEEDBACK = {
    "video": ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"),
    "audio": ("transport-cc",),
}
Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Peer:
    """A browser of the load generator; `plain` is the port of the telephone that belongs to it."""

    address: str
    port: int
    ufrag: str
    pwd: str
    fingerprint: str
    ssrc: int
    plain: int | None

    def describe(
        self,
        kind: Kind,
        direction: str,
        *,
        setup: str,
        extensions: Sequence[tuple[int, str]] = EXTENSIONS,
        payload_type: int | None = None,
    ) -> str:
        """Its offer or answer of one stream."""
        number = PAYLOAD_TYPES[kind] if payload_type is None else payload_type
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE {MID}",
            "a=msid-semantic: WMS *",
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}",
            "c=IN IP4 127.0.0.1",
            f"a=mid:{MID}",
            f"a={direction}",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            f"a=rtpmap:{number} {_FORMATS[kind]}",
            *(f"a=rtcp-fb:{number} {value}" for value in _FEEDBACK[kind]),
            *(f"a=extmap:{identity} {uri}" for identity, uri in extensions),
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.pwd}",
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{setup}",
            f"a=candidate:1 1 udp 2130706431 {self.address} {self.port} typ host",
            "a=end-of-candidates",
        ]
        if direction != "recvonly":
            lines += [f"a=ssrc:{self.ssrc} cname:load", f"a=msid:load {kind}"]
        return "\r\n".join([*lines, ""])


@dataclass(frozen=True, slots=True)
class Told:
    """What a browser is told of the server: where it connects to and what was negotiated.

    Attributes:
        active: whether the browser begins DTLS.
        ssrc: what the server sends with, None while nobody knows.
        plain: where the telephone sends to, `address:port`.
    """

    address: str
    ufrag: str
    pwd: str
    fingerprint: str
    active: bool
    payload_type: int
    mid: str = MID
    ssrc: int | None = None
    extensions: tuple[tuple[int, str], ...] = EXTENSIONS
    plain: str | None = None


def read(sdp: str, *, active: bool, plain: str | None = None) -> Told:
    """What a server's description of one stream says. Raises BenchError when it refuses."""
    description = SessionDescription.parse(sdp.encode())
    (media,) = description.media
    candidate = next(
        (value.split() for value in media.get_all("candidate") if " udp " in value.lower()), None
    )
    if media.port == 0 or candidate is None:
        raise BenchError(f"the stream is refused:\n{sdp}")

    def either(name: str) -> str:
        return media.get(name) or description.get(name) or ""

    return Told(
        address=f"{candidate[4]}:{candidate[5]}",
        ufrag=either("ice-ufrag"),
        pwd=either("ice-pwd"),
        fingerprint=either("fingerprint"),
        active=active,
        payload_type=int(media.formats[0]),
        mid=media.get("mid") or MID,
        ssrc=_source(media),
        extensions=tuple(extensions_of(media)),
        plain=plain,
    )


def extensions_of(media: MediaDescription) -> list[tuple[int, str]]:
    """Header extensions of a stream that the browsers know."""
    known = {uri for _, uri in EXTENSIONS}
    pairs = [value.split()[:2] for value in media.get_all("extmap")]
    return [(int(number.partition("/")[0]), uri) for number, uri in pairs if uri in known]


def _source(media: MediaDescription) -> int | None:
    text = (media.get("ssrc") or "").partition(" ")[0]
    return int(text) if text else None


class WebrtcLoad(Load):
    """Browsers at an address that send and watch, or speak with telephones; counted is what arrives."""

    def __init__(
        self, program: Path, kind: Kind, address: str, *, warm_seconds: int, seconds: int, count: int
    ) -> None:
        super().__init__(program, [kind, str(warm_seconds), str(seconds), str(count), address])
        self.peers: list[Peer] = []

    def _read_hello(self, hello: dict[str, Any]) -> None:
        self.peers = [Peer(**peer) for peer in hello["peers"]]

    def connect(self, told: Told) -> None:
        """Lets the next browser connect; they are told in their order."""
        self._tell([json.dumps(asdict(told))])

    def first(self) -> None:
        """Waits until the first browser is connected."""
        self._expect("first")

    def talk(self, *, at_start: Callable[[], None], at_end: Callable[[], None]) -> dict[str, Any]:
        """Waits until all is over; returns `sent`, what should have arrived, and `received`."""
        return self._follow(at_start, at_end)
