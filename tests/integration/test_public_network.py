"""Calls to and from the simulated public network: Kamailio as the provider, baresip as the people outside."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.listening import assert_hears, call_record, eventually, record_ids
from tests.peers.baresip import Line, telephone
from tests.peers.system import Demo


def outside_line(demo: Demo, number: str = "+494066969077") -> Line:
    """A subscriber of the public network, who needs no registration to call into it."""
    exchange = demo.facts["provider"]["sip"]
    return Line(user=number, password="-", domain=exchange, proxy=exchange)


@pytest.mark.feature("T1")
@pytest.mark.interop(client="Kamailio", feature="registered trunk, call outside with digest")
async def test_echo_number_sends_our_own_tone_back(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        echo = demo.facts["outside"]["echo"]
        async with telephone(tmp_path, "anna", demo.line("10"), tone=620) as anna:
            await anna.dial(echo)
            await anna.event("CALL_ESTABLISHED")
            await assert_hears(anna, 620)
            await anna.hang_up()
            await anna.event("CALL_CLOSED")
        record = await call_record(admin, echo, known=known)
        assert (record["direction"], record["result"]) == ("outgoing", "answered")
        assert record["trunk_id"]


@pytest.mark.feature("T1", "T2", "K1", "K2")
@pytest.mark.interop(client="Kamailio", feature="call from outside by number")
async def test_somebody_outside_calls_a_user_by_number(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin, demo.as_user("11") as bernd_api:
        known = record_ids(admin)
        number = demo.user("11")["number"]
        async with (
            telephone(tmp_path, "outside", outside_line(demo), tone=440, register=False) as caller,
            telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
        ):
            await caller.dial(f"sip:{number}@{demo.facts['provider']['sip']}")
            ringing = await bernd.event("CALL_INCOMING")
            assert "+494066969077" in ringing["peeruri"]
            await caller.event("CALL_RINGING")
            await bernd.answer()
            await caller.event("CALL_ESTABLISHED")
            await assert_hears(caller, 1000)
            await assert_hears(bernd, 440)
            await caller.hang_up()
            await bernd.event("CALL_CLOSED")
        record = await call_record(admin, "11", known=known)
        assert (record["direction"], record["hangup_by"]) == ("incoming", "caller")
        assert record["caller"]["number"] == "+494066969077"
        entry = bernd_api.get("/me/calls").json()["items"][0]
        assert (entry["call_id"], entry["number"]) == (record["id"], "+494066969077")


@pytest.mark.feature("T1", "K1")
@pytest.mark.interop(client="Kamailio", feature="failures of the network passed on")
@pytest.mark.parametrize(
    ("which", "status", "result"), [("busy", "486", "busy"), ("unknown", "404", "failed")]
)
async def test_failures_outside_come_back_as_they_are(
    demo: Demo, tmp_path: Path, which: str, status: str, result: str
) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        number = demo.facts["outside"][which]
        async with telephone(tmp_path, "anna", demo.line("10")) as anna:
            await anna.dial(number)
            assert (await anna.event("CALL_CLOSED"))["param"].startswith(status)
        assert (await call_record(admin, number, known=known))["result"] == result


@pytest.mark.feature("T1", "K1")
async def test_nobody_answers_outside_and_the_caller_gives_up(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        number = demo.facts["outside"]["no_answer"]
        async with telephone(tmp_path, "anna", demo.line("10")) as anna:
            await anna.dial(number)
            await anna.event("CALL_RINGING")
            await anna.hang_up()
            await anna.event("CALL_CLOSED")
        assert (await call_record(admin, number, known=known))["result"] == "cancelled"


@pytest.mark.feature("T5")
@pytest.mark.interop(client="Kamailio", feature="emergency call with network number")
@pytest.mark.parametrize("dialled", ["112", "110"])
async def test_emergency_call_reaches_the_control_centre(demo: Demo, tmp_path: Path, dialled: str) -> None:
    log = Path(demo.facts["emergency_log"])
    before = len(log.read_text().splitlines())
    async with telephone(tmp_path, "hanna", demo.line("17"), tone=440) as hanna:
        await hanna.dial(dialled)
        await hanna.event("CALL_ESTABLISHED")
        lines = await eventually(
            lambda: log.read_text().splitlines()[before:] or None, "the control centre's log"
        )
    (entry,) = [json.loads(line) for line in lines]
    assert entry["number"] == dialled
    assert any("+493023125017" in value for value in entry["headers"]["p-asserted-identity"])


@pytest.mark.feature("T7")
async def test_call_without_credentials_is_no_call_from_the_trunk(demo: Demo, tmp_path: Path) -> None:
    """Whoever is not the provider cannot reach users by pretending to come from outside."""
    sip = demo.facts["sip"]["udp"]
    line = Line(user="stranger", password="guess", domain=demo.facts["domain"], proxy=sip)
    async with (
        telephone(tmp_path, "stranger", line, register=False) as stranger,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await stranger.dial(f"sip:{demo.user('11')['number']}@{sip}")
        assert (await stranger.event("CALL_CLOSED"))["param"].startswith(("401", "403", "407"))
        assert not bernd.happened("CALL_INCOMING")


@pytest.mark.feature("T1")
@pytest.mark.interop(client="Kamailio", feature="provider down is told and comes back")
async def test_provider_down_is_told_and_comes_back(demo: Demo, tmp_path: Path) -> None:
    async with telephone(tmp_path, "anna", demo.line("10"), tone=620) as anna:
        demo.pause("kamailio")
        await anna.dial(demo.facts["outside"]["echo"])
        closed = await anna.event("CALL_CLOSED", seconds=45)
        assert closed["param"].startswith(("408", "503"))
        async with telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd:
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await anna.hang_up()
        demo.resume("kamailio")
        await asyncio.sleep(0)
        seen = len(anna.events)
        await anna.dial(demo.facts["outside"]["echo"])
        await anna.event("CALL_ESTABLISHED", after=seen)
