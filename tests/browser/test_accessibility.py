"""Every page and every state of a call, looked at by axe-core: nothing keeps people out (WCAG 2.2 AA)."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.people import signed_in
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium, Scheme, WebClient, web_client
from tests.peers.system import Demo

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_PHONE = (390, 844)
_SETTLED = """() => Promise.all(
  document.getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().iterations !== Infinity)
    .map((animation) => animation.finished))"""


async def _inspect(client: WebClient, what: str) -> None:
    """Looks in both colour schemes, between which the client changes as the system does."""
    if await client.page.evaluate("typeof axe === 'undefined'"):
        await client.page.evaluate(_AXE.read_text() + "; undefined")
    for scheme in _SCHEMES:
        await client.page.emulate_media(color_scheme=scheme)
        await expect(client.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        await _inspect_now(client, f"{what}, {scheme}")


async def _inspect_now(client: WebClient, what: str) -> None:
    # What is still fading in has a contrast that nobody ever sees.
    await client.page.evaluate(_SETTLED)
    found: list[dict[str, Any]] = await client.page.evaluate(
        "async tags => (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations",
        _RULES,
    )
    # A tooltip stands outside of all landmarks, which is a moderate issue to axe-core and none to people.
    issues = [
        f"{what}: {issue['id']} ({issue['impact']}): {node['html'][:200]}\n    {node['failureSummary']}"
        for issue in found
        if issue["impact"] in ("serious", "critical")
        for node in issue["nodes"]
    ]
    assert issues == [], "\n".join(issues)


@pytest.mark.feature("S1")
async def test_door(demo: Demo, chrome: Chromium) -> None:
    async with web_client(chrome, demo.facts["web"]) as client:
        await expect(client.at("login-form")).to_be_visible()
        await _inspect(client, "sign-in")
        await client.sign_in(demo.user("18")["login"], "not the password")
        await expect(client.at("login-error")).to_be_visible()
        await _inspect(client, "sign-in refused")


@pytest.mark.feature("S1")
async def test_pages_and_calls(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "13") as david,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await _inspect(david, "calls")
        await bernd.dial("13")
        await david.rings()
        await _inspect(david, "incoming call")
        await bernd.hang_up()
        await expect(david.at("call-list-row").first).to_have_attribute("data-result", "missed")
        await _inspect(david, "missed call")
        await david.dial("11")
        await bernd.event("CALL_INCOMING", after=len(bernd.events) - 1)
        await david.call_is("ringing")
        await _inspect(david, "ringing")
        await bernd.answer()
        await david.call_is("active")
        await david.press("1")
        await _inspect(david, "in call, with the tone pad")
        await david.at("devices-toggle").click()
        await _inspect(david, "in call, with the devices")
        await david.toggle_mute()
        await _inspect(david, "muted")
        await david.hang_up()
        await david.call_is("ended")
        await _inspect(david, "call ended")
        await david.dial("55")
        await david.call_failed("unknownNumber")
        await _inspect(david, "call failed")
        await david.at("call-dismiss").click()
        await david.at("dial-input").fill("an")
        await _inspect(david, "search")
        await david.at("dial-input").fill("112")
        await _inspect(david, "emergency number")
        await david.go_to("colleagues")
        await expect(david.at("colleague")).to_have_count(12)
        await _inspect(david, "colleagues")
        await david.go_to("settings")
        await _inspect(david, "settings")


@pytest.mark.feature("S1")
async def test_small_screen(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "13", size=_PHONE) as david,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await david.go_to("phone")
        await _inspect(david, "phone")
        await bernd.dial("13")
        await david.rings()
        await _inspect(david, "incoming call")
        await david.answer()
        await david.call_is("active")
        await _inspect(david, "in call")
        await david.at("call-minimise").click()
        await david.go_to("calls")
        await _inspect(david, "in call, made small")
        await david.at("call-expand").click()
        await david.hang_up()
        await david.call_is("ended")
