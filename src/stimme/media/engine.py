"""Handles on what lives in the engine.

Every verb raises EngineError, or EngineLostError when the engine is gone.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from stimme.media.connection import PROTOCOL, Connection
from stimme.media.errors import EngineError
from stimme.media.events import MediaEvent, parse_event
from stimme.media.types import (
    BridgeInfo,
    Codec,
    Direction,
    EndpointInfo,
    EndpointStats,
    Kind,
    LocalTransport,
    RemoteMedia,
    SharedSource,
    Source,
    SourceInfo,
)


class Player:
    """A source that plays into an endpoint."""

    def __init__(self, connection: Connection, player_id: int) -> None:
        self._connection = connection
        self.id = player_id

    async def stop(self) -> None:
        """Ends it; what the endpoint heard before comes back. Stopping twice is no error."""
        await self._connection.request("stop-player", player=self.id)


class Recorder:
    """A WAV file that is being written."""

    def __init__(self, connection: Connection, recorder_id: int) -> None:
        self._connection = connection
        self.id = recorder_id

    async def stop(self) -> None:
        """Ends the recording; `RecorderFinished` follows when the file is complete."""
        await self._connection.request("stop-recorder", recorder=self.id)


class Bridge:
    """Two endpoints that hear each other."""

    def __init__(self, connection: Connection, bridge_id: int, a: int, b: int) -> None:
        self._connection = connection
        self.id = bridge_id
        self.a = a
        self.b = b

    async def delete(self) -> None:
        """Separates the two; both endpoints stay."""
        await self._connection.request("delete-bridge", bridge=self.id)


class Endpoint:
    """Where one leg's media ends: its ports, codecs, keys."""

    def __init__(
        self, connection: Connection, endpoint_id: int, tag: str, kind: Kind, local: LocalTransport
    ) -> None:
        self._connection = connection
        self.id = endpoint_id
        self.tag = tag
        self.kind = kind
        self.local = local

    async def configure(
        self,
        remote: RemoteMedia,
        codecs: Sequence[Codec],
        *,
        direction: Direction = "sendrecv",
        timeout: float | None = None,  # noqa: ASYNC109  a setting of the engine, not of this call
    ) -> None:
        """Says where the peer is and what was negotiated; may be repeated, as a re-INVITE does.

        Args:
            remote: the peer's side.
            codecs: as negotiated; the first audio codec is what we send.
            direction: from our side.
            timeout: seconds of silence until `MediaTimeout`; None for never.
        """
        await self._connection.request(
            "configure",
            endpoint=self.id,
            remote=remote.to_wire(),
            codecs=[asdict(codec) for codec in codecs],
            direction=direction,
            timeout=timeout,
        )

    async def play(self, source: Source, *, loop: bool = False) -> Player:
        """Plays to the peer, in place of a bridge for as long as it lasts."""
        reply = await self._connection.request("play", endpoint=self.id, source=source.to_wire(), loop=loop)
        return Player(self._connection, int(reply["player"]))

    async def record(self, path: Path, *, what: Literal["received", "sent", "both"] = "both") -> Recorder:
        """Writes what the peer says, hears, or both as two channels, into a WAV file."""
        reply = await self._connection.request("record", endpoint=self.id, path=str(path), what=what)
        return Recorder(self._connection, int(reply["recorder"]))

    async def send_dtmf(self, digits: str, *, duration_ms: int = 160) -> None:
        """Sends digits by RFC 4733, one after the other."""
        await self._connection.request("send-dtmf", endpoint=self.id, digits=digits, duration_ms=duration_ms)

    async def stats(self) -> EndpointStats:
        """The counters so far."""
        return EndpointStats(**await self._connection.request("stats", endpoint=self.id))

    async def delete(self) -> None:
        """Frees ports and everything else; a bridge with it ends. Deleting twice is no error."""
        await self._connection.request("delete-endpoint", endpoint=self.id)


class Engine:
    """A connection to the engine.

    Attributes:
        instance: random, made when the engine process starts: another value means that it died in between.
        closed: done when the connection is lost.
    """

    def __init__(self, connection: Connection, instance: str, version: str) -> None:
        self._connection = connection
        self.instance = instance
        self.version = version
        self.closed: asyncio.Future[None] = connection.closed

    @classmethod
    async def connect(cls, socket: Path, *, owner: str, on_event: Callable[[MediaEvent], None]) -> "Engine":
        """Connects and says hello.

        Args:
            socket: the engine's Unix socket.
            owner: name of this client; its endpoints carry it.
            on_event: called for every event, in order.

        Raises:
            OSError: nobody listens there.
            EngineError: the engine speaks another version of the protocol.
        """

        def received(name: str, fields: dict[str, Any]) -> None:
            event = parse_event(name, fields)
            if event is not None:
                on_event(event)

        connection = await Connection.open(socket, received)
        try:
            hello = await connection.request("hello", protocol=PROTOCOL, owner=owner)
        except EngineError:
            connection.close()
            raise
        if hello.get("protocol") != PROTOCOL:
            connection.close()
            raise EngineError("unsupported", f"the engine speaks protocol {hello.get('protocol')}")
        return cls(connection, str(hello["instance"]), str(hello["version"]))

    async def create_endpoint(self, kind: Kind, *, tag: str) -> Endpoint:
        """Opens an endpoint with ports of its own."""
        reply = await self._connection.request("create-endpoint", kind=kind, tag=tag)
        local = LocalTransport.from_wire(reply["local"])
        return Endpoint(self._connection, int(reply["endpoint"]), tag, kind, local)

    async def bridge(self, a: Endpoint, b: Endpoint, *, tag: str) -> Bridge:
        """Lets two endpoints hear each other; either may have had another bridge before, that one ends."""
        reply = await self._connection.request("create-bridge", a=a.id, b=b.id, tag=tag)
        return Bridge(self._connection, int(reply["bridge"]), a.id, b.id)

    async def create_source(self, source: Source, *, tag: str, loop: bool = True) -> SharedSource:
        """Opens a source that many endpoints can `play` together: it is decoded once, whoever listens.

        It stands still while nobody listens.

        Raises:
            EngineError: `bad-request` for a file that cannot be played.
        """
        reply = await self._connection.request("create-source", tag=tag, source=source.to_wire(), loop=loop)
        return SharedSource(int(reply["source"]))

    async def delete_source(self, source: SharedSource) -> None:
        """Closes it; players that hear it end. Deleting twice is no error."""
        await self._connection.request("delete-source", source=source.id)

    async def sources(self) -> list[SourceInfo]:
        """Every shared source that lives in the engine."""
        reply = await self._connection.request("list-sources")
        return [SourceInfo(item["id"], item["tag"], tuple(item["listeners"])) for item in reply]

    async def endpoints(self) -> list[EndpointInfo]:
        """Every endpoint that lives in the engine, whoever made it."""
        reply = await self._connection.request("list-endpoints")
        return [EndpointInfo(**{**item, "local": LocalTransport.from_wire(item["local"])}) for item in reply]

    async def bridges(self) -> list[BridgeInfo]:
        """Every bridge that lives in the engine."""
        return [BridgeInfo(**item) for item in await self._connection.request("list-bridges")]

    def attach(self, info: EndpointInfo) -> Endpoint:
        """A handle on an endpoint that was made before."""
        return Endpoint(self._connection, info.id, info.tag, info.kind, info.local)

    def attach_bridge(self, info: BridgeInfo) -> Bridge:
        """A handle on a bridge that was made before."""
        return Bridge(self._connection, info.id, info.a, info.b)

    async def close(self) -> None:
        """Ends the connection; endpoints and bridges stay."""
        self._connection.close()
        await self.closed
