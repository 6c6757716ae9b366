"""The web client in Chromium, used as a person uses it: a microphone that says a tone, ears, eyes, fingers.

The client itself knows nothing of tests. What it lets people hear is recorded inside the page (`ear.js`), and
its state is read from `data-` attributes, so that no text has to be known.
"""

import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    StorageState,
    expect,
)
from tests.audio import Samples, sine, write_wav

_CHROMIUM = "/usr/bin/chromium"
_EAR = Path(__file__).with_name("ear.js")
_MICROPHONE_RATE = 48000
_KEYS = {"*": "star", "#": "hash"}
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

CallState = Literal["dialling", "ringing", "early", "connecting", "active", "ended"]
Language = Literal["de", "en"]
Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser; everybody in it speaks with the same tone.

    Attributes:
        tone: What its microphone hears, in hertz.
        visits: What the browser profiles of people keep who stay signed in, by address and login.
    """

    browser: Browser
    tone: int
    visits: dict[tuple[str, str], StorageState] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def chromium(playwright: Playwright, folder: Path, *, tone: int) -> AsyncIterator[Chromium]:
    """A browser for the length of a block.

    Args:
        playwright: Started by the caller.
        folder: For the sound of its microphone.
        tone: In hertz, a whole number, so that it has no seam where it begins again each second.
    """
    sound = write_wav(folder / f"tone-{tone}.wav", [sine(tone, 1.0, _MICROPHONE_RATE)], _MICROPHONE_RATE)
    browser = await playwright.chromium.launch(
        executable_path=_CHROMIUM, args=[*_FLAGS, f"--use-file-for-fake-audio-capture={sound}"]
    )
    try:
        yield Chromium(browser, tone)
    finally:
        await browser.close()


@dataclass(slots=True)
class WebClient:
    """The client of one person; made by `web_client`.

    Attributes:
        page: For what this class has no verb for.
        complaints: Errors in the browser's console and uncaught ones, as they came.
    """

    page: Page
    tone: int
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, login: str, password: str) -> None:
        """Fill in the door's form and knock; whether it opens is for the caller to see."""
        await self.at("login-name").fill(login)
        await self.at("login-password").fill(password)
        await self.at("login-submit").click()

    async def choose_language(self, language: Language) -> None:
        """Change it in the settings, and return to the page before."""
        before = self.page.url
        await self.go_to("settings")
        await self.at("language-select").click()
        await self.page.get_by_role("option", name={"de": "Deutsch", "en": "English"}[language]).click()
        await expect(self.page.locator("html")).to_have_attribute("lang", language)
        await self.page.goto(before)

    async def registered(self, *, seconds: float = 15) -> None:
        """Wait until calls can come and go."""
        badge = self.at("registration-state")
        await expect(badge).to_have_attribute("data-state", "online", timeout=seconds * 1000)

    async def dial(self, number: str) -> None:
        """Write a number into the dial field and call it."""
        await self.at("dial-input").fill(number)
        await self.at("call-button").click()

    async def rings(self, *, seconds: float = 10) -> None:
        """Wait until somebody calls."""
        await expect(self.at("incoming-dialog")).to_be_visible(timeout=seconds * 1000)

    async def answer(self) -> None:
        """Take the call that rings."""
        await self.at("answer").click()

    async def decline(self) -> None:
        """Refuse the call that rings."""
        await self.at("decline").click()

    async def hang_up(self) -> None:
        """End or cancel the call one is in."""
        await self.at("hangup").click()

    async def toggle_mute(self) -> None:
        """Press the microphone's button."""
        await self.at("mute").click()

    async def press(self, digits: str) -> None:
        """Press keys of the tone pad."""
        pad = self.at("dtmf-toggle")
        if await pad.get_attribute("aria-pressed") != "true":
            await pad.click()
        for digit in digits:
            await self.at(f"dtmf-key-{_KEYS.get(digit, digit)}").click()

    async def call_is(self, state: CallState, *, seconds: float = 10) -> None:
        """Wait for a state of the call."""
        await expect(self.at("call-state")).to_have_attribute("data-state", state, timeout=seconds * 1000)

    async def call_failed(self, failure: str, *, seconds: float = 10) -> None:
        """Wait for the end of the call and compare why."""
        await self.call_is("ended", seconds=seconds)
        await expect(self.at("call-card")).to_have_attribute("data-failure", failure)

    async def go_to(self, page: Literal["calls", "colleagues", "settings", "phone"]) -> None:
        """Use the navigation."""
        await self.at(f"nav-{page}").click()

    async def heard(self, seconds: float | None = None) -> tuple[Samples, int]:
        """What could be heard of the other side since the answer, or in the last so many seconds.

        Returns:
            Samples and their rate.
        """
        recorded = await self.page.evaluate("seconds => testEar.heard(seconds)", seconds)
        return np.frombuffer(base64.b64decode(recorded["samples"]), dtype="<i2"), int(recorded["rate"])

    def at(self, test_id: str) -> Locator:
        """What the client calls by this test id."""
        return self.page.get_by_test_id(test_id)


@contextlib.asynccontextmanager
async def web_client(
    within: Chromium,
    address: str,
    *,
    language: Language = "de",
    scheme: Scheme = "light",
    size: tuple[int, int] = (1280, 800),
    notifications: bool = False,
    visit: StorageState | None = None,
) -> AsyncIterator[WebClient]:
    """A client in a browser profile of its own for the length of a block.

    Args:
        within: The browser.
        address: Of the web listener.
        language: Of the person's browser.
        scheme: What the person's system prefers.
        size: Of the window, in pixels.
        notifications: Whether the person has allowed them already.
        visit: What the profile has kept of an earlier visit; without it the sign-in page is what comes first.
    """
    context = await within.browser.new_context(
        ignore_https_errors=True,
        locale={"de": "de-DE", "en": "en-GB"}[language],
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        # Naming any permission refuses all others; unnamed, a flag of the browser grants the microphone.
        permissions=["microphone", "notifications"] if notifications else None,
        storage_state=visit,
    )
    try:
        yield await _open(context, within, address)
    finally:
        await context.close()


async def _open(context: BrowserContext, within: Chromium, address: str) -> WebClient:
    await context.add_init_script(path=_EAR)
    # A steady tone is noise to the browser's noise suppression.
    await context.add_init_script(
        "localStorage.getItem('stimme.preferences') ??"
        " localStorage.setItem('stimme.preferences', JSON.stringify({voiceProcessing: false}))"
    )
    page = await context.new_page()
    client = WebClient(page, within.tone)

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            client.complaints.append(f"{message.text} ({message.location.get('url')})")

    def uncaught(error: Error) -> None:
        client.complaints.append(f"uncaught: {error}")

    page.on("console", console)
    page.on("pageerror", uncaught)
    await page.goto(address)
    return client
