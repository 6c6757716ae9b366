"""A reseller takes a new customer from nothing to the first call, in the browser, with a telephone beside."""

import time
from pathlib import Path

from playwright.async_api import expect
from tests.browser.axe import inspect
from tests.peers.baresip import Line, telephone
from tests.peers.browser import Chromium, WebClient, web_client
from tests.peers.system import Demo

_TEN_MINUTES = 600.0
_STEPS = ("licence", "trunk", "numbers", "site", "user", "telephone", "call")


class _Watch:
    """How long each step took."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._began = self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    async def done(self, step: str) -> None:
        """Wait until the page says that a step is done."""
        row = self._client.at(f"step-{step}")
        await expect(row).to_have_attribute("data-state", "done", timeout=30_000)
        now = time.monotonic()
        self.seconds[step], self._last = round(now - self._last, 1), now

    @property
    def total(self) -> float:
        return time.monotonic() - self._began


async def test_from_nothing_to_the_first_call(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    account = next(account for account in demo.facts["accounts"] if account["role"] == "reseller")
    async with web_client(chrome, demo.facts["web"]) as client:
        await client.sign_in(account["login"], account["password"])
        await expect(client.at("office")).to_be_visible()
        watch = _Watch(client)
        await client.at("admin-create").click()
        await _fill(client, name="Neu GmbH", domain="neu.example")
        await expect(client.at("setup")).to_have_attribute("data-next", "licence")
        await inspect(client, "nothing yet")
        await client.at("setup-base").click()
        await watch.done("licence")
        await _trunk_and_numbers(client, demo, watch)
        await client.at("setup-site").click()
        await _fill(client, name="Büro", street="Mainzer Straße 1", postcode="60311", city="Frankfurt")
        await watch.done("site")
        await client.at("setup-user").click()
        await client.at("field-name").fill("Nora Neu")
        await client.at("field-extension").fill("10")
        await expect(client.at("field-number")).to_have_value("+496990009010")
        await client.at("admin-submit").click()
        await watch.done("user")
        line = await _telephone_settings(client, demo)
        async with telephone(tmp_path, "nora", line) as nora:
            await client.page.keyboard.press("Escape")
            await watch.done("telephone")
            await nora.dial(demo.facts["outside"]["speech"])
            await watch.done("call")
            await nora.hang_up()
        await expect(client.at("setup")).to_have_attribute("data-next", "none")
        await inspect(client, "everything done", ["dark"])
        print("seconds of each step:", watch.seconds)
        assert tuple(watch.seconds) == _STEPS
        assert watch.total < _TEN_MINUTES


async def _fill(client: WebClient, **fields: str) -> None:
    for name, value in fields.items():
        await client.at(f"field-{name}").fill(value)
    await client.at("admin-submit").click()
    await expect(client.at("admin-form")).to_have_count(0)


async def _trunk_and_numbers(client: WebClient, demo: Demo, watch: _Watch) -> None:
    provider = demo.facts["provider"]
    host, _, port = provider["sip"].rpartition(":")
    spare = provider["spare"]
    await client.at("setup-trunk").click()
    await _fill(
        client, name="Anbieter", host=host, port=port, username=spare["username"], password=spare["password"]
    )
    await watch.done("trunk")
    await client.at("setup-numbers").click()
    await _fill(client, head=spare["head"], digits="2")
    await watch.done("numbers")


async def _telephone_settings(client: WebClient, demo: Demo) -> Line:
    """What the page tells to write into the telephone."""
    await client.at("setup-telephone").click()
    await client.at("device-name").fill("Empfang")
    await client.at("device-create").click()
    await expect(client.at("sip-ports")).to_contain_text("UDP")
    await expect(client.at("sip-domain")).to_contain_text(".")
    told = {
        what: await client.at(f"sip-{what}").inner_text() for what in ("server", "ports", "domain", "user")
    }
    udp = next(part.split()[1] for part in told["ports"].split(", ") if part.startswith("UDP"))
    assert f"{told['server']}:{udp}" == demo.facts["sip"]["udp"]
    return Line(
        user=told["user"],
        password=await client.at("sip-password").inner_text(),
        domain=told["domain"],
        proxy=f"{told['server']}:{udp}",
    )
