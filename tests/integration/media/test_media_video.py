"""Video between browsers: Chromium pages send coloured pictures and see those of others."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.integration.media.harness import Client
from tests.integration.media.video import Gallery, chromium

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with async_playwright() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def gallery(browser: Browser, client: Client) -> Gallery:
    """Where browsers are let in."""
    return Gallery(browser, client)


async def test_two_browsers_see_each_other(gallery: Gallery, client: Client) -> None:
    red, lime = await gallery.enter("red"), await gallery.enter("lime")
    await client.engine.bridge(red.endpoint, lime.endpoint, tag="call")
    await red.sees("lime")
    await lime.sees("red")
    print(await red.figures(), await red.endpoint.stats())
