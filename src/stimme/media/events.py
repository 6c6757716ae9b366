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
class FaxPageDone:
    """A page of a fax was confirmed. `page` counts from 1, `bit_rate` is of image data.

    Attributes:
        ecm: errors were corrected.
        bad_rows: rows that could not be read, without error correction.
        retries: frames that error correction repeated so far.
    """

    endpoint_id: int
    tag: str
    fax_id: int
    page: int
    bit_rate: int
    ecm: bool
    bad_rows: int
    retries: int


@dataclass(frozen=True, slots=True)
class FaxFinished:
    """A fax is over.

    Attributes:
        result: `ok`, `no-fax` (nobody answered as a fax machine), `cannot-train`, `incompatible`, `protocol`,
            `file` (no TIFF that can be sent, or a disk that is full), `dropped` (the call ended).
        text: the reason for people who know T.30, in English.
        pages: that were confirmed.
        ident: number that the peer showed.
        path: what was received, complete; None where no page came.
    """

    endpoint_id: int
    tag: str
    fax_id: int
    result: str
    text: str
    pages: int
    ident: str
    bit_rate: int
    ecm: bool
    path: Path | None


@dataclass(frozen=True, slots=True)
class FaxRelayed:
    """A gateway between G.711 and T.38 has ended with its bridge: what it carried."""

    bridge_id: int
    tag: str
    pages: int
    bit_rate: int
    ecm: bool


@dataclass(frozen=True, slots=True)
class TapFinished:
    """The program that listened by a tap is gone."""

    endpoint_id: int
    tag: str
    tap_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """ICE or DTLS of a browser's endpoint failed."""

    endpoint_id: int
    tag: str
    reason: str


@dataclass(frozen=True, slots=True)
class VideoShown:
    """Somebody else is shown to an endpoint's peer, from the next key frame on, in its stream `mid`.

    `source_id` and `source_mid` are whose stream it is; None when nobody is shown any more.
    """

    endpoint_id: int
    tag: str
    mid: str
    source_id: int | None
    source_mid: str | None


MediaEvent = (
    MediaStarted
    | MediaTimeout
    | DtmfReceived
    | DtmfHandover
    | RoomSpeakers
    | PlayerFinished
    | RecorderFinished
    | FaxPageDone
    | FaxFinished
    | FaxRelayed
    | TapFinished
    | TransportFailed
    | VideoShown
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
    "fax-page": lambda endpoint, tag, value: FaxPageDone(
        endpoint,
        tag,
        int(value["fax"]),
        int(value["page"]),
        int(value["bit_rate"]),
        bool(value["ecm"]),
        int(value["bad_rows"]),
        int(value["retries"]),
    ),
    "fax-finished": lambda endpoint, tag, value: FaxFinished(
        endpoint,
        tag,
        int(value["fax"]),
        str(value["result"]),
        str(value["text"]),
        int(value["pages"]),
        str(value["ident"]),
        int(value["bit_rate"]),
        bool(value["ecm"]),
        None if value["path"] is None else Path(value["path"]),
    ),
    "fax-relayed": lambda _, tag, value: FaxRelayed(
        int(value["bridge"]), tag, int(value["pages"]), int(value["bit_rate"]), bool(value["ecm"])
    ),
    "tap-finished": lambda endpoint, tag, value: TapFinished(
        endpoint, tag, int(value["tap"]), str(value["reason"])
    ),
    "video-shown": lambda endpoint, tag, value: VideoShown(
        endpoint, tag, str(value["mid"]), value.get("source"), value.get("source_mid")
    ),
    "transport-failed": lambda endpoint, tag, value: TransportFailed(endpoint, tag, str(value["reason"])),
}


def parse_event(name: str, value: Mapping[str, Any]) -> MediaEvent | None:
    """The typed form of an event, None for one that this version does not know."""
    read = _READERS.get(name)
    if read is None:
        return None
    return read(int(value.get("endpoint", 0)), str(value.get("tag", "")), value)
