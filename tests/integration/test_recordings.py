"""Recording a call: by API and by code; what is on it, who is told, what survives, what is never recorded."""

import contextlib
import io
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.audio import tone_level
from tests.integration.listening import eventually, hears_now, last_tone
from tests.peers.baresip import Baresip, telephone
from tests.peers.system import Demo

_FENCE = {"X-Requested-With": "stimme"}
_ANNA, _BERND = 470, 1000


@contextlib.contextmanager
def allowed(demo: Demo, **rules: Any) -> Iterator[None]:
    """Everybody may record, until the block ends."""
    path = f"/services/{uuid.uuid4()}"
    with demo.as_role("customer") as admin:
        customer = admin.get("/users").json()["items"][0]["customer_id"]
        body = {"customer_id": customer, "kind": "recording", "settings": {"everybody": True, **rules}}
        admin.put(path, json=body, headers=_FENCE).raise_for_status()
    try:
        yield
    finally:
        with demo.as_role("customer") as admin:
            admin.delete(path, headers=_FENCE).raise_for_status()


async def talk(anna: Baresip, bernd: Baresip) -> None:
    seen_anna, seen_bernd = len(anna.events), len(bernd.events)
    await anna.dial("11")
    await bernd.event("CALL_INCOMING", after=seen_bernd)
    await bernd.answer()
    await anna.event("CALL_ESTABLISHED", after=seen_anna)
    await eventually(lambda: bernd.recorded_bytes() > 8000 and hears_now(bernd, _ANNA), "Anna")


async def newest(client: httpx.Client, state: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        items: list[dict[str, Any]] = client.get("/call-recordings").raise_for_status().json()["items"]
        return items[0] if items and items[0]["state"] == state else None

    return await eventually(found, f"a recording that is {state}")


def channels(client: httpx.Client, recording: str) -> tuple[Any, Any, int]:
    """Left and right of a recording."""
    content = client.get(f"/call-recordings/{recording}/audio").raise_for_status().content
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.getnchannels() == 2
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
        return samples[0::2], samples[1::2], sound.getframerate()


@pytest.mark.feature("P2")
async def test_a_call_is_recorded_by_a_program(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=_ANNA) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=_BERND) as bernd,
    ):
        await talk(anna, bernd)
        with demo.as_user("10") as client, demo.as_user("12") as stranger:
            (live,) = client.get("/calls").json()["items"]
            path = f"/calls/{live['call_id']}/recording"
            assert client.put(path, headers=_FENCE).status_code == 403, "nobody may until it is allowed"
            with allowed(demo):
                client.put(path, headers=_FENCE).raise_for_status()
                await eventually(lambda: client.get("/calls").json()["items"][0]["recorded"], "recorded")
                await eventually(lambda: abs(last_tone(bernd)[0] - _ANNA) > 5, "Bernd is told")
                await eventually(lambda: hears_now(bernd, _ANNA), "the conversation goes on")
                made = await newest(client, "recording")
                await eventually(lambda: hears_now(anna, _BERND), "the conversation goes on")
                client.delete(path, headers=_FENCE).raise_for_status()
                assert (await newest(client, "ready"))["id"] == made["id"]
                assert made["callee"]["number"] == "11"
            left, right, rate = channels(client, made["id"])
            assert tone_level(left[-rate // 2 :], rate, _ANNA) > -30
            assert tone_level(right[-rate // 2 :], rate, _BERND) > -30
            assert stranger.get(f"/call-recordings/{made['id']}").status_code == 404
            client.delete(f"/call-recordings/{made['id']}", headers=_FENCE).raise_for_status()
            assert client.get(f"/call-recordings/{made['id']}/audio").status_code == 404
        await anna.hang_up()


@pytest.mark.slow
@pytest.mark.feature("P2")
async def test_by_code_from_a_second_line_and_over_a_crash_of_call_control(
    own_demo: Demo, tmp_path: Path
) -> None:
    demo = own_demo
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=_ANNA) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=_BERND) as bernd,
    ):
        with allowed(demo, announcement=False), demo.as_user("10") as client:
            await talk(anna, bernd)
            await anna.command("hold")
            seen = len(anna.events)
            await anna.dial("*93#")
            await anna.event("CALL_CLOSED", after=seen, seconds=25)
            made = await newest(client, "recording")
            await anna.command("line", "1")
            await anna.command("resume")
            await eventually(lambda: hears_now(bernd, _ANNA), "retrieved")
            old = demo.pid("call-control")
            demo.kill("call-control")
            await eventually(lambda: demo.alive("call-control", other_than=old), "a new call control")
            await eventually(lambda: demo.health() == "ok", "call control is up", seconds=20)
            assert (await newest(client, "recording"))["id"] == made["id"]
            await eventually(lambda: hears_now(bernd, _ANNA), "they talk on")
            await anna.hang_up()
            await newest(client, "ready")
            left, _, rate = channels(client, made["id"])
            assert tone_level(left[-rate // 2 :], rate, _ANNA) > -30


@pytest.mark.feature("T5")
async def test_an_emergency_call_is_never_recorded(demo: Demo, tmp_path: Path) -> None:
    with allowed(demo), demo.as_user("10") as client:
        async with telephone(tmp_path, "anna", demo.line("10"), tone=_ANNA) as anna:
            await anna.dial("112")
            await anna.event("CALL_ESTABLISHED")
            (live,) = client.get("/calls").json()["items"]
            answer = client.put(f"/calls/{live['call_id']}/recording", headers=_FENCE)
            assert answer.status_code == 403, answer.text
            await anna.hang_up()
        assert not [
            item for item in client.get("/call-recordings").json()["items"] if item["state"] != "ready"
        ]
