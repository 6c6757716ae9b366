"""Calls between colleagues, at the client and at desk telephones: what both hear, see and do."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.people import assert_hears, assert_hears_now, signed_in, silent
from tests.integration import listening
from tests.peers.baresip import telephone
from tests.peers.browser import Chromium, WebClient
from tests.peers.system import Demo


@pytest.mark.feature("S1", "V5", "K2")
@pytest.mark.interop(client="JsSIP in Chromium", feature="call to a desk telephone, DTLS-SRTP to RTP")
async def test_client_calls_a_desk_telephone(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "10") as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
    ):
        await anna.dial("11")
        ringing = await bernd.event("CALL_INCOMING")
        assert ringing["peerdisplayname"] == "Anna Arendt"
        await anna.call_is("ringing")
        await bernd.answer()
        await anna.call_is("active")
        await assert_hears(anna, 1000)
        await listening.assert_hears(bernd, anna.tone)
        await anna.hang_up()
        await bernd.event("CALL_CLOSED")
        await expect(anna.at("call-card")).to_have_attribute("data-failure", "local")


@pytest.mark.feature("S1", "V5", "K2")
@pytest.mark.interop(client="JsSIP in Chromium", feature="call from a desk telephone")
async def test_desk_telephone_calls_a_client(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "10") as anna,
        telephone(tmp_path, "bernd", demo.line("11", "tls"), tone=1000, codecs="G722") as bernd,
    ):
        await bernd.dial("10")
        await anna.rings()
        await expect(anna.at("incoming-name")).to_have_text("Bernd Brandt")
        await expect(anna.at("incoming-number")).to_have_text("11")
        await expect(anna.page).to_have_title("☎ Eingehender Anruf von Bernd Brandt")
        await bernd.event("CALL_RINGING")
        await anna.answer()
        await anna.call_is("active")
        await bernd.event("CALL_ESTABLISHED")
        await assert_hears(anna, 1000)
        await listening.assert_hears(bernd, anna.tone)
        await bernd.hang_up()
        await expect(anna.at("call-card")).to_have_attribute("data-failure", "remote")


@pytest.mark.feature("S1", "V5")
@pytest.mark.interop(client="JsSIP in Chromium", feature="call between browsers")
async def test_client_calls_a_client(demo: Demo, chrome: Chromium, other_chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna, signed_in(other_chrome, demo, "12") as clara:
        await anna.dial("12")
        await clara.rings()
        await expect(clara.at("incoming-name")).to_have_text("Anna Arendt")
        await anna.call_is("ringing")
        await clara.answer()
        await anna.call_is("active")
        await clara.call_is("active")
        await assert_hears(anna, clara.tone)
        await assert_hears(clara, anna.tone)
        await clara.hang_up()
        await expect(anna.at("call-card")).to_have_attribute("data-failure", "remote")
        await _lists_a_call(anna, direction="outgoing", result="answered", number="12")
        await _lists_a_call(clara, direction="incoming", result="answered", number="10")


@pytest.mark.feature("P2", "V5")
async def test_mute_silences(demo: Demo, chrome: Chromium, other_chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna, signed_in(other_chrome, demo, "12") as clara:
        await _talk(anna, clara, "12")
        await assert_hears(clara, anna.tone)
        await anna.toggle_mute()
        await expect(anna.at("mute")).to_have_attribute("aria-pressed", "true")
        await _falls_silent(clara)
        await assert_hears_now(anna, clara.tone)
        await anna.toggle_mute()
        await expect(anna.at("mute")).to_have_attribute("aria-pressed", "false")
        await assert_hears_now(clara, anna.tone)


@pytest.mark.feature("K5", "V5")
@pytest.mark.interop(client="JsSIP in Chromium", feature="DTMF")
async def test_digits_arrive(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with (
        signed_in(chrome, demo, "10") as anna,
        telephone(tmp_path, "bernd", demo.line("11"), answer="auto") as bernd,
    ):
        await anna.dial("11")
        await anna.call_is("active")
        await listening.assert_hears(bernd, anna.tone)
        await anna.press("0123456789*#")
        await expect(anna.at("dtmf-sent")).to_have_text("0123456789*#")

        def received() -> str:
            return "".join(event["param"] for event in bernd.events if event["type"] == "CALL_DTMF_START")

        await listening.eventually(lambda: len(received()) >= 12, "twelve digits")
        assert received() == "0123456789*#"


@pytest.mark.feature("K1", "V5")
@pytest.mark.interop(client="JsSIP in Chromium", feature="declined call")
async def test_declined_call(demo: Demo, chrome: Chromium, other_chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna, signed_in(other_chrome, demo, "12") as clara:
        await anna.dial("12")
        await clara.rings()
        await clara.decline()
        await anna.call_failed("declined")
        await expect(anna.at("call-state")).to_contain_text("Der Anruf wurde abgelehnt.")
        await expect(clara.at("incoming-dialog")).to_have_count(0)
        await _lists_a_call(anna, direction="outgoing", result="declined", number="12")
        await _lists_a_call(clara, direction="incoming", result="declined", number="10")


@pytest.mark.feature("K1", "S1")
async def test_missed_call_is_counted(demo: Demo, chrome: Chromium, other_chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna, signed_in(other_chrome, demo, "12") as clara:
        await clara.go_to("settings")
        await anna.dial("12")
        await clara.rings()
        await anna.hang_up()
        await expect(clara.at("incoming-dialog")).to_have_count(0)
        await expect(clara.at("missed-badge")).to_have_text("1")
        await clara.go_to("calls")
        await _lists_a_call(clara, direction="incoming", result="missed", number="10")
        # Looking at the list for a while is what makes a missed call an old one.
        await expect(clara.at("missed-badge")).to_have_count(0)


@pytest.mark.feature("P2", "S1")
@pytest.mark.interop(client="JsSIP in Chromium", feature="parallel ringing with a desk telephone")
async def test_call_answered_at_the_desk_stops_ringing_here(
    demo: Demo, chrome: Chromium, other_chrome: Chromium, tmp_path: Path
) -> None:
    async with (
        signed_in(chrome, demo, "10") as anna,
        signed_in(other_chrome, demo, "12") as clara,
        telephone(tmp_path, "desk", demo.line("12"), tone=1000) as desk,
    ):
        await anna.dial("12")
        await clara.rings()
        await desk.event("CALL_INCOMING")
        await desk.answer()
        await anna.call_is("active")
        await expect(clara.at("call-card")).to_have_attribute("data-failure", "elsewhere")
        await expect(clara.at("call-state")).to_have_text("An einem anderen Gerät angenommen.")
        await assert_hears(anna, 1000)


@pytest.mark.feature("S5")
async def test_lines_of_colleagues_are_live(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    async with signed_in(chrome, demo, "10") as anna:
        await anna.go_to("colleagues")
        bernd_there = anna.page.locator('[data-testid=colleague][data-extension="11"]')
        await expect(bernd_there).to_have_attribute("data-line", "offline")
        async with telephone(tmp_path, "bernd", demo.line("11")) as bernd:
            await expect(bernd_there).to_have_attribute("data-line", "free")
            await bernd_there.get_by_test_id("colleague-call").click()
            await bernd.event("CALL_INCOMING")
            await expect(bernd_there).to_have_attribute("data-line", "ringing")
            await bernd.answer()
            await expect(bernd_there).to_have_attribute("data-line", "busy")
            await anna.hang_up()
            await expect(bernd_there).to_have_attribute("data-line", "free")
        await expect(bernd_there).to_have_attribute("data-line", "offline")


async def _talk(caller: WebClient, called: WebClient, extension: str) -> None:
    await caller.dial(extension)
    await called.rings()
    await called.answer()
    await caller.call_is("active")


async def _lists_a_call(client: WebClient, *, direction: str, result: str, number: str) -> None:
    newest = client.at("call-list-row").first
    await expect(newest).to_have_attribute("data-direction", direction)
    await expect(newest).to_have_attribute("data-result", result)
    await expect(newest).to_have_attribute("data-number", number)


async def _falls_silent(client: WebClient) -> None:
    """Within two seconds, and for half a second."""
    async with asyncio.timeout(2.5):
        while not silent((await client.heard(0.5))[0]):
            await asyncio.sleep(0.1)
