"""What telephones hear, and what the system tells of a call."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from tests.audio import Samples, dominant_tone
from tests.peers.baresip import Baresip

T = TypeVar("T")
_LOUD_DBFS = -20.0
_TOLERANCE_HZ = 5.0
_WINDOW_SECONDS = 0.2


async def eventually(ask: Callable[[], T | None], what: str, *, seconds: float = 10.0) -> T:
    """Ask until there is an answer other than None or False.

    Raises:
        TimeoutError: There was none in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        await asyncio.sleep(0.05)


async def assert_hears(phone: Baresip, hz: float, *, within: float = 1.0) -> None:
    """The telephone hears a tone, loud, beginning within so many seconds of its recording."""

    def first() -> float | None:
        with contextlib.suppress(AssertionError, EOFError):
            return first_second_of(*phone.heard(), hz)
        return None

    began = await eventually(first, f"{phone.home.name} hears {hz} Hz", seconds=within + 5)
    assert began <= within, f"{phone.home.name} heard {hz} Hz after {began:.2f} s only"


def first_second_of(samples: Samples, rate: int, hz: float) -> float | None:
    """When a tone can be heard for the first time, in seconds; None if never."""
    length = int(_WINDOW_SECONDS * rate)
    for begin in range(0, len(samples) - length + 1, length // 4):
        tone, level = dominant_tone(samples[begin : begin + length], rate)
        if abs(tone - hz) < _TOLERANCE_HZ and level > _LOUD_DBFS:
            return begin / rate
    return None


def last_tone(phone: Baresip, seconds: float = 0.4) -> tuple[float, float]:
    """What the telephone hears at the moment: frequency and level in dBFS."""
    samples, rate = phone.heard()
    return dominant_tone(samples[-int(seconds * rate) :], rate)


def hears_now(phone: Baresip, hz: float) -> bool:
    """Whether the telephone hears this tone at the moment, and loud."""
    tone, level = last_tone(phone)
    return abs(tone - hz) < _TOLERANCE_HZ and level > _LOUD_DBFS


async def hears_again(phone: Baresip, hz: float) -> None:
    """The telephone hears a tone in what comes from now on, whatever it has heard before."""
    before = phone.recorded_bytes()
    await eventually(
        lambda: phone.recorded_bytes() > before + 8000 and hears_now(phone, hz), f"{phone.home.name}: {hz} Hz"
    )


@dataclass(slots=True)
class Flow:
    """How steadily audio came: the longest time without any, in seconds."""

    longest_stall: float = 0.0


@contextlib.contextmanager
def watching(phone: Baresip) -> Iterator[Flow]:
    """Watch the recording of a telephone grow: it writes down each packet as it comes."""
    flow = Flow()
    done = threading.Event()

    def watch() -> None:
        size, since = phone.recorded_bytes(), time.monotonic()
        while not done.wait(0.01):
            now, current = time.monotonic(), phone.recorded_bytes()
            flow.longest_stall = max(flow.longest_stall, now - since)
            if current != size:
                size, since = current, now

    # A thread, because the test's own event loop waits for the system now and then.
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield flow
    finally:
        done.set()
        watcher.join()


async def call_record(client: httpx.Client, callee: str, *, known: set[str]) -> dict[str, Any]:
    """The one new record of a call to a number; `known` holds the ids of the records before it."""

    def found() -> dict[str, Any] | None:
        items = client.get("/call-records", params={"limit": 50}).raise_for_status().json()["items"]
        new = [item for item in items if item["id"] not in known and item["callee"]["number"] == callee]
        assert len(new) < 2, f"{len(new)} records of one call"
        return new[0] if new else None

    return await eventually(found, f"a record of the call to {callee}")


def record_ids(client: httpx.Client) -> set[str]:
    """The ids of all records so far (of the newest page)."""
    items = client.get("/call-records", params={"limit": 200}).raise_for_status().json()["items"]
    return {item["id"] for item in items}
