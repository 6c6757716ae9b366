"""How long call control's event loop stands still while a phone book of 100,000 entries is taken in.

    python -m tests.bench.phone_book [--entries 100000]

The API is asked over its ASGI door, with a database file on disk; a task of the same loop wakes up every
millisecond and notes how late it is. A gap is time in which no call of the node would have been served. On a
machine that does other work, the kernel's share for others is in it; the CPU that this process has used in a
gap, with all its threads, is told beside it: on a quiet machine no gap is longer than that.
"""

import argparse
import asyncio
import gc
import random
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from tests.unit.api.world import build_world

from stimme.directory.shelf import Shelf
from stimme.store.database import Database
from stimme.store.phone_books import PhoneBookRepository, fill_shelf

_SYLLABLES = ("mül", "ler", "schmi", "dt", "wag", "ner", "ho", "ff", "mann", "ka", "ro", "li", "ne", "na")
_TICK = 0.001
_LATE = 0.02


class Gaps:
    """Notes how late the loop comes."""

    def __init__(self) -> None:
        self.longest = self.busiest = 0.0
        self.late = 0

    async def watch(self) -> None:
        """Never ends by itself."""
        while True:
            began, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(_TICK)
            gap = time.perf_counter() - began - _TICK
            self.longest = max(self.longest, gap)
            self.busiest = max(self.busiest, min(gap, time.process_time() - used))
            self.late += gap > _LATE


def table(entries: int) -> bytes:
    """A CSV file of invented people, the same each time."""
    rng = random.Random(5)

    def word() -> str:
        return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))).capitalize()

    lines = [
        f"{word()};{word()};{word()} GmbH;030 {2312500000 + n};{word()}@example.com" for n in range(entries)
    ]
    return "\n".join(["Vorname;Nachname;Firma;Telefon;E-Mail", *lines, ""]).encode()


async def measure(entries: int) -> None:
    """Takes a book in, in each way there is, and prints what the loop felt of it."""
    content = table(entries)
    with tempfile.TemporaryDirectory(prefix="stimme-bench-") as folder:
        async for world in build_world(Path(folder)):
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            async with await world.signed_in("anna@north.example") as client:
                await _steps(client, content, world.services.database)


async def _steps(client: httpx.AsyncClient, content: bytes, database: Database) -> None:
    book = f"/api/v1/phone-books/{uuid.uuid4()}"
    (await client.put(book, json={"name": "All"})).raise_for_status()
    fresh = Shelf(loaded=False)

    async def take_in(**params: bool) -> None:
        answer = await client.post(f"{book}/import", params=params, content=content, timeout=600)
        if answer.raise_for_status().json()["problem_count"]:
            raise AssertionError(answer.text)

    async def search() -> None:
        (await client.get("/api/v1/phone-books/search?q=mül", timeout=600)).raise_for_status()

    async def start() -> None:
        await fill_shelf(PhoneBookRepository(database), fresh)

    async def delete() -> None:
        (await client.delete(book)).raise_for_status()

    steps: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
        ("nothing", lambda: asyncio.sleep(2)),
        ("look at the file", take_in),
        ("take it in", lambda: take_in(apply=True)),
        ("first search", search),
        ("again, all known", lambda: take_in(apply=True)),
        ("in place of all", lambda: take_in(apply=True, replace=True)),
        ("read at the start", start),
        ("delete it", delete),
    )
    for name, work in steps:
        gaps = Gaps()
        watch = asyncio.create_task(gaps.watch())
        began = time.perf_counter()
        await work()
        seconds = time.perf_counter() - began
        watch.cancel()
        print(
            f"{name:20} {seconds:6.1f} s, longest gap {gaps.longest * 1000:5.0f} ms"
            f" (CPU {gaps.busiest * 1000:5.0f} ms), {gaps.late} above 20 ms",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    asyncio.run(measure(parser.parse_args().entries))
