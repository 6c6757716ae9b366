"""The tenant's way to the media engine, which may die and come back while calls hold on to it."""

import asyncio
from collections.abc import Sequence

from stimme.media import Bridge, Endpoint, Engine, EngineError, EngineLostError, Room, SharedSource
from stimme.media.types import Kind, Source


class Switch:
    """Makes endpoints and bridges in the engine that is connected now."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._came = asyncio.Event()

    @property
    def up(self) -> bool:
        """True while an engine is connected."""
        return self._engine is not None and not self._engine.closed.done()

    @property
    def instance(self) -> str:
        """Which engine process this is; empty while there is none."""
        return self._engine.instance if self._engine is not None else ""

    def connected(self, engine: Engine) -> None:
        """An engine has come."""
        self._engine = engine
        self._came.set()

    @property
    def keeps_digits(self) -> bool:
        """True when the engine can leave a peer's digits to us; one from before an upgrade cannot."""
        return self._engine is not None and "keep-digits" in self._engine.abilities

    async def wait(self, seconds: float) -> bool:
        """Waits until an engine is connected, at most so long; True when there is one."""
        if not self.up:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), seconds)
            except TimeoutError:
                return False
        return self.up

    def _current(self) -> Engine:
        if self._engine is None or self._engine.closed.done():
            raise EngineLostError
        return self._engine

    async def open_all(
        self, wanted: Sequence[tuple[Kind, str]], near: Endpoint | None = None
    ) -> list[Endpoint | EngineError]:
        """New endpoints of one call by one write, beside one that it has; an error for each that failed."""
        if not wanted:
            return []
        try:
            return await self._current().create_endpoints(wanted, near=near)
        except EngineLostError as error:
            return [error for _ in wanted]

    async def room(self, tag: str) -> Room:
        """A new room. Raises EngineError."""
        return await self._current().create_room(tag=tag)

    async def source(self, source: Source, tag: str) -> SharedSource:
        """A new source that many can hear, without end. Raises EngineError."""
        return await self._current().create_source(source, tag=tag)

    async def join(self, a: Endpoint, b: Endpoint, tag: str) -> Bridge:
        """A new bridge. Raises EngineError."""
        return await self._current().bridge(a, b, tag=tag)
