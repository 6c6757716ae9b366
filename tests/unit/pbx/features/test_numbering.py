"""The numbering plan; calls that answer themselves."""

import pytest

from stimme.pbx.features.auto_answer import PageTarget, auto_answer_headers, who_hears_a_page
from stimme.pbx.features.numbering import Extension, Kind, NumberingError, NumberingPlan, check_extension

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
