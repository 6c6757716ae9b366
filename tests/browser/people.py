"""People at the web client: signed in, with ears, and with an eye on the browser's console."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from tests.audio import Samples, dominant_tone, level
from tests.integration.listening import first_second_of
from tests.peers.browser import Chromium, Language, Scheme, WebClient, web_client
from tests.peers.system import Demo

_LOUD_DBFS = -20.0
_SILENT_DBFS = -60.0
_TOLERANCE_HZ = 5.0


@contextlib.asynccontextmanager
async def signed_in(
    within: Chromium,
    demo: Demo,
    extension: str,
    *,
    language: Language = "de",
    scheme: Scheme = "light",
    size: tuple[int, int] = (1280, 800),
    notifications: bool = False,
    may_complain: bool = False,
) -> AsyncIterator[WebClient]:
    """A user at the client, ready for calls, for the length of a block.

    People sign in with the form once and stay signed in, as most do.
    The block fails at its end when anything has shown as an error in the browser's console.

    Args:
        within: The browser.
        demo: The system.
        extension: Whose.
        language: What the person reads.
        scheme: Light or dark.
        size: Of the window.
        notifications: Whether the person has allowed them already.
        may_complain: For tests that break the network, which browsers report as an error.
    """
    person, address = demo.user(extension), demo.facts["web"]
    known = within.visits.get((address, person["login"]))
    async with web_client(
        within,
        address,
        language=language,
        scheme=scheme,
        size=size,
        notifications=notifications,
        visit=known,
    ) as client:
        if known is None:
            await client.sign_in(person["login"], person["password"])
        await client.registered()
        within.visits[address, person["login"]] = known or await client.page.context.storage_state()
        if await client.page.locator("html").get_attribute("lang") != language:
            await client.choose_language(language)
            await client.registered()
        yield client
        assert may_complain or not client.complaints, "\n".join(client.complaints)


async def assert_hears(client: WebClient, hz: float, *, within: float = 1.0) -> None:
    """A tone is heard, loud, beginning within so many seconds after the answer."""
    deadline = time.monotonic() + within + 5
    while (began := first_second_of(*await client.heard(), hz)) is None:
        assert time.monotonic() < deadline, f"{hz} Hz: not heard, but {await _now(client)}"
        await asyncio.sleep(0.1)
    assert began <= within, f"{hz} Hz was heard after {began:.2f} s only"


async def assert_hears_now(client: WebClient, hz: float, *, seconds: float = 5.0) -> None:
    """A tone is heard, loud, in the last 0.4 s; it may take so many seconds to come."""
    deadline = time.monotonic() + seconds
    while True:
        tone, loudness = await _now(client)
        if abs(tone - hz) < _TOLERANCE_HZ and loudness > _LOUD_DBFS:
            return
        assert time.monotonic() < deadline, f"{hz} Hz: not heard, but {tone:.0f} Hz at {loudness:.0f} dBFS"
        await asyncio.sleep(0.1)


def silent(samples: Samples) -> bool:
    """Whether nobody would hear anything."""
    return level(samples) < _SILENT_DBFS


async def _now(client: WebClient) -> tuple[float, float]:
    samples, rate = await client.heard(0.4)
    return dominant_tone(samples, rate)
