"""Symmetric RTP that a stranger cannot hijack ("RTP bleed")."""

from collections.abc import Awaitable, Callable

import pytest
from tests.audio import tone_level
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone

from stimme.media import RemoteMedia

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


async def test_a_stranger_is_neither_heard_nor_answered(client: Client, phones: Phones) -> None:
    a, b, stranger = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(500, 0.1)
    stranger.dial(legs[0].local)
    await stranger.speak(1500, 0.2)
    await b.speak(900, 0.2)
    await a.hears(10)
    assert stranger.heard == []
    assert len(b.heard) == 5
    assert (await legs[0].stats()).packets_received == 5


async def test_a_telephone_behind_a_nat_is_found(client: Client, phones: Phones) -> None:
    a, b, stranger = [await phones("PCMA") for _ in range(3)]
    behind_nat = await client.engine.create_endpoint("rtp", tag="nat")
    await behind_nat.configure(RemoteMedia("192.0.2.55", 4000), a.codecs)
    await client.engine.bridge(behind_nat, await client.leg(b), tag="call")
    a.dial(behind_nat.local)
    stranger.dial(behind_nat.local)
    await a.speak(500, 0.1)
    await stranger.speak(1500, 0.1)
    await b.speak(900, 0.2)
    await a.hears(10)
    assert stranger.heard == []
    assert len(b.heard) == 5
    assert tone_level(b.audio(), 8000, 1500) < -60


async def test_the_signalled_source_replaces_one_that_came_first(client: Client, phones: Phones) -> None:
    a, b, stranger = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    stranger.dial(legs[0].local)
    await stranger.speak(1500, 0.1)
    await a.speak(500, 0.1)
    await stranger.speak(1500, 0.1)
    heard = len(stranger.heard)
    await b.speak(900, 0.1)
    await a.hears(5)
    assert len(stranger.heard) == heard
    assert len(b.heard) == 10, "five of the stranger, then only the telephone"


async def test_a_telephone_that_moves_is_followed_when_signalled(client: Client, phones: Phones) -> None:
    a, moved, b = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(500, 0.1)
    await legs[0].configure(moved.remote, moved.codecs)
    moved.dial(legs[0].local)
    await b.speak(900, 0.1)
    await moved.hears(5)
    await moved.speak(600, 0.1)
    await b.hears(10)
    assert a.heard == []
