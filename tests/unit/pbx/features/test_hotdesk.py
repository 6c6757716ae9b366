"""Hot desking (K6): who is at which telephone, PINs, the dialogue by voice."""

from datetime import UTC, datetime, time, timedelta

import pytest

from stimme.pbx.features.hotdesk import PIN_WINDOW, WRONG_PINS, AutoLogout, Change, HotDesks, PinGuard
from stimme.pbx.features.hotdesk_dialogue import (
    ATTEMPTS,
    DIGIT_TIMEOUT,
    Action,
    Check,
    Finish,
    HotDeskDialogue,
    Speak,
    State,
)
from stimme.prompts.say import Say

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def desks() -> HotDesks:
    return HotDesks({"p10": "anna", "p11": "bert", "free": None})


def test_a_guest_takes_the_telephone_and_nothing_else(desks: HotDesks) -> None:
    assert desks.log_in("p11", "anna", NOON) == Change("p11", "bert", "anna")
    assert desks.user_of("p11") == "anna"
    assert desks.devices_of("anna") == ["p10", "p11"]
    assert desks.devices_of("bert") == []


def test_the_next_guest_does_not_log_the_former_out_elsewhere(desks: HotDesks) -> None:
    desks.log_in("free", "anna", NOON)
    assert desks.log_in("free", "cora", NOON) == Change("free", "anna", "cora")
    assert desks.devices_of("anna") == ["p10"]
    assert desks.devices_of("cora") == ["free"]


def test_logging_out_gives_the_telephone_back(desks: HotDesks) -> None:
    desks.log_in("p11", "anna", NOON)
    assert desks.log_out("p11") == Change("p11", "anna", "bert")
    assert desks.user_of("p11") == "bert"
    assert desks.log_out("p11") is None
    desks.log_in("free", "anna", NOON)
    assert desks.log_out("free") == Change("free", "anna", None)


def test_the_home_user_takes_the_own_telephone_back(desks: HotDesks) -> None:
    desks.log_in("p11", "anna", NOON)
    assert desks.log_in("p11", "bert", NOON) == Change("p11", "anna", "bert")
    assert desks.guests == {}
    assert desks.log_in("p11", "bert", NOON) is None


def test_an_unknown_telephone(desks: HotDesks) -> None:
    with pytest.raises(KeyError):
        desks.log_in("nowhere", "anna", NOON)
    assert desks.user_of("nowhere") is None


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        (AutoLogout(), None),
        (AutoLogout(after_hours=8), NOON + timedelta(hours=8)),
        (AutoLogout(at=time(20)), datetime(2026, 11, 25, 19, 0, tzinfo=UTC)),
        (AutoLogout(at=time(12)), datetime(2026, 11, 26, 11, 0, tzinfo=UTC)),
        (AutoLogout(at=time(20), after_hours=2), NOON + timedelta(hours=2)),
    ],
)
def test_a_guest_is_logged_out_by_itself(rule: AutoLogout, due: datetime | None) -> None:
    desks = HotDesks({"free": None}, rule)
    desks.log_in("free", "anna", NOON)
    assert desks.next_wakeup() == due
    if due is not None:
        assert desks.run(due - timedelta(seconds=1)) == []
        assert desks.run(due) == [Change("free", "anna", None)]


def test_guests_outlive_a_restart(desks: HotDesks) -> None:
    desks.log_in("free", "anna", NOON)
    desks.log_in("p11", "anna", NOON)
    again = HotDesks({"p11": "bert"})
    again.restore(desks.snapshot())
    assert again.devices_of("anna") == ["p11"]


def test_wrong_pins_lock_an_extension_for_a_while() -> None:
    asked: list[str] = []

    def verify(extension: str, pin: str) -> bool:
        asked.append(extension)
        return pin == "4711"

    guard = PinGuard(verify)
    assert [guard.check("10", "0000", NOON) for _ in range(WRONG_PINS)] == ["hotdesk.wrong"] * WRONG_PINS
    assert guard.check("10", "4711", NOON) == "hotdesk.locked"
    assert len(asked) == WRONG_PINS
    assert guard.check("11", "4711", NOON) is None
    assert guard.check("10", "4711", NOON + PIN_WINDOW) is None


def test_a_right_pin_forgives() -> None:
    guard = PinGuard(lambda extension, pin: pin == "4711")
    for _ in range(3):
        for _ in range(WRONG_PINS - 1):
            assert guard.check("10", "0000", NOON) == "hotdesk.wrong"
        assert guard.check("10", "4711", NOON) is None


# -- the dialogue -------------------------------------------------------------------------------------------

ASK_EXTENSION, ASK_PIN = Say("hotdesk.enter_extension"), Say("hotdesk.enter_pin")


def keys(dialogue: HotDeskDialogue, text: str, now: float = 0.0) -> list[Action]:
    out: list[Action] = []
    for key in text:
        out = dialogue.digit(key, now)
    return out


def test_extension_pin_done() -> None:
    dialogue = HotDeskDialogue()
    assert dialogue.begin(0.0) == [Speak((ASK_EXTENSION,))]
    assert keys(dialogue, "10#") == [Speak((ASK_PIN,))]
    assert keys(dialogue, "4711#") == [Check("10", "4711")]
    assert dialogue.checked(None, 0.0) == [Finish((Say("hotdesk.logged_in", {"extension": "10"}),))]
    assert dialogue.state is State.DONE
    assert keys(dialogue, "1#") == []


def test_what_was_dialled_is_not_asked_for() -> None:
    assert HotDeskDialogue("10", "4711").begin(0.0) == [Check("10", "4711")]
    dialogue = HotDeskDialogue("10")
    assert dialogue.begin(0.0) == [Speak((ASK_PIN,))]
    assert keys(dialogue, "4711#") == [Check("10", "4711")]


def test_a_wrong_pin_is_asked_for_again_and_then_no_more() -> None:
    dialogue = HotDeskDialogue("10", "1")
    dialogue.begin(0.0)
    for _ in range(ATTEMPTS - 1):
        assert dialogue.checked("hotdesk.wrong", 0.0) == [Speak((Say("hotdesk.wrong"), ASK_EXTENSION))]
        keys(dialogue, "10#0000#")
    assert dialogue.checked("hotdesk.wrong", 0.0) == [Finish((Say("hotdesk.wrong"),))]


def test_a_locked_extension_ends_at_once() -> None:
    dialogue = HotDeskDialogue("10", "1")
    dialogue.begin(0.0)
    assert dialogue.checked("hotdesk.locked", 0.0) == [Finish((Say("hotdesk.locked"),))]


def test_the_star_begins_again_and_an_empty_number_is_none() -> None:
    dialogue = HotDeskDialogue()
    dialogue.begin(0.0)
    assert keys(dialogue, "#") == []
    assert keys(dialogue, "99*10#") == [Speak((ASK_PIN,))]
    assert keys(dialogue, "4711#") == [Check("10", "4711")]


def test_a_pause_ends_the_number_and_silence_the_dialogue() -> None:
    dialogue = HotDeskDialogue()
    dialogue.begin(0.0)
    keys(dialogue, "10", 1.0)
    assert dialogue.timeout(1.0) == []
    assert dialogue.timeout(1.0 + DIGIT_TIMEOUT) == [Speak((ASK_PIN,))]
    due = dialogue.next_wakeup()
    assert due is not None
    assert dialogue.timeout(due) == [Finish((Say("hotdesk.wrong"),))]


def test_a_pin_shows_nowhere() -> None:
    assert "4711" not in repr(Check("10", "4711"))
