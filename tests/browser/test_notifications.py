"""Somebody calls while the client is out of sight."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.people import signed_in
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium
from tests.peers.system import Demo

_WITNESS = """() => {
window.shown = []
const Shown = window.Notification
window.Notification = class extends Shown {
  constructor(title, options) {
    super(title, options)
    window.shown.push({ title, closed: false, notification: this })
  }
  close() {
    super.close()
    for (const one of window.shown) if (one.notification === this) one.closed = true
  }
}
}"""
_SHOWN = "shown.map(({ title, closed }) => [title, closed])"


@pytest.mark.feature("S8")
async def test_person_is_asked_and_may_say_later(demo: Demo, chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna:
        await anna.page.evaluate(
            "() => { asked = 0; Notification.requestPermission = async () => (asked += 1, 'default') }"
        )
        question = anna.at("banner")
        await expect(question).to_have_attribute("data-kind", "notifications")
        await question.get_by_role("button", name="Benachrichtigungen einschalten").click()
        assert await anna.page.evaluate("asked") == 1
        await question.get_by_role("button", name="Jetzt nicht").click()
        await expect(question).to_have_count(0)
        await anna.page.reload()
        await anna.registered()
        await expect(question).to_have_count(0)


@pytest.mark.feature("S8")
async def test_incoming_call_shows_a_desktop_notification(
    demo: Demo, chrome: Chromium, tmp_path: Path
) -> None:
    async with (
        signed_in(chrome, demo, "10", notifications=True) as anna,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await anna.page.evaluate(_WITNESS)
        await bernd.dial("10")
        await anna.rings()
        assert await anna.page.evaluate(_SHOWN) == [], "who looks at the client needs none"
        await bernd.hang_up()
        await expect(anna.at("incoming-dialog")).to_have_count(0)

        # Playwright lets every page believe that it is in front; this one must not.
        devtools = await anna.page.context.new_cdp_session(anna.page)
        await devtools.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
        front = await anna.page.context.new_page()
        await front.bring_to_front()
        await anna.page.wait_for_function("!document.hasFocus()")
        await bernd.dial("10")
        await anna.rings()
        assert await anna.page.evaluate(_SHOWN) == [["Anruf von Bernd Brandt", False]]
        await bernd.hang_up()
        await expect(anna.at("incoming-dialog")).to_have_count(0)
        assert await anna.page.evaluate(_SHOWN) == [["Anruf von Bernd Brandt", True]]
