"""The attendant and its night service (K12)."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from stimme.pbx.apps.attendant import Attendant, AttendantError, Override, Position
from stimme.pbx.apps.calendar import Calendar, Hours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("Office", dict.fromkeys(range(5), (Hours(time(9), time(17)),)), region="DE-BE")
FRONT = Attendant("0", "10", OFFICE, ("50", "+491701234567"), on_holidays=Position.NIGHT_2)
DAY, NIGHT_1, NIGHT_2 = Position.DAY, Position.NIGHT_1, Position.NIGHT_2


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


NOON, EVENING = at("2026-11-25 12:00"), at("2026-11-25 20:00")
HOLIDAY = at(f"{date(2026, 12, 25)} 12:00")


@pytest.mark.parametrize(
    ("moment", "position", "to"),
    [(NOON, DAY, "10"), (EVENING, NIGHT_1, "50"), (HOLIDAY, NIGHT_2, "+491701234567")],
)
def test_the_schedule_switches(moment: datetime, position: Position, to: str) -> None:
    assert FRONT.position(moment) is position
    assert FRONT.destination(moment) == to


def test_a_key_switches_until_the_schedule_next_changes() -> None:
    early_night = FRONT.press(NIGHT_1, NOON)
    assert early_night.destination(NOON) == "50"
    assert early_night.position(at("2026-11-25 16:59")) is NIGHT_1
    assert early_night.position(at("2026-11-25 17:00")) is NIGHT_1  # by schedule
    assert early_night.position(at("2026-11-26 09:00")) is DAY
    overtime = FRONT.press(DAY, EVENING)
    assert overtime.destination(EVENING) == "10"
    assert overtime.position(at("2026-11-26 18:00")) is NIGHT_1


def test_a_key_can_hold_until_it_is_pressed_again() -> None:
    held = Attendant("0", "10", OFFICE, ("50", "51"), hold_until_pressed=True).press(NIGHT_2, NOON)
    assert held.position(at("2027-06-01 12:00")) is NIGHT_2
    assert held.press(NIGHT_2, NOON).position(NOON) is DAY


def test_the_key_that_shows_the_position_gives_it_back_and_another_takes_over() -> None:
    night = FRONT.press(NIGHT_1, NOON)
    assert night.press(NIGHT_1, NOON) == FRONT
    assert night.press(NIGHT_2, NOON).position(NOON) is NIGHT_2


def test_a_code_sets_and_does_not_toggle() -> None:
    night = FRONT.switch(NIGHT_1, NOON)
    assert night.switch(NIGHT_1, NOON).position(NOON) is NIGHT_1
    assert night.switch(None, NOON) == FRONT
    with pytest.raises(AttendantError):
        Attendant("0", "10", OFFICE).switch(NIGHT_2, NOON)


def test_pressing_what_the_schedule_says_holds_it() -> None:
    held = Attendant("0", "10", OFFICE, ("50", None), hold_until_pressed=True).press(NIGHT_1, EVENING)
    assert held.position(NOON) is NIGHT_1


def test_without_a_target_it_stays_day_and_the_key_is_refused() -> None:
    front = Attendant("0", "10", OFFICE, (None, None))
    assert front.destination(EVENING) == "10"
    with pytest.raises(AttendantError):
        front.press(NIGHT_1, NOON)


def test_without_a_calendar_only_the_keys_switch() -> None:
    front = Attendant("0", "10", nights=("50", None))
    assert front.position(EVENING) is DAY
    assert front.press(NIGHT_1, NOON).position(at("2030-01-01 00:00")) is NIGHT_1
    assert front.next_change(NOON) is None


def test_the_lamps_know_when_to_look_again() -> None:
    assert FRONT.next_change(NOON) == at("2026-11-25 17:00")
    assert FRONT.press(NIGHT_1, NOON).next_change(NOON) == at("2026-11-25 17:00")


@pytest.mark.parametrize("wrong", [("0", "0", None), ("0", "10", "0")])
def test_an_attendant_never_leads_to_itself(wrong: tuple[str, str, str | None]) -> None:
    with pytest.raises(AttendantError):
        Attendant(wrong[0], wrong[1], nights=(wrong[2], None))


@pytest.mark.parametrize("until", [None, NOON])
def test_an_override_survives_a_restart(until: datetime | None) -> None:
    override = Override(NIGHT_2, until)
    assert Override.from_json(override.to_json()) == override
