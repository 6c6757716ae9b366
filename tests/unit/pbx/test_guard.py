"""The guard against guessing of passwords."""

import pytest

from stimme.pbx.guard import BLOCK, FAILURES, MAX_SOURCES, WINDOW, GuessingGuard


class Clock:
    """Time that the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def failing(guard: GuessingGuard, source: str, times: int) -> None:
    for _ in range(times):
        guard.failed(source)


def test_a_source_is_refused_after_the_last_allowed_failure_and_free_after_the_block(clock: Clock) -> None:
    guard = GuessingGuard(clock, enabled=True)
    failing(guard, "203.0.113.66", FAILURES - 1)
    assert not guard.blocked("203.0.113.66")
    guard.failed("203.0.113.66")
    assert guard.blocked("203.0.113.66")
    assert not guard.blocked("203.0.113.67")
    clock.now += BLOCK
    assert not guard.blocked("203.0.113.66")


def test_slow_failures_are_human(clock: Clock) -> None:
    guard = GuessingGuard(clock, enabled=True)
    for _ in range(FAILURES * 2):
        guard.failed("203.0.113.66")
        clock.now += WINDOW / 10
    assert not guard.blocked("203.0.113.66")


def test_a_right_password_forgives(clock: Clock) -> None:
    guard = GuessingGuard(clock, enabled=True)
    failing(guard, "203.0.113.66", FAILURES - 1)
    guard.succeeded("203.0.113.66")
    failing(guard, "203.0.113.66", FAILURES - 1)
    assert not guard.blocked("203.0.113.66")


def test_the_table_is_bounded_and_the_quietest_source_leaves_first(clock: Clock) -> None:
    guard = GuessingGuard(clock, enabled=True)
    failing(guard, "first", FAILURES - 1)
    for number in range(MAX_SOURCES):
        guard.failed(f"source-{number}")
    guard.failed("first")
    assert not guard.blocked("first")


def test_switched_off_it_refuses_nobody(clock: Clock) -> None:
    guard = GuessingGuard(clock, enabled=False)
    failing(guard, "203.0.113.66", FAILURES * 3)
    assert not guard.blocked("203.0.113.66")
