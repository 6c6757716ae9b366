"""The client and the simulated public network, and every failure as a person reads it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.audio import level
from tests.browser.people import assert_hears, signed_in
from tests.integration import listening
from tests.peers.baresip import Line, telephone
from tests.peers.browser import Chromium, Language, WebClient
from tests.peers.system import Demo

LANGUAGES: tuple[Language, ...] = ("de", "en")


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=LANGUAGES)
async def reader(
    request: pytest.FixtureRequest, demo: Demo, chrome: Chromium
) -> AsyncIterator[tuple[Language, WebClient]]:
    """Somebody who reads German or English."""
    language: Language = request.param
    async with signed_in(chrome, demo, "10", language=language) as anna:
        yield language, anna


async def _fails(client: WebClient, number: str, failure: str, sentence: str, *, seconds: float = 10) -> None:
    await client.dial(number)
    await client.call_failed(failure, seconds=seconds)
    await expect(client.at("call-state")).to_contain_text(sentence)
    await expect(client.at("call-state")).to_have_attribute("role", "alert")
    await client.at("call-dismiss").click()


async def test_busy(demo: Demo, reader: tuple[Language, WebClient]) -> None:
    language, anna = reader
    sentence = {"de": "Der Anschluss ist besetzt.", "en": "The line is busy."}[language]
    await _fails(anna, demo.facts["outside"]["busy"], "busy", sentence)


@pytest.mark.parametrize("which", ["inside", "outside"])
async def test_unknown_number(demo: Demo, reader: tuple[Language, WebClient], which: str) -> None:
    language, anna = reader
    number = "55" if which == "inside" else demo.facts["outside"]["unknown"]
    sentence = {"de": "Diese Rufnummer ist nicht bekannt.", "en": "This number is not known."}[language]
    await _fails(anna, number, "unknownNumber", sentence)


async def test_colleague_without_a_telephone(reader: tuple[Language, WebClient]) -> None:
    language, anna = reader
    sentence = {
        "de": "Die Person ist gerade nicht erreichbar.",
        "en": "The person is not reachable at the moment.",
    }[language]
    await _fails(anna, "19", "unreachable", sentence)


async def test_nobody_answers_and_the_caller_gives_up(demo: Demo, reader: tuple[Language, WebClient]) -> None:
    language, anna = reader
    await anna.dial(demo.facts["outside"]["no_answer"])
    await anna.call_is("ringing")
    await anna.hang_up()
    await anna.call_is("ended")
    sentence = {"de": "Anruf abgebrochen.", "en": "Call cancelled."}[language]
    await expect(anna.at("call-state")).to_have_text(sentence)
    await anna.at("call-dismiss").click()


async def test_provider_down(demo: Demo, chrome: Chromium) -> None:
    async with (
        signed_in(chrome, demo, "10") as german,
        signed_in(chrome, demo, "12", language="en") as english,
    ):
        echo = demo.facts["outside"]["echo"]
        demo.pause("kamailio")
        try:
            await german.dial(echo)
            await english.dial(echo)
            await german.call_failed("providerUnreachable", seconds=40)
            await english.call_failed("providerUnreachable")
            await expect(german.at("call-state")).to_contain_text(
                "Der Telefonanbieter ist gerade nicht erreichbar."
            )
            await expect(english.at("call-state")).to_contain_text("The telephone provider cannot be reached")
            await german.at("call-dismiss").click()
            # As the sentence says: internal calls still work.
            await german.dial("12")
            await english.rings()
            await german.hang_up()
            await german.call_is("ended")
            await german.at("call-dismiss").click()
        finally:
            demo.resume("kamailio")
        await german.dial(echo)
        await german.call_is("active")
        await assert_hears(german, german.tone)


@pytest.mark.feature("T1", "V5")
async def test_echo_number_sends_our_own_tone_back(demo: Demo, chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna:
        await anna.dial(demo.facts["outside"]["echo"])
        await anna.call_is("active")
        await assert_hears(anna, anna.tone)


async def test_speech_number_speaks(demo: Demo, chrome: Chromium) -> None:
    async with signed_in(chrome, demo, "10") as anna:
        await anna.dial(demo.facts["outside"]["speech"])
        await anna.call_is("active")
        for _ in range(50):
            samples, _ = await anna.heard(1.0)
            if level(samples) > -30:
                return
            await anna.page.wait_for_timeout(100)
        pytest.fail(f"no speech, but {level(samples):.0f} dBFS")


@pytest.mark.feature("T1", "V5")
async def test_somebody_outside_calls_the_client(demo: Demo, chrome: Chromium, tmp_path: Path) -> None:
    exchange = demo.facts["provider"]["sip"]
    line = Line(user="+494066969077", password="-", domain=exchange, proxy=exchange)
    async with (
        signed_in(chrome, demo, "12") as clara,
        telephone(tmp_path, "outside", line, tone=440, register=False) as caller,
    ):
        await caller.dial(f"sip:{demo.user('12')['number']}@{exchange}")
        await clara.rings()
        await expect(clara.at("incoming-name")).to_have_text("+49 40 66969077")
        await clara.answer()
        await clara.call_is("active")
        await caller.event("CALL_ESTABLISHED")
        await assert_hears(clara, 440)
        await listening.assert_hears(caller, clara.tone)
        await caller.hang_up()
        await clara.call_is("ended")
        newest = clara.at("call-list-row").first
        await expect(newest).to_have_attribute("data-number", "+494066969077")
        await expect(newest).to_have_attribute("data-result", "answered")


@pytest.mark.feature("T5", "V5")
@pytest.mark.parametrize("number", ["112", "110"])
async def test_emergency_call_goes_out_at_once(demo: Demo, chrome: Chromium, number: str) -> None:
    async with signed_in(chrome, demo, "10") as anna:
        await anna.dial(number)
        await anna.call_is("active")
        await expect(anna.at("call-card")).to_have_attribute("data-emergency", "true")
        await anna.hang_up()
        await anna.call_is("ended")
