"""Diversions as a pure function."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import (
    MOST_HOPS,
    Absent,
    Busy,
    Circumstances,
    Diversion,
    DiversionError,
    Diversions,
    Hop,
    Line,
    Origin,
    Outcome,
    Ring,
    after_ringing,
    resolve,
)
from stimme.pbx.features.diversion_headers import diversions_so_far, tell_diversions, tell_history
from stimme.sip.message import Headers, Request
from stimme.sip.uri import NameAddr, SipUri

ALWAYS, BUSY = DiversionKind.ALWAYS, DiversionKind.BUSY
NO_REPLY, ABSENT = DiversionKind.NO_REPLY, DiversionKind.NOT_REGISTERED
INSIDE, OUTSIDE = Circumstances(internal=True), Circumstances(internal=False)


def line(number: str, *diversions: Diversion, **state: bool) -> Line:
    return Line(number, Diversions(diversions), **state)


class House:
    """The lines of a customer; each has a public number beside its extension."""

    def __init__(self, *lines: Line) -> None:
        self.lines = {item.number: item for item in lines}

    def __call__(self, number: str) -> Line | None:
        return self.lines.get(number.removeprefix("+4930231250"))

    def call(self, number: str, circumstances: Circumstances = OUTSIDE) -> Outcome:
        return resolve(number, self, circumstances)


def path(outcome: Outcome) -> list[str]:
    return [hop.number for hop in outcome.hops] + [outcome.number]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ({}, Ring("10")),
        ({"busy": True}, Busy("10")),
        ({"silent": True}, Busy("10")),
        ({"registered": False}, Absent("10")),
    ],
)
def test_without_diversions(state: dict[str, bool], outcome: Outcome) -> None:
    assert House(line("10", **state)).call("10") == outcome


ALL = (Diversion(ALWAYS, "11"), Diversion(BUSY, "12"), Diversion(ABSENT, "13"), Diversion(NO_REPLY, "14"))


@pytest.mark.parametrize(
    ("set_ones", "state", "to"),
    [
        (ALL, {}, "11"),
        (ALL, {"busy": True, "registered": False}, "11"),
        (ALL[1:], {"registered": False, "busy": True}, "13"),
        (ALL[1:], {"busy": True}, "12"),
        (ALL[1:], {"silent": True}, "12"),
        (ALL[1:], {}, "10"),
    ],
)
def test_which_diversion_counts(set_ones: tuple[Diversion, ...], state: dict[str, bool], to: str) -> None:
    assert House(line("10", *set_ones, **state)).call("10").number == to


def test_no_reply_is_told_beforehand_and_taken_afterwards() -> None:
    house = House(line("10", Diversion(NO_REPLY, "+4930901820", seconds=25)))
    ring = house.call("10")
    assert ring == Ring("10", no_reply=Diversion(NO_REPLY, "+4930901820", seconds=25))
    assert isinstance(ring, Ring)
    then = after_ringing(ring, NO_REPLY, "10", house, OUTSIDE)
    assert then == Ring("+4930901820", (Hop("10", NO_REPLY, "+4930901820"),))
    assert after_ringing(ring, BUSY, "10", house, OUTSIDE) is None


def test_a_telephone_that_refuses_as_busy_is_busy() -> None:
    house = House(line("10", Diversion(BUSY, "12")), line("12"))
    ring = house.call("10")
    assert isinstance(ring, Ring)
    assert after_ringing(ring, BUSY, "10", house, OUTSIDE) == Ring("12", (Hop("10", BUSY, "12"),))


@pytest.mark.parametrize(
    ("circumstances", "to"), [(INSIDE, "20"), (OUTSIDE, "21"), (replace(INSIDE, earlier=0), "20")]
)
def test_calls_from_inside_and_outside_may_go_different_ways(circumstances: Circumstances, to: str) -> None:
    inside, outside = Diversion(ALWAYS, "20", "internal"), Diversion(ALWAYS, "21", "external")
    house = House(line("10", Diversion(ALWAYS, "22"), inside, outside))
    assert house.call("10", circumstances).number == to
    assert House(line("10", Diversion(ALWAYS, "22"), inside)).call("10", OUTSIDE).number == "22"


def test_a_chain_is_followed_and_remembered() -> None:
    house = House(
        line("10", Diversion(ALWAYS, "11")), line("11", Diversion(BUSY, "12"), busy=True), line("12")
    )
    assert house.call("10") == Ring("12", (Hop("10", ALWAYS, "11"), Hop("11", BUSY, "12")))


@pytest.mark.parametrize("back", ["10", "+493023125010"])
def test_a_loop_stays_where_it_would_close(back: str) -> None:
    house = House(line("10", Diversion(ALWAYS, "11")), line("11", Diversion(ALWAYS, back)))
    assert path(house.call("10")) == ["10", "11"]
    assert path(house.call("11")) == ["11", "10"]


def test_a_loop_by_no_reply_is_not_offered() -> None:
    house = House(line("10", Diversion(ALWAYS, "11")), line("11", Diversion(NO_REPLY, "10")))
    assert house.call("10") == Ring("11", (Hop("10", ALWAYS, "11"),))


def test_a_diversion_to_oneself_from_the_store_does_no_harm() -> None:
    assert House(line("10", Diversion(ALWAYS, "10"))).call("10") == Ring("10")


def test_five_diversions_and_no_more() -> None:
    house = House(*(line(str(number), Diversion(ALWAYS, str(number + 1))) for number in range(10, 30)))
    assert path(house.call("10")) == ["10", "11", "12", "13", "14", "15"]
    assert path(house.call("10", replace(OUTSIDE, earlier=3))) == ["10", "11", "12"]
    assert path(house.call("10", replace(OUTSIDE, earlier=9))) == ["10"]


def test_the_attendant_overrides_do_not_disturb() -> None:
    house = House(line("10", Diversion(BUSY, "12"), silent=True))
    assert house.call("10", replace(INSIDE, insistent=True)) == Ring("10")
    busy = House(line("10", silent=True, busy=True))
    assert busy.call("10", replace(INSIDE, insistent=True)) == Busy("10")


def test_calls_to_the_attendant_do_not_follow_the_telephone() -> None:
    house = House(line("10", Diversion(ALWAYS, "+491701234567"), Diversion(NO_REPLY, "12")))
    assert house.call("10", replace(OUTSIDE, follow=False)) == Ring("10")


def test_a_user_without_telephone_is_answered_for_by_the_attendant() -> None:
    with_attendant = replace(OUTSIDE, attendant="0")
    house = House(line("10", registered=False))
    assert house.call("10", with_attendant) == Ring("0", (Hop("10", ABSENT, "0"),))
    own = House(line("10", Diversion(ABSENT, "12"), registered=False), line("12"))
    assert own.call("10", with_attendant).number == "12"
    assert House(line("0", registered=False)).call("0", with_attendant) == Absent("0")


@pytest.mark.parametrize("number", ["112", "0110", "*31#112", ""])
def test_nobody_diverts_to_an_emergency_number(number: str) -> None:
    with pytest.raises(DiversionError):
        Diversion(ALWAYS, number)


@pytest.mark.parametrize("seconds", [0, 4, 121])
def test_the_time_is_bounded(seconds: int) -> None:
    with pytest.raises(DiversionError):
        Diversion(NO_REPLY, "12", seconds=seconds)


def test_setting_and_clearing() -> None:
    mine = Diversions().set(Diversion(ALWAYS, "11"), {"10"}).set(Diversion(BUSY, "12"))
    mine = mine.set(Diversion(ALWAYS, "13")).set(Diversion(ALWAYS, "14", "internal"))
    assert mine.find(ALWAYS, internal=False) == Diversion(ALWAYS, "13")
    assert mine.find(ALWAYS, internal=True) == Diversion(ALWAYS, "14", "internal")
    assert mine.clear(ALWAYS, "internal").find(ALWAYS, internal=True) == Diversion(ALWAYS, "13")
    assert mine.clear(ALWAYS).entries == (Diversion(BUSY, "12"),)
    assert mine.clear(None) == Diversions()
    with pytest.raises(DiversionError):
        mine.set(Diversion(ALWAYS, "10"), {"10", "+493023125010"})


kinds, origins = st.sampled_from(DiversionKind), st.sampled_from(["any", "internal", "external"])
numbers = st.sampled_from([str(number) for number in range(10, 18)] + ["+4930901820"])
houses = st.lists(
    st.builds(
        Line,
        number=numbers.filter(lambda number: number[0] != "+"),
        diversions=st.builds(
            Diversions, st.lists(st.builds(Diversion, kinds, numbers, origins), max_size=4).map(tuple)
        ),
        registered=st.booleans(),
        busy=st.booleans(),
        silent=st.booleans(),
    ),
    unique_by=lambda item: item.number,
    max_size=8,
)


@given(houses, numbers, st.booleans(), st.integers(0, 9), st.none() | st.just("10"))
def test_every_call_ends_somewhere_and_passes_nobody_twice(
    lines: list[Line], start: str, internal: bool, earlier: int, attendant: str | None
) -> None:
    house = House(*lines)
    circumstances = Circumstances(internal=internal, earlier=earlier, attendant=attendant)
    outcome: Outcome | None = house.call(start, circumstances)
    while outcome is not None:
        passed = path(outcome)
        assert len(set(passed)) == len(passed)
        assert len(outcome.hops) <= max(0, MOST_HOPS - earlier)
        assert outcome.hops == () or outcome.hops[0].number == start
        if not isinstance(outcome, Ring):
            break
        outcome = after_ringing(outcome, NO_REPLY, start, house, circumstances)


# -- headers ------------------------------------------------------------------------------------------------

HOPS = (Hop("10", ALWAYS, "11"), Hop("11", BUSY, "12", silent=True))
PUBLIC = ("+493023125010", "+493023125011")


def test_the_newest_diversion_comes_first() -> None:
    assert [str(item) for item in tell_diversions(HOPS, PUBLIC, "p.example")] == [
        "<sip:+493023125011@p.example>;reason=do-not-disturb;counter=1;privacy=off",
        "<sip:+493023125010@p.example>;reason=unconditional;counter=1;privacy=off",
    ]
    hidden, _ = tell_diversions(HOPS, PUBLIC, "p.example", hidden=True)
    assert str(hidden).endswith(";privacy=full")


def test_history_info_is_a_tree_with_the_reason_where_it_was_left() -> None:
    entries = tell_history(HOPS, PUBLIC, "+4930901820", "p.example")
    assert [str(entry) for entry in entries] == [
        "<sip:+493023125010@p.example?Reason=SIP%3Bcause%3D302>;index=1",
        "<sip:+493023125011@p.example?Reason=SIP%3Bcause%3D486>;index=1.1;mp=1",
        "<sip:+4930901820@p.example>;index=1.1.1;mp=1.1",
    ]
    assert all(isinstance(NameAddr.parse(str(entry)).uri, SipUri) for entry in entries)
    assert tell_history((), (), "12", "p.example") == []


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([], 0),
        (["<sip:+4930901820@p.example>;reason=user-busy"], 1),
        (["<sip:1@p>;counter=3, <sip:2@p>;counter=1"], 4),
        (["nonsense <"], 0),
        (["<sip:1@p>;counter=many"], 1),
    ],
)
def test_how_often_a_provider_says_a_call_was_diverted(values: list[str], count: int) -> None:
    headers = Headers([("Diversion", value) for value in values])
    assert diversions_so_far(Request("INVITE", SipUri("p.example", "1"), headers)) == count


def test_an_origin_is_one_of_three() -> None:
    origin: Origin = "any"
    assert Diversion(ALWAYS, "1").origin == origin
