"""Calls driven by a program alone: the telephones are only lifted, everything else goes through the API."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.audio import level, tone_level
from tests.integration.listening import eventually, hears_now, last_tone
from tests.peers.baresip import Baresip, telephone
from tests.peers.system import Demo

TONES = {"10": 440, "11": 1000, "12": 700}
FENCE = {"X-Requested-With": "stimme"}


@pytest.fixture
async def phones(demo: Demo, tmp_path: Path) -> AsyncIterator[list[Baresip]]:
    """The desk telephones of Anna (10), Bernd (11) and Clara (12)."""
    async with AsyncExitStack() as stack:
        made = [telephone(tmp_path, each, demo.line(each), tone=hz) for each, hz in TONES.items()]
        yield [await stack.enter_async_context(phone) for phone in made]


def asked(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = client.request(method, path, json=body, headers=FENCE)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def called(client: httpx.Client, caller: Baresip, callee: Baresip, number: str) -> str:
    """A program calls for its user; both lift. Gives the call's id."""
    seen_caller, seen_callee = len(caller.events), len(callee.events)
    call = str(asked(client, "POST", "/calls", {"number": number})["call_id"])
    await caller.event("CALL_INCOMING", after=seen_caller)
    await caller.answer()
    await callee.event("CALL_INCOMING", after=seen_callee)
    await callee.answer()
    await callee.event("CALL_ESTABLISHED", after=seen_callee)
    return call


async def hears(phone: Baresip, hz: int) -> None:
    await eventually(
        lambda: phone.recorded_bytes() > 8000 and hears_now(phone, hz), f"{phone.home.name}: {hz} Hz"
    )


async def hears_both(phone: Baresip, one: int, other: int) -> None:
    """Two tones at once."""

    def both() -> bool:
        samples, rate = phone.heard()
        return min(tone_level(samples[-rate // 2 :], rate, hz) for hz in (one, other)) > -30

    await eventually(both, f"{phone.home.name}: {one} and {other} Hz")


async def hears_music(phone: Baresip) -> None:
    def music() -> bool:
        samples, rate = phone.heard()
        return level(samples[-rate // 2 :]) > -45 and all(
            abs(last_tone(phone)[0] - hz) > 5 for hz in TONES.values()
        )

    await eventually(music, f"{phone.home.name}: music")


async def hears_nothing(phone: Baresip) -> None:
    """For a second no speech is recorded: silence, or no packet at all."""
    sizes: list[tuple[float, int]] = []

    def nothing() -> bool:
        now = time.monotonic()
        sizes.append((now, phone.recorded_bytes()))
        past = [size for at, size in sizes if at <= now - 1.0]
        return bool(past) and (past[-1] == sizes[-1][1] or level(phone.heard()[0][-4000:]) < -60)

    await eventually(nothing, f"{phone.home.name}: nothing")


async def test_dial_hold_transfer_hang_up(phones: list[Baresip], demo: Demo) -> None:
    anna, bernd, clara = phones
    with demo.as_user("10") as client, demo.as_user("12") as clara_client:
        call = await called(client, anna, bernd, "11")
        await hears(bernd, TONES["10"])
        await hears(anna, TONES["11"])
        invites = [phone.trace().count("INVITE sip:") for phone in (anna, bernd)]
        assert asked(client, "PUT", f"/calls/{call}/hold")["call_id"] == call
        await hears_music(bernd)
        await hears_nothing(anna)
        assert asked(client, "GET", "/calls")["items"][0]["on_hold"]
        asked(client, "DELETE", f"/calls/{call}/hold")
        await hears(bernd, TONES["10"])
        await hears(anna, TONES["11"])
        seen = len(anna.events)
        asked(client, "POST", f"/calls/{call}/transfer", {"number": "12"})
        await anna.event("CALL_CLOSED", after=seen)
        await clara.event("CALL_INCOMING")
        await clara.answer()
        await hears(bernd, TONES["12"])
        await hears(clara, TONES["11"])
        assert [phone.trace().count("INVITE sip:") for phone in (anna, bernd)] == invites, "no re-INVITE"
        (live,) = asked(clara_client, "GET", "/calls")["items"]
        asked(clara_client, "DELETE", f"/calls/{live['call_id']}")
        await bernd.event("CALL_CLOSED")
        await clara.event("CALL_CLOSED")


async def test_park_and_pick_up(phones: list[Baresip], demo: Demo) -> None:
    anna, bernd, clara = phones
    with demo.as_user("10") as client, demo.as_user("12") as clara_client:
        call = await called(client, anna, bernd, "11")
        await hears(anna, TONES["11"])
        parked = asked(client, "POST", f"/calls/{call}/park", {"slot": "704"})
        assert parked["callee"]["number"] == "704"
        await anna.event("CALL_CLOSED")
        await hears_music(bernd)
        taken = client.post(f"/calls/{parked['call_id']}/park", json={"slot": "704"}, headers=FENCE)
        assert taken.status_code == 404, "the call is Bernd's now"
        await clara.dial("#16*704#")
        await hears(bernd, TONES["12"])
        await clara.hang_up()
        await bernd.event("CALL_CLOSED")

        seen, seen_clara = len(bernd.events), len(clara.events)
        await anna.dial("11")
        await bernd.event("CALL_INCOMING", after=seen)
        (ringing,) = asked(client, "GET", "/calls")["items"]
        asked(clara_client, "POST", f"/calls/{ringing['call_id']}/pickup", {})
        await clara.event("CALL_INCOMING", after=seen_clara)
        await clara.answer()
        await bernd.event("CALL_CLOSED", after=seen)
        await hears(clara, TONES["10"])
        await anna.hang_up()
        await clara.event("CALL_CLOSED", after=seen_clara)


async def test_attended_transfer_and_conference(phones: list[Baresip], demo: Demo) -> None:
    anna, bernd, clara = phones
    with demo.as_user("10") as client:
        first = await called(client, anna, bernd, "11")
        asked(client, "PUT", f"/calls/{first}/hold")
        second = await called(client, anna, clara, "12")
        await hears(clara, TONES["10"])
        mine = asked(client, "POST", f"/calls/{first}/conference", {"call_id": second})
        await hears_both(bernd, TONES["10"], TONES["12"])
        await hears_both(clara, TONES["10"], TONES["11"])
        asked(client, "DELETE", f"/calls/{mine['call_id']}")
        await hears(bernd, TONES["12"])
        await bernd.hang_up()
        await clara.event("CALL_CLOSED")

        first = await called(client, anna, bernd, "11")
        asked(client, "PUT", f"/calls/{first}/hold")
        second = await called(client, anna, clara, "12")
        await hears(clara, TONES["10"])
        asked(client, "POST", f"/calls/{first}/transfer", {"call_id": second})
        await hears(bernd, TONES["12"])
        await hears(clara, TONES["11"])
        await bernd.hang_up()
