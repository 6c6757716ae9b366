"""Values that travel to and from the engine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

Kind = Literal["rtp", "webrtc"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DtmfMethod = Literal["events", "inband", "info"]
"""How a peer gets and sends digits: RFC 4733, tones in the audio, or SIP INFO."""
Content = Literal["main", "slides"]
"""What a video stream shows (RFC 4796): people, or a screen that is shared."""
Role = Literal["talk", "listen", "muted"]
"""What a member of a room may do. Listeners hear and are no participants; muted ones are."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A negotiated payload format, its clock as SDP writes it.

    `name` is `PCMA`, `PCMU`, `G722`, `opus`, `telephone-event` or `CN`.
    """

    name: str
    payload_type: int
    clock_rate: int
    channels: int = 1
    fmtp: str = ""

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {
            "name": self.name,
            "payload_type": self.payload_type,
            "clock_rate": self.clock_rate,
            "channels": self.channels,
            "fmtp": self.fmtp,
        }


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Where an endpoint listens.

    ICE and DTLS values are for browsers only; `fingerprint` is written `sha-256 AA:BB:…`.
    """

    address: str
    port: int
    rtcp_port: int | None = None
    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    fingerprint: str | None = None

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> "LocalTransport":
        """From a reply."""
        return cls(
            str(value["address"]),
            int(value["port"]),
            value.get("rtcp_port"),
            value.get("ice_ufrag"),
            value.get("ice_pwd"),
            value.get("fingerprint"),
        )


@dataclass(frozen=True, slots=True)
class Crypto:
    """Keys of SRTP of offer and answer (SDES, RFC 4568): key and salt in base64, as behind `inline:`.

    `suite` is `AES_CM_128_HMAC_SHA1_80`, `…_32`, `AES_256_CM_HMAC_SHA1_80`, `…_32`, `AEAD_AES_128_GCM` or
    `AEAD_AES_256_GCM`.

    Attributes:
        send_key: from our side of the SDP.
        receive_key: from the peer's.
        late: the peer has sent with its key before the endpoint was made.
    """

    suite: str
    send_key: str = field(repr=False)
    receive_key: str = field(repr=False)
    late: bool = False


@dataclass(frozen=True, slots=True)
class T38:
    """T.38 over UDPTL as negotiated, in the words of SDP (ITU-T T.38 annex D).

    Attributes:
        max_bit_rate: `T38MaxBitRate`, bit/s.
        local_training: whether `T38FaxRateManagement` is `localTCF`.
        max_datagram: the peer's `T38FaxMaxDatagram`, bytes; 400 is taken where it names none.
        error_correction: `T38FaxUdpEC`.
    """

    version: int = 0
    max_bit_rate: int = 14_400
    local_training: bool = False
    fill_bit_removal: bool = False
    max_datagram: int | None = None
    error_correction: Literal["t38UDPRedundancy", "t38UDPFEC", "t38UDPNoEC"] = "t38UDPRedundancy"


@dataclass(frozen=True, slots=True)
class FaxInfo:
    """A fax that lives in the engine; of a gateway `endpoint` is the side that speaks T.38."""

    id: int
    tag: str
    endpoint: int
    bridge: int | None


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """Where the peer wants its packets. `dtls_setup` is OUR role: `active` or `passive`."""

    address: str
    port: int
    rtcp_port: int | None = None
    rtcp_mux: bool = False
    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    fingerprint: str | None = None
    candidates: tuple[str, ...] = ()
    dtls_setup: str | None = None
    crypto: Crypto | None = None

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {
            "address": self.address,
            "port": self.port,
            "rtcp_port": self.rtcp_port,
            "rtcp_mux": self.rtcp_mux,
            "ice_ufrag": self.ice_ufrag,
            "ice_pwd": self.ice_pwd,
            "fingerprint": self.fingerprint,
            "candidates": list(self.candidates),
            "dtls_setup": self.dtls_setup,
            "crypto": None if self.crypto is None else asdict(self.crypto),
        }


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """What lives in the engine, as a client that has just connected finds it."""

    id: int
    tag: str
    owner: str
    kind: Kind
    local: LocalTransport
    bridge: int | None
    room: int | None = None


@dataclass(frozen=True, slots=True)
class BridgeInfo:
    """A bridge that lives in the engine."""

    id: int
    tag: str
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class RoomMember:
    """An endpoint in a room; `whisper_to` is who alone hears it when its role is `whisper`."""

    endpoint: int
    role: str
    whisper_to: int | None


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room that lives in the engine. `rate` is samples a second of the mix."""

    id: int
    tag: str
    rate: int
    members: tuple[RoomMember, ...]


@dataclass(frozen=True, slots=True)
class RemoteStats:
    """How our packets arrive at the peer, as its reports say. `loss` is of late, 0 to 1; `mos` as below."""

    packets_lost: int
    loss: float
    jitter_ms: float
    mos: float | None


@dataclass(frozen=True, slots=True)
class VoipMetrics:
    """What the peer's extended reports (RFC 3611 §4.7) say of what it hears; parts are 0 to 1.

    Attributes:
        discarded: part that came too late for its buffer.
        burst_density: part that is missing in bursts; `gap_density` between them.
        burst_ms: mean length of a burst; `gap_ms` between two.
        r_factor: transmission rating (ITU-T G.107), None where the peer does not say.
        buffer_ms: its jitter buffer at the moment.
    """

    loss: float
    discarded: float
    burst_density: float
    gap_density: float
    burst_ms: int
    gap_ms: int
    round_trip_ms: int
    end_system_delay_ms: int
    r_factor: int | None
    mos_listening: float | None
    mos_conversation: float | None
    buffer_ms: int | None


@dataclass(frozen=True, slots=True)
class VideoStats:
    """Counters of one video stream of an endpoint.

    Attributes:
        codec: what the peer last sent, None before anything came.
        bitrate_received: of all layers together, bit/s, lately.
        layers: how many layers came.
        keyframes_asked: how often the peer was asked for a key frame; `keyframes_wanted`: how often it asked.
        source: whose stream the peer is shown, its endpoint and `mid`; None while it is shown nothing.
        layer: in which layer, as the sender names it; None without simulcast.
        switches: how often what is shown changed to another stream or layer.
    """

    mid: str
    content: Content
    codec: str | None
    packets_received: int
    bytes_received: int
    keyframes_received: int
    bitrate_received: int
    layers: int
    packets_sent: int
    bytes_sent: int
    keyframes_asked: int
    keyframes_wanted: int
    source: tuple[int, str] | None
    layer: str | None
    switches: int

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> Self:
        """From a reply."""
        source = value.get("source")
        return cls(**{**value, "source": None if source is None else (int(source[0]), str(source[1]))})


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """Counters and quality of one endpoint. Jitter and round trip in milliseconds, None while unknown.

    Attributes:
        mos: mean opinion score, 1 to 4.5, of what the peer says as it arrives here (ITU-T G.107).
        remote: what the peer reports of what it hears; None before its first report.
        frames_concealed: frames of 20 ms made up, for a room or a transcoding bridge, for lost packets.
        packets_late: packets that came too late for that.
        xr: what the peer says in extended reports; None before the first.
        bandwidth: what the way to a browser carries, bit/s, where it helps to measure it.
        video: of each video stream, in the order of the SDP.
    """

    packets_received: int
    packets_sent: int
    bytes_received: int
    bytes_sent: int
    packets_lost: int
    jitter_ms: float
    rtt_ms: float | None
    codec: str | None
    mos: float | None = None
    remote: RemoteStats | None = None
    frames_concealed: int = 0
    packets_late: int = 0
    xr: VoipMetrics | None = None
    bandwidth: int | None = None
    video: tuple[VideoStats, ...] = ()

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> Self:
        """From a reply."""
        known = {each.name: value[each.name] for each in fields(cls) if each.name in value}
        remote, extended = value.get("remote"), value.get("xr")
        known["remote"] = None if remote is None else RemoteStats(**remote)
        known["xr"] = None if extended is None else VoipMetrics(**extended)
        known["video"] = tuple(VideoStats.from_wire(each) for each in value.get("video", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class WavFile:
    """A WAV file from its beginning."""

    path: Path

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"kind": "wav", "path": str(self.path)}


@dataclass(frozen=True, slots=True)
class Tone:
    """Frequencies in hertz, sounding together.

    `cadence` is milliseconds on, off, on, …; empty is continuous. Without a duration it never ends.
    """

    frequencies: tuple[float, ...]
    cadence: tuple[int, ...] = ()
    level_dbm0: float = -13.0
    duration_ms: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {
            "kind": "tone",
            "frequencies": list(self.frequencies),
            "cadence": list(self.cadence),
            "level_dbm0": self.level_dbm0,
            "duration_ms": self.duration_ms,
        }


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing, for a while."""

    duration_ms: int

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"kind": "silence", "duration_ms": self.duration_ms}


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A WAV, MP3 or Ogg file (Opus or Vorbis), from a moment on; several channels are mixed."""

    path: Path
    start_ms: int = 0

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"kind": "file", "path": str(self.path), "start_ms": self.start_ms}


@dataclass(frozen=True, slots=True)
class Playlist:
    """One after the other; a tone in it needs a duration.

    A file that is missing is refused before anything plays.
    """

    items: "tuple[Source, ...]"

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"kind": "playlist", "items": [item.to_wire() for item in self.items]}


@dataclass(frozen=True, slots=True)
class SharedSource:
    """A source that lives in the engine and that many endpoints hear together, such as music on hold."""

    id: int

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"kind": "shared", "source": self.id}


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A shared source that lives in the engine, and the endpoints that hear it."""

    id: int
    tag: str
    listeners: tuple[int, ...]


Source = WavFile | AudioFile | Tone | Silence | Playlist | SharedSource
