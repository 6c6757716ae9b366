"""A stolen password and a burst of expensive calls: cut off, reported once, and nobody else suffers."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.listening import eventually
from tests.peers.baresip import telephone
from tests.peers.rawphone import raw_phone
from tests.peers.system import Demo

_LIMIT = 20
"""Calls to expensive zones that a user may make in an hour."""
_REPORT = "a limit against toll fraud is reached"


def somalia(number: int) -> str:
    return f"002526155{number:05d}"


@pytest.mark.feature("T7")
@pytest.mark.interop(client="telephone by hand", feature="attacker: a toll burst is cut off")
async def test_a_toll_burst_is_cut_off_and_reported(demo: Demo, tmp_path: Path) -> None:
    reports = demo.log("call-control").count(_REPORT)
    async with AsyncExitStack() as stack:
        thieves = [await stack.enter_async_context(raw_phone(demo.line("15"))) for _ in range(5)]

        async def burst(thief: int, calls: int) -> list[int]:
            phone, statuses = thieves[thief], []
            for number in range(calls):
                address = f"sip:{somalia(100 * thief + number)}@{phone.line.domain}"
                response, _ = await phone.call_address(address)
                statuses.append(response.status)
            return statuses

        allowed = await asyncio.gather(*(burst(thief, _LIMIT // 5) for thief in range(5)))
        # The simulated network knows no such numbers: 404 says that the call went out.
        assert [status for found in allowed for status in found] == [404] * _LIMIT
        refused = await asyncio.gather(*(burst(thief, 1) for thief in range(5)))
        assert [status for found in refused for status in found] == [403] * 5
        assert demo.log("call-control").count(_REPORT) == reports + 1
        colleague = await stack.enter_async_context(raw_phone(demo.line("16")))
        response, _ = await colleague.call_address(f"sip:{somalia(999)}@{colleague.line.domain}")
        assert response.status == 404, "a colleague's calls go out as ever"
    async with telephone(tmp_path, "frank", demo.line("15")) as frank:
        for number in (demo.facts["outside"]["echo"], "112"):
            seen = len(frank.events)
            await frank.dial(number)
            await frank.event("CALL_ESTABLISHED", after=seen)
            await frank.hang_up()
            await frank.event("CALL_CLOSED", after=seen)
    await eventually(lambda: demo.health() == "ok", "healthy")
