"""Transferred calls that come back (K12), automatic redial (P2)."""

import pytest

from stimme.pbx.features import recall, redial
from stimme.pbx.features.recall import RingAt, TransferRecall
from stimme.pbx.features.redial import MOST_ATTEMPTS, PAUSE, AutoRedialing

ANSWER, NO_ANSWER, HANG_UP = recall.Event.ANSWER, recall.Event.NO_ANSWER, recall.Event.HANG_UP


def test_it_comes_back_and_says_where_it_was() -> None:
    call = TransferRecall("12", "10", "0", seconds=25.0)
    assert call.begin() == RingAt("12", 25.0, None)
    assert call.step(NO_ANSWER) == RingAt("10", 25.0, "12")
    assert call.step(NO_ANSWER) == RingAt("0", 25.0, "10")
    assert call.step(NO_ANSWER) is None
    assert call.state is recall.State.ENDED


@pytest.mark.parametrize("attendant", [None, "10"])
def test_without_another_attendant_it_ends(attendant: str | None) -> None:
    call = TransferRecall("12", "10", attendant)
    call.step(NO_ANSWER)
    assert call.step(NO_ANSWER) is None
    assert call.state is recall.State.ENDED


@pytest.mark.parametrize("unanswered", [0, 1, 2])
@pytest.mark.parametrize(("event", "state"), [(ANSWER, recall.State.ANSWERED), (HANG_UP, recall.State.ENDED)])
def test_answer_and_hang_up_end_it_anywhere(
    unanswered: int, event: recall.Event, state: recall.State
) -> None:
    call = TransferRecall("12", "10", "0")
    for _ in range(unanswered):
        call.step(NO_ANSWER)
    assert call.step(event) is None
    assert call.state is state
    with pytest.raises(KeyError):
        call.step(NO_ANSWER)


def test_redial_tries_every_minute_until_it_rings() -> None:
    again = AutoRedialing("anna", "+4930901820", next_at=0.0)
    assert again.due(0.0, line_free=True)
    assert not again.due(0.0, line_free=True)
    again.busy(5.0)
    assert not again.due(5.0 + PAUSE - 1, line_free=True)
    assert not again.due(5.0 + PAUSE, line_free=False)
    assert again.due(5.0 + PAUSE + 3, line_free=True)
    again.end()
    assert again.state is redial.State.DONE
    assert not again.due(1e9, line_free=True)


def test_redial_gives_up() -> None:
    again, now = AutoRedialing("anna", "1", next_at=0.0), 0.0
    for _ in range(MOST_ATTEMPTS):
        assert again.due(now, line_free=True)
        again.busy(now)
        now += PAUSE
    assert again.state is redial.State.DONE
    assert again.attempts == MOST_ATTEMPTS


def test_redial_is_switched_off_while_it_waits() -> None:
    again = AutoRedialing("anna", "1", next_at=10.0)
    again.end()
    assert not again.due(10.0, line_free=True)
