"""Callback on busy and on no reply, redial, intercom: the system places calls for its users."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.listening import eventually, hears_now
from tests.peers.baresip import Baresip, telephone
from tests.peers.system import Demo

TONES = {"10": 440, "11": 1000, "12": 700}


@pytest.fixture
async def phones(demo: Demo, tmp_path: Path) -> AsyncIterator[list[Baresip]]:
    """The desk telephones of Anna (10), Bernd (11) and Clara (12)."""
    async with AsyncExitStack() as stack:
        made = [telephone(tmp_path, each, demo.line(each), tone=hz) for each, hz in TONES.items()]
        yield [await stack.enter_async_context(phone) for phone in made]


async def code(phone: Baresip, digits: str) -> str:
    seen = len(phone.events)
    await phone.dial(digits)
    return str((await phone.event("CALL_CLOSED", after=seen, seconds=25))["param"])


async def ringing(phone: Baresip, after: int, who: str) -> None:
    incoming = await phone.event("CALL_INCOMING", after=after, seconds=20)
    assert incoming["peeruri"].startswith(f"sip:{who}@")


async def talks_to(phone: Baresip, hz: int) -> None:
    await eventually(
        lambda: phone.recorded_bytes() > 8000 and hears_now(phone, hz), f"{phone.home.name}: {hz} Hz"
    )


@pytest.mark.feature("S2")
async def test_program_places_a_call_for_its_user(phones: list[Baresip], demo: Demo) -> None:
    anna, bernd, _ = phones
    with demo.as_user("10") as client:
        fence = {"X-Requested-With": "stimme"}
        placed = client.post("/calls", json={"number": "11"}, headers=fence)
        assert placed.status_code == 201, placed.text
        await ringing(anna, 0, "11")
        assert not bernd.happened("CALL_INCOMING")
        await anna.answer()
        await ringing(bernd, 0, "10")
        await bernd.answer()
        await talks_to(anna, TONES["11"])
        await talks_to(bernd, TONES["10"])
        (call,) = client.get("/calls").json()["items"]
        assert (call["call_id"], call["caller"]["number"]) == (placed.json()["call_id"], "10")
        client.delete(f"/calls/{call['call_id']}", headers=fence).raise_for_status()
        await anna.event("CALL_CLOSED")
        await bernd.event("CALL_CLOSED")


@pytest.mark.feature("S3", "P2")
async def test_settings_of_the_api_are_those_of_the_codes(phones: list[Baresip], demo: Demo) -> None:
    anna, bernd, clara = phones
    fence = {"X-Requested-With": "stimme"}
    with demo.as_user("11") as client:
        diversion = {"kind": "always", "number": "12", "origin": "any", "seconds": 20}
        client.put("/me/settings", json={"diversions": [diversion]}, headers=fence).raise_for_status()
        await anna.dial("11")
        await clara.event("CALL_INCOMING")
        await anna.hang_up()
        await code(bernd, "#21#")
        assert client.get("/me/settings").json()["diversions"] == []
        itself = {"diversions": [{**diversion, "number": "11"}]}
        assert client.put("/me/settings", json=itself, headers=fence).status_code == 422
