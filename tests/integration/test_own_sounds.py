"""A customer's own recordings are what callers hear: a greeting, music on hold; taken back, ours is heard."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.integration.listening import eventually, hears_now, last_tone
from tests.peers.baresip import telephone
from tests.peers.system import Demo

_FENCE = {"X-Requested-With": "stimme"}


def tone(folder: Path, name: str, hz: int) -> bytes:
    """Ten seconds of a tone, as WAV or MP3 by the name."""
    source = f"sine=frequency={hz}:duration=10:sample_rate=44100"
    made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-af", "volume=4", str(folder / name)]
    subprocess.run(made, check=True)
    return (folder / name).read_bytes()


def taken_back(admin: Any, path: str) -> None:
    admin.delete(path, headers=_FENCE).raise_for_status()


@pytest.mark.feature("K9", "K11")
async def test_an_own_greeting_and_own_music_are_heard(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        customer = admin.get("/users").json()["items"][0]["customer_id"]
        greeting = f"/customers/{customer}/recordings/de/attendant.welcome"
        music = f"/customers/{customer}/recordings/music/hold"
        ours = admin.get(greeting).raise_for_status().content
        admin.put(greeting, content=tone(tmp_path, "a.wav", 1150), headers=_FENCE).raise_for_status()
        admin.put(music, content=tone(tmp_path, "b.mp3", 1950), headers=_FENCE).raise_for_status()
        try:
            async with (
                telephone(tmp_path, "anna", demo.line("10"), tone=470) as anna,
                telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
            ):
                await anna.dial("40")
                await anna.event("CALL_ESTABLISHED")
                await eventually(lambda: anna.recorded_bytes() > 8000 and hears_now(anna, 1150), "greeting")
                await anna.hang_up()
                seen = len(anna.events)
                await bernd.dial("10")
                await anna.event("CALL_INCOMING", after=seen)
                await anna.answer()
                await anna.event("CALL_ESTABLISHED", after=seen)
                await eventually(lambda: bernd.recorded_bytes() > 8000 and hears_now(bernd, 470), "Anna")
                await anna.command("hold")
                await eventually(lambda: hears_now(bernd, 1950), "the own music")
                await bernd.hang_up()
        finally:
            taken_back(admin, greeting)
            taken_back(admin, music)
        assert admin.get(greeting).content == ours
        async with telephone(tmp_path, "clara", demo.line("12")) as clara:
            await clara.dial("40")
            await clara.event("CALL_ESTABLISHED")
            await eventually(lambda: clara.recorded_bytes() > 16000 and last_tone(clara)[1] > -45, "words")
            assert not hears_now(clara, 1150)
