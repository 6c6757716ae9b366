"""One demo system and two browsers for all tests of this folder; tests that break parts start their own.

The browsers differ in what their microphones hear; each person gets a browser profile of their own in one of
them. Everything runs in one event loop, because browsers outlive the test that needs them first.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright, async_playwright
from tests.peers.browser import Chromium, chromium
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs Chromium and shares the session's event loop."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo that tests share: leave it as it was."""
    with running_demo(tmp_path_factory.mktemp("demo"), free_base_port()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """What drives browsers."""
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chrome(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    """The browser whose people say 620 Hz."""
    async with chromium(playwright, tmp_path_factory.mktemp("chrome"), tone=620) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def other_chrome(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Chromium]:
    """The browser whose people say 850 Hz."""
    async with chromium(playwright, tmp_path_factory.mktemp("other-chrome"), tone=850) as running:
        yield running
