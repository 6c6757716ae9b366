"""Configuration as JSON: there and back, and what is refused with which path."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.apps import written
from stimme.pbx.apps.attendant import Attendant, Override, Position
from stimme.pbx.apps.calendar import Calendar, Hours, SpecialDays
from stimme.pbx.apps.fields import FieldError
from stimme.pbx.apps.menu import Back, ByName, ConnectTo, GoTo, HangUp, Menu, Repeat
from stimme.pbx.groups.group import CallWaiting, Group, Strategy
from stimme.pbx.groups.queue import QueueSettings
from stimme.prompts.say import Say

OFFICE = Calendar(
    "Office",
    {0: (Hours(time(9), time(12)), Hours(time(13), time(17))), 4: (Hours(time(22), time(2)),), 6: ()},
    "DE-BY+catholic",
    (SpecialDays(date(2026, 12, 24), date(2026, 12, 31), "Christmas", (Hours(time(9), time(12)),)),),
    "Europe/Vienna",
)
CALENDARS = {"office": OFFICE}
MENU = Menu(
    "main",
    "60",
    "Main",
    (Say("own.hello"), Say("own.choices")),
    {
        "1": ConnectTo("30"),
        "2": GoTo("support"),
        "3": ByName(),
        "8": Back(),
        "*": Repeat(),
        "9": HangUp(),
    },
    dial_extensions=True,
    timeout=5.0,
    digit_timeout=2.0,
    attempts=2,
    on_failure="0",
    calendar=OFFICE,
    closed="night",
)
FRONT = Attendant(
    "0",
    "10",
    OFFICE,
    ("50", "+491701234567"),
    Position.NIGHT_2,
    True,
    (Say("attendant.welcome"),),
    "main",
    20.0,
)
SALES = Group(
    "g1",
    "30",
    "Sales",
    ("anna", "bert"),
    Strategy.ROUND_ROBIN,
    10.0,
    45.0,
    5.0,
    CallWaiting.WHEN_ALL_BUSY,
    "31",
    "Sales: ",
)
QUEUE = QueueSettings(
    SALES, "alerting", "own.one", "own.two", 1.0, 20.0, False, False, {"0": "10", "#": "11"}, 5, 0.0, "wait"
)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_everything_comes_back_as_it_was() -> None:
    assert written.read_calendar(through_json(written.write_calendar(OFFICE))) == OFFICE
    assert written.read_menu(through_json(written.write_menu(MENU, "office")), CALENDARS) == MENU
    front = through_json(written.write_attendant(FRONT, "office"))
    assert written.read_attendant(front, CALENDARS) == FRONT
    assert written.read_group(through_json(written.write_group(SALES))) == SALES
    assert written.read_queue(through_json(written.write_queue(QUEUE))) == QUEUE
    override = Override(Position.NIGHT_1, datetime(2026, 11, 25, tzinfo=UTC))
    assert written.read_override(through_json(override.to_json())) == override


def test_what_is_left_out_has_its_default() -> None:
    assert written.read_calendar({"name": "x"}) == Calendar("x")
    assert written.read_group({"id": "g", "extension": "30", "name": "x"}) == Group("g", "30", "x")
    assert written.read_attendant({"to": "10"}, {}) == Attendant("0", "10")
    menu = written.read_menu({"id": "m", "name": "x", "extension": None}, {})
    assert menu == Menu("m", None, "x", ())
    queue = written.read_queue({"group": {"id": "g", "extension": "30", "name": "x"}})
    assert queue == QueueSettings(Group("g", "30", "x"))


def changed(value: dict[str, Any], path: str, new: Any) -> dict[str, Any]:
    """A copy with one field changed."""
    copy = through_json(value)
    *way, last = path.split(".")
    place: Any = copy
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = new
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "new", "at", "reason"),
    [
        ("name", None, "name", "is missing"),
        ("name", 5, "name", "is not a text"),
        ("week", [], "week", "is not an object"),
        ("week.0", "9-17", "week.0.hours", "is not a list"),
        ("week.0.0.start", "9 o'clock", "week.0.hours.0.start", "is not a time such as 09:30"),
        ("week.0.0.from", "09:00", "week.0.hours.0.from", "is not known"),
        ("week", {"7": []}, "week.7", "a weekday is 0"),
        ("region", "DE-XX", "", "there is no region"),
        ("zone", "Mars/Olympus", "", "there is no time zone"),
        ("special.0.first", "24.12.", "special.0.first", "is not a date"),
        ("special.0.last", "2026-12-01", "", "end before they begin"),
        ("colour", "red", "colour", "is not known"),
    ],
)
def test_a_calendar_that_cannot_be_read(path: str, new: Any, at: str, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refused:
        written.read_calendar(changed(written.write_calendar(OFFICE), path, new))
    assert refused.value.path == at


@pytest.mark.parametrize(
    ("path", "new", "at", "reason"),
    [
        ("choices.1.kind", "teleport", "choices.1.kind", "is none of connect, menu, back"),
        ("choices.1.to", None, "choices.1.to", "is missing"),
        ("choices.3.to", "30", "choices.3.to", "is not known"),
        ("choices.12", {"kind": "back"}, "", "is not a key"),
        ("calendar", "nowhere", "calendar", "there is no calendar"),
        ("calendar", None, "", "belong together"),
        ("attempts", True, "attempts", "is not a whole number"),
        ("attempts", 1.5, "attempts", "is not a whole number"),
        ("timeout", True, "timeout", "is not a number"),
        ("timeout", 0, "", "is not positive"),
        ("greeting", [1], "greeting.0", "is not a text"),
        ("dial_extensions", "yes", "dial_extensions", "is not true or false"),
    ],
)
def test_a_menu_that_cannot_be_read(path: str, new: Any, at: str, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refused:
        written.read_menu(changed(written.write_menu(MENU, "office"), path, new), CALENDARS)
    assert refused.value.path == at


@pytest.mark.parametrize(
    ("path", "new", "at", "reason"),
    [
        ("group.strategy", "loudest", "group.strategy", "is none of parallel, longest_idle"),
        ("group.members", ["a", "a"], "group", "named twice"),
        ("group.overflow", "30", "group", "overflows into itself"),
        ("exits.0", 10, "exits.0", "is not a text"),
        ("exits.12", "1", "", "an exit is one digit"),
        ("answer", "maybe", "answer", "is none of connected, alerting"),
        ("when_empty", "cry", "when_empty", "is none of wait, overflow"),
    ],
)
def test_a_queue_that_cannot_be_read(path: str, new: Any, at: str, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refused:
        written.read_queue(changed(written.write_queue(QUEUE), path, new))
    assert refused.value.path == at


def test_an_attendant_that_leads_to_itself() -> None:
    value = written.write_attendant(replace(FRONT, calendar=None))
    with pytest.raises(FieldError, match="leads to itself"):
        written.read_attendant({**value, "to": "0"}, {})
    with pytest.raises(FieldError, match="night switch"):
        written.read_override({"position": "noon"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("name", "week", "region", "special", "zone", "id", "extension", "group", "choices", "to", "exits")


@given(JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_whatever_comes_is_read_or_refused_in_one_way(value: Any) -> None:
    for read in (
        written.read_calendar,
        lambda item: written.read_menu(item, CALENDARS),
        lambda item: written.read_attendant(item, CALENDARS),
        written.read_group,
        written.read_queue,
        written.read_override,
    ):
        try:
            read(value)
        except FieldError as error:
            assert error.reason
