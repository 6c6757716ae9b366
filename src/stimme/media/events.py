"""What the engine reports by itself, in the order in which it happened."""

from collections.abc import Callable, Mapping
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
    """A digit came, once for each press, whichever way."""

    endpoint_id: int
    tag: str
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DtmfHandover:
    """A digit for a peer that gets its digits by SIP INFO: call control is to send it."""

    endpoint_id: int
    tag: str
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class RoomSpeakers:
    """Others speak in a room than before; endpoints, the loudest first."""

    room_id: int
    tag: str
    speakers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlayerFinished:
    """A player came to its end. In a room the endpoint is 0 and the tag is the room's."""

    endpoint_id: int
    tag: str
    player_id: int


@dataclass(frozen=True, slots=True)
class RecorderFinished:
    """A recording is complete on disk; its length is 0 when it could not be written.

    Of a room the endpoint is 0 and the tag is the room's.
    """

    endpoint_id: int
    tag: str
    recorder_id: int
    path: Path
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """ICE or DTLS of a browser's endpoint failed."""

    endpoint_id: int
    tag: str
    reason: str


MediaEvent = (
    MediaStarted
    | MediaTimeout
    | DtmfReceived
    | DtmfHandover
    | RoomSpeakers
    | PlayerFinished
    | RecorderFinished
    | TransportFailed
)


_Read = Callable[[int, str, Mapping[str, Any]], MediaEvent]
_READERS: dict[str, _Read] = {
    "media-started": lambda endpoint, tag, _: MediaStarted(endpoint, tag),
    "media-timeout": lambda endpoint, tag, value: MediaTimeout(endpoint, tag, float(value["silent_seconds"])),
    "dtmf": lambda endpoint, tag, value: DtmfReceived(
        endpoint, tag, str(value["digit"]), int(value["duration_ms"])
    ),
    "dtmf-handover": lambda endpoint, tag, value: DtmfHandover(
        endpoint, tag, str(value["digit"]), int(value["duration_ms"])
    ),
    "room-speakers": lambda _, tag, value: RoomSpeakers(int(value["room"]), tag, tuple(value["speakers"])),
    "player-finished": lambda endpoint, tag, value: PlayerFinished(endpoint, tag, int(value["player"])),
    "recorder-finished": lambda endpoint, tag, value: RecorderFinished(
        endpoint, tag, int(value["recorder"]), Path(value["path"]), int(value.get("duration_ms", 0))
    ),
    "transport-failed": lambda endpoint, tag, value: TransportFailed(endpoint, tag, str(value["reason"])),
}


def parse_event(name: str, value: Mapping[str, Any]) -> MediaEvent | None:
    """The typed form of an event, None for one that this version does not know."""
    read = _READERS.get(name)
    if read is None:
        return None
    return read(int(value.get("endpoint", 0)), str(value.get("tag", "")), value)
