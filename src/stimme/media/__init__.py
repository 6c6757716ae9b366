"""Typed asyncio face of the media engine `stimme-media`."""

from stimme.media.engine import Bridge, Endpoint, Engine, Player, Recorder
from stimme.media.errors import EngineError, EngineLostError
from stimme.media.events import (
    DtmfReceived,
    MediaEvent,
    MediaStarted,
    MediaTimeout,
    PlayerFinished,
    RecorderFinished,
    TransportFailed,
)
from stimme.media.types import (
    AudioFile,
    BridgeInfo,
    Codec,
    EndpointInfo,
    EndpointStats,
    LocalTransport,
    Playlist,
    RemoteMedia,
    SharedSource,
    Silence,
    SourceInfo,
    Tone,
    WavFile,
)

__all__ = [
    "AudioFile",
    "Bridge",
    "BridgeInfo",
    "Codec",
    "DtmfReceived",
    "Endpoint",
    "EndpointInfo",
    "EndpointStats",
    "Engine",
    "EngineError",
    "EngineLostError",
    "LocalTransport",
    "MediaEvent",
    "MediaStarted",
    "MediaTimeout",
    "Player",
    "PlayerFinished",
    "Playlist",
    "Recorder",
    "RecorderFinished",
    "RemoteMedia",
    "SharedSource",
    "Silence",
    "SourceInfo",
    "Tone",
    "TransportFailed",
    "WavFile",
]
