"""Testing a trunk: which number is called, and when no test is made."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import HEAD, muster

from stimme.pbx.features.trunk_test import TrunkTestError, free_number
from stimme.pbx.model import NumberBlock, User


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


async def test_without_a_media_engine_the_test_says_that_no_call_was_possible() -> None:
    pbx = (await telephone(muster())).pbx
    async with asyncio.timeout(5):
        report = await pbx.features.trunk_tests.run(pbx.tenant.trunks["berlin"], "en")
    assert not report.passed
    assert not pbx.calls
    assert pbx.features.trunk_tests.last["berlin"][1] is report
