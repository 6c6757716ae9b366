"""Classes of numbers, barring, the guard against toll fraud (T7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.trunks.barring import Barred, Barring, NumberClass, Reach, classify, is_expensive
from stimme.trunks.fraud import WINDOW, FraudGuard, LimitReached, Limits, Verdict

HOME = "+4930231250"
C = NumberClass

NUMBERS = [
    ("112", C.EMERGENCY, False),
    ("110", C.EMERGENCY, False),
    ("+498001234567", C.FREE, False),
    ("116117", C.FREE, False),
    ("115", C.LOCAL, False),
    ("19222", C.LOCAL, False),
    ("+4930901820", C.LOCAL, False),
    ("+4933112345", C.NATIONAL, False),
    ("+491701234567", C.NATIONAL, False),
    ("+4932221234567", C.NATIONAL, False),
    ("+491805123456", C.NATIONAL, False),
    ("+442079460958", C.INTERNATIONAL, False),
    ("+12125551234", C.INTERNATIONAL, False),
    ("+18095551234", C.INTERNATIONAL, True),
    ("+12685551234", C.INTERNATIONAL, True),
    ("+37167123456", C.INTERNATIONAL, False),
    ("+25261234567", C.INTERNATIONAL, True),
    ("+5371234567", C.INTERNATIONAL, True),
    ("+49900123456", C.PREMIUM, True),
    ("+491371234567", C.PREMIUM, True),
    ("11833", C.PREMIUM, True),
    ("+4911833", C.PREMIUM, True),
    ("+491019004930901820", C.PREMIUM, True),
    ("+449098790000", C.PREMIUM, True),
    ("+43900123456", C.PREMIUM, True),
    ("+870773123456", C.PREMIUM, True),
    ("+8816123456", C.PREMIUM, True),
    ("+97912345678", C.PREMIUM, True),
    ("+999123", C.PREMIUM, True),
    ("+", C.PREMIUM, True),
]


@pytest.mark.parametrize(("number", "number_class", "expensive"), NUMBERS)
def test_the_class_and_the_zone_of_a_number(number: str, number_class: NumberClass, expensive: bool) -> None:
    assert classify(number, HOME) is number_class
    assert is_expensive(number) is expensive


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize(("number", "number_class"), [(number, of) for number, of, _ in NUMBERS])
def test_a_reach_ends_where_it_says(reach: Reach, number: str, number_class: NumberClass) -> None:
    barred = Barring(reach).check(number, HOME)
    assert (barred is None) == (number_class <= max(reach, C.FREE))
    assert barred in (None, Barred(number_class))


def test_exceptions_are_stronger_and_the_longer_beginning_counts() -> None:
    barring = Barring(Reach.NATIONAL, {"+44": True, "+4420": False, "+49170": False, "+492": True})
    assert barring.check("+441612345678", HOME) is None
    assert barring.check("+442079460958", HOME) == Barred(C.INTERNATIONAL)
    assert barring.check("+491701234567", HOME) == Barred(C.NATIONAL)
    assert Barring(Reach.INTERNAL, {"+492": True}).check("+492211234567", HOME) is None


def test_nothing_bars_an_emergency_call() -> None:
    barring = Barring(Reach.INTERNAL, {"1": False, "+": False, "": False, "112": False})
    for number in ("112", "110", "0112", "+49112"):
        assert barring.check(number, HOME) is None


@given(st.text("0123456789+*#", max_size=18))
def test_every_number_has_a_class(number: str) -> None:
    assert classify(number, HOME) in NumberClass
    assert is_expensive(number) in (True, False)


# -- the guard ----------------------------------------------------------------------------------------------

LIMITS = Limits(user_calls=3, user_minutes=10, customer_calls=5, customer_minutes=15)


def test_a_burst_is_cut_off_and_reported_once() -> None:
    guard = FraudGuard(LIMITS)
    assert [guard.begin("u1", 0.0) for _ in range(3)] == [Verdict(allowed=True)] * 3
    assert guard.begin("u1", 1.0) == Verdict(allowed=False, reached=LimitReached("user", "u1", 3, 0.0))
    assert guard.begin("u1", 2.0) == Verdict(allowed=False)


def test_one_user_does_not_stop_another_before_the_customer_s_limit() -> None:
    guard = FraudGuard(LIMITS)
    for _ in range(4):
        guard.begin("u1", 0.0)
    assert guard.begin("u2", 0.0).allowed
    assert guard.begin("u3", 0.0).allowed
    refused = guard.begin("u4", 0.0)
    assert refused == Verdict(allowed=False, reached=LimitReached("customer", "", 5, 0.0))


def test_the_hour_lets_go_and_the_next_time_is_reported_again() -> None:
    guard = FraudGuard(LIMITS)
    for _ in range(4):
        guard.begin("u1", 0.0)
    assert not guard.begin("u1", WINDOW - 1).allowed
    assert [guard.begin("u1", WINDOW + 1).allowed for _ in range(3)] == [True] * 3
    assert guard.begin("u1", WINDOW + 2).reached is not None


def test_a_call_that_goes_on_counts_and_is_ended_when_the_minutes_are_used_up() -> None:
    guard = FraudGuard(LIMITS)
    assert guard.begin("u1", 0.0).allowed
    guard.answered("c1", "u1", 0.0)
    assert guard.to_cut(599.0) == ([], [])
    assert guard.to_cut(600.0) == (["c1"], [LimitReached("user", "u1", 1, 10.0)])
    assert guard.to_cut(601.0) == (["c1"], [])
    guard.ended("c1", 601.0)
    assert guard.to_cut(602.0) == ([], [])
    assert not guard.begin("u1", 700.0).allowed
    assert guard.begin("u2", 700.0).allowed
    assert guard.begin("u1", 601.0 + WINDOW).allowed


def test_the_customer_s_minutes_end_every_call() -> None:
    guard = FraudGuard(LIMITS)
    for name in ("u1", "u2"):
        guard.begin(name, 0.0)
        guard.answered(f"c-{name}", name, 0.0)
    assert guard.to_cut(450.0) == (["c-u1", "c-u2"], [LimitReached("customer", "", 2, 15.0)])


def test_only_the_minutes_of_the_last_hour_count() -> None:
    guard = FraudGuard(Limits(user_minutes=100, customer_minutes=100))
    guard.answered("c1", "u1", 0.0)
    guard.ended("c1", 1200.0)
    assert guard.minutes(WINDOW + 600.0, "u1") == 10.0
    assert guard.minutes(WINDOW + 600.0, "u2") == 0.0


@given(st.lists(st.tuples(st.sampled_from(["begin", "end", "cut"]), st.integers(0, 2), st.floats(0, 900))))
def test_the_limits_hold_whatever_happens(happenings: list[tuple[str, int, float]]) -> None:
    guard, now, begun = FraudGuard(LIMITS), 0.0, list[tuple[float, str]]()
    for number, (what, who, pause) in enumerate(happenings):
        now += pause
        user = f"u{who}"
        if what == "begin" and guard.begin(user, now).allowed:
            begun.append((now, user))
            guard.answered(f"c{number}", user, now)
        elif what == "end":
            guard.ended(f"c{number - 1}", now)
        for call_id in guard.to_cut(now)[0]:
            guard.ended(call_id, now)
        recent = [user for at, user in begun if at > now - WINDOW]
        assert len(recent) <= LIMITS.customer_calls
        assert all(recent.count(user) <= LIMITS.user_calls for user in recent)
