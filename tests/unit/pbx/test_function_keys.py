"""Function keys before a node: what a telephone's key does, and when its lamp is told."""

import hashlib

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import muster

from stimme.pbx.features.key_plan import read_keys
from stimme.pbx.features.keys import DndKey, KeyPlan, Lamp, OwnKey, PickupKey
from stimme.pbx.groups.group import Group
from stimme.pbx.model import Device, Tenant

PASSWORD = "secret of a telephone"


def house() -> Tenant:
    tenant = muster()
    ha1 = hashlib.md5(f"muster-10:muster.example:{PASSWORD}".encode()).hexdigest()
    tenant.devices["p10"] = Device("p10", "u10", "muster-10", ha1={"MD5": ha1})
    tenant.groups["30"] = Group("g", "30", "Einkauf", ("u10", "u11"))
    keys = [
        {"position": 1, "kind": "dnd"},
        {"position": 2, "kind": "group", "target": "30"},
        {"position": 3, "kind": "diversion", "target": "always", "number": "12"},
        {"position": 4, "kind": "park", "target": "701"},
    ]
    tenant.keys["u10"] = KeyPlan(read_keys(keys))
    return tenant


async def test_keys_switch_by_their_positions_and_by_their_names() -> None:
    line = await telephone(house())
    pbx = line.pbx
    await line.dials("key.1", password=PASSWORD)
    assert pbx.settings.of("u10").dnd
    await line.dials("dnd", password=PASSWORD)
    assert not pbx.settings.of("u10").dnd
    await line.dials("key.2", password=PASSWORD)
    assert not pbx.groups.logged_in(pbx.tenant.groups["30"], "u10")
    for key in ("key.3", "divert.always"):
        await line.dials(key, password=PASSWORD)
        await line.dials(key, password=PASSWORD)
        assert not pbx.settings.of("u10").diversions.entries
    await line.dials("divert.always.13", password=PASSWORD)
    assert [each.number for each in pbx.settings.of("u10").diversions.entries] == ["13"]
    await line.dials("key.3", password=PASSWORD)
    assert [each.number for each in pbx.settings.of("u10").diversions.entries] == ["12"]
    await pbx.close()


@pytest.mark.parametrize(
    ("key", "status"), [("key.4", 404), ("key.9", 480), ("key.121", 404), ("night.1", 403)]
)
async def test_keys_that_do_nothing_say_so(key: str, status: int) -> None:
    line = await telephone(house())
    assert await line.dials(key, password=PASSWORD) == status
    await line.pbx.close()


async def test_telephones_are_told_of_a_changed_plan() -> None:
    tenant = house()
    line = await telephone(tenant)
    told: list[str] = []
    line.pbx.watchers.append(told.append)
    line.pbx.reconfigure(house())
    assert "keys" not in told
    changed = house()
    changed.keys["u10"] = KeyPlan(read_keys([{"position": 1, "kind": "pickup"}]))
    line.pbx.reconfigure(changed)
    assert "keys" in told
    keys = line.pbx.features.function_keys
    assert keys.behind(OwnKey(1), "u10") == PickupKey()
    assert keys.behind(OwnKey(2), "u10") is None
    assert keys.behind(DndKey(), "u10") == DndKey()
    assert keys.lamp(None, "u10") is Lamp.OFF
    await line.pbx.close()


async def test_a_stranger_watches_nothing_and_a_user_the_own_keys() -> None:
    line = await telephone(house())
    fields = (
        ("Event", "dialog"),
        ("Contact", "<sip:muster-10@198.51.100.7:5070;transport=tcp>"),
        ("Expires", "60"),
    )
    assert line.say("SUBSCRIBE", "key.1", *fields, password=PASSWORD).status == 200
    assert line.say("SUBSCRIBE", "key.99", *fields, password=PASSWORD).status == 200
    assert line.say("SUBSCRIBE", "pickup", *fields, password=PASSWORD).status == 200
    assert line.say("SUBSCRIBE", "key.0", *fields, password=PASSWORD).status == 404
    assert line.say("SUBSCRIBE", "key.1", *fields, password="wrong").status == 401
    await line.pbx.close()
