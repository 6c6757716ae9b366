"""Automatic redial at a running customer: what begins it, what ends it (calls: scenarios ``redial``)."""

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.test_desks import house, registered

from stimme.pbx.leg import Leg
from stimme.pbx.placing import party_of
from stimme.pbx.restoring import resume

SUCCESS = 480  # said without connecting


@pytest.fixture
async def line() -> Telephone:
    made = await telephone(house())
    registered(made, "p10")
    return made


async def test_the_code_begins_and_ends_it(line: Telephone) -> None:
    again = line.pbx.features.auto_redials
    assert await line.dials("*65#", password="right") == 404
    line.pbx.features.last_dialled.note("u10", "0301234")
    assert await line.dials("*65#", password="right") == SUCCESS
    assert again.number_of("u10") == "0301234"
    assert await line.dials("#65#", password="right") == SUCCESS
    assert again.number_of("u10") is None
    assert await line.dials("#65#", password="right") == SUCCESS


async def test_another_number_ends_it_and_the_same_does_not(line: Telephone) -> None:
    features = line.pbx.features
    features.auto_redials.begin("u10", "0301234")
    features.last_dialled.note("u10", "0301234")
    assert features.auto_redials.number_of("u10") == "0301234"
    features.last_dialled.note("u11", "12")
    assert features.auto_redials.number_of("u10") == "0301234"
    features.last_dialled.note("u10", "12")
    assert features.auto_redials.number_of("u10") is None


async def test_a_colleague_who_talks_is_not_tried_and_that_counts(line: Telephone) -> None:
    pbx = line.pbx
    users = pbx.tenant.users
    talk = pbx.new_call("internal", party_of(users["u11"]), party_of(users["u12"]))
    talk.take_over(Leg("a", lambda event: None, user_id="u11"))
    talk.partner = Leg("b", lambda event: None, user_id="u12")
    resume(pbx, talk)
    assert pbx.line_state("u11") == "busy"
    again = pbx.features.auto_redials
    again.restore({"redialling:u10": {"number": "11", "next_at": 0, "attempts": 8}})
    again.run()
    assert again.number_of("u10") == "11"
    assert set(pbx.calls.values()) == {talk}
    again.restore({"redialling:u10": {"number": "11", "next_at": 0, "attempts": 9}})
    again.run()
    assert again.number_of("u10") is None


async def test_the_users_telephones_ring_first(line: Telephone) -> None:
    pbx = line.pbx
    again = pbx.features.auto_redials
    again.restore({"redialling:u10": {"number": "11", "next_at": 0, "attempts": 0}})
    again.run()
    (call,) = pbx.calls.values()
    assert (call.caller.number, call.callee.user_id) == ("11", "u10")
    again.run()
    assert list(pbx.calls.values()) == [call]


async def test_without_a_telephone_it_ends(line: Telephone) -> None:
    again = line.pbx.features.auto_redials
    again.restore({"redialling:u12": {"number": "11", "next_at": 0, "attempts": 0}})
    again.run()
    assert again.number_of("u12") == "11"  # the line is not free: it is offline
    assert not line.pbx.calls
