"""Large phone books are read and put in order by another process, while the event loop goes on (K10)."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stimme.directory import apart as module
from stimme.directory.apart import Apart, HelperError
from stimme.directory.books import Book
from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.directory.frames import SLICE
from stimme.directory.importing import draft_of
from stimme.directory.index import Index
from stimme.directory.order import WordOrder
from stimme.directory.shelf import Shelf

MANY = 2_000
pytestmark = pytest.mark.feature("K10")


def table(count: int) -> bytes:
    lines = [f"Müller {place};Söhne {place % 7};030 {2312500000 + place}" for place in range(count)]
    return "\n".join(["Name;Firma;Telefon", *lines, "Niemand;;", ""]).encode()


def people(count: int) -> list[Entry]:
    return [
        Entry(
            str(place), f"Jürgen {place}", (EntryNumber(f"+4930{place:06}", NumberKind.FAX),), "Weiß", "a@b.c"
        )
        for place in range(count)
    ]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the heavy work can be done in this process."""

    def refuse(*_: object) -> None:
        raise AssertionError("not in the process of the calls")

    monkeypatch.setattr(module, "draft_of", refuse)
    monkeypatch.setattr(WordOrder, "of", refuse)


@pytest.mark.usefixtures("elsewhere")
async def test_a_large_file_is_read_by_another_process_as_it_would_be_here() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    calls = asyncio.create_task(count())
    there = [Entry("known", "Müller 5", (EntryNumber("+492312500005"),))]
    read = await Apart().read(table(MANY), "csv", "+4930", there)
    calls.cancel()
    here = draft_of(table(MANY), "csv", "+4930", there)
    assert [(each.name, each.company, each.numbers) for each in read.new] == [
        (each.name, each.company, each.numbers) for each in here.new
    ]
    assert (read.known, read.problems) == (here.known, here.problems)
    assert len(read.problems) == 1
    assert turns > MANY // SLICE, "the loop went on between any two slices"


async def test_an_order_made_by_another_process_is_that_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = people(MANY)
    here = WordOrder.of(entries)
    monkeypatch.setattr(WordOrder, "of", None)
    there = await Apart().order(entries)
    assert there.packed() == here.packed()


async def test_a_shelf_orders_large_books_elsewhere_and_small_ones_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()
    book = Book("b", "B", None, Index(searchable=False))
    shelf.of("c").put(book)
    async with shelf.changing("c"):
        await shelf.fill(book, people(MANY))
    assert book.index.by_number("+4930000005") is not None
    monkeypatch.setattr(WordOrder, "of", None)
    found = await shelf.search("c", None, "jürg 17", 3)
    assert [entry.id for _, entry in found] == ["17", "170", "1700"]
    monkeypatch.undo()
    async with shelf.changing("c"):
        await shelf.fill(book, people(3))
    assert len(await shelf.search("c", None, "weiss", 9)) == 3


async def test_a_helper_that_dies_or_takes_too_long_costs_its_request_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(HelperError):
        await Apart(patience=0.0).order(people(MANY))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(HelperError):
            await Apart().read(table(MANY), "csv", "", [])
    with pytest.raises(HelperError):
        await Apart().read(table(MANY), "no format", "", [])


def test_a_helper_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "helper = subprocess.Popen([sys.executable, '-m', 'stimme.directory.helper', str(os.getpid())],"
        " stdin=subprocess.PIPE)\n"
        "print(helper.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        helper = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{helper}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{helper}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{helper}").exists()
