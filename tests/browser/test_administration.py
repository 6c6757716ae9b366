"""The daily work of those who set up and pay, wide and on a phone, with axe-core looking at every page."""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.peers.browser import Chromium, WebClient, web_client
from tests.peers.system import Demo

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SETTLED = "() => Promise.all(document.getAnimations().map(each => each.finished.catch(() => 0)))"
_SIZES = pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["wide", "phone"])


@contextlib.asynccontextmanager
async def _administrator(
    within: Chromium, demo: Demo, role: str, size: tuple[int, int]
) -> AsyncIterator[WebClient]:
    """An account of a role at its pages; refusals that a test provokes are no complaints."""
    account = next(account for account in demo.facts["accounts"] if account["role"] == role)
    async with web_client(within, demo.facts["web"], size=size) as client:
        await client.sign_in(account["login"], account["password"])
        await expect(client.at("role")).to_have_attribute("data-role", role)
        yield client
        refused = ("409", "412", "422")
        assert [
            text for text in client.complaints if not any(f"status of {one}" in text for one in refused)
        ] == []


async def _open(client: WebClient, section: str) -> None:
    """Use the navigation; on a phone, what has no room there is under "more"."""
    direct = client.at(f"nav-{section}")
    if await direct.count() == 0:
        await client.at("nav-more").click()
        direct = client.at(f"more-{section}")
    await direct.click()
    await expect(client.page.locator("h1")).to_be_visible()


async def _inspect(client: WebClient, what: str) -> None:
    """Nothing serious for axe-core, and nothing wider than the screen."""
    if await client.page.evaluate("typeof axe === 'undefined'"):
        await client.page.evaluate(_AXE.read_text() + "; undefined")
    await client.page.evaluate(_SETTLED)
    found: list[dict[str, Any]] = await client.page.evaluate(
        "async tags => (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations",
        _RULES,
    )
    issues = [
        f"{what}: {issue['id']}: {node['html'][:200]}\n    {node['failureSummary']}"
        for issue in found
        if issue["impact"] in ("serious", "critical")
        for node in issue["nodes"]
    ]
    assert issues == [], "\n".join(issues)
    assert await client.page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), what


async def _submit(client: WebClient) -> None:
    await client.at("admin-submit").click()
    await expect(client.at("admin-form")).to_have_count(0)


async def _find(client: WebClient, text: str) -> None:
    await client.at("admin-search").fill(text)
    await expect(client.at("admin-row")).to_have_count(1)
    await expect(client.at("admin-row")).to_contain_text(text)


async def _delete_found(client: WebClient) -> None:
    await client.at("admin-delete").click()
    await client.at("admin-confirm").click()
    await expect(client.at("admin-row")).to_have_count(0)


@_SIZES
async def test_customer_sets_up_a_colleague(demo: Demo, chrome: Chromium, size: tuple[int, int]) -> None:
    async with _administrator(chrome, demo, "customer", size) as client:
        await expect(client.at("admin-row").first).to_be_visible()
        await _inspect(client, "users")
        await client.at("admin-create").click()
        await client.at("field-name").fill("Zoe Zander")
        await client.at("field-extension").fill("neunzig")
        await client.at("admin-submit").click()
        await expect(client.at("field-extension")).to_have_attribute("aria-invalid", "true")
        await _inspect(client, "a user's form, refused")
        await client.at("field-extension").fill("90")
        await _submit(client)
        await _find(client, "Zoe Zander")
        await _telephone(client)
        await _package(client, demo)
        await _delete_found(client)
        for section in ("lines", "records", "licences", "invoices", "audit"):
            await _open(client, section)
            await _inspect(client, section)
        await expect(client.at("admin-row").first).to_contain_text("Zoe Zander")


async def _telephone(client: WebClient) -> None:
    """A telephone's password is told once."""
    await client.at("user-devices").click()
    await client.at("device-name").fill("Empfang")
    await client.at("device-create").click()
    await expect(client.at("sip-domain")).to_have_text("muster.example")
    await expect(client.at("sip-password")).to_have_text(re.compile(r"^\S{12,}$"))
    await expect(client.at("device-row")).to_have_count(1)
    await _inspect(client, "a telephone's settings")
    await client.page.keyboard.press("Escape")
    await client.at("user-devices").click()
    await expect(client.at("device-row")).to_have_count(1)
    await expect(client.at("device-settings")).to_have_count(0)
    await client.page.keyboard.press("Escape")
    await expect(client.at("devices-dialog")).to_have_count(0)


async def _package(client: WebClient, demo: Demo) -> None:
    """Two change the same user: the later one is told, nothing is overwritten; then it works."""
    await client.at("admin-change").click()
    with demo.as_role("customer") as other:
        user = other.get("/users", params={"query": "Zoe"}).json()["items"][0]
        there = f"/users/{user['id']}"
        tag = other.get(there).headers["ETag"]
        fields = ("customer_id", "extension", "name", "number", "language", "site_id")
        body = {field: user[field] for field in fields} | {"package": "klingende"}
        other.put(
            there, json=body, headers={"If-Match": tag, "X-Requested-With": "stimme"}
        ).raise_for_status()
        await client.at("field-package").select_option("volle")
        await client.at("admin-submit").click()
        await expect(client.at("admin-refusal")).to_have_attribute("data-kind", "stale")
        await expect(client.at("admin-submit")).to_be_disabled()
        assert other.get(there).json()["package"] == "klingende"
        await client.at("admin-cancel").click()
        await expect(client.at("admin-row")).to_contain_text("Klingende")
        await client.at("admin-change").click()
        await client.at("field-package").select_option("volle")
        await _submit(client)
        assert other.get(there).json()["package"] == "volle"


@_SIZES
@pytest.mark.parametrize("role", ["reseller", "provider"])
async def test_seller_takes_a_customer(
    demo: Demo, chrome: Chromium, role: str, size: tuple[int, int]
) -> None:
    async with _administrator(chrome, demo, role, size) as client:
        await expect(client.at("admin-row").first).to_be_visible()
        name = f"Kontor {role} {size[0]}"
        await client.at("admin-create").click()
        await client.at("field-name").fill(name)
        await client.at("field-domain").fill(f"{role}{size[0]}.example")
        await _submit(client)
        await _find(client, name)
        await _inspect(client, "customers")
        await _delete_found(client)
        await client.at("admin-search").fill("")
        await client.at("customer-link").first.click()
        await expect(client.at("customer-name")).to_have_text("Muster GmbH")
        await expect(client.at("admin-row").first).to_be_visible()
        for part in ("lines", "records", "licences"):
            await client.at(f"customer-{part}").click()
            await expect(client.at(f"customer-{part}")).to_have_attribute("aria-current", "page")
        await expect(client.at("licences")).to_be_visible()
        await _inspect(client, "a customer's licences")
        for section in ("invoices", "prices", "audit"):
            await _open(client, section)
            await _inspect(client, section)


@_SIZES
async def test_provider_keeps_resellers(demo: Demo, chrome: Chromium, size: tuple[int, int]) -> None:
    async with _administrator(chrome, demo, "provider", size) as client:
        await _open(client, "resellers")
        name = f"Systemhaus {size[0]}"
        await client.at("admin-create").click()
        await client.at("field-name").fill(name)
        await _submit(client)
        await _find(client, name)
        await _inspect(client, "resellers")
        await _delete_found(client)
        await _open(client, "months")
        await _inspect(client, "months")
        await client.at("month-close").click()
        await _inspect(client, "the question before a month's close")
        await client.at("admin-confirm").wait_for()
