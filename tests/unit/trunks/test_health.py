"""Whether a provider is there (T1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.trunks.profiles.health import FAILURES, TRANSITIONS, Health, Sign, State, is_alive


def test_every_sign_has_a_state() -> None:
    assert set(TRANSITIONS) == {(state, sign) for state in State for sign in Sign}


@pytest.mark.parametrize(
    ("status", "alive"),
    [(200, True), (403, True), (404, True), (405, True), (500, True), (408, False), (503, False)],
)
def test_what_proves_that_somebody_is_there(status: int, alive: bool) -> None:
    assert is_alive(status) is alive


def test_it_is_asked_at_once_and_then_at_its_interval() -> None:
    health = Health(60.0)
    assert health.next_wakeup() is None
    health.begin(100.0)
    assert health.next_wakeup() == 100.0
    health.asking()
    assert health.next_wakeup() is None
    assert health.alive(100.2, 0.025) is State.UP
    assert health.next_wakeup() == 160.2
    assert health.alive(160.3, 0.03) is None
    assert health.view(170.3) == {
        "state": "up",
        "for_seconds": pytest.approx(70.1),
        "last_sign_seconds_ago": pytest.approx(10.0),
        "round_trip_ms": 30.0,
        "availability": 1.0,
    }


def test_doubt_asks_sooner_and_three_silences_are_an_alarm() -> None:
    health = Health(60.0)
    health.alive(0.0)
    assert health.silent(60.0) is State.DOUBTFUL
    assert health.next_wakeup() == 66.0
    assert health.silent(66.0) is None
    assert health.silent(72.0) is State.DOWN
    assert health.silent(78.0) is None
    assert health.next_wakeup() == 84.0
    assert health.alive(84.0) is State.UP
    assert health.availability == pytest.approx(2 / 6)


def test_one_silence_between_signs_is_no_alarm() -> None:
    health = Health(20.0)
    told = [health.alive(0.0)]
    for now in range(20, 400, 40):
        told += [health.silent(float(now)), health.alive(float(now + 5))]
    assert State.DOWN not in told
    assert health.next_wakeup() == 405.0


def test_an_interval_of_nothing_asks_nothing() -> None:
    health = Health(0.0)
    health.begin(0.0)
    health.silent(1.0)
    assert health.next_wakeup() is None
    assert health.view(2.0)["state"] == "doubtful"


def test_nothing_is_known_before_anything_was_seen() -> None:
    assert Health().view(5.0) == {
        "state": "unknown",
        "for_seconds": None,
        "last_sign_seconds_ago": None,
        "round_trip_ms": None,
        "availability": None,
    }


@given(st.lists(st.booleans(), max_size=40))
def test_down_means_several_silences_and_up_means_a_sign(signs: list[bool]) -> None:
    health = Health(30.0)
    for now, alive in enumerate(signs):
        if alive:
            health.alive(float(now))
        else:
            health.silent(float(now))
        trailing = 0
        for seen in reversed(signs[: now + 1]):
            if seen:
                break
            trailing += 1
        assert (health.state is State.UP) == (trailing == 0)
        assert (health.state is State.DOWN) == (trailing >= FAILURES)
