"""The arithmetic and the files of the SIP measurements."""

from pathlib import Path

import pytest
from tests.bench import sip_register
from tests.bench.__main__ import LONG, NAMES
from tests.bench.crowd import PASSWORD, Crowd
from tests.bench.sip_memory import slope


def test_growth_is_the_slope_of_the_memory() -> None:
    assert slope([0.0, 10.0, 20.0], [1_000, 1_500, 2_000]) == pytest.approx(50)
    assert slope([0.0, 10.0, 20.0], [5, 5, 5]) == 0
    assert slope([3.0], [5]) == 0


def test_sipp_gets_each_telephone_once_with_its_domain_and_credentials(tmp_path: Path) -> None:
    lines = Crowd(tmp_path, 100).list_for_sipp().read_text().splitlines()
    assert lines[0] == "SEQUENTIAL"
    assert len(set(lines[1:])) == 100
    assert lines[51] == f"crowd-50;crowd1.example;[authentication username=crowd-50 password={PASSWORD}]"


def test_what_went_wrong_is_summed_up_by_side() -> None:
    runs = [
        {"server": "stimme", "refreshes": 10, "failed": 1, "retransmissions": 2},
        {"server": "Kamailio", "refreshes": 9, "failed": 0, "retransmissions": 0},
        {"server": "stimme", "refreshes": 5, "failed": 0, "retransmissions": 1},
    ]
    expected = "stimme: 15 refreshes, 1 failed, 3 retransmissions"
    assert sip_register.summary(runs, "stimme") == expected


def test_what_takes_minutes_must_be_asked_for_by_name() -> None:
    assert set(LONG) == {
        "sip-sustained",
        "sip-memory",
        "srtp-relay",
        "transcoding",
        "rooms",
        "video",
        "webrtc",
    }
    assert len(set(NAMES)) == len(NAMES)
