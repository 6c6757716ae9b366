"""Recordings by API: handed in, listened to, listed, taken back; mistakes are told apart."""

from pathlib import Path
from typing import Any

import httpx
from tests.unit.api.world import World
from tests.unit.prompts.test_upload import wav

from stimme.api.application import create_api
from stimme.prompts.sound import Sounds
from stimme.store.own_sounds import OwnSoundRepository

TUNE = wav(0.5)


async def signed_in(world: World, folder: Path) -> tuple[httpx.AsyncClient, Sounds, str]:
    sounds = Sounds(folder / "rendered", folder / "own", folder / "joined")
    (folder / "rendered" / "music").mkdir(parents=True)
    (folder / "rendered" / "music" / "hold.wav").write_bytes(b"our music")
    values: dict[str, Any] = {name: getattr(world.services, name) for name in world.services.__slots__}
    world.app = create_api(type(world.services)(**{**values, "sounds": sounds}))
    return await world.signed_in("admin@north.example"), sounds, world.customers["north"].id


async def test_a_recording_replaces_ours_until_it_is_deleted(world: World, tmp_path: Path) -> None:
    client, sounds, customer = await signed_in(world, tmp_path)
    path = f"/api/v1/customers/{customer}/recordings/music/hold"
    async with client:
        ours = await client.get(path)
        assert (ours.content, "etag" in ours.headers) == (b"our music", False)
        made = await client.put(path, content=TUNE)
        assert (made.status_code, made.json()["seconds"]) == (201, 0.5)
        own = await client.get(path)
        assert own.headers["content-type"] == "audio/wav"
        assert sounds.music(customer).read_bytes() == own.content != ours.content
        assert (await client.put(path, content=TUNE)).status_code == 200, "the same again"
        assert (await client.put(path, content=wav(0.7))).status_code == 428
        version = {"If-Match": own.headers["etag"]}
        assert (await client.put(path, content=wav(0.7), headers=version)).json()["version"] == 2
        assert (await client.delete(path, headers=version)).status_code == 412
        (row,) = (await client.get(f"/api/v1/customers/{customer}/recordings")).json()["items"]
        assert (row["folder"], row["name"], row["version"]) == ("music", "hold", 2)
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).content == b"our music"
        assert sounds.music(customer).read_bytes() == b"our music"
        entries = (await client.get("/api/v1/audit")).json()["items"]
        told = [(each["subject"], each["action"]) for each in entries if each["subject"] == "recording"]
        assert [action for _, action in told] == ["delete", "change", "create"]


async def test_mistakes_are_told_apart(world: World, tmp_path: Path) -> None:
    client, _, customer = await signed_in(world, tmp_path)
    base = f"/api/v1/customers/{customer}/recordings"
    other = world.customers["other"].id
    async with client:
        for path, content, status, said in (
            (f"{base}/de/own.hello", b"<html>", 415, "audio-type"),
            (f"{base}/de/own.hello", b"RIFF\x00\x00\x00\x00WAVEnonsense", 422, "body"),
            (f"{base}/de/own.hello", TUNE[:12] + b"x" * 32_000_001, 413, "too-large"),
            (f"{base}/de/queue.unknown", TUNE, 422, "name"),
            (f"{base}/fr/queue.please_wait", TUNE, 422, "folder"),
            (f"/api/v1/customers/{other}/recordings/de/own.hello", TUNE, 404, "not-found"),
        ):
            answer = await client.put(path, content=content)
            assert answer.status_code == status, (path, answer.text)
            document = answer.json()
            assert said in (
                document["type"].rpartition(":")[2],
                *(each["field"] for each in document["errors"]),
            )
        assert (await client.get(f"{base}/de/own.hello")).status_code == 404
        assert not (await client.get(base)).json()["items"]


async def test_the_catalogue_names_what_can_be_replaced(world: World) -> None:
    async with await world.signed_in("admin@north.example") as client:
        items = (await client.get("/api/v1/prompts")).json()["items"]
    position = next(each for each in items if each["id"] == "queue.position")
    assert {(part["language"], part["name"]) for part in position["parts"]} >= {
        ("de", "queue.position.1"),
        ("en", "queue.position.1"),
    }


async def test_files_are_made_of_the_store_at_a_start(world: World, tmp_path: Path) -> None:
    client, sounds, customer = await signed_in(world, tmp_path)
    async with client:
        await client.put(f"/api/v1/customers/{customer}/recordings/de/own.hello", content=TUNE)
    kept = sounds.own.find(customer, "de", "own.hello")
    assert kept is not None
    content = kept.read_bytes()
    kept.unlink()
    (tmp_path / "own" / "nobody").mkdir()
    repository = OwnSoundRepository(world.services.database, sounds.own)
    assert await repository.write_files() == 1
    assert kept.read_bytes() == content
    assert sounds.own.customers() == {customer}
    assert await repository.write_files() == 0
