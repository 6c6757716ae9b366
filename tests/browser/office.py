"""Those who administer at the web client: signed in by role, and what they do on every page."""

import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Locator, expect
from tests.peers.browser import Chromium, Language, WebClient, web_client
from tests.peers.system import Demo

PHONE = (390, 844)


@contextlib.asynccontextmanager
async def administrator(
    demo: Demo, chrome: Chromium, role: str, *, language: Language = "de", size: tuple[int, int] = (1280, 800)
) -> AsyncIterator[WebClient]:
    """The first account of a role at its pages; the block fails when anything has shown as a fault."""
    account = next(account for account in demo.facts["accounts"] if account["role"] == role)
    async with web_client(chrome, demo.facts["web"], language=language, size=size) as client:
        await client.sign_in(account["login"], account["password"])
        await expect(client.at("office")).to_be_visible()
        yield client
        assert not [each for each in client.complaints if "status of 4" not in each], client.complaints


async def submit(client: WebClient) -> None:
    """Send the form that is open; it is done."""
    await client.at("admin-submit").click()
    await expect(client.at("admin-form")).to_have_count(0)


async def delete(client: WebClient, row: Locator) -> None:
    """Delete what a row shows, and say yes to the question."""
    await row.get_by_test_id("admin-delete").click()
    await client.at("admin-confirm").click()
    await expect(row).to_have_count(0)
