"""What travels between call control and the engine, and the tones of the countries."""

from pathlib import Path
from typing import Any

import pytest

from stimme.media import (
    AudioFile,
    Crypto,
    DtmfHandover,
    DtmfReceived,
    EndpointStats,
    MediaEvent,
    MediaStarted,
    MediaTimeout,
    PlayerFinished,
    Playlist,
    RecorderFinished,
    RemoteMedia,
    RemoteStats,
    RoomSpeakers,
    SharedSource,
    Silence,
    Tone,
    TransportFailed,
)
from stimme.media.events import parse_event
from stimme.media.tones import COUNTRIES, SPECIAL_INFORMATION, tones_of

HEAD = {"endpoint": 7, "tag": "leg"}


@pytest.mark.parametrize(
    ("name", "fields", "event"),
    [
        ("media-started", HEAD, MediaStarted(7, "leg")),
        ("media-timeout", {**HEAD, "silent_seconds": 30.5}, MediaTimeout(7, "leg", 30.5)),
        ("dtmf", {**HEAD, "digit": "#", "duration_ms": 80}, DtmfReceived(7, "leg", "#", 80)),
        ("dtmf-handover", {**HEAD, "digit": "1", "duration_ms": 90}, DtmfHandover(7, "leg", "1", 90)),
        ("room-speakers", {"room": 3, "tag": "r", "speakers": [7, 2]}, RoomSpeakers(3, "r", (7, 2))),
        ("player-finished", {**HEAD, "player": 9}, PlayerFinished(7, "leg", 9)),
        ("player-finished", {"tag": "room", "player": 9}, PlayerFinished(0, "room", 9)),
        (
            "recorder-finished",
            {**HEAD, "recorder": 5, "path": "/a.wav"},
            RecorderFinished(7, "leg", 5, Path("/a.wav")),
        ),
        ("transport-failed", {**HEAD, "reason": "gone"}, TransportFailed(7, "leg", "gone")),
        ("of-tomorrow", HEAD, None),
    ],
)
def test_events_are_typed(name: str, fields: dict[str, Any], event: MediaEvent | None) -> None:
    assert parse_event(name, fields) == event


def test_sources_as_requests_carry_them() -> None:
    items = (AudioFile(Path("/a.mp3"), start_ms=500), Silence(20), Tone((425.0,), duration_ms=100))
    assert Playlist(items).to_wire() == {
        "kind": "playlist",
        "items": [
            {"kind": "file", "path": "/a.mp3", "start_ms": 500},
            {"kind": "silence", "duration_ms": 20},
            {
                "kind": "tone",
                "frequencies": [425.0],
                "cadence": [],
                "level_dbm0": -13.0,
                "duration_ms": 100,
            },
        ],
    }
    assert SharedSource(4).to_wire() == {"kind": "shared", "source": 4}


def test_keys_are_sent_and_not_shown() -> None:
    crypto = Crypto("AEAD_AES_128_GCM", "c2VuZA==", "cmVjZWl2ZQ==")
    media = RemoteMedia("192.0.2.1", 4000, crypto=crypto)
    assert "c2VuZA" not in repr(media) and "cmVjZWl2ZQ" not in repr(media)
    assert media.to_wire()["crypto"] == {
        "suite": "AEAD_AES_128_GCM",
        "send_key": "c2VuZA==",
        "receive_key": "cmVjZWl2ZQ==",
        "late": False,
    }


def test_statistics_with_and_without_the_peers_report() -> None:
    counters = {
        "packets_received": 1,
        "packets_sent": 2,
        "bytes_received": 3,
        "bytes_sent": 4,
        "packets_lost": 5,
        "jitter_ms": 6.0,
        "rtt_ms": None,
        "codec": "PCMA",
    }
    assert EndpointStats.from_wire(counters).remote is None
    remote = {"packets_lost": 3, "loss": 0.25, "jitter_ms": 10.0, "mos": 2.5}
    stats = EndpointStats.from_wire({**counters, "mos": 4.4, "remote": remote})
    assert (stats.mos, stats.remote) == (4.4, RemoteStats(3, 0.25, 10.0, 2.5))


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_tones_with_a_whole_cadence(country: str) -> None:
    tones = COUNTRIES[country]
    for tone in (tones.dial, tones.ringback, tones.busy, tones.congestion, tones.call_waiting):
        assert all(300 <= hz <= 1500 for hz in tone.frequencies)
        assert len(tone.cadence) % 2 == 0, "on and off"
        assert all(milliseconds > 0 for milliseconds in tone.cadence)
    assert tones.busy.cadence
    assert tones.ringback.cadence[-1] >= 2000, "the longest pause comes last"


def test_germany_is_the_default() -> None:
    assert tones_of("de") is tones_of("xx") is COUNTRIES["DE"]
    assert tones_of("DE").ringback == Tone((425.0,), (1000, 4000))
    assert tones_of("DE").busy == Tone((425.0,), (480, 480))
    assert sum(item.duration_ms or 0 for item in SPECIAL_INFORMATION.items if isinstance(item, Tone)) == 990
