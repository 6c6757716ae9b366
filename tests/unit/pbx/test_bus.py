"""The event bus: order, resuming, gaps, slow readers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from stimme.pbx.bus import QUEUE, EventBus
from stimme.pbx.events import Event, LineChanged

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def line(user_id: str) -> LineChanged:
    return LineChanged("muster", user_id, "busy")


def everything(event: Event) -> bool:
    return True


def users(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"].get("user_id", event["type"]) for event in events]


async def take(reader: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return [await anext(reader) for _ in range(count)]


async def opened(reader: AsyncIterator[dict[str, Any]]) -> "asyncio.Task[dict[str, Any]]":
    """A reader that has subscribed and waits for its first event."""
    first = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    return first


async def test_every_reader_gets_every_event_in_order() -> None:
    bus = EventBus(clock=lambda: NOON)
    readers = [bus.subscribe(everything, since=None) for _ in range(2)]
    firsts = [await opened(reader) for reader in readers]
    for name in ("u1", "u2", "u3"):
        bus.publish(line(name))
    for reader, first in zip(readers, firsts, strict=True):
        assert users([await first, *await take(reader, 2)]) == ["u1", "u2", "u3"]


async def test_stamps_increase_though_the_clock_stands_still() -> None:
    bus = EventBus(clock=lambda: NOON)
    events = [line(str(number)) for number in range(3)]
    for event in events:
        bus.publish(event)
    assert [event.at for event in events] == [
        "2026-11-25T12:00:00.000000Z",
        "2026-11-25T12:00:00.000001Z",
        "2026-11-25T12:00:00.000002Z",
    ]


async def test_a_reader_sees_only_what_it_may() -> None:
    bus = EventBus(clock=lambda: NOON)
    for name in ("u1", "u2", "u1"):
        bus.publish(line(name))
    reader = bus.subscribe(lambda event: isinstance(event, LineChanged) and event.user_id == "u1", since="")
    assert users(await take(reader, 3)) == ["events.gap", "u1", "u1"]


async def test_a_reader_that_comes_back_misses_nothing() -> None:
    bus = EventBus(clock=lambda: NOON)
    events = [line(str(number)) for number in range(5)]
    for event in events:
        bus.publish(event)
    reader = bus.subscribe(everything, since=events[2].at)
    assert users(await take(reader, 2)) == ["3", "4"]
    following = await opened(reader)
    bus.publish(line("5"))
    assert users([await following]) == ["5"]


async def test_a_reader_that_comes_back_too_late_is_told_of_the_gap() -> None:
    bus = EventBus(clock=lambda: NOON, ring=3)
    events = [line(str(number)) for number in range(5)]
    for event in events:
        bus.publish(event)
    late = bus.subscribe(everything, since=events[0].at)
    assert users(await take(late, 4)) == ["events.gap", "2", "3", "4"]
    in_time = bus.subscribe(everything, since=events[2].at)
    assert users(await take(in_time, 2)) == ["3", "4"]


async def test_a_reader_that_saw_the_last_dropped_event_has_no_gap() -> None:
    bus = EventBus(clock=lambda: NOON, ring=3)
    events = [line(str(number)) for number in range(5)]
    for event in events:
        bus.publish(event)
    reader = bus.subscribe(everything, since=events[1].at)
    assert users(await take(reader, 3)) == ["2", "3", "4"]


async def test_a_token_of_another_process_is_a_gap() -> None:
    bus = EventBus(clock=lambda: NOON)
    reader = bus.subscribe(everything, since="2026-11-25T11:00:00.000000Z")
    assert users(await take(reader, 1)) == ["events.gap"]


async def test_a_slow_reader_gets_one_gap_and_the_newest_and_holds_nobody_up() -> None:
    bus = EventBus(clock=lambda: NOON)
    slow = bus.subscribe(everything, since=None)
    first = await opened(slow)
    bus.publish(line("first"))
    await first
    for number in range(QUEUE + 5):
        bus.publish(line(str(number)))
    assert users(await take(slow, 6)) == ["events.gap", *(str(number) for number in range(QUEUE, QUEUE + 5))]


async def test_a_closed_reader_is_forgotten() -> None:
    bus = EventBus(clock=lambda: NOON)
    reader = bus.subscribe(everything, since=None)
    first = await opened(reader)
    bus.publish(line("u1"))
    await first
    await reader.aclose()  # type: ignore[attr-defined]
    bus.publish(line("u2"))
    again = bus.subscribe(everything, since=None)
    waiting = await opened(again)
    bus.publish(line("u3"))
    assert users([await waiting]) == ["u3"]
