"""From dialled digits to a destination."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.pbx.world import HEAD, muster

from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.routing import (
    ToTrunk,
    ToUser,
    Unroutable,
    emergency_trunks,
    normalise,
    route_from_trunk,
    route_from_user,
)

TENANT = muster()
ANNA = TENANT.users["u10"]
MUNICH = TENANT.users["u19"]


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("030 901820", "+4930901820"),
        ("(030) 90-18/20", "+4930901820"),
        ("+49 30 901820", "+4930901820"),
        ("004930901820", "+4930901820"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+442079460958;phone-context=example", "+442079460958"),
    ],
)
def test_public_numbers_leave_as_e164(dialled: str, number: str) -> None:
    destination = route_from_user(TENANT, ANNA, dialled)
    assert destination == ToTrunk(TENANT.trunks["berlin"], number)


@pytest.mark.parametrize("dialled", ["115", "116117", "11833", "118000"])
def test_service_numbers_leave_as_dialled(dialled: str) -> None:
    assert route_from_user(TENANT, ANNA, dialled) == ToTrunk(TENANT.trunks["berlin"], dialled)


@pytest.mark.parametrize(
    "dialled", ["12", f"{HEAD}12", "030 231250-12", "0049 30 231250 12", "12;phone-context=muster.example"]
)
def test_a_colleague_does_not_leave_the_house(dialled: str) -> None:
    assert route_from_user(TENANT, ANNA, dialled) == ToUser(TENANT.users["u12"])


@pytest.mark.parametrize(
    ("dialled", "status"),
    [
        ("99", 404),
        ("", 404),
        ("+", 404),
        ("anna", 404),
        ("++49309018", 404),
        ("4711", 404),
        ("٠٣٠٩٠١٨٢٠", 404),
        ("030", 484),
        ("+49", 484),
        (f"{HEAD}77", 404),
    ],
)
def test_nothing_there(dialled: str, status: int) -> None:
    destination = route_from_user(TENANT, ANNA, dialled)
    assert isinstance(destination, Unroutable)
    assert destination.status == status


def test_outside_calls_take_the_trunk_of_the_user_s_number() -> None:
    assert route_from_user(TENANT, MUNICH, "030901820") == ToTrunk(TENANT.trunks["munich"], "+4930901820")


def test_without_a_trunk_there_is_no_outside() -> None:
    tenant = muster()
    tenant.trunks.clear()
    assert route_from_user(tenant, ANNA, "030901820") == Unroutable(503, "No Trunk")


@pytest.mark.parametrize(
    ("number", "extension"),
    [(f"{HEAD}10", "10"), ("+498912345670", "19")],
)
def test_calls_from_outside_reach_users(number: str, extension: str) -> None:
    destination = route_from_trunk(TENANT, number)
    assert isinstance(destination, ToUser)
    assert destination.user.extension == extension


@pytest.mark.parametrize("number", [f"{HEAD}77", "+4940123456", "", HEAD])
def test_calls_from_outside_to_nobody(number: str) -> None:
    assert route_from_trunk(TENANT, number) == Unroutable(404, "Not Found")


@pytest.mark.parametrize("dialled", ["1", "0", "00", "abc", "+4", "0049"])
def test_what_cannot_be_a_number(dialled: str) -> None:
    assert normalise(dialled) is None


# -- emergency ----------------------------------------------------------------------------------------------

AS_PEOPLE_DIAL = [
    "112",
    "110",
    "0112",
    "0110",
    "+49112",
    "0049110",
    "*31#112",
    "#31#110",
    "112#",
    "*112",
    "1 1 2",
]


@pytest.mark.parametrize("dialled", [*AS_PEOPLE_DIAL, "*31#0112", "*31*112#", "112;phone-context=+49"])
def test_an_emergency_call_is_recognised_however_it_is_dialled(dialled: str) -> None:
    destination = route_from_user(TENANT, ANNA, dialled)
    assert isinstance(destination, ToTrunk)
    assert destination.emergency
    assert destination.number in {"110", "112"}


@pytest.mark.parametrize("dialled", ["115", "030112", "*21*112#", "1122", "0111", "00112", "+44112", "11"])
def test_other_numbers_are_not_emergency_calls(dialled: str) -> None:
    assert emergency_number(dialled) is None


def test_an_extension_does_not_hide_an_emergency_number() -> None:
    tenant = muster()
    tenant.users["evil"] = type(ANNA)("evil", "112", "Shadow", number="+49112")
    assert route_from_user(tenant, ANNA, "112") == ToTrunk(tenant.trunks["berlin"], "112", emergency=True)


def test_an_emergency_call_goes_to_the_trunk_of_the_own_site_first_and_to_any_other_then() -> None:
    assert [trunk.id for trunk in emergency_trunks(TENANT, MUNICH)] == ["munich", "berlin"]
    assert [trunk.id for trunk in emergency_trunks(TENANT, ANNA)] == ["berlin", "munich"]
    assert [trunk.id for trunk in emergency_trunks(TENANT, None)] == ["berlin", "munich"]


def test_further_emergency_numbers_can_be_configured() -> None:
    assert emergency_number("0999", {"999"}) == "999"


@given(st.text(max_size=20))
def test_no_text_stops_the_routing(dialled: str) -> None:
    assert route_from_user(TENANT, ANNA, dialled) is not None
    assert route_from_trunk(TENANT, dialled) is not None
