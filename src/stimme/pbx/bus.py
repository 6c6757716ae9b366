"""The in-process event bus: one stream of events, many readers, resumable by time stamp."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from stimme.pbx.events import NEVER, Event, stamp

RING = 10_000
QUEUE = 1_000
_TICK = timedelta(microseconds=1)
Filter = Callable[[Event], bool]


class EventBus:
    """Publishes events to readers and keeps the last ones for readers that come back.

    `at` of an event is ISO 8601 UTC with microseconds and strictly increasing, so it is the token to resume
    with. A reader that is too slow, or comes back too late, gets one `events.gap`.
    """

    def __init__(
        self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), ring: int = RING
    ) -> None:
        self._clock = clock
        self._ring: deque[Event] = deque(maxlen=ring)
        self._readers: set[_Reader] = set()
        self._last = self._began = NEVER

    def publish(self, event: Event) -> None:
        """Stamps the event and hands it to every reader. Returns at once."""
        event.moment = self._now()
        if self._began is NEVER:
            self._began = event.moment
        if len(self._ring) == self._ring.maxlen:
            self._began = self._ring[0].moment  # this one leaves; who has seen it has missed nothing
        self._ring.append(event)
        for reader in self._readers:
            reader.offer(event)

    async def subscribe(self, visible: Filter, *, since: str | None) -> AsyncIterator[dict[str, Any]]:
        """Yields the events that `visible` lets through, first the kept ones after `since`."""
        reader = _Reader(visible)
        self._readers.add(reader)
        try:
            missed = [event for event in self._ring if since is not None and event.at > since]
            if since is not None and (self._began is NEVER or since < stamp(self._began)):
                yield self._gap()
            for event in missed:
                if visible(event):
                    yield event.to_json()
            while True:
                following = await reader.next()
                yield self._gap() if following is None else following.to_json()
        finally:
            self._readers.discard(reader)

    def _now(self) -> datetime:
        now = self._clock()
        self._last = now if now > self._last else self._last + _TICK
        return self._last

    def _gap(self) -> dict[str, Any]:
        return {"type": "events.gap", "at": stamp(self._now()), "data": {}}


class _Reader:
    """One subscriber's bounded queue; None in it stands for what was dropped."""

    def __init__(self, visible: Filter) -> None:
        self._visible = visible
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def offer(self, event: Event) -> None:
        if not self._visible(event):
            return
        if self._queue.qsize() >= QUEUE:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)
        self._queue.put_nowait(event)

    async def next(self) -> Event | None:
        return await self._queue.get()
