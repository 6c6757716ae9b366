"""Who sets up and pays: each role's first page, and a user who is made, found and taken away again."""

import pytest
from playwright.async_api import expect
from tests.peers.browser import Chromium, web_client
from tests.peers.system import Demo


@pytest.mark.parametrize(("role", "shows"), [("customer", "Anna Arendt"), ("reseller", "Muster GmbH")])
async def test_first_page_of_a_role(demo: Demo, chrome: Chromium, role: str, shows: str) -> None:
    account = next(account for account in demo.facts["accounts"] if account["role"] == role)
    async with web_client(chrome, demo.facts["web"]) as client:
        await client.sign_in(account["login"], account["password"])
        await expect(client.at("admin-list")).to_contain_text(shows)


async def test_a_user_is_made_found_and_deleted(demo: Demo, chrome: Chromium) -> None:
    account = next(account for account in demo.facts["accounts"] if account["role"] == "customer")
    async with web_client(chrome, demo.facts["web"], language="de") as client:
        page = client.page
        await client.sign_in(account["login"], account["password"])
        await page.get_by_role("button", name="Neuer Benutzer").click()
        form = client.at("admin-form")
        await form.get_by_label("Name").fill("Karl Kunz")
        await form.get_by_label("Nebenstelle").fill("25")
        await client.at("admin-submit").click()
        await expect(form).to_have_count(0)
        await client.at("admin-search").fill("Kunz")
        row = client.at("admin-row")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("25")
        await row.get_by_test_id("admin-delete").click()
        await client.at("admin-confirm-dialog").get_by_role("button").last.click()
        await expect(row).to_have_count(0)
