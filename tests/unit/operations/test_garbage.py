"""When the collector of cycles looks at what: new things soon, old ones once a day, loaded ones never."""

import asyncio
import datetime
import gc
import weakref
from collections.abc import Iterator

import pytest

from stimme.operations.garbage import collect_everything, collect_young, settle_memory


class Ring:
    """Holds itself: only the collector of cycles can take it away."""

    def __init__(self) -> None:
        self.itself = self


def ring() -> "weakref.ref[Ring]":
    return weakref.ref(Ring())


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The collector as it was, after the test."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def collect_once() -> None:
    collected = asyncio.Event()

    def told(phase: str, _: dict[str, int]) -> None:
        if phase == "stop":
            collected.set()

    gc.callbacks.append(told)
    collecting = asyncio.create_task(collect_young(0))
    try:
        await asyncio.wait_for(collected.wait(), 10)
    finally:
        collecting.cancel()
        gc.callbacks.remove(told)


async def test_new_cycles_go_at_once_old_ones_at_night() -> None:
    settle_memory()
    held = Ring()
    old = weakref.ref(held)
    await collect_once()
    del held
    new = ring()
    await collect_once()
    assert new() is None
    assert old() is not None, "it has outlived a collection"
    await collect_everything(datetime.datetime.now(datetime.UTC))
    assert old() is None


async def test_what_was_loaded_is_never_looked_at_again() -> None:
    held = Ring()
    loaded = weakref.ref(held)
    settle_memory()
    del held
    await collect_everything(datetime.datetime.now(datetime.UTC))
    assert loaded() is not None
    gc.unfreeze()
    gc.collect()
    assert loaded() is None


def test_the_collector_does_not_look_at_old_things_by_itself() -> None:
    settle_memory()
    gc.collect(1)
    counts = [generation["collections"] for generation in gc.get_stats()]
    many: list[list[object]] = [[[]] for _ in range(200_000)]
    after = [generation["collections"] for generation in gc.get_stats()]
    assert len(many) == 200_000
    assert after[0] > counts[0]
    assert after[1:] == counts[1:]
