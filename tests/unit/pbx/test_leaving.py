"""A customer that is deleted while the node runs: its telephones are strangers, its calls end."""

from dataclasses import replace

from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import muster

from stimme.pbx.states import CallState
from stimme.sip.auth import ha1


async def test_a_deleted_tenants_calls_end_and_its_telephones_are_strangers() -> None:
    tenant = muster()
    secret = ha1("muster-10", tenant.domain, "right", "MD5")
    tenant.devices["p10"] = replace(tenant.devices["p10"], ha1={"MD5": secret})
    line = await telephone(tenant)
    node = line.node
    await node.remove_tenant("unknown")
    assert line.call("112", password="right") == 100
    (call,) = line.pbx.calls.values()
    await node.remove_tenant("muster")
    assert not node.tenants
    assert call.state is CallState.ENDED
    assert line.ask("112") == 407
    assert line.ask("11") == 407
