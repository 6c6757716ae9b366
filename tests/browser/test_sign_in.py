"""The door: who comes in, who does not and is told why, and in which language."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.people import signed_in
from tests.peers.browser import Chromium, Language, web_client
from tests.peers.system import Demo

_LOCALES = Path(__file__).parents[2] / "web" / "src" / "shared" / "i18n" / "locales"


async def test_right_password_opens_the_client(demo: Demo, chrome: Chromium) -> None:
    anna = demo.user("10")
    async with web_client(chrome, demo.facts["web"]) as client:
        await client.sign_in(anna["login"], anna["password"])
        await client.registered()
        await expect(client.page.get_by_text("Anna Arendt").first).to_be_visible()
        await client.page.reload()
        await client.registered()
        await client.go_to("settings")
        await client.at("sign-out").click()
        await expect(client.at("login-form")).to_be_visible()
        await client.page.reload()
        await expect(client.at("login-form")).to_be_visible()
        assert client.complaints == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Benutzername oder Passwort stimmt nicht."),
        ("en", "User name or password is not right."),
    ],
)
async def test_wrong_password_is_told(
    demo: Demo, chrome: Chromium, language: Language, sentence: str
) -> None:
    async with web_client(chrome, demo.facts["web"], language=language) as client:
        await client.sign_in(demo.user("18")["login"], "not the password")
        await expect(client.at("login-error")).to_have_attribute("data-error", "wrong")
        await expect(client.at("login-error")).to_have_text(sentence)
        await expect(client.page.locator("html")).to_have_attribute("lang", language)
        # The browser itself reports the refusal, and nothing else is wrong.
        assert [text for text in client.complaints if "401" not in text] == []


async def test_administrator_without_an_extension(demo: Demo, chrome: Chromium) -> None:
    account = next(account for account in demo.facts["accounts"] if account["role"] == "customer")
    async with web_client(chrome, demo.facts["web"]) as client:
        await client.sign_in(account["login"], account["password"])
        await expect(client.at("office")).to_be_visible()
        await expect(client.at("role")).to_have_attribute("data-role", "customer")
        await expect(client.at("call-button")).to_have_count(0)
        await expect(client.at("banner")).to_have_count(0)


@pytest.mark.parametrize("language", ["de", "en"])
async def test_no_text_is_missing(demo: Demo, chrome: Chromium, language: Language) -> None:
    keys = _keys(json.loads((_LOCALES / f"{language}.json").read_text()))
    async with signed_in(chrome, demo, "10", language=language) as anna:
        for page in ("calls", "colleagues", "settings"):
            await anna.go_to(page)
            text = await anna.page.locator("body").inner_text()
            assert [key for key in keys if key in text] == []


def _keys(texts: dict[str, object], above: str = "") -> list[str]:
    keys = []
    for name, value in texts.items():
        path = f"{above}{name}"
        keys += _keys(value, f"{path}.") if isinstance(value, dict) else [path.partition("_")[0]]
    return keys
