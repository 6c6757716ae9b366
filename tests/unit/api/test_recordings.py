"""Recordings of calls by API: who hears whose, and what becomes of old ones."""

import datetime
import os
import time
import wave
from dataclasses import fields
from pathlib import Path

import pytest
from tests.unit.api.world import World

from stimme.api.application import create_api
from stimme.store.call_recordings import CallRecordings, RecordingFiles
from stimme.store.service_models import Service
from stimme.store.sound_models import CallRecordingRow

NOW = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


def recorded(path: Path, seconds: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, 16_000, 0, "NONE", "not compressed"))
        out.writeframes(b"\0" * (4 * 16_000 * seconds))


@pytest.fixture
async def files(world: World, tmp_path: Path) -> RecordingFiles:
    """Anna of each customer has recorded one call; north's is complete."""
    made = RecordingFiles(tmp_path / "recordings")
    async with world.services.database.system() as session, session.begin():
        for name, customer in world.customers.items():
            row = CallRecordingRow(
                id=f"r-{name}",
                customer_id=customer.id,
                call_id="c",
                user_id=customer.user_id,
                started_at=NOW - datetime.timedelta(days=10),
                caller_number="10",
                callee_number="+4930999",
            )
            session.add(row)
    recorded(made.path(world.customers["north"].id, "r-north"))
    values = {each.name: getattr(world.services, each.name) for each in fields(world.services)}
    world.app = create_api(type(world.services)(**{**values, "recordings": made}))
    return made


async def test_who_hears_whose(world: World, files: RecordingFiles) -> None:
    for login, seen in (
        ("anna@north.example", True),
        ("admin@north.example", True),
        ("bert@north.example", False),
        ("anna@south.example", False),
        ("home@reseller.example", False),
        ("root@provider.example", False),
    ):
        async with await world.signed_in(login) as client:
            items = (await client.get("/api/v1/call-recordings")).json()["items"]
            assert ("r-north" in [each["id"] for each in items]) is seen, login
            for path in ("", "/audio"):
                answer = await client.get(f"/api/v1/call-recordings/r-north{path}")
                assert answer.status_code == (200 if seen else 404), login
            if not seen:
                assert (await client.delete("/api/v1/call-recordings/r-north")).status_code == 404, login


async def test_what_is_told_and_heard(world: World, files: RecordingFiles) -> None:
    async with await world.signed_in("anna@north.example") as client:
        item = (await client.get("/api/v1/call-recordings/r-north")).json()
        assert (item["state"], item["seconds"], item["callee"]["number"]) == ("ready", 2.0, "+4930999")
        part = await client.get("/api/v1/call-recordings/r-north/audio", headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"RIFF")
        assert (await client.delete("/api/v1/call-recordings/r-north")).status_code == 204
        assert (await client.get("/api/v1/call-recordings/r-north")).status_code == 404
    assert not files.path(world.customers["north"].id, "r-north").exists()
    async with await world.signed_in("anna@south.example") as client:
        assert (await client.get("/api/v1/call-recordings/r-south")).json()["state"] == "missing"
        assert (await client.get("/api/v1/call-recordings/r-south/audio")).status_code == 409
        world.telephony.recorded.add("r-south")
        assert (await client.get("/api/v1/call-recordings/r-south")).json()["state"] == "recording"


async def test_old_ones_go_by_the_customers_time_and_files_of_nobody_too(
    world: World, files: RecordingFiles
) -> None:
    south = world.customers["south"].id
    async with world.services.database.system() as session, session.begin():
        session.add(Service(id="s", customer_id=south, kind="recording", value={"keep_days": 7}))
    kept = files.path(world.customers["north"].id, "r-north")
    for path in (files.path(south, "r-south"), files.path("gone", "r-gone")):
        recorded(path)
        os.utime(path, (0, 0))
    recorded(files.path("gone", "r-just-begun"))
    os.utime(files.path("gone", "r-just-begun"), (time.time(), NOW.timestamp()))
    assert await CallRecordings(world.services.database, files).forget_old(NOW) == 2
    assert kept.exists()
    assert files.path("gone", "r-just-begun").exists()
    assert not files.path(south, "r-south").exists()
    async with await world.signed_in("admin@south.example") as client:
        assert not (await client.get("/api/v1/call-recordings")).json()["items"]


async def test_who_is_forgotten_is_on_no_recording_any_more(world: World, files: RecordingFiles) -> None:
    anna = world.customers["north"].user_id
    async with await world.signed_in("admin@north.example") as client:
        told = (await client.get(f"/api/v1/users/{anna}/personal-data")).json()
        assert [each["id"] for each in told["call_recordings"]] == ["r-north"]
        assert (await client.delete(f"/api/v1/users/{anna}?forget=true")).status_code == 204
        assert not (await client.get("/api/v1/call-recordings")).json()["items"]
