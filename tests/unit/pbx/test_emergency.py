"""Nothing stops an emergency call (T5): each condition of docs/emergency.md alone, and all at once."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import HEAD, muster

from stimme.pbx.features.channels import ChannelUse, Free, Full, take_channel
from stimme.pbx.features.codes import CodeTable
from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import Diversion, DiversionError
from stimme.pbx.features.emergency import Attempt, plan_emergency_call
from stimme.pbx.features.hotdesk import HotDesks
from stimme.pbx.features.permission import Payer, Permitted, Refused, permit
from stimme.pbx.groups.group import Group
from stimme.pbx.guard import FAILURES
from stimme.pbx.model import NumberBlock, Tenant, User
from stimme.pbx.routing import ToTrunk, dialled_of, route_from_user
from stimme.sip.auth import ha1
from stimme.sip.transport.flood import FloodGuard, FloodLimits
from stimme.sip.uri import parse_uri
from stimme.trunks.barring import Barring, Reach
from stimme.trunks.fraud import FraudGuard, Limits
from stimme.trunks.profiles.presentation import present
from stimme.trunks.profiles.profile import profiles
from stimme.trunks.rules import EmergencySite

NUMBERS = ["110", "112"]
BERLIN = EmergencySite("berlin", "+49302312500", "Musterstraße 1, 10115 Berlin")
MUNICH = EmergencySite("munich", "+498912345670", "Beispielweg 2, 80331 München")
NOTHING = Limits(user_calls=0, user_minutes=0, customer_calls=0, customer_minutes=0)


def destination(tenant: Tenant, user: User, dialled: str) -> ToTrunk:
    found = route_from_user(tenant, user, dialled)
    assert isinstance(found, ToTrunk)
    assert found.emergency
    return found


# -- how it is dialled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:112@muster.example", "112"),
        ("sip:112;phone-context=muster.example@muster.example;user=phone", "112"),
        ("tel:110", "110"),
        ("urn:service:sos", "112"),
        ("urn:service:sos.ambulance", "112"),
        ("urn:service:sos.fire", "112"),
        ("urn:service:SOS.police", "110"),
    ],
)
def test_every_way_to_write_it_in_a_request(uri: str, number: str) -> None:
    tenant = muster()
    assert destination(tenant, tenant.users["u10"], dialled_of(parse_uri(uri))).number == number


@pytest.mark.parametrize("uri", ["urn:service:sosa", "urn:service:counseling", "http://112/", "mailto:112@x"])
def test_other_addresses_are_no_emergency_calls(uri: str) -> None:
    assert dialled_of(parse_uri(uri)) == ""


# -- what could take the number away ------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_no_extension_group_or_number_of_the_customer_takes_it(number: str) -> None:
    tenant = muster()
    tenant.users["shadow"] = User("shadow", number, "Shadow", number=f"+49{number}")
    tenant.numbers.append(NumberBlock("munich", "+491", 4))
    assert Group("g", number, "Shadow").extension == number
    assert destination(tenant, tenant.users["u10"], number).trunk.id == "berlin"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_feature_code_takes_it(number: str) -> None:
    table = CodeTable()
    hidden = [code.replace("{number}", number) for code in table.codes_of("clir_once")]
    for dialled in (number, *hidden, f"{number}#", f"*{number}", f"*{number}#"):
        assert table.parse(dialled) is None
        assert table.parse(dialled, overlap=True) is None
        assert destination(muster(), muster().users["u10"], dialled).number == number


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", DiversionKind)
def test_no_diversion_leads_there_or_away(number: str, kind: DiversionKind) -> None:
    with pytest.raises(DiversionError):
        Diversion(kind, number)


# -- what could forbid it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "payer",
    [
        Payer("u10", Barring(Reach.INTERNAL), HEAD),
        Payer("u10", Barring(Reach.INTERNAL, {"1": False, "": False}), HEAD),
        Payer("u10", Barring(), HEAD, licensed=False),
        Payer("u10", Barring(Reach.INTERNAL), "", licensed=False),
    ],
)
def test_neither_barring_nor_licence_forbids_it(number: str, payer: Payer) -> None:
    assert permit(number, payer, FraudGuard(NOTHING), 0.0) == Permitted()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_fraud_guard_neither_counts_nor_forbids_it(number: str) -> None:
    guard = FraudGuard(NOTHING)
    payer = Payer("u10", Barring(Reach.PREMIUM), HEAD)
    refused = permit("+8816123456", payer, guard, 0.0)
    assert isinstance(refused, Refused)
    assert refused.report is not None
    assert permit(number, payer, guard, 0.0) == Permitted(watched=False)


def test_the_gate_lets_others_wait() -> None:
    guard = FraudGuard()
    assert permit("+4930901820", Payer("u", Barring(), HEAD, licensed=False), guard, 0.0) == Refused(
        403, "call.barred"
    )
    assert permit("+442079460958", Payer("u", Barring(Reach.NATIONAL), HEAD), guard, 0.0) == Refused(
        403, "call.barred"
    )
    assert permit("+4930901820", Payer("u", Barring(), HEAD), guard, 0.0) == Permitted()
    assert permit("+5371234567", Payer("u", Barring(), HEAD), guard, 0.0) == Permitted(watched=True)


# -- where it goes, and who it says is calling
# -----------------------------------------------------------------


def test_the_trunk_and_number_of_the_own_site_come_first() -> None:
    tenant = muster()
    plan = plan_emergency_call(tenant, tenant.users["u10"], MUNICH)
    assert plan.attempts == (
        Attempt(tenant.trunks["munich"], "+498912345670"),
        Attempt(tenant.trunks["berlin"], f"{HEAD}10"),
    )
    assert plan.address == "Beispielweg 2, 80331 München"


def test_without_a_site_the_trunk_of_the_own_number_comes_first() -> None:
    tenant = muster()
    plan = plan_emergency_call(tenant, tenant.users["u19"], None)
    assert [attempt.trunk.id for attempt in plan.attempts] == ["munich", "berlin"]
    assert plan.attempts[0].number == "+498912345670"


def test_a_site_whose_trunk_is_gone_still_has_a_way() -> None:
    tenant = muster()
    plan = plan_emergency_call(tenant, tenant.users["u10"], EmergencySite("gone", "+491", "x"))
    assert [attempt.trunk.id for attempt in plan.attempts] == ["berlin", "munich"]
    assert plan.attempts[0].number == f"{HEAD}10"


def test_a_guest_at_another_telephone_calls_as_from_the_own_site() -> None:
    tenant = muster()
    desks = HotDesks({"p10": "u10"})
    desks.log_in("p10", "u19", datetime(2026, 11, 25, tzinfo=UTC))
    user = tenant.users[desks.user_of("p10") or ""]
    plan = plan_emergency_call(tenant, user, MUNICH)
    assert plan.attempts[0] == Attempt(tenant.trunks["munich"], "+498912345670")


@pytest.mark.parametrize("profile", profiles().values())
@pytest.mark.parametrize("hidden", [True, False])
def test_the_network_number_is_sent_whatever_is_shown_otherwise(profile: object, hidden: bool) -> None:
    provider = next(item for item in profiles().values() if item == profile)
    shown = present(
        provider, "p.example", HEAD, shown="+491701234567", name="Anna", hidden=hidden, emergency=True
    )
    assert shown.from_.user.endswith(HEAD.removeprefix("+"))
    assert "Privacy" not in dict(shown.headers)


# -- whether there is room ----------------------------------------------------------------------------------

RINGING = ChannelUse("ringing", 20.0, answered=False)
OLD, YOUNG = ChannelUse("old", 1.0, answered=True), ChannelUse("young", 9.0, answered=True)
OTHER = ChannelUse("emergency", 30.0, answered=False, emergency=True)


@pytest.mark.parametrize(
    ("uses", "preempted"),
    [
        ([OLD, RINGING, YOUNG, OTHER], "ringing"),
        ([OLD, YOUNG, OTHER], "young"),
        ([OLD], "old"),
        ([OTHER], None),
        ([], None),
    ],
)
def test_an_emergency_call_takes_a_channel_from_another(
    uses: list[ChannelUse], preempted: str | None
) -> None:
    assert take_channel(len(uses), uses, emergency=True) == Free(preempted)
    assert take_channel(len(uses) + 1, uses, emergency=True) == Free()
    assert take_channel(None, uses, emergency=True) == Free()
    assert take_channel(len(uses), uses, emergency=False) == Full()


# -- what comes before the call -----------------------------------------------------------------------------


async def telephone_of_muster() -> Telephone:
    """A telephone of user 10 with the password "right"."""
    tenant = muster()
    secret = ha1("muster-10", tenant.domain, "right", "MD5")
    tenant.devices["p10"] = replace(tenant.devices["p10"], ha1={"MD5": secret})
    return await telephone(tenant)


async def guessed_at() -> Telephone:
    """A telephone whose address is blocked, because somebody there has guessed passwords."""
    line = await telephone_of_muster()
    line.ask("112")
    for _ in range(FAILURES):
        line.call("030901820", password="wrong")
    assert line.call("030901820", password="wrong") == 403
    return line


async def test_a_telephone_with_a_right_password_is_heard_while_its_address_is_blocked() -> None:
    line = await guessed_at()
    assert line.call_again("112", password="right") == 100
    (call,) = line.pbx.calls.values()
    assert (call.direction, call.callee.number, call.trunk_id) == ("emergency", "112", "berlin")
    await asyncio.sleep(0)
    await line.pbx.close()


async def test_a_telephone_is_asked_for_its_password_while_its_address_is_blocked() -> None:
    line = await guessed_at()
    assert line.ask("112") == 407
    assert line.call("112", password="right") == 100
    await asyncio.sleep(0)
    await line.pbx.close()


def test_an_address_that_has_authenticated_is_read_during_a_flood() -> None:
    now = 0.0
    guard = FloodGuard(lambda: now, FloodLimits())
    guard.trust("203.0.113.1")
    for _ in range(100_000):
        guard.admits("203.0.113.1", b"INVITE")
    assert not guard.blocked("203.0.113.1")
    now = 1.0
    assert guard.admits("203.0.113.1", b"INVITE")


# -- everything at once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_with_every_condition_at_once_the_call_still_goes_out(number: str) -> None:
    rng = random.Random(1)
    tenant = muster()
    tenant.users["shadow"] = User("shadow", number, "Shadow", number=f"+49{number}")
    desks = HotDesks({"p10": "u10"})
    desks.log_in("p10", "u19", datetime(2026, 11, 25, tzinfo=UTC))
    user = tenant.users[desks.user_of("p10") or ""]
    dialled = rng.choice([f"*31#{number}", f"0{number}", f"+49{number}", f"{number}#"])
    assert CodeTable().parse(dialled) is None
    found = destination(tenant, user, dialled)
    payer = Payer(user.id, Barring(Reach.INTERNAL, {number: False}), "", licensed=False)
    assert permit(found.number, payer, FraudGuard(NOTHING), 0.0) == Permitted()
    plan = plan_emergency_call(tenant, user, MUNICH)
    first = plan.attempts[0]
    assert (first.trunk.id, first.number) == ("munich", "+498912345670")
    assert take_channel(1, [OLD], emergency=True) == Free("old")
    shown = present(
        profiles()["generic"], first.trunk.host, first.number, shown=HEAD, hidden=True, emergency=True
    )
    assert shown.from_.user == "+498912345670"


async def test_no_clock_ends_an_emergency_call() -> None:
    line = await telephone_of_muster()
    assert line.call("112", password="right") == 100
    (call,) = line.pbx.calls.values()
    assert call.media_timeout is None
    await line.pbx.close()


async def test_a_telephone_whose_user_is_gone() -> None:
    line = await telephone_of_muster()
    line.pbx.tenant.users.pop("u10")
    assert line.call("112", password="right") == 100
    (call,) = line.pbx.calls.values()
    assert (call.direction, call.trunk_id is not None) == ("emergency", True)
    await line.pbx.close()
