"""Hot desking at a running customer: a telephone changes hands by code, and everything follows it."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import EPOCH, muster

from stimme.pbx.events import CallChanged, RegistrationChanged
from stimme.pbx.features.hotdesk import WRONG_PINS, AutoLogout
from stimme.pbx.model import Device, Tenant
from stimme.pbx.registrar import Binding
from stimme.sip.auth import ha1

SUCCESS = 480  # said without connecting


def house(*, logout: AutoLogout | None = None) -> Tenant:
    tenant = muster()
    secret = ha1("muster-10", tenant.domain, "right", "MD5")
    tenant.devices["p10"] = replace(tenant.devices["p10"], ha1={"MD5": secret})
    tenant.devices["p11"] = Device("p11", "u11", "muster-11")
    tenant.hot_desk_logout = logout or AutoLogout()
    return tenant


@pytest.fixture
async def line() -> Telephone:
    made = await telephone(house())
    made.pbx.features.pins.set("u11", "4711")
    return made


def registered(line: Telephone, device_id: str) -> None:
    binding = Binding(
        device_id, "sip:x@198.51.100.7", EPOCH + 600, 1.0, "r", 1, "udp", ("198.51.100.7", 5070)
    )
    line.pbx.registrar.restore({binding.key: binding.to_json()})


async def test_a_guest_has_the_telephone_and_its_calls(line: Telephone) -> None:
    pbx = line.pbx
    registered(line, "p10")
    assert (pbx.line_state("u10"), pbx.line_state("u11")) == ("free", "offline")
    assert await line.dials("*40*11*4711#", password="right") == SUCCESS
    assert pbx.user_at(pbx.tenant.devices["p10"]) == "u11"
    assert (pbx.line_state("u10"), pbx.line_state("u11")) == ("offline", "free")
    assert [leg.user_id for leg in pbx.placing.to_user(pbx.tenant.users["u11"])] == ["u11"]
    assert not pbx.placing.to_user(pbx.tenant.users["u10"])
    assert pbx.desks.guest_at("p10") == "u11"
    assert await line.dials("#40#", password="right") == SUCCESS
    assert pbx.line_state("u10") == "free"


async def test_nobody_is_logged_out_where_nobody_is_logged_in(line: Telephone) -> None:
    assert await line.dials("#40#", password="right") == 404


async def test_a_wrong_pin_is_refused_and_then_no_pin_is_looked_at(line: Telephone) -> None:
    for _ in range(WRONG_PINS):
        assert await line.dials("*40*11*0000#", password="right") == 403
    assert await line.dials("*40*11*4711#", password="right") == 403
    assert await line.dials("*40*99*4711#", password="right") == 403
    assert line.pbx.desks.guest_at("p10") is None


async def test_the_pin_is_in_no_call(line: Telephone) -> None:
    told = await line.published()
    await line.dials("*40*11*4711#", password="right")
    seen = [each.callee.number for each in told if isinstance(each, CallChanged)]
    assert set(seen) == {"*40*11*#"}


async def test_a_browser_belongs_to_its_user(line: Telephone) -> None:
    devices = line.pbx.tenant.devices
    devices["p10"] = replace(devices["p10"], kind="web")
    assert await line.dials("*40*11*4711#", password="right") == 403


async def test_guests_outlive_a_restart_until_their_time_is_up() -> None:
    again = await telephone(house())
    guests = {"p10": {"user_id": "u11", "since": "2026-11-25T08:00:00+00:00", "until": None}}
    again.pbx.desks.restore({"hot_desks": {"guests": guests}})
    await asyncio.sleep(0)
    assert again.pbx.desks.guest_at("p10") == "u11"
    guests["p10"]["until"] = "2020-01-01T00:00:00+00:00"
    again.pbx.desks.restore({"hot_desks": {"guests": guests}})
    gone = asyncio.Event()
    again.pbx.watchers.append(lambda signal: gone.set() if signal == "desk:p10" else None)
    await asyncio.wait_for(gone.wait(), 5)
    assert again.pbx.desks.guest_at("p10") is None


async def test_at_a_telephone_of_nobody_somebody_logs_in_and_nobody_else_calls() -> None:
    tenant = house()
    tenant.devices["p10"] = replace(tenant.devices["p10"], user_id=None)
    line = await telephone(tenant)
    line.pbx.features.pins.set("u11", "4711")
    registered(line, "p10")
    told = await line.published()
    for dialled in ("11", "030901820", "*26#", "#40#", "nonsense"):
        assert await line.dials(dialled, password="right") == 403
    assert await line.dials("*40*11*0000#", password="right") == 403
    assert await line.dials("*40*11*4711#", password="right") == SUCCESS
    assert line.pbx.user_at(tenant.devices["p10"]) == "u11"
    assert [leg.user_id for leg in line.pbx.placing.to_user(tenant.users["u11"])] == ["u11"]
    assert await line.dials("11", password="right") != 403
    assert await line.dials("#40#", password="right") == SUCCESS
    assert line.pbx.user_at(tenant.devices["p10"]) is None
    assert await line.dials("11", password="right") == 403
    changes = [each for each in told if isinstance(each, RegistrationChanged)]
    assert [(each.user_id, each.registered, each.user_ids) for each in changes] == [
        (None, True, ()),
        ("u11", True, ("u11",)),
        ("u11", False, ("u11",)),
        (None, True, ()),
    ]


async def test_the_keys_of_a_telephone_of_nobody_are_asked_for_again_and_there_with_the_guest() -> None:
    tenant = house()
    tenant.devices["p10"] = replace(tenant.devices["p10"], user_id=None)
    line = await telephone(tenant)
    contact = ("Contact", "<sip:muster-10@198.51.100.7:5070;transport=tcp>")
    fields = (("Event", "dialog"), contact, ("Expires", "60"))
    refused = line.say("SUBSCRIBE", "dnd", *fields, password="right")
    assert (refused.status, refused.headers.get("Retry-After")) == (480, "60")
    line.pbx.desks.log_in(tenant.devices["p10"], tenant.users["u11"])
    assert line.say("SUBSCRIBE", "dnd", *fields, password="right").status == 200
    await line.pbx.close()


async def test_a_guest_without_user_or_telephone_is_there_no_longer(line: Telephone) -> None:
    pbx = line.pbx
    pbx.desks.log_in(pbx.tenant.devices["p10"], pbx.tenant.users["u11"])
    changed = house()
    del changed.users["u11"]
    pbx.reconfigure(changed)
    assert pbx.desks.guest_at("p10") is None
    assert pbx.user_at(changed.devices["p10"]) == "u10"


async def test_everybody_concerned_is_told(line: Telephone) -> None:
    registered(line, "p10")
    told = await line.published()
    line.pbx.desks.log_in(line.pbx.tenant.devices["p10"], line.pbx.tenant.users["u11"])
    changes = [each for each in told if isinstance(each, RegistrationChanged)]
    assert [(each.user_id, each.registered, each.devices_online) for each in changes] == [
        ("u10", False, 0),
        ("u11", True, 1),
    ]
