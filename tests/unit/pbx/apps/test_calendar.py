"""Opening hours with public holidays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.apps.calendar import Calendar, CalendarError, Hours, SpecialDays

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = (Hours(time(9), time(12, 30)), Hours(time(13), time(17)))
OFFICE = Calendar(
    "Office",
    dict.fromkeys(range(5), NINE_TO_FIVE),
    region="DE-BE",
    special=(
        SpecialDays(date(2026, 12, 24), date(2026, 12, 31), "Christmas"),
        SpecialDays(date(2026, 5, 25), date(2026, 5, 25), "Fair", (Hours(time(8), time(20)),)),
    ),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-25 08:59:59", False),
        ("2026-11-25 09:00", True),
        ("2026-11-25 12:29:59", True),
        ("2026-11-25 12:30", False),
        ("2026-11-25 13:00", True),
        ("2026-11-25 17:00", False),
        ("2026-11-28 10:00", False),  # Saturday
        ("2026-10-03 10:00", False),  # Tag der Deutschen Einheit, a Saturday
        ("2026-05-14 10:00", False),  # Christi Himmelfahrt
        ("2026-12-28 10:00", False),  # closed by the customer
        ("2026-05-25 19:00", True),  # Pfingstmontag, but there is a fair
        ("2027-03-08 10:00", False),  # Frauentag, in Berlin
    ],
)
def test_open_or_closed(moment: str, is_open: bool) -> None:
    assert OFFICE.is_open(at(moment)) is is_open
    assert OFFICE.is_open(at(moment).astimezone(UTC)) is is_open


@pytest.mark.parametrize(
    ("region", "day", "name"),
    [
        ("DE-BE", date(2026, 3, 8), "Frauentag"),
        ("DE-BY", date(2026, 3, 8), None),
        ("DE-BY", date(2026, 1, 6), "Heilige Drei Könige"),
        ("DE-BE", date(2026, 1, 6), None),
        ("DE-SN", date(2026, 11, 18), "Buß- und Bettag"),
        ("DE-NW", date(2026, 11, 18), None),
        ("DE-TH", date(2026, 9, 20), "Weltkindertag"),
        ("DE-NW", date(2026, 6, 4), "Fronleichnam"),
        ("DE-BY", date(2026, 8, 15), None),
        ("DE-BY+catholic", date(2026, 8, 15), "Mariä Himmelfahrt"),
        ("DE-HH", date(2026, 10, 31), "Reformationstag"),
        ("DE", date(2026, 10, 31), None),
        ("DE", date(2026, 4, 3), "Karfreitag"),
        ("DE", date(2027, 3, 26), "Karfreitag"),
        (None, date(2026, 12, 25), None),
    ],
)
def test_holidays_are_those_of_the_federal_state(region: str | None, day: date, name: str | None) -> None:
    found = Calendar("x", region=region).holiday(day)
    assert (found is None) == (name is None)
    assert name is None or name in (found or "")


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    bar = Calendar("Bar", {4: (Hours(time(18), time(2)),)}, region="DE-BE")
    assert bar.is_open(at("2026-11-27 23:00"))  # Friday
    assert bar.is_open(at("2026-11-28 01:59"))
    assert not bar.is_open(at("2026-11-28 02:00"))
    assert not bar.is_open(at("2026-11-27 01:00"))
    assert not bar.is_open(at("2026-12-25 23:00"))  # a Friday, but Christmas


def test_midnight_as_an_end_is_the_end_of_the_day() -> None:
    late = Calendar("Late", {2: (Hours(time(20), time(0)),)})
    assert late.is_open(at("2026-11-25 23:59:59"))
    assert not late.is_open(at("2026-11-26 00:00"))
    always = Calendar("Always", dict.fromkeys(range(7), (Hours(time(0), time(0)),)))
    assert always.is_open(at("2026-11-25 00:00"))
    assert always.next_change(at("2026-11-25 00:00")) is None


@pytest.mark.parametrize(
    ("after", "change"),
    [
        ("2026-11-25 08:00", "2026-11-25 09:00"),
        ("2026-11-25 09:00", "2026-11-25 12:30"),
        ("2026-11-25 16:59", "2026-11-25 17:00"),
        ("2026-11-27 17:00", "2026-11-30 09:00"),  # over a weekend
        ("2026-12-23 17:00", "2027-01-04 09:00"),  # over Christmas, New Year's day and a weekend
    ],
)
def test_the_next_change(after: str, change: str) -> None:
    assert OFFICE.next_change(at(after)) == at(change)


def test_the_change_of_the_clock_moves_no_hours() -> None:
    nights = Calendar("Nights", dict.fromkeys(range(7), (Hours(time(1), time(4)),)))
    spring, autumn = at("2026-03-29 00:30"), at("2026-10-25 00:30")
    begin, end = nights.next_change(spring), nights.next_change(at("2026-03-29 01:30"))
    assert begin is not None
    assert end is not None
    assert end - begin == timedelta(hours=2)
    begin = nights.next_change(autumn)
    assert begin is not None
    end = nights.next_change(begin)
    assert end is not None
    assert end - begin == timedelta(hours=4)


def test_a_calendar_that_never_opens_never_changes() -> None:
    assert Calendar("Closed").next_change(at("2026-11-25 08:00")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Calendar("x", zone="Europe/Nowhere"),
        lambda: Calendar("x", region="DE-XX"),
        lambda: Calendar("x", region="XX"),
        lambda: Calendar("x", region="DE-BY+pagan"),
        lambda: Calendar("x", {7: NINE_TO_FIVE}),
        lambda: Calendar("x", special=(SpecialDays(date(2026, 2, 1), date(2026, 1, 1)),)),
        lambda: OFFICE.is_open(datetime(2026, 11, 25)),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(CalendarError):
        wrong()  # type: ignore[operator]


@given(st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))
def test_nothing_changes_before_the_next_change(moment: datetime) -> None:
    change = OFFICE.next_change(moment)
    assert change is not None
    assert moment < change
    assert OFFICE.is_open(change) != OFFICE.is_open(moment)
    for part in range(8):
        between = moment + (change - moment) * part / 8
        assert OFFICE.is_open(between) == OFFICE.is_open(moment)
