"""Call control dies in the middle of a call: the client comes back by itself, and nobody hears a thing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect
from tests.audio import longest_gap
from tests.browser.people import assert_hears, assert_hears_now, signed_in
from tests.integration import listening
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port

_LONGEST_GAP = 0.2


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo to break things in."""
    with running_demo(tmp_path_factory.mktemp("fragile"), free_base_port()) as running:
        yield running


@pytest.mark.feature("V5")
@pytest.mark.parametrize("who", ["client", "telephone"])
async def test_call_goes_on_and_can_be_hung_up(
    fragile: Demo, chrome: Chromium, tmp_path: Path, who: Literal["client", "telephone"]
) -> None:
    demo = fragile
    async with (
        signed_in(chrome, demo, "10", may_complain=True) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.call_is("active")
        await assert_hears(anna, 1000)
        await listening.assert_hears(bernd, anna.tone)
        with listening.watching(bernd) as at_bernd:
            demo.kill("call-control")
            badge = anna.at("registration-state")
            await expect(badge).to_have_attribute("data-state", "offline")
            await expect(anna.at("banner")).to_have_attribute("data-kind", "offline")
            await anna.registered(seconds=20)
        assert at_bernd.longest_stall < _LONGEST_GAP
        assert listening.hears_now(bernd, anna.tone)
        await assert_hears_now(anna, 1000)
        samples, rate = await anna.heard()
        # The first second belongs to the setting up.
        assert longest_gap(samples[rate:], rate, 1000, below_dbfs=-30) < _LONGEST_GAP
        await anna.call_is("active")
        await expect(anna.at("banner")).not_to_have_attribute("data-kind", "offline")
        if who == "client":
            await anna.hang_up()
            await bernd.event("CALL_CLOSED")
            await expect(anna.at("call-card")).to_have_attribute("data-failure", "local")
        else:
            await bernd.hang_up()
            await expect(anna.at("call-card")).to_have_attribute("data-failure", "remote")
        await expect(anna.at("call-list-row").first).to_have_attribute("data-result", "answered")
        await anna.at("call-dismiss").click()
        # Calls come in and go out as before.
        seen = len(bernd.events)
        await bernd.dial("10")
        await anna.rings()
        await anna.answer()
        await bernd.event("CALL_ESTABLISHED", after=seen)
        await assert_hears_now(anna, 1000)
