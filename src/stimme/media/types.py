"""Values that travel to and from the engine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["rtp", "webrtc"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]


@dataclass(frozen=True, slots=True)
class Codec:
    """A negotiated payload format, its clock as SDP writes it.

    `name` is `PCMA`, `PCMU`, `G722`, `opus` or `telephone-event`.
    """

    name: str
    payload_type: int
    clock_rate: int
    channels: int = 1
    fmtp: str = ""


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

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {**asdict(self), "candidates": list(self.candidates)}


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """What lives in the engine, as a client that has just connected finds it."""

    id: int
    tag: str
    owner: str
    kind: Kind
    local: LocalTransport
    bridge: int | None


@dataclass(frozen=True, slots=True)
class BridgeInfo:
    """A bridge that lives in the engine."""

    id: int
    tag: str
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """Counters of one endpoint. Jitter and round trip in milliseconds, None while unknown."""

    packets_received: int
    packets_sent: int
    bytes_received: int
    bytes_sent: int
    packets_lost: int
    jitter_ms: float
    rtt_ms: float | None
    codec: str | None


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
