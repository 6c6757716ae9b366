"""Packages in the telephone system (L5): what each may, at once after a change, with nothing lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import muster

from stimme.licensing.errors import PackageRequiredError
from stimme.licensing.packages import Feature, Package
from stimme.pbx.entitlement import lacking
from stimme.pbx.features import commands as c
from stimme.pbx.features import cti
from stimme.pbx.model import Tenant
from stimme.pbx.records import Party
from stimme.pbx.settings import UserSettings
from stimme.sip.auth import ha1

NEEDED = '399 muster.example "Softphone needs the package Volle stimme; this user has {}."'
CONTACT = ("Contact", "<sip:browser@df7jal23ls0d.invalid;transport=ws>;expires=300")


def muster_with(package: Package) -> Tenant:
    """User 10 has this package; telephone and browser know a password."""
    tenant = muster()
    tenant.users["u10"] = replace(tenant.users["u10"], package=package)
    for device_id in ("p10", "w10"):
        device = tenant.devices[device_id]
        secret = ha1(device.sip_user, tenant.domain, "right", "MD5")
        tenant.devices[device_id] = replace(device, ha1={"MD5": secret})
    return tenant


async def browser(package: Package) -> Telephone:
    line = await telephone(muster_with(package))
    line.sip_user = "web-10"
    return line


async def listen(line: Telephone, told: list[dict[str, Any]]) -> None:
    """Notes what user 10 is told, until cancelled."""
    async for event in line.node.bus.subscribe(lambda each: each.user_ids == ("u10",), since=None):
        told.append(event)


def registers(line: Telephone) -> tuple[int, Sequence[str]]:
    """The status of a REGISTER, and what its Warning says."""
    answer = line.say("REGISTER", None, CONTACT, password="right")
    return answer.status, answer.headers.values("Warning")


@pytest.mark.parametrize("package", [Package.KLARE, Package.KLINGENDE])
@pytest.mark.feature("L5")
async def test_a_browser_without_the_softphone_is_refused_by_name(package: Package) -> None:
    line = await browser(package)
    assert registers(line) == (403, [NEEDED.format(package.title)])
    assert line.call("11", password="right") == 403
    assert line.pbx.registrar.online() == set()


@pytest.mark.parametrize("number", ["110", "112"])
@pytest.mark.feature("L5", "T5")
async def test_the_emergency_services_are_reached_whatever_the_package(number: str) -> None:
    line = await browser(Package.KLARE)
    assert line.call(number, password="right") < 300
    (call,) = line.pbx.calls.values()
    assert call.direction == "emergency"


@pytest.mark.feature("L5")
async def test_a_change_of_package_counts_at_once_and_loses_nothing() -> None:
    line = await browser(Package.VOLLE)
    told: list[dict[str, Any]] = []
    listening = asyncio.ensure_future(listen(line, told))
    await asyncio.sleep(0)
    line.pbx.settings.set("u10", UserSettings(dnd=True))
    assert registers(line) == (200, [])
    assert line.pbx.line_state("u10") == "free"

    await line.node.update_tenant(muster_with(Package.KLARE))
    assert line.pbx.line_state("u10") == "offline"
    assert registers(line)[0] == 403
    await asyncio.sleep(0)
    changed = [event["data"] for event in told if event["type"] == "features.changed"]
    assert [(each["user_id"], each["package"]) for each in changed] == [("u10", "klare")]
    assert "softphone" not in changed[0]["features"]
    assert "telephony" in changed[0]["features"]

    await line.node.update_tenant(muster_with(Package.VOLLE))
    assert registers(line) == (200, [])
    assert line.pbx.settings.of("u10").dnd
    listening.cancel()


async def test_registrations_of_a_package_that_went_while_we_were_away_do_not_come_back() -> None:
    line = await browser(Package.VOLLE)
    registers(line)
    await line.node.add_tenant(muster_with(Package.KLARE))
    assert line.node.tenants["muster"].registrar.online() == set()


async def test_a_telephone_is_served_in_every_package() -> None:
    line = await telephone(muster_with(Package.KLARE))
    contact = ("Contact", "<sip:muster-10@198.51.100.7:5070>;expires=300")
    assert line.say("REGISTER", None, contact, password="right").status == 200
    assert line.call("11", password="right") < 300


async def test_presence_is_part_of_a_package_and_lamps_are_for_everybody() -> None:
    contact = ("Contact", "<sip:muster-10@198.51.100.7:5070;transport=tcp>")
    for package, status in ((Package.KLARE, 403), (Package.KLINGENDE, 200)):
        line = await telephone(muster_with(package))
        assert line.say("SUBSCRIBE", "11", contact, ("Event", "presence"), password="right").status == status
        assert line.say("SUBSCRIBE", "11", contact, ("Event", "dialog"), password="right").status == 200


async def test_calls_are_driven_by_programs_with_cti_only_but_for_emergencies() -> None:
    pbx = (await telephone(muster())).pbx
    klare, klingende = pbx.tenant.users["u11"], pbx.tenant.users["u12"]
    call = pbx.new_call("internal", Party("11"), Party("12"))
    with pytest.raises(PackageRequiredError) as refusal:
        cti.carry_out(pbx, call, klare, cti.Answer())
    assert (refusal.value.feature, refusal.value.package) == ("cti", "klingende")
    with pytest.raises(PackageRequiredError):
        cti.dial(pbx, klare, "12", None)
    assert cti.dial(pbx, klare, "112", None) is None, "allowed, but no telephone is registered"
    assert cti.dial(pbx, klingende, "11", None) is None


def test_a_code_of_another_package_is_known_as_such() -> None:
    users = muster().users
    assert lacking(users["u11"], c.Voicemail()) is Feature.VOICEMAIL
    assert lacking(users["u12"], c.Voicemail()) is None
    assert lacking(users["u11"], c.SayTime()) is None
