"""Functions by keys during a conversation: what becomes of the calls (audio: scenarios ``in_call``)."""

import asyncio
from collections.abc import Callable

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import muster

from stimme.pbx.call import Call
from stimme.pbx.events import CallChanged
from stimme.pbx.features import commands as c
from stimme.pbx.features.codes import CodeTable
from stimme.pbx.features.patterns import CodeError
from stimme.pbx.leg import Leg
from stimme.pbx.pbx import Pbx
from stimme.pbx.placing import party_of
from stimme.pbx.records import Direction
from stimme.pbx.restoring import resume
from stimme.pbx.snapshot import snapshot_of, take_snapshot
from stimme.pbx.talking import Talking


def leg_of(number: int, *, escape: str | None = "**") -> Leg:
    leg = Leg(f"leg {number}", lambda event: None, user_id=f"u{number}", device_id=f"p{number}")
    leg.escape = escape
    return leg


def talk(pbx: Pbx, one: Leg, other: Leg, direction: Direction = "internal") -> Call:
    """Two speak, the first has called."""
    users = pbx.tenant.users
    call = pbx.new_call(direction, party_of(users[one.user_id or ""]), party_of(users[other.user_id or ""]))
    call.take_over(one)
    call.partner = other
    for leg in (one, other):
        call.take_in(leg)
    resume(pbx, call)
    return call


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


async def press(pbx: Pbx, call: Call, leg: Leg, command: c.Command) -> None:
    """The function of some keys, done by the call's task."""
    done = asyncio.Event()

    async def work() -> None:
        await pbx.features.hand_sets.perform(call, leg, command)
        done.set()

    call.ask(work)
    async with asyncio.timeout(5):
        await done.wait()


async def consulting(own_calls: bool = True, *, line: Telephone | None = None) -> tuple[Pbx, Leg, Call, Call]:
    """User 10 holds user 11 and has a dial tone."""
    pbx = (line or await telephone(muster())).pbx
    own, other = leg_of(10), leg_of(11)
    held = talk(pbx, own, other) if own_calls else talk(pbx, other, own)
    await until(lambda: held.stage.kind == "talking")
    await press(pbx, held, own, c.Hold())
    second = next(call for call in pbx.calls.values() if call is not held)
    await until(lambda: second.stage.kind == "dialling")
    return pbx, own, held, second


@pytest.mark.parametrize("own_calls", [True, False])
async def test_holding_and_going_back_leaves_one_call(own_calls: bool) -> None:
    pbx, own, held, second = await consulting(own_calls)
    assert held.stage.kind == "on hold"
    assert [leg.user_id for leg in held.sides] == ["u11"]
    assert second.anchor is own
    before = (held.caller, held.callee)
    await press(pbx, second, own, c.EndAndTakeHeld())
    await until(lambda: held.stage.kind == "talking" and not second.alive)
    assert (held.anchor is own, held.partner is own) == (own_calls, not own_calls)
    assert (held.caller, held.callee) == before
    assert list(pbx.calls.values()) == [held]
    assert second.record().result == "cancelled"


async def test_two_calls_are_swapped() -> None:
    pbx, own, held, second = await consulting()
    third = leg_of(12)
    await press(pbx, second, own, c.Swap())  # nobody talks yet
    assert held.stage.kind == "on hold"
    second.take_in(third)
    await until_talking(second, third)
    await press(pbx, second, own, c.Swap())
    await until(lambda: held.stage.kind == "talking")
    assert second.stage.kind == "on hold"
    assert second.sides == [third]
    await press(pbx, held, own, c.Swap())
    await until(lambda: second.stage.kind == "talking")
    assert second.sides == [own, third]
    assert held.stage.kind == "on hold"


async def until_talking(call: Call, partner: Leg) -> None:
    """Somebody who was consulted has answered."""

    async def work() -> None:
        call.take_over(call.sides[0])
        call.partner = partner
        await call.become(Talking(call))

    call.ask(work)
    await until(lambda: call.stage.kind == "talking")


async def test_both_others_are_connected() -> None:
    pbx, own, held, second = await consulting()
    third = leg_of(12)
    second.take_in(third)
    await until_talking(second, third)
    await press(pbx, second, own, c.Transfer())
    await until(lambda: own not in second.sides)
    assert {leg.user_id for leg in second.sides} == {"u11", "u12"}
    assert not held.alive
    assert not pbx.features.hand_sets._of


async def test_nobody_can_be_held_twice_or_connected_with_nobody() -> None:
    pbx, own, held, second = await consulting()
    for command in (c.Hold(), c.Conference(), c.Transfer(), c.Park()):
        await press(pbx, second, own, command)
    assert (held.stage.kind, second.stage.kind) == ("on hold", "dialling")


async def test_who_hangs_up_with_somebody_on_hold_is_called_back() -> None:
    line = await telephone(muster())
    _, _, held, second = await consulting(line=line)
    told = await line.published()
    second.hang_up()
    await until(lambda: not held.alive)
    await until(lambda: not line.pbx.calls)
    back = [
        each for each in told if isinstance(each, CallChanged) and each.call_id not in (held.id, second.id)
    ]
    assert {(each.caller.user_id, each.callee.user_id) for each in back} == {("u11", "u10")}


async def test_who_is_on_hold_may_hang_up() -> None:
    pbx, own, held, second = await consulting()
    held.hang_up()
    await until(lambda: not held.alive)
    await press(pbx, second, own, c.EndAndTakeHeld())
    assert second.stage.kind == "dialling"


@pytest.mark.parametrize(("direction", "escape"), [("emergency", "**"), ("internal", None)])
async def test_where_no_key_is_a_function(direction: Direction, escape: str | None) -> None:
    pbx = (await telephone(muster())).pbx
    own = leg_of(10, escape=escape)
    call = talk(pbx, own, leg_of(11), direction)
    await until(lambda: call.stage.kind == "talking")
    for command in (c.Hold(), c.Park(), c.Transfer(), c.EndAndTakeHeld()):
        await press(pbx, call, own, command)
    assert list(pbx.calls.values()) == [call]
    assert call.stage.kind == "talking"


@pytest.mark.parametrize("own_calls", [True, False])
async def test_across_a_restart_who_waits_is_the_caller(own_calls: bool) -> None:
    pbx, _, held, _ = await consulting(own_calls)
    kept = snapshot_of(held, "engine")
    waiting = leg_of(11)
    again = pbx.new_call("internal", held.caller, held.callee)
    kept["legs"] = [{"id": "leg 11"}]
    take_snapshot(again, kept, lambda item: waiting)
    assert again.anchor is waiting
    assert again.partner is None
    assert (again.caller.user_id, again.callee.user_id) == ("u11", "u10")


def test_the_keys_are_the_customers() -> None:
    assert CodeTable().escape == "**"
    assert CodeTable({"in_call": []}).escape is None
    assert CodeTable({"in_call": ["##"]}).codes_of("in_call") == ["##"]
    for wrong in (["1"], ["**", "##"], ["*"]):
        with pytest.raises(CodeError):
            CodeTable({"in_call": wrong})
