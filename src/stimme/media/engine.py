"""The engine as call control sees it: makes things that live there, and finds those that do."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from stimme.media.connection import PROTOCOL, Connection
from stimme.media.errors import EngineError
from stimme.media.events import MediaEvent, parse_event
from stimme.media.handles import Bridge, Endpoint, FaxSession, Room
from stimme.media.types import (
    BridgeInfo,
    EndpointInfo,
    FaxInfo,
    Kind,
    LocalTransport,
    RoomInfo,
    RoomMember,
    SharedSource,
    Source,
    SourceInfo,
)


class Engine:
    """A connection to the engine. Every verb raises EngineError, or EngineLostError when the engine is gone.

    Attributes:
        instance: random, made when the engine process starts: another value means that it died in between.
        abilities: what it can do beyond the first engines of this protocol.
        closed: done when the connection is lost.
    """

    def __init__(
        self, connection: Connection, instance: str, version: str, abilities: Collection[str] = ()
    ) -> None:
        self._connection = connection
        self.instance = instance
        self.version = version
        self.abilities = frozenset(abilities)
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
        return cls(connection, str(hello["instance"]), str(hello["version"]), hello.get("abilities", ()))

    async def create_endpoint(self, kind: Kind, *, tag: str, near: Endpoint | None = None) -> Endpoint:
        """Opens an endpoint with ports of its own.

        Args:
            kind: plain RTP or a browser.
            tag: the caller's name for it.
            near: whom it will be joined with, if that is known: they begin in one thread of the engine.
        """
        request = self._connection.request("create-endpoint", kind=kind, tag=tag, **_near(near))
        return self._endpoint(kind, tag, await request)

    async def create_endpoints(
        self, wanted: Sequence[tuple[Kind, str]], *, near: Endpoint | None = None
    ) -> list[Endpoint | EngineError]:
        """Opens several endpoints of one call, each of a kind and with a tag, by one write; an error for each
        failure.

        Raises nothing: who opens several must know which of them are there, to delete them.
        """
        beside = [_near(near), *([_near(near) or {"near": "last"}] * (len(wanted) - 1))]
        replies = [
            self._connection.request("create-endpoint", kind=kind, tag=tag, **place)
            for (kind, tag), place in zip(wanted, beside, strict=False)
        ]
        try:
            return [
                await self._opened(kind, tag, reply)
                for (kind, tag), reply in zip(wanted, replies, strict=True)
            ]
        finally:
            for reply in replies:
                reply.cancel()  # those that came are not concerned

    async def _opened(self, kind: Kind, tag: str, waiting: asyncio.Future[Any]) -> Endpoint | EngineError:
        try:
            return self._endpoint(kind, tag, await waiting)
        except EngineError as error:
            return error

    def _endpoint(self, kind: Kind, tag: str, reply: Any) -> Endpoint:
        local = LocalTransport.from_wire(reply["local"])
        return Endpoint(self._connection, int(reply["endpoint"]), tag, kind, local)

    async def bridge(self, a: Endpoint, b: Endpoint, *, tag: str) -> Bridge:
        """Lets two endpoints hear each other; either may have had another bridge before, that one ends."""
        reply = await self._connection.request("create-bridge", a=a.id, b=b.id, tag=tag)
        return Bridge(self._connection, int(reply["bridge"]), a.id, b.id)

    async def create_room(self, *, tag: str, rate: int = 16_000) -> Room:
        """Opens a conference. `rate` is samples a second of the mix: 8000, 16000 or 48000."""
        reply = await self._connection.request("create-room", tag=tag, rate=rate)
        return Room(self._connection, int(reply["room"]), tag)

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

    async def rooms(self) -> list[RoomInfo]:
        """Every room that lives in the engine."""
        return [
            RoomInfo(item["id"], item["tag"], item["rate"], tuple(RoomMember(**m) for m in item["members"]))
            for item in await self._connection.request("list-rooms")
        ]

    async def faxes(self) -> list[FaxInfo]:
        """Every fax that lives in the engine."""
        return [FaxInfo(**item) for item in await self._connection.request("list-faxes")]

    def attach_fax(self, info: FaxInfo) -> FaxSession:
        """A handle on a fax that was started before."""
        return FaxSession(self._connection, info.id)

    def attach(self, info: EndpointInfo) -> Endpoint:
        """A handle on an endpoint that was made before."""
        return Endpoint(self._connection, info.id, info.tag, info.kind, info.local)

    def attach_bridge(self, info: BridgeInfo) -> Bridge:
        """A handle on a bridge that was made before."""
        return Bridge(self._connection, info.id, info.a, info.b)

    def attach_room(self, info: RoomInfo) -> Room:
        """A handle on a room that was made before."""
        return Room(self._connection, info.id, info.tag)

    async def close(self) -> None:
        """Ends the connection; endpoints and bridges stay."""
        self._connection.close()
        await self.closed


def _near(endpoint: Endpoint | None) -> dict[str, Any]:
    return {} if endpoint is None else {"near": endpoint.id}
