"""An emergency call on its way out: trunks that fail, and the media engine that dies meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import HEAD, muster

from stimme.media import Engine, EngineLostError
from stimme.pbx import outside
from stimme.pbx.call import Call
from stimme.pbx.model import Tenant
from stimme.sip.auth import ha1
from stimme.sip.identity import ANONYMOUS
from stimme.sip.message import Request
from stimme.trunks.rules import EmergencySite

MUNICH = EmergencySite("munich", "+498912345670", "Beispielweg 2, 80331 München")
_TURNS = 30


class EngineSide:
    """The engine's end of the control socket: every request is granted at once, or never when it is stuck."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stuck = stuck
        self._unanswered: list[asyncio.Future[dict[str, Any]]] = []
        self._count = 0

    def request(self, op: str, **fields: Any) -> "asyncio.Future[dict[str, Any]]":
        """The reply."""
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._count += 1
        if self._stuck:
            self._unanswered.append(reply)
        else:
            local = {"address": "192.0.2.1", "port": 20_000 + self._count}
            reply.set_result({op.rpartition("-")[2]: self._count, "player": self._count, "local": local})
        return reply

    def die(self) -> None:
        """The socket closes."""
        self._stuck = True
        self.closed.set_result(None)
        for reply in self._unanswered:
            reply.set_exception(EngineLostError())


def engine(side: EngineSide, instance: str) -> Engine:
    return Engine(side, instance, "test")  # type: ignore[arg-type]


async def caller(tenant: Tenant) -> Telephone:
    secret = ha1("muster-10", tenant.domain, "right", "MD5")
    tenant.devices["p10"] = replace(tenant.devices["p10"], ha1={"MD5": secret})
    return await telephone(tenant)


async def placed(line: Telephone) -> list[Request]:
    """The INVITEs that go out once everybody has had a turn."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    return line.calls_outside()


def the_call(line: Telephone) -> Call:
    (call,) = line.pbx.calls.values()
    return call


def to_and_from(invite: Request) -> tuple[str, str]:
    return invite.uri.host, invite.headers.get("P-Asserted-Identity") or ""  # type: ignore[union-attr]


def only_berlin() -> Tenant:
    tenant = muster()
    del tenant.trunks["munich"]
    tenant.numbers.pop()
    return tenant


async def test_a_call_while_there_is_no_engine_goes_out_by_the_next_one() -> None:
    line = await caller(only_berlin())
    old, new = EngineSide(), EngineSide()
    line.pbx.switch.connected(engine(old, "old"))
    old.die()
    assert line.call("112", password="right") == 100
    assert await placed(line) == []
    line.pbx.switch.connected(engine(new, "new"))
    line.pbx.media_lost()
    (invite,) = await placed(line)
    assert to_and_from(invite) == ("sip.provider.example", f"<sip:{HEAD}10@sip.provider.example>")
    assert the_call(line).alive
    await line.pbx.close()


async def test_the_call_passes_where_the_registration_says() -> None:
    """Service-Route (RFC 3608), for this call as for every other to the provider."""
    line = await caller(only_berlin())
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    line.pbx.start()
    route = ("<sip:edge.provider.example;lr>", "<sip:core.provider.example;lr>")
    registration = line.pbx.ways.registrations["berlin"]
    registration.service_route, registration.agreement = route, [("Security-Verify", "digest;d-alg=MD5")]
    assert line.call("112", password="right") == 100
    (invite,) = await placed(line)
    assert invite.headers.get("Security-Verify") == "digest;d-alg=MD5", "what was agreed on (RFC 3329)"
    assert tuple(invite.headers.values("Route")) == route
    assert to_and_from(invite)[0] == "sip.provider.example"
    await line.pbx.close()


async def test_an_engine_that_dies_while_it_is_asked_only_delays_the_call() -> None:
    line = await caller(only_berlin())
    old = EngineSide(stuck=True)
    line.pbx.switch.connected(engine(old, "old"))
    assert line.call("112", password="right") == 100
    assert await placed(line) == []
    old.die()
    assert await placed(line) == []
    line.pbx.switch.connected(engine(EngineSide(), "new"))
    line.pbx.media_lost()
    (invite,) = await placed(line)
    assert to_and_from(invite)[0] == "sip.provider.example"
    assert the_call(line).alive
    await line.pbx.close()


async def test_an_engine_that_dies_while_it_rings_the_call_is_placed_again_by_the_same_trunk() -> None:
    line = await caller(only_berlin())
    old = EngineSide()
    line.pbx.switch.connected(engine(old, "old"))
    assert line.call("112", password="right") == 100
    (first,) = await placed(line)
    line.provider_says(first, 180)
    old.die()
    line.pbx.switch.connected(engine(EngineSide(), "new"))
    line.pbx.media_lost()
    (again,) = await placed(line)
    assert to_and_from(again) == to_and_from(first)
    assert again.headers.get("Call-ID") != first.headers.get("Call-ID")
    assert the_call(line).alive
    await line.pbx.close()


@pytest.mark.parametrize(
    ("site", "first"),
    [
        (MUNICH, ("203.0.113.9", "<sip:+498912345670@203.0.113.9>")),
        (None, ("sip.provider.example", f"<sip:{HEAD}@sip.provider.example>")),
    ],
)
async def test_a_telephone_that_is_nobodys_calls_as_from_its_own_site(
    site: EmergencySite | None, first: tuple[str, str]
) -> None:
    tenant = muster()
    tenant.devices["p10"] = replace(tenant.devices["p10"], user_id=None)
    tenant.desk_sites = {} if site is None else {"p10": site}
    line = await caller(tenant)
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    assert line.call("112", password="right") == 100
    (invite,) = await placed(line)
    assert to_and_from(invite) == first
    line.provider_says(invite, 503)
    assert len(await placed(line)) == 1, "the other trunk is tried"
    await line.pbx.close()


@pytest.mark.parametrize("status", [403, 404, 480, 486, 500, 503, 600, 603])
async def test_whatever_the_first_trunk_says_the_next_one_is_tried(status: int) -> None:
    tenant = muster()
    tenant.site_of["u10"] = MUNICH
    line = await caller(tenant)
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    assert line.call("112", password="right") == 100
    (first,) = await placed(line)
    assert to_and_from(first) == ("203.0.113.9", "<sip:+498912345670@203.0.113.9>")
    line.provider_says(first, status)
    (second,) = await placed(line)
    assert to_and_from(second) == ("sip.provider.example", f"<sip:{HEAD}10@sip.provider.example>")
    assert the_call(line).trunk_id == "berlin"
    await line.pbx.close()


@pytest.mark.parametrize(("status", "tried"), [(100, 1), (180, 0), (183, 0)])
async def test_a_trunk_that_shows_no_sign_is_left_for_the_next(
    status: int, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SIGN_SECONDS", 0.0)
    line = await caller(muster())
    timers: list[tuple[float, Callable[[], Awaitable[None]]]] = []
    monkeypatch.setattr(Call, "after", lambda self, seconds, work: timers.append((seconds, work)))
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    assert line.call("112", password="right") == 100
    (first,) = await placed(line)
    line.provider_says(first, status)
    await placed(line)
    ((_, no_sign),) = timers
    the_call(line).ask(no_sign)
    following = await placed(line)
    assert len(following) == tried
    assert len(timers) == 1  # the last trunk is waited for
    assert the_call(line).alive
    await line.pbx.close()


async def test_neither_licence_nor_hidden_number_changes_it() -> None:
    tenant = muster()
    tenant.licensed = False
    line = await caller(tenant)
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    assert line.call("*31#112", password="right") == 100
    (invite,) = await placed(line)
    assert to_and_from(invite) == ("sip.provider.example", f"<sip:{HEAD}10@sip.provider.example>")
    assert invite.headers.get("Privacy") is None
    assert str(ANONYMOUS.uri) not in (invite.headers.get("From") or "")
    await line.pbx.close()


async def test_without_a_licence_nothing_else_can_be_dialled() -> None:
    tenant = muster()
    tenant.licensed = False
    line = await caller(tenant)
    line.pbx.switch.connected(engine(EngineSide(), "one"))
    for number in ("11", "0301234567", "*26#"):
        assert line.call(number, password="right") == 100
        (call,) = line.pbx.calls.values()
        assert await placed(line) == []
        assert (call.alive, call.status) == (False, 403)
    await line.pbx.close()
