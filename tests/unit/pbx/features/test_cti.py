"""Calls driven from outside: what is refused, and what a hold from outside is across a restart."""

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import muster

from stimme.pbx.call import Call
from stimme.pbx.features import cti
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.leg import Leg
from stimme.pbx.pbx import Pbx
from stimme.pbx.placing import party_of
from stimme.pbx.records import Direction


async def talking(direction: Direction = "internal") -> tuple[Pbx, Call]:
    """Users 10 and 11 speak."""
    pbx = (await telephone(muster())).pbx
    users = pbx.tenant.users
    call = pbx.new_call(direction, party_of(users["u10"]), party_of(users["u11"]))
    call.take_over(Leg("a", lambda event: None, user_id="u10"))
    call.partner = Leg("b", lambda event: None, user_id="u11")
    pbx.calls[call.id] = call
    return pbx, call


@pytest.mark.parametrize(
    ("order", "status"),
    [
        (cti.TransferTo("10"), 480),
        (cti.TransferTo("112"), 403),
        (cti.JoinWith("nonsense"), 404),
        (cti.ConferWith("nonsense"), 404),
        (cti.ParkIn("9"), 486),
        (cti.PickUp(None), 404),
        (cti.Answer(), 480),
    ],
)
async def test_what_cannot_be_done_leaves_the_call_as_it_was(order: cti.Order, status: int) -> None:
    pbx, call = await talking()
    sides = call.sides
    with pytest.raises(FeatureRefusedError) as refusal:
        cti.carry_out(pbx, call, pbx.tenant.users["u10"], order)
    assert refusal.value.status == status
    assert call.sides == sides
    assert call.alive


async def test_a_call_cannot_be_joined_with_itself() -> None:
    pbx, call = await talking()
    for order in (cti.JoinWith(call.id), cti.ConferWith(call.id)):
        with pytest.raises(FeatureRefusedError):
            cti.carry_out(pbx, call, pbx.tenant.users["u10"], order)


async def test_nobody_else_drives_a_call() -> None:
    pbx, call = await talking()
    with pytest.raises(FeatureRefusedError):
        cti.carry_out(pbx, call, pbx.tenant.users["u12"], cti.Hold(on=True))


@pytest.mark.parametrize(
    "order", [cti.Hold(on=True), cti.TransferTo("12"), cti.ParkIn(None), cti.PickUp(None)]
)
async def test_an_emergency_call_can_only_be_hung_up(order: cti.Order) -> None:
    pbx, call = await talking("emergency")
    with pytest.raises(FeatureRefusedError) as refusal:
        cti.carry_out(pbx, call, pbx.tenant.users["u10"], order)
    assert refusal.value.status in (403, 404)
    assert not any(leg.holds for leg in call.sides)


async def test_a_hold_from_outside_outlives_a_restart() -> None:
    pbx, call = await talking()
    assert cti.carry_out(pbx, call, pbx.tenant.users["u10"], cti.Hold(on=True)) is call
    own, other = call.sides
    assert (own.holds, other.holds) == (True, False)
    restored = Leg("a", lambda event: None)
    restored.take_snapshot(own.snapshot())
    assert restored.holds
    cti.carry_out(pbx, call, pbx.tenant.users["u10"], cti.Hold(on=False))
    assert not own.holds
