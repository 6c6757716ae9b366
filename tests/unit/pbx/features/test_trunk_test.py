"""Testing a trunk: which number is called, and when no test is made."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import HEAD, muster

from stimme.pbx.features.trunk_test import TrunkTestError, free_number
from stimme.pbx.model import NumberBlock, User
from stimme.pbx.records import Party
from stimme.trunks.test_report import Report


def test_the_highest_number_that_nobody_has_is_called() -> None:
    tenant = muster()
    assert free_number(tenant, tenant.trunks["berlin"]) == f"{HEAD}99"
    tenant.users["u99"] = User("u99", "99", "Last")
    assert free_number(tenant, tenant.trunks["berlin"]) == f"{HEAD}98"
    tenant.users["direct"] = User("direct", "500", "Direct", number=f"{HEAD}98")
    assert free_number(tenant, tenant.trunks["berlin"]) == f"{HEAD}97"


def test_where_all_numbers_belong_to_somebody_none_is_free() -> None:
    tenant = muster()
    tenant.numbers = [NumberBlock("berlin", HEAD, 0)]
    assert free_number(tenant, tenant.trunks["berlin"]) is None
    tenant.numbers = [NumberBlock("berlin", HEAD, 1)]
    tenant.users = {f"u{value}": User(f"u{value}", str(value), "U") for value in range(10)}
    assert free_number(tenant, tenant.trunks["berlin"]) is None


async def test_without_numbers_or_licence_no_test_is_made() -> None:
    pbx = (await telephone(muster())).pbx
    trunk = pbx.tenant.trunks["berlin"]
    pbx.tenant = replace(pbx.tenant, licensed=False)
    with pytest.raises(TrunkTestError, match="licence"):
        await pbx.features.trunk_tests.run(trunk, "en")
    pbx.tenant = replace(pbx.tenant, licensed=True, numbers=[])
    with pytest.raises(TrunkTestError, match="number"):
        await pbx.features.trunk_tests.run(trunk, "en")


async def test_a_test_goes_on_while_colleagues_call_and_ends_with_its_house(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pbx = (await telephone(muster())).pbx
    tests, never = pbx.features.trunk_tests, asyncio.Event()

    async def run(*_: object) -> Report:
        await never.wait()
        raise AssertionError("never")

    monkeypatch.setattr(tests, "run", run)
    call = pbx.new_call("internal", Party("10"), Party("*78#"))
    tests.begin_for(call, pbx.tenant.trunks["berlin"])
    (task,) = (each for each in asyncio.all_tasks() if each.get_name() == f"trunk-test-{call.id}")
    await asyncio.sleep(0)
    pbx.features.line_changed("u11")
    await asyncio.sleep(0)
    assert not task.done()
    pbx.features.close()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_without_a_media_engine_the_test_says_that_no_call_was_possible() -> None:
    pbx = (await telephone(muster())).pbx
    async with asyncio.timeout(5):
        report = await pbx.features.trunk_tests.run(pbx.tenant.trunks["berlin"], "en")
    assert not report.passed
    assert not pbx.calls
    assert pbx.features.trunk_tests.last["berlin"][1] is report
