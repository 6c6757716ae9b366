"""IVR menus (K9)."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.apps.calendar import Calendar, Hours
from stimme.pbx.apps.keypad import find_by_name, spellings
from stimme.pbx.apps.menu import (
    Back,
    ByName,
    ConnectTo,
    GoTo,
    HangUp,
    Menu,
    MenuError,
    Repeat,
    check_menus,
)
from stimme.pbx.apps.menu_run import TRANSITIONS, Action, Connect, Event, Goodbye, MenuRun, Play, State, Stop
from stimme.prompts.say import Say

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
NIGHT = NOON.replace(hour=23)
OFFICE = Calendar("Office", dict.fromkeys(range(5), (Hours(time(9), time(17)),)))
HELLO, SUPPORT, SHUT = Say("own.hello"), Say("own.support"), Say("own.closed")
MENUS = {
    "main": Menu(
        "main",
        "60",
        "Main",
        (HELLO,),
        {
            "1": ConnectTo("30"),
            "2": GoTo("support"),
            "3": ByName(),
            "9": HangUp(),
            "*": Repeat(),
            "#": ConnectTo("0"),
        },
        dial_extensions=True,
        on_failure="0",
        calendar=OFFICE,
        closed="closed",
    ),
    "support": Menu("support", None, "Support", (SUPPORT,), {"1": ConnectTo("40"), "0": Back()}, attempts=2),
    "closed": Menu("closed", None, "Closed", (SHUT,), {"1": ConnectTo("50")}),
}
EXTENSIONS = ("10", "11", "12", "100", "30", "45")
PEOPLE = [("Anna Müller", "10"), ("Bert Muller-Lüdenscheidt", "11"), ("Cora Schmidt", "12")]


@dataclass
class Caller:
    """A caller in the menu, and a clock."""

    start: str = "main"
    at: datetime = NOON
    now: float = 0.0

    def __post_init__(self) -> None:
        self.run = MenuRun(MENUS, self.start, extensions=EXTENSIONS, people=PEOPLE)
        self.heard = self.run.begin(self.at)

    def press(self, *keys: str) -> list[Action]:
        for key in keys:
            self.now += 0.2
            self.heard = self.run.digit(key, self.now, self.at)
        return self.heard

    def listen(self) -> "Caller":
        self.run.spoken(self.now)
        return self

    def wait(self) -> list[Action]:
        """Does nothing until something happens by itself."""
        due = self.run.next_wakeup()
        assert due is not None
        assert self.run.timeout(due - 0.01, self.at) == []
        self.now = due
        self.heard = self.run.timeout(due, self.at)
        return self.heard


def test_the_table_leaves_no_state_without_a_way_out() -> None:
    for state in State:
        events = {event for (of, event) in TRANSITIONS if of is state}
        assert (Event.LEAVE in events) is (state is not State.DONE)


def test_the_greeting_is_said_and_a_key_that_cannot_go_on_decides_at_once() -> None:
    caller = Caller()
    assert caller.heard == [Play((HELLO,))]
    assert caller.press("2") == [Play((SUPPORT,))]
    assert caller.press("1") == [Connect("40")]
    assert caller.run.state is State.DONE
    assert caller.press("1") == []


def test_a_key_that_begins_an_extension_waits_for_more() -> None:
    caller = Caller()
    assert caller.press("1") == [Stop()]
    assert caller.wait() == [Connect("30")]


@pytest.mark.parametrize(
    ("keys", "to"),
    [(("1", "1"), "11"), (("1", "0", "0"), "100"), (("1", "0", "#"), "10"), (("4", "5"), "45")],
)
def test_an_extension_can_be_dialled(keys: tuple[str, ...], to: str) -> None:
    assert Caller().press(*keys) == [Connect(to)]


def test_an_extension_that_others_begin_with_is_taken_after_a_pause() -> None:
    caller = Caller()
    assert caller.press("1", "0") == []
    assert caller.wait() == [Connect("10")]


def test_without_direct_dialling_an_extension_is_a_wrong_key() -> None:
    assert Caller("support", NOON).press("4") == [Play((Say("menu.invalid"), SUPPORT))]


def test_the_number_sign_alone_is_a_choice() -> None:
    assert Caller().press("#") == [Connect("0")]


def test_say_it_again() -> None:
    assert Caller().listen().press("*") == [Play((HELLO,))]


def test_goodbye() -> None:
    assert Caller().press("9") == [Goodbye((Say("menu.goodbye"),))]


def test_silence_says_it_again_and_ends_where_the_menu_says() -> None:
    caller = Caller().listen()
    for _ in range(2):
        assert caller.wait() == [Play((Say("menu.nothing_heard"), HELLO))]
        assert caller.run.next_wakeup() is None
        caller.listen()
    assert caller.wait() == [Connect("0")]


def test_wrong_keys_end_with_goodbye_where_no_destination_is_set() -> None:
    caller = Caller("support")
    assert caller.press("7") == [Play((Say("menu.invalid"), SUPPORT))]
    assert caller.press("7") == [Goodbye((Say("menu.invalid"), Say("menu.goodbye")))]


def test_a_choice_gives_the_attempts_back() -> None:
    caller = Caller()
    caller.press("7", "7", "2", "0")
    assert caller.press("7") == [Play((Say("menu.invalid"), HELLO))]


def test_back_goes_where_the_caller_came_from_and_no_further() -> None:
    caller = Caller()
    assert caller.press("2", "0") == [Play((HELLO,))]
    assert Caller("support").press("0") == [Play((SUPPORT,))]


def test_outside_hours_another_menu_answers() -> None:
    assert Caller(at=NIGHT).heard == [Play((SHUT,))]
    caller = Caller("support", NIGHT)
    assert caller.heard == [Play((SUPPORT,))]


def test_a_name_is_spelled_until_one_person_is_left() -> None:
    caller = Caller()
    assert caller.press("3") == [Stop()]
    assert caller.wait() == [Play((Say("menu.spell_name"),))]
    caller.listen()
    assert caller.press("7") == [Stop()]
    assert caller.press("2") == []
    assert caller.press("4") == [Connect("12")]


def spelling() -> Caller:
    caller = Caller()
    caller.press("3")
    caller.wait()
    return caller


def test_several_people_are_read_out() -> None:
    caller = spelling()
    caller.press("6", "8")
    assert caller.press("#") == [
        Play(
            (
                Say("menu.press_for_extension", {"key": 1, "extension": "10"}),
                Say("menu.press_for_extension", {"key": 2, "extension": "11"}),
            )
        )
    ]
    assert caller.press("2") == [Connect("11")]


def test_silence_ends_the_spelling_and_the_choosing() -> None:
    caller = spelling()
    caller.press("6")
    (play,) = caller.wait()
    assert isinstance(play, Play)
    assert caller.listen().wait() == [Play((Say("menu.nothing_heard"), HELLO))]


def test_nobody_of_that_name() -> None:
    assert spelling().press("9") == [Play((Say("menu.nobody_found"), HELLO))]
    assert spelling().press("#") == [Play((Say("menu.nobody_found"), HELLO))]


def test_the_star_leads_out_of_the_spelling() -> None:
    assert spelling().press("6", "*") == [Play((HELLO,))]
    caller = spelling()
    caller.press("6", "#")
    assert caller.press("5") == [Play((Say("menu.invalid"), HELLO))]


@pytest.mark.parametrize(
    ("word", "digits"),
    [("Müller", {"685537", "6835537"}), ("Weiß", {"93477"}), ("Anna", {"2662"}), ("Žižek", {"94935"})],
)
def test_names_on_the_keys(word: str, digits: set[str]) -> None:
    assert spellings(word) == digits


def test_every_part_of_a_name_is_found() -> None:
    assert [extension for _, extension in find_by_name(PEOPLE, "583")] == ["11"]
    assert [extension for _, extension in find_by_name(PEOPLE, "6")] == ["10", "11"]


def test_menus_that_cannot_be() -> None:
    check_menus(MENUS)
    with pytest.raises(MenuError, match="does not exist"):
        check_menus({"main": MENUS["main"]})
    ring = replace(MENUS["closed"], calendar=OFFICE, closed="main")
    with pytest.raises(MenuError, match="go round"):
        check_menus({**MENUS, "closed": ring})
    for changes in ({"choices": {"12": Repeat()}}, {"timeout": 0.0}, {"attempts": 0}, {"closed": None}):
        with pytest.raises(MenuError):
            replace(MENUS["main"], **changes)


@given(st.lists(st.sampled_from([*"0123456789*#", "wait", "listen"]), max_size=40))
def test_whatever_a_caller_does_the_menu_goes_on_or_ends(doings: list[str]) -> None:
    caller = Caller()
    for what in doings:
        if what == "listen":
            caller.listen()
        elif what != "wait":
            caller.press(what)
        elif caller.run.next_wakeup() is not None:
            caller.wait()
        done = caller.run.state is State.DONE
        if done:
            assert caller.run.next_wakeup() is None
            break
    else:
        for _ in range(20):
            caller.listen()
            if caller.run.next_wakeup() is not None:
                caller.wait()
        assert caller.run.state is State.DONE
