"""Every page and every state of a call, looked at by axe-core: nothing keeps people out (WCAG 2.2 AA)."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.axe import inspect
from tests.browser.people import signed_in
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium, web_client
from tests.peers.system import Demo

_PHONE = (390, 844)


@pytest.mark.feature("S1")
async def test_door(demo: Demo, chrome: Chromium) -> None:
    async with web_client(chrome, demo.facts["web"]) as client:
        await expect(client.at("login-form")).to_be_visible()
        await inspect(client, "sign-in")
        await client.sign_in(demo.user("18")["login"], "not the password")
        await expect(client.at("login-error")).to_be_visible()
        await inspect(client, "sign-in refused")


@pytest.mark.feature("S1")
async def test_pages_and_calls(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "13") as david,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await inspect(david, "calls")
        await bernd.dial("13")
        await david.rings()
        await inspect(david, "incoming call")
        await bernd.hang_up()
        await expect(david.at("call-list-row").first).to_have_attribute("data-result", "missed")
        await inspect(david, "missed call")
        await david.dial("11")
        await bernd.event("CALL_INCOMING", after=len(bernd.events) - 1)
        await david.call_is("ringing")
        await inspect(david, "ringing")
        await bernd.answer()
        await david.call_is("active")
        await david.press("1")
        await inspect(david, "in call, with the tone pad")
        await david.at("devices-toggle").click()
        await inspect(david, "in call, with the devices")
        await david.toggle_mute()
        await inspect(david, "muted")
        await david.hang_up()
        await david.call_is("ended")
        await inspect(david, "call ended")
        await david.dial("55")
        await david.call_failed("unknownNumber")
        await inspect(david, "call failed")
        await david.at("call-dismiss").click()
        await david.at("dial-input").fill("an")
        await inspect(david, "search")
        await david.at("dial-input").fill("112")
        await inspect(david, "emergency number")
        await david.go_to("colleagues")
        await expect(david.at("colleague")).to_have_count(12)
        await inspect(david, "colleagues")
        await david.go_to("settings")
        await inspect(david, "settings")


@pytest.mark.feature("S1")
async def test_small_screen(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "13", size=_PHONE) as david,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await david.go_to("phone")
        await inspect(david, "phone")
        await bernd.dial("13")
        await david.rings()
        await inspect(david, "incoming call")
        await david.answer()
        await david.call_is("active")
        await inspect(david, "in call")
        await david.at("call-minimise").click()
        await david.go_to("calls")
        await inspect(david, "in call, made small")
        await david.at("call-expand").click()
        await david.hang_up()
        await david.call_is("ended")
