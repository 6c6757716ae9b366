"""Reading large files and ordering large phone books, apart from call control.

Policy: what takes longer than a few milliseconds is done by a process of its own (``helper``), at low
priority and one at a time of each kind; the event loop that carries calls only hands entries over, a few at a
time. A helper that takes longer than its time, or dies, costs the request and nothing else. Small work is not
worth a process: a thread does it.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgpack

from stimme.directory.entry import Entry
from stimme.directory.frames import LENGTH, entry_of, pack, packed_slices, slices
from stimme.directory.importing import Draft, draft_of, mark
from stimme.directory.order import WordOrder
from stimme.directory.reading import Problem

PATIENCE_SECONDS = 300.0
_SMALL_FILE = 20_000
_FEW = 500
_PART = 1 << 16


class HelperError(Exception):
    """The helper did not do its work; nothing was changed."""


class Apart:
    """See the module's docstring.

    Args:
        patience: seconds that a task may take.
    """

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._reading, self._ordering = asyncio.Lock(), asyncio.Lock()

    async def read(self, content: bytes, format_: str, area: str, there: Sequence[Entry]) -> Draft:
        """Reads a file as ``importing.draft_of`` does. Raises HelperError."""
        if len(content) <= _SMALL_FILE and len(there) <= _FEW:
            return await asyncio.to_thread(draft_of, content, format_, area, there)
        async with self._reading, self._helper() as helper:
            await helper.say({"task": "read", "format": format_, "area": area})
            for start in range(0, len(content), _PART):
                await helper.say(content[start : start + _PART])
            await helper.say(None)
            for taken in slices(there):
                await helper.say([mark(entry) for entry in taken])
            await helper.say(None)
            new: list[Entry] = []
            while (frame := await helper.hear()) is not None:
                new += map(entry_of, frame)
            end = await helper.hear()
            return Draft(new, end["known"], [Problem(*problem) for problem in end["problems"]])

    async def order(self, entries: Sequence[Entry]) -> WordOrder:
        """Puts entries and their words in order. Raises HelperError."""
        if len(entries) <= _FEW:
            return await asyncio.to_thread(WordOrder.of, entries)
        async with self._ordering, self._helper() as helper:
            await helper.say({"task": "order"})
            for frame in packed_slices(entries):
                await helper.send(frame)
            await helper.say(None)
            return WordOrder.unpacked(await helper.hear())

    @contextlib.asynccontextmanager
    async def _helper(self) -> AsyncIterator["_Helper"]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stimme.directory.helper",
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._patience):
                yield _Helper(process)
        except (TimeoutError, EOFError, OSError) as error:
            raise HelperError from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class _Helper:
    """The conversation with a helper. Whatever is said or heard lets the loop go on first."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the helper has no pipes")
        self._in, self._out = process.stdin, process.stdout

    async def say(self, value: Any) -> None:
        await self.send(pack(value))

    async def send(self, frame: bytes) -> None:
        await asyncio.sleep(0)
        self._in.write(frame)
        await self._in.drain()

    async def hear(self) -> Any:
        await asyncio.sleep(0)
        (length,) = LENGTH.unpack(await self._out.readexactly(LENGTH.size))
        packed = await self._out.readexactly(length)
        return msgpack.unpackb(packed, use_list=False)
