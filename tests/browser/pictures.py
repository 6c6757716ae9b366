"""``python -m tests.browser.pictures [--all FOLDER]``: makes the pictures of the documentation anew.

It starts a demo, lets people telephone, and photographs the client; with ``--all`` every page of it,
wide and narrow, light and dark, for looking at them.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect
from tests.browser.people import signed_in
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium, Scheme, WebClient, chromium, web_client
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port

_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_WIDE, _NARROW = (1280, 800), (390, 844)
_SETTLE_MS = 600
"""Until what fades in has done so."""


async def _photograph(client: WebClient, file: Path) -> None:
    await client.page.wait_for_timeout(_SETTLE_MS)
    await client.page.screenshot(path=file)


async def _history(within: Chromium, demo: Demo, folder: Path) -> None:
    """Calls that a working day leaves behind."""
    outside = demo.facts["outside"]
    async with (
        signed_in(within, demo, "10") as anna,
        telephone(folder, "clara", demo.line("12")) as clara,
        telephone(folder, "greta", demo.line("16"), answer="auto"),
    ):
        for number, seconds in (("16", 3), (outside["speech"], 4)):
            await anna.dial(number)
            await anna.call_is("active")
            await asyncio.sleep(seconds)
            await anna.hang_up()
            await anna.call_is("ended")
        await anna.dial(outside["busy"])
        await anna.call_is("ended")
        await clara.dial("10")
        await anna.rings()
        await clara.hang_up()
        await expect(anna.at("call-list-row").first).to_have_attribute("data-result", "missed")


async def _documentation(within: Chromium, demo: Demo, folder: Path) -> None:
    async with (
        telephone(folder, "bernd", demo.line("11"), tone=1000, answer="auto"),
        telephone(folder, "clara-there", demo.line("12")),
        telephone(folder, "greta-there", demo.line("16")),
    ):
        for name, size in (("client-call", _WIDE), ("client-phone", _NARROW)):
            async with signed_in(within, demo, "10", size=size, notifications=True) as anna:
                if size is _NARROW:
                    await anna.go_to("phone")
                await anna.dial("11")
                await anna.call_is("active")
                await expect(anna.at("call-quality")).to_have_attribute("data-level", "good")
                await _photograph(anna, _IMAGES / f"{name}.png")


async def _every_page(within: Chromium, demo: Demo, folder: Path, target: Path) -> None:
    for scheme in ("light", "dark"):
        for name, size in (("1280", _WIDE), ("390", _NARROW)):
            await _pages(within, demo, folder, target / f"{name}-{scheme}", scheme, size)


async def _pages(
    within: Chromium, demo: Demo, folder: Path, target: Path, scheme: Scheme, size: tuple[int, int]
) -> None:
    target.mkdir(parents=True, exist_ok=True)
    async with web_client(within, demo.facts["web"], scheme=scheme, size=size) as client:
        await expect(client.at("login-form")).to_be_visible()
        await _photograph(client, target / "0-sign-in.png")
    async with (
        signed_in(within, demo, "10", scheme=scheme, size=size) as anna,
        telephone(folder, f"bernd-{target.name}", demo.line("11"), tone=1000) as bernd,
    ):
        narrow = size is _NARROW
        await anna.go_to("calls")
        await _photograph(anna, target / "1-calls.png")
        for page in ("colleagues", "settings"):
            await anna.go_to(page)
            await _photograph(anna, target / f"2-{page}.png")
        await anna.go_to("phone" if narrow else "calls")
        await _photograph(anna, target / "3-main.png")
        await anna.at("dial-input").fill("an")
        await _photograph(anna, target / "3-search.png")
        await bernd.dial("10")
        await anna.rings()
        await _photograph(anna, target / "4-incoming.png")
        await anna.answer()
        await anna.call_is("active")
        await anna.page.wait_for_timeout(4500)
        await _photograph(anna, target / "5-call.png")
        await anna.press("4")
        await _photograph(anna, target / "6-keypad.png")
        await anna.at("devices-toggle").click()
        await _photograph(anna, target / "7-devices.png")
        await anna.hang_up()
        await anna.call_is("ended")
        await _photograph(anna, target / "8-ended.png")
        await anna.at("call-dismiss").click()
        await anna.dial("55")
        await anna.call_is("ended")
        await _photograph(anna, target / "9-failed.png")


async def _make(target: Path | None) -> None:
    with tempfile.TemporaryDirectory() as name, running_demo(Path(name) / "demo", free_base_port()) as demo:
        folder = Path(name)
        async with async_playwright() as playwright, chromium(playwright, folder, tone=620) as within:
            await _history(within, demo, folder)
            await _documentation(within, demo, folder)
            if target is not None:
                await _every_page(within, demo, folder, target)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--all", type=Path, metavar="FOLDER", help="every page, for looking at them")
    asyncio.run(_make(arguments.parse_args().all))
