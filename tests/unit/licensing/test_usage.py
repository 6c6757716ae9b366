"""The month's maximum, against a recount by brute force."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimme.licensing.errors import ClosingError
from stimme.licensing.packages import LicenceKind
from stimme.licensing.usage import LicenceEvent, Month, maxima

NOVEMBER = Month(2026, 11)
TICK = datetime.timedelta(microseconds=1)


def at(day: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime(2026, 11, day, hour, tzinfo=datetime.UTC)


def event(moment: datetime.datetime, kind: LicenceKind, quantity: int) -> LicenceEvent:
    return LicenceEvent(moment, kind, quantity)


def test_months_have_berlin_borders() -> None:
    assert NOVEMBER.start == datetime.datetime(2026, 10, 31, 23, tzinfo=datetime.UTC)
    october = NOVEMBER.preceding
    assert october.start == datetime.datetime(2026, 9, 30, 22, tzinfo=datetime.UTC)
    assert (october.end - october.start) == datetime.timedelta(days=31, hours=1)
    assert Month.of(october.end - TICK) == october
    assert Month.of(october.end) == NOVEMBER
    assert Month(2026, 12).following == Month(2027, 1)
    assert Month(2027, 1).preceding == Month(2026, 12)
    assert Month.parse("2026-11") == NOVEMBER
    assert str(Month(987, 1)) == "0987-01"
    assert Month(2028, 2).last_day == datetime.date(2028, 2, 29)


@pytest.mark.parametrize("text", ["2026-13", "0000-01", "2026-1", "26-11", "2026-11 ", "٢٠٢٦-11"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ClosingError, match="is not a month"):
        Month.parse(text)


def test_what_was_there_before_counts_and_what_came_after_does_not() -> None:
    history = [
        event(NOVEMBER.start - TICK, LicenceKind.BASE, 1),
        event(NOVEMBER.start - TICK, LicenceKind.KLARE, 7),
        event(NOVEMBER.start, LicenceKind.KLARE, 3),
        event(at(20), LicenceKind.KLARE, 5),
        event(at(20) + TICK, LicenceKind.KLARE, 2),
        event(NOVEMBER.end, LicenceKind.KLARE, 9),
    ]
    assert maxima(history, NOVEMBER) == {LicenceKind.BASE: 1, LicenceKind.KLARE: 5}
    assert maxima(history, NOVEMBER.preceding)[LicenceKind.KLARE] == 7
    assert maxima(history, NOVEMBER.following)[LicenceKind.KLARE] == 9
    assert maxima(history, Month(2020, 1)) == {}


@pytest.mark.feature("L2")
def test_a_base_switched_in_the_month_is_billed_once_as_extended() -> None:
    history = [
        event(at(1), LicenceKind.BASE, 1),
        event(at(10), LicenceKind.BASE, 0),
        event(at(10), LicenceKind.EXTENDED_BASE, 1),
        event(at(11), LicenceKind.EXTENDED_BASE, 0),
        event(at(11), LicenceKind.BASE, 1),
    ]
    assert maxima(history, NOVEMBER) == {LicenceKind.EXTENDED_BASE: 1}
    assert maxima(history, NOVEMBER.following) == {LicenceKind.BASE: 1}


def test_a_demo_is_free_until_it_is_converted() -> None:
    history = [
        event(at(1), LicenceKind.DEMO, 1),
        event(at(2), LicenceKind.VOLLE, 3),
        event(at(3), LicenceKind.VOLLE, 1),
    ]
    assert maxima(history, NOVEMBER) == {}
    history += [event(at(9), LicenceKind.DEMO, 0), event(at(9), LicenceKind.BASE, 1)]
    assert maxima(history, NOVEMBER) == {LicenceKind.BASE: 1, LicenceKind.VOLLE: 1}


MOMENTS = st.one_of(
    st.sampled_from([NOVEMBER.start - TICK, NOVEMBER.start, NOVEMBER.end - TICK, NOVEMBER.end]),
    st.datetimes(
        datetime.datetime(2026, 10, 25), datetime.datetime(2026, 12, 8), timezones=st.just(datetime.UTC)
    ).map(lambda moment: moment.replace(minute=0, second=0, microsecond=0)),
)
EVENTS = st.lists(
    st.builds(LicenceEvent, MOMENTS, st.sampled_from(list(LicenceKind)), st.integers(0, 5)), max_size=25
).map(lambda events: sorted(events, key=lambda one: one.at))


def recount(history: list[LicenceEvent], month: Month) -> dict[LicenceKind, int]:
    """Look at every instant at which anything can be different, each time from the beginning."""
    paid = {LicenceKind.BASE, LicenceKind.EXTENDED_BASE}
    instants = {month.start} | {one.at for one in history if month.start <= one.at < month.end}
    highest = dict.fromkeys(LicenceKind, 0)
    for instant in instants:
        state = dict.fromkeys(LicenceKind, 0)
        for one in history:
            if one.at <= instant:
                state[one.kind] = one.quantity
        if any(state[kind] > 0 for kind in paid):
            for kind in LicenceKind:
                highest[kind] = max(highest[kind], state[kind])
    del highest[LicenceKind.DEMO]
    if highest[LicenceKind.EXTENDED_BASE]:
        highest[LicenceKind.BASE] = 0
    return {kind: count for kind, count in highest.items() if count}


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_maxima_equal_a_recount(history: list[LicenceEvent]) -> None:
    for month in (NOVEMBER.preceding, NOVEMBER, NOVEMBER.following):
        assert maxima(history, month) == recount(history, month)
