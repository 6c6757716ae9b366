"""Automatic redial (P2)."""

from stimme.pbx.features.redial import MOST_ATTEMPTS, PAUSE, AutoRedialing, State


def test_redial_tries_every_minute_until_somebody_answers() -> None:
    again = AutoRedialing("anna", "+4930901820", next_at=0.0)
    assert again.due(0.0, line_free=True)
    assert not again.due(0.0, line_free=True)
    again.in_vain(5.0)
    assert not again.due(5.0 + PAUSE - 1, line_free=True)
    assert not again.due(5.0 + PAUSE, line_free=False)
    assert again.due(5.0 + PAUSE + 3, line_free=True)
    again.end()
    assert again.state is State.DONE
    assert not again.due(1e9, line_free=True)


def test_redial_gives_up() -> None:
    again, now = AutoRedialing("anna", "1", next_at=0.0), 0.0
    for _ in range(MOST_ATTEMPTS):
        assert again.due(now, line_free=True)
        again.in_vain(now)
        now += PAUSE
    assert again.state is State.DONE
    assert again.attempts == MOST_ATTEMPTS


def test_redial_is_switched_off_while_it_waits() -> None:
    again = AutoRedialing("anna", "1", next_at=10.0)
    again.end()
    assert not again.due(10.0, line_free=True)


def test_redial_goes_on_after_a_restart() -> None:
    again = AutoRedialing("anna", "1", next_at=0.0)
    assert again.due(1.0, line_free=True)
    again.in_vain(2.0)
    restored = AutoRedialing.from_json("anna", again.to_json())
    assert (restored.next_at, restored.attempts, restored.state) == (2.0 + PAUSE, 1, State.PAUSING)
