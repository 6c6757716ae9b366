"""One engine process for each test, a client that has said hello, and telephones."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.media.harness import Client, EngineProcess
from tests.integration.media.phone import Phone


@pytest.fixture
def engine_process(tmp_path: Path) -> Iterator[EngineProcess]:
    """A process of the engine."""
    process = EngineProcess(tmp_path, "30000-31999")
    try:
        yield process
    finally:
        assert process.stop() == 0, process.log.read_text()


@pytest.fixture
async def client(engine_process: EngineProcess) -> AsyncIterator[Client]:
    """A client that has said hello."""
    await engine_process.ready()
    client = await Client.connect(engine_process)
    yield client
    await client.engine.close()


@pytest.fixture
async def phones() -> AsyncIterator[Callable[[str], Awaitable[Phone]]]:
    """Opens telephones, and unplugs them afterwards."""
    opened: list[Phone] = []

    async def open_phone(codec: str) -> Phone:
        opened.append(await Phone.open(codec))
        return opened[-1]

    yield open_phone
    for phone in opened:
        phone.close()
