"""The wire to the engine: what leaves together, and what becomes of requests whose engine is gone."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from stimme.media import EngineLostError, all_of
from stimme.media.connection import Connection


class Engine:
    """Answers every request with its name; keeps what came in each read."""

    def __init__(self) -> None:
        self.reads: list[list[str]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.heard = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while data := await reader.read(1 << 16):
            names: list[str] = []
            while data:
                (length,) = struct.unpack_from(">I", data)
                _, number, name, _ = msgpack.unpackb(data[4 : 4 + length])
                data = data[4 + length :]
                names.append(name)
                reply = msgpack.packb([1, number, name])
                writer.write(struct.pack(">I", len(reply)) + reply)
            self.reads.append(names)
            self.heard.set()
        writer.close()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[tuple[Engine, Connection]]:
    engine = Engine()
    server = await asyncio.start_unix_server(engine.serve, tmp_path / "socket")
    connection = await Connection.open(tmp_path / "socket", lambda name, fields: None)
    yield engine, connection
    connection.close()
    server.close()


async def test_what_nobody_waits_for_leaves_with_the_next_request(engine: tuple[Engine, Connection]) -> None:
    heard, connection = engine
    first, second = connection.request_idly("delete"), connection.request_idly("delete")
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)  # behind whatever would send them
    await passed.wait()
    assert heard.reads == []
    replies: list[Any] = [await connection.request("create"), await first, await second]
    assert replies == ["create", "delete", "delete"]
    assert heard.reads == [["delete", "delete", "create"]]


async def test_it_leaves_by_itself_when_there_is_none(engine: tuple[Engine, Connection]) -> None:
    heard, connection = engine
    assert await connection.request_idly("delete") == "delete"
    assert await connection.request("create") == "create"
    assert await connection.request_idly("delete") == "delete"
    assert heard.reads == [["delete"], ["create"], ["delete"]]


async def test_what_still_waits_leaves_at_the_end(engine: tuple[Engine, Connection]) -> None:
    heard, connection = engine
    gone = connection.request_idly("delete")
    connection.close()
    with pytest.raises(EngineLostError):
        await gone
    await asyncio.wait_for(heard.heard.wait(), 10)
    assert heard.reads == [["delete"]]


async def test_every_reply_is_waited_for_before_a_failure_is_told(
    engine: tuple[Engine, Connection],
) -> None:
    heard, connection = engine
    waiting = [connection.request_idly("delete"), connection.request_idly("delete")]
    heard.writers[0].close()
    with pytest.raises(EngineLostError):
        await all_of(waiting)
    assert all(each.done() for each in waiting)
    with pytest.raises(EngineLostError):
        await connection.request("create")
