"""GRUU, Session-ID and the trace of a call through the whole system, with telephones made of text."""

import asyncio
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.integration.listening import eventually
from tests.peers.rawphone import RawPhone, Text, raw_phone
from tests.peers.system import Demo

_BIN = Path(__file__).resolve().parents[2] / "bin" / "stimme"
ALICE = "ab30317f1a784dc48ff824d0d3715d86"
BOB = "47755a9de7794ba387653f2099600ef2"


def invites(phone: RawPhone) -> list[Text]:
    return [request for request in phone.requests if request.method == "INVITE"]


@pytest.mark.interop(client="telephone by hand", feature="GRUU, public and temporary (RFC 5627)")
async def test_a_gruu_reaches_that_device_alone(demo: Demo) -> None:
    caller = raw_phone(demo.line("10"))
    first, second = raw_phone(demo.line("11")), raw_phone(demo.line("11", device=1))
    async with caller as alice, first as desk, second as hall:
        await hall.register()
        answer = await desk.register(';+sip.instance="<urn:uuid:f81d4fae-7dec>"', "Supported: gruu")
        for kind in ("pub-gruu", "temp-gruu"):
            found = re.search(rf'{kind}="([^"]+)"', answer.headers["contact"])
            assert found is not None, answer.headers["contact"]
            response, dialog = await alice.call_address(found[1])
            assert response.status == 200, response.start
            await alice.ask("BYE", "", dialog=dialog)
        assert len(invites(desk)) == 2
        assert invites(hall) == []
        response, _ = await alice.call_address(f"sip:{desk.line.user}@{desk.line.domain};gr=urn:uuid:another")
        assert response.status == 480
        for phone in (desk, hall):
            await phone.register(";expires=0")


@pytest.mark.interop(client="telephone by hand", feature="Session-ID end to end (RFC 7989)")
async def test_session_id_and_trace_of_a_call(demo: Demo) -> None:
    async with raw_phone(demo.line("10")) as alice, raw_phone(demo.line("12")) as bob:
        await bob.register()
        bob.extra.append(f"Session-ID: {BOB};remote={ALICE}")
        uri = f"sip:12@{demo.facts['domain']}"
        response, dialog = await alice.call_address(uri, f"Session-ID: {ALICE};remote={'0' * 32}")
        assert response.headers["session-id"] == f"{BOB};remote={ALICE}"
        assert invites(bob)[0].headers["session-id"] == f"{ALICE};remote={'0' * 32}"
        with demo.as_role("customer") as administrator:
            (live,) = [
                each
                for each in administrator.get("/calls").json()["items"]
                if each["callee"]["number"] == "12"
            ]
            await alice.ask("BYE", "", dialog=dialog)
            await eventually(lambda: any(r.method == "BYE" for r in bob.requests), "BYE at the called side")
            await asyncio.sleep(0.1)  # its 200 is on the way
            assert_trace(demo, administrator, live["call_id"])
        await bob.register(";expires=0")
        assert f"{BOB};remote={ALICE}" in demo.log("call-control")


@pytest.mark.interop(client="telephone by hand", feature="security agreement (RFC 3329)")
async def test_a_telephone_agrees_on_security(demo: Demo) -> None:
    """494 with our list, then digest with that list given back; one without TLS was shortened on the way."""
    demand = ("Require: sec-agree", "Proxy-Require: sec-agree")
    async with raw_phone(demo.line("12")) as bob:
        refused = await bob.register("", *demand, "Security-Client: digest, tls")
        assert refused.status == 494
        ours = refused.headers["security-server"]
        assert [each.split(";")[0].strip() for each in ours.split(",")] == ["tls", "digest"]
        assert refused.headers["www-authenticate"].startswith("Digest ")
        shortened = ours.split(",")[1]
        assert (await bob.register("", *demand, f"Security-Verify: {shortened}")).status == 494
        assert (await bob.register("", *demand, f"Security-Verify: {ours}")).status == 200
        await bob.register(";expires=0")


def assert_trace(demo: Demo, administrator: httpx.Client, call_id: str) -> None:
    """Both legs are in the trace, in order and without secrets; stored, the command line draws it."""
    trace = administrator.get(f"/calls/{call_id}/trace").raise_for_status().json()
    starts = [message["text"].split("\r\n")[0] for message in trace["messages"]]
    assert sum(start.startswith("INVITE ") for start in starts) == 3  # without and with password; called leg
    assert starts[0].startswith("INVITE ")
    assert any(start.startswith("BYE ") for start in starts)
    assert 'response="***"' in str(trace["messages"])
    assert len({message["peer"] for message in trace["messages"]}) == 2
    fence = {"X-Requested-With": "stimme"}
    administrator.put(f"/calls/{call_id}/trace", headers=fence).raise_for_status()
    config = next(demo.data.glob("*.toml"))
    drawn = subprocess.run(
        [str(_BIN), "trace", call_id, "--config", str(config)], capture_output=True, text=True, check=True
    ).stdout
    assert drawn.rstrip() == trace["ladder"].rstrip()
    with demo.as_user("12") as user:
        assert user.get(f"/calls/{call_id}/trace").status_code == 403
