"""What the engine reports by itself, in the order in which it happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """The first packet of an endpoint's peer arrived."""

    endpoint_id: int
    tag: str


@dataclass(frozen=True, slots=True)
class MediaTimeout:
    """Neither RTP nor RTCP came for this many seconds."""

    endpoint_id: int
    tag: str
    silent_seconds: float


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """A digit came by RFC 4733, once for each press."""

    endpoint_id: int
    tag: str
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class PlayerFinished:
    """A player came to its end."""

    endpoint_id: int
    tag: str
    player_id: int


@dataclass(frozen=True, slots=True)
class RecorderFinished:
    """A recording is complete on disk."""

    endpoint_id: int
    tag: str
    recorder_id: int
    path: Path


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """ICE or DTLS of a browser's endpoint failed."""

    endpoint_id: int
    tag: str
    reason: str


MediaEvent = MediaStarted | MediaTimeout | DtmfReceived | PlayerFinished | RecorderFinished | TransportFailed


def parse_event(name: str, value: Mapping[str, Any]) -> MediaEvent | None:
    """The typed form of an event, None for one that this version does not know."""
    endpoint, tag = int(value.get("endpoint", 0)), str(value.get("tag", ""))
    match name:
        case "media-started":
            return MediaStarted(endpoint, tag)
        case "media-timeout":
            return MediaTimeout(endpoint, tag, float(value["silent_seconds"]))
        case "dtmf":
            return DtmfReceived(endpoint, tag, str(value["digit"]), int(value["duration_ms"]))
        case "player-finished":
            return PlayerFinished(endpoint, tag, int(value["player"]))
        case "recorder-finished":
            return RecorderFinished(endpoint, tag, int(value["recorder"]), Path(value["path"]))
        case "transport-failed":
            return TransportFailed(endpoint, tag, str(value["reason"]))
        case _:
            return None
