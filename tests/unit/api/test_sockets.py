"""Event stream and SIP over WebSocket, through a real listener."""

import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stimme.api.server import HttpServer
from stimme.api.sockets import CLOSE_UNAUTHENTICATED

from .world import FakeEvent, World

LOGIN = "anna@north.example"


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    server = HttpServer(world.app)
    host, port = await server.start("127.0.0.1", 0)
    yield f"{host}:{port}"
    await server.close()


async def ticket(world: World, login: str = LOGIN) -> str:
    async with await world.signed_in(login) as client:
        text: str = (await client.post("/api/v1/events/ticket")).json()["ticket"]
        return text


async def received(uri: str, count: int) -> list[str]:
    async with connect(uri) as socket:
        return [json.loads(await socket.recv())["at"] for _ in range(count)]


async def test_events_reach_whom_they_concern_and_resume(world: World, address: str) -> None:
    north, south = world.customers["north"], world.customers["south"]
    world.events.events = [
        FakeEvent(north.id, frozenset({north.user_id}), "2026-11-24T12:00:00.000001Z"),
        FakeEvent(north.id, frozenset({north.colleague_id}), "2026-11-24T12:00:00.000002Z"),
        FakeEvent(south.id, None, "2026-11-24T12:00:00.000003Z"),
        FakeEvent(north.id, None, "2026-11-24T12:00:00.000004Z"),
    ]
    stamps = [event.at for event in world.events.events]
    base = f"ws://{address}/api/v1/events"
    assert await received(f"{base}?ticket={await ticket(world)}", 2) == [stamps[0], stamps[3]]
    token = world.tokens[LOGIN]
    assert await received(f"{base}?token={token}&since={stamps[0]}", 1) == [stamps[3]]
    admin = await ticket(world, "admin@north.example")
    assert await received(f"{base}?ticket={admin}", 3) == [stamps[0], stamps[1], stamps[3]]
    reseller = await ticket(world, "home@reseller.example")
    assert await received(f"{base}?ticket={reseller}", 4) == stamps


async def test_a_gap_is_told(world: World, address: str) -> None:
    north = world.customers["north"]
    world.events.events = [FakeEvent(north.id, None, "2026-11-24T12:00:00.000009Z")]
    uri = f"ws://{address}/api/v1/events?since=2026-11-24T11:00:00Z&ticket={await ticket(world)}"
    async with connect(uri) as socket:
        assert json.loads(await socket.recv())["type"] == "events.gap"
        assert json.loads(await socket.recv())["type"] == "call.changed"


async def closed_with(uri: str, **options: str) -> int:
    async with connect(uri, origin=options.get("origin")) as socket:  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


async def test_a_ticket_opens_once_and_not_late(world: World, address: str) -> None:
    base = f"ws://{address}/api/v1/events"
    assert await closed_with(base) == CLOSE_UNAUTHENTICATED
    assert await closed_with(f"{base}?ticket=invented") == CLOSE_UNAUTHENTICATED
    late = await ticket(world)
    world.clock[0] += 31
    assert await closed_with(f"{base}?ticket={late}") == CLOSE_UNAUTHENTICATED
    used = await ticket(world)
    async with connect(f"{base}?ticket={used}"):
        await world.events.subscribed.wait()
        assert await closed_with(f"{base}?ticket={used}") == CLOSE_UNAUTHENTICATED


async def test_foreign_pages_get_no_events(world: World, address: str) -> None:
    uri = f"ws://{address}/api/v1/events?ticket={await ticket(world)}"
    assert await closed_with(uri, origin="https://evil.example") == CLOSE_UNAUTHENTICATED


async def test_sign_out_ends_the_stream(world: World, address: str) -> None:
    async with connect(f"ws://{address}/api/v1/events?ticket={await ticket(world)}") as socket:
        await world.events.subscribed.wait()
        async with await world.signed_in(LOGIN) as client:
            await client.delete("/api/v1/session")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CLOSE_UNAUTHENTICATED


async def test_sip_frames_reach_the_transport(world: World, address: str) -> None:
    uri = f"ws://{address}/sip"
    async with connect(uri, subprotocols=["sip"], origin=f"https://{address}") as socket:  # type: ignore[list-item, arg-type]
        assert socket.subprotocol == "sip"
        await socket.send("OPTIONS sip:pbx.example SIP/2.0\r\n\r\n")
        assert await socket.recv() == "OPTIONS sip:pbx.example SIP/2.0\r\n\r\n"
    with pytest.raises(InvalidStatus):
        await connect(uri)
    with pytest.raises(InvalidStatus):
        await connect(uri, subprotocols=["sip"], origin="https://evil.example")  # type: ignore[list-item, arg-type]
