"""The numbering plan; calls that answer themselves; who is in a conference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.features.auto_answer import PageTarget, auto_answer_headers, who_hears_a_page
from stimme.pbx.features.numbering import Extension, Kind, NumberingError, NumberingPlan, check_extension
from stimme.pbx.features.participants import Conference, ConferenceFullError, Participant

ANNA = Extension("10", Kind.USER, "anna")


def test_an_extension_means_one_thing() -> None:
    plan = NumberingPlan([ANNA, Extension("0", Kind.ATTENDANT, "front")])
    plan.add(ANNA)
    assert plan.find("10") == ANNA
    assert plan.find("11") is None
    with pytest.raises(NumberingError, match="10 belongs to user anna"):
        plan.add(Extension("10", Kind.GROUP, "sales"))
    plan.remove("10")
    plan.remove("10")
    plan.add(Extension("10", Kind.GROUP, "sales"))
    assert [item.number for item in plan.of(Kind.GROUP, Kind.ATTENDANT)] == ["0", "10"]
    assert plan.of(Kind.USER) == []


def test_digits_that_may_become_an_extension() -> None:
    plan = NumberingPlan([ANNA, Extension("100", Kind.USER, "bert")])
    assert [digits for digits in ("", "1", "10", "100", "2") if plan.may_become(digits)] == ["", "1", "10"]


@pytest.mark.parametrize(
    "number",
    ["", "1" * 13, "1a", "*1", "١", "110", "112", "0112", "115", "116117", "11833", "19222", "00", "01"],
)
def test_what_is_no_extension(number: str) -> None:
    for kind in Kind:
        with pytest.raises(NumberingError):
            check_extension(number, kind)


@pytest.mark.parametrize("kind", Kind)
def test_the_zero_is_the_attendant_s(kind: Kind) -> None:
    if kind is Kind.ATTENDANT:
        check_extension("0", kind)
    else:
        with pytest.raises(NumberingError):
            check_extension("0", kind)


@pytest.mark.parametrize("number", ["1", "11", "116", "1130", "701", "123456789012"])
def test_extensions_as_customers_have_them(number: str) -> None:
    check_extension(number, Kind.USER)


def test_all_ways_to_answer_by_itself_are_sent() -> None:
    assert dict(auto_answer_headers("muster.example")) == {
        "Answer-Mode": "Auto",
        "Call-Info": "<sip:muster.example>;answer-after=0",
        "Alert-Info": "<http://muster.example>;info=alert-autoanswer;delay=0",
    }


def test_a_page_goes_to_who_can_hear_it() -> None:
    targets = [
        PageTarget("p1", "anna"),
        PageTarget("p2", "bert"),
        PageTarget("p3", "cora", busy=True),
        PageTarget("p4", "dirk", silent=True),
        PageTarget("p5", "eva", registered=False),
    ]
    assert who_hears_a_page(targets, "anna") == ["p2"]


# -- conferences --------------------------------------------------------------------------------------------


def conference(*users: str | None, room: bool = False, most: int = 3) -> Conference:
    found = Conference(room=room, most=most)
    for place, user in enumerate(users):
        found.join(Participant(f"l{place}", user))
    return found


def test_it_lives_on_when_its_starter_leaves() -> None:
    three = conference("anna", "bert", None)
    assert three.leave("l0") == ()
    assert three.goes_on
    assert three.leave("l1") == ("l2",)
    assert three.parties == ()
    assert three.leave("l2") == ()


def test_two_strangers_are_not_left_alone() -> None:
    three = conference("anna", None, None)
    assert three.leave("l0") == ("l1", "l2")
    assert not three.goes_on


def test_a_room_lives_while_anybody_is_in_it() -> None:
    room = conference(None, None, room=True, most=10)
    assert room.leave("l0") == ()
    assert room.goes_on
    assert room.leave("l1") == ()
    assert not room.goes_on


def test_it_is_full() -> None:
    three = conference("anna", "bert", None)
    three.join(Participant("l0", "anna"))
    with pytest.raises(ConferenceFullError):
        three.join(Participant("l9", "cora"))


def test_who_holds_is_in_and_not_heard() -> None:
    three = conference("anna", "bert", None)
    three.hold("l1", on_hold=True)
    assert three.heard == ("l0", "l2")
    assert len(three.parties) == 3
    three.hold("l1", on_hold=False)
    assert len(three.heard) == 3
    with pytest.raises(KeyError):
        three.hold("l9", on_hold=True)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.booleans()), max_size=40), st.booleans())
def test_whoever_comes_and_goes_nobody_is_left_alone(
    happenings: list[tuple[bool, int, bool]], room: bool
) -> None:
    found = Conference(room=room, most=4)
    for joins, number, ours in happenings:
        if joins and len(found.parties) < found.most:
            found.join(Participant(f"l{number}", "anna" if ours else None))
        elif not joins:
            before = {item.leg_id for item in found.parties}
            ended = found.leave(f"l{number}")
            after = {item.leg_id for item in found.parties}
            assert after | set(ended) == before - {f"l{number}"}
            assert not ended or not after
        assert set(found.heard) == {item.leg_id for item in found.parties}
