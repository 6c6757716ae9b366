"""Either process dies in the middle of a call, and people go on talking."""

import asyncio
from pathlib import Path

import pytest
from tests.integration.listening import (
    assert_hears,
    call_record,
    eventually,
    hears_again,
    hears_now,
    record_ids,
    watching,
)
from tests.peers.baresip import Transport, telephone
from tests.peers.system import Demo

_WITHOUT_CALL_CONTROL = 1.5
"""Seconds without call control: longer than a restart takes, so that a gap in the tones cannot hide."""


async def _back(demo: Demo, old: int, part: str) -> None:
    await eventually(lambda: demo.alive(part, other_than=old), f"a new {part}")


@pytest.mark.parametrize(("transport", "who"), [("udp", "caller"), ("udp", "callee"), ("tls", "callee")])
async def test_call_control_dies_and_the_call_goes_on(
    demo: Demo, tmp_path: Path, transport: Transport, who: str
) -> None:
    """Over TLS the other telephone lost its connection with call control; nobody but it can open it again."""
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
    async with (
        telephone(tmp_path, "anna", demo.line("10", transport), tone=440) as anna,
        telephone(tmp_path, "bernd", demo.line("11", transport), tone=1000) as bernd,
        telephone(tmp_path, "clara", demo.line("12"), tone=700) as clara,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(anna, 1000)
        await assert_hears(bernd, 440)
        with watching(anna) as at_anna, watching(bernd) as at_bernd:
            pid = demo.pid("call-control")
            demo.pause("call-control-parent")
            demo.kill("call-control")
            await asyncio.sleep(_WITHOUT_CALL_CONTROL)
            demo.resume("call-control-parent")
            await _back(demo, pid, "call-control")
            await eventually(lambda: _healthy(demo), "call control is up again", seconds=5)
        assert max(at_anna.longest_stall, at_bernd.longest_stall) < _WITHOUT_CALL_CONTROL / 2
        assert hears_now(anna, 1000)
        assert hears_now(bernd, 440)
        # Registrations are back: clara, who has done nothing since, can be called.
        with demo.as_role("customer") as admin:
            live = admin.get("/calls").json()["items"]
            assert [call["state"] for call in live] == ["answered"]
            await (anna if who == "caller" else bernd).hang_up()
            if transport == "udp":
                await (bernd if who == "caller" else anna).event("CALL_CLOSED", seconds=15)
            record = await call_record(admin, "11", known=known)
            assert (record["result"], record["hangup_by"]) == ("answered", who)
        if transport == "udp":
            seen = len(anna.events)
            await anna.dial("12")
            await clara.event("CALL_INCOMING")
            await anna.event("CALL_RINGING", after=seen)


def _healthy(demo: Demo) -> bool:
    return demo.health() == "ok"


async def test_engine_dies_and_the_tones_come_back(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        async with (
            telephone(tmp_path, "anna", demo.line("10"), tone=440) as anna,
            telephone(tmp_path, "bernd", demo.line("11", "tcp"), tone=1000) as bernd,
        ):
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await bernd.answer()
            await anna.event("CALL_ESTABLISHED")
            await assert_hears(anna, 1000)
            await assert_hears(bernd, 440)
            with watching(anna) as at_anna, watching(bernd) as at_bernd:
                pid = demo.pid("media")
                demo.kill("media")
                await _back(demo, pid, "media")
                await hears_again(anna, 1000)
                await hears_again(bernd, 440)
            assert max(at_anna.longest_stall, at_bernd.longest_stall) < 3.0
            await anna.hang_up()
            await bernd.event("CALL_CLOSED")
        record = await call_record(admin, "11", known=known)
        assert (record["result"], record["hangup_by"]) == ("answered", "caller")


@pytest.mark.slow
async def test_a_telephone_that_was_away_is_told_that_its_call_is_over(demo: Demo, tmp_path: Path) -> None:
    """Over TLS only the telephone can open a connection: the BYE waits until it registers again."""
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=440) as anna,
        telephone(tmp_path, "bernd", demo.line("11", "tls"), tone=1000) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        pid = demo.pid("call-control")
        demo.kill("call-control")
        await _back(demo, pid, "call-control")
        await eventually(lambda: _healthy(demo), "call control is up again", seconds=5)
        await anna.hang_up()
        await anna.event("CALL_CLOSED")
        await bernd.event("CALL_CLOSED", seconds=70)  # it registers every minute
