"""Video between browsers: Chromium pages send coloured pictures and see those of others."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.integration.media.harness import Client
from tests.integration.media.network import Network
from tests.integration.media.video import Gallery, chromium

from stimme.media import EngineError, VideoShown
from stimme.sip.video import Video

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with async_playwright() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def gallery(browser: Browser, client: Client) -> Gallery:
    """Where browsers are let in."""
    return Gallery(browser, client)


def slides(place: int, video: Video) -> Video:
    """The second stream is a shared screen; browsers have no word for that in their SDP."""
    return replace(video, content="slides") if place == 1 else video


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264"])
async def test_two_browsers_see_each_other(gallery: Gallery, client: Client, codec: str) -> None:
    red, lime = [await gallery.enter(colour, codec=codec) for colour in ("red", "lime")]
    if not red.streams[0].codecs:
        pytest.skip(f"this browser has no {codec}")
    await client.engine.bridge(red.endpoint, lime.endpoint, tag="call")
    await red.sees("lime")
    await lime.sees("red")
    await red.paint("blue")
    await lime.sees("blue")
    (video,) = (await red.endpoint.stats()).video
    assert (video.codec, video.source) == (codec, (lime.endpoint.id, lime.streams[0].mid))
    assert video.packets_received > 0
    assert video.packets_sent > 0
    shown = client.seen(VideoShown)
    assert {(event.endpoint_id, event.source_id) for event in shown} == {
        (red.endpoint.id, lime.endpoint.id),
        (lime.endpoint.id, red.endpoint.id),
    }


async def test_another_partner_is_one_stream_for_the_viewer(gallery: Gallery, client: Client) -> None:
    red, lime, blue = [await gallery.enter(colour) for colour in ("red", "lime", "blue")]
    await client.engine.bridge(red.endpoint, lime.endpoint, tag="first")
    await red.sees("lime")
    await blue.sees_nothing()
    await blue.sends()
    await client.engine.bridge(red.endpoint, blue.endpoint, tag="second")
    await red.sees("blue")
    await blue.sees("red")
    await client.engine.bridge(red.endpoint, lime.endpoint, tag="third")
    await red.sees("lime")
    received = next(figure for figure in await red.figures() if figure["type"] == "inbound-rtp")
    assert received["packetsLost"] == 0
    assert received["pliCount"] <= 1
    (video,) = (await blue.endpoint.stats()).video
    assert video.keyframes_asked >= 1, "a viewer who comes in the middle needs a key frame"
    assert (await red.endpoint.stats()).video[0].source == (lime.endpoint.id, lime.streams[0].mid)


async def test_a_room_of_three_sees_who_speaks(gallery: Gallery, client: Client) -> None:
    room = await client.engine.create_room(tag="three")
    red, lime, blue = [await gallery.enter(colour) for colour in ("red", "lime", "blue")]
    for person in (red, lime, blue):
        await room.add(person.endpoint)
    await blue.speak(0.5)
    await red.sees("blue")
    await lime.sees("blue")
    await blue.speak(0)
    await lime.speak(0.5)
    await red.sees("lime")
    await blue.sees("lime")
    await lime.sees("blue")
    mid = blue.streams[0].mid
    await room.watch(blue.endpoint, mid, source=red.endpoint)
    await blue.sees("red")
    await room.watch(blue.endpoint, mid)
    await blue.sees("lime")
    await room.remove(lime.endpoint)
    await blue.sees("red")
    with pytest.raises(EngineError, match="room"):
        await room.watch(blue.endpoint, mid, source=lime.endpoint)
    with pytest.raises(EngineError, match="stream"):
        await room.watch(blue.endpoint, "none", source=red.endpoint)


async def test_a_shared_screen_is_seen_beside_who_speaks(gallery: Gallery, client: Client) -> None:
    room = await client.engine.create_room(tag="screen")
    sharer = await gallery.enter("red", "yellow", change=slides)
    viewers = [await gallery.enter(colour, receive=1, change=slides) for colour in ("lime", "blue")]
    for person in (sharer, *viewers):
        await room.add(person.endpoint)
    await sharer.speak(0.5)
    for viewer in viewers:
        await viewer.sees("red")
        await viewer.sees("yellow", place=1)
    await room.watch(viewers[0].endpoint, viewers[0].streams[1].mid, nothing=True)
    await viewers[0].stays(place=1)
    await room.watch(viewers[0].endpoint, viewers[0].streams[1].mid)
    await viewers[0].sees("yellow", place=1)


@pytest.mark.timeout(240)
async def test_layers_are_chosen_by_what_the_network_carries(gallery: Gallery, client: Client) -> None:
    """A viewer's network becomes narrow and wide again: that is certain, how busy the machine is is not."""
    layers = [
        {"rid": "q", "scaleResolutionDownBy": 4, "maxBitrate": 50_000},
        {"rid": "h", "scaleResolutionDownBy": 2, "maxBitrate": 400_000},
    ]
    # What the higher layer needs is between the two.
    narrow, wide = range(200_000), range(350_000, 10**9)
    with Network() as network:
        sender = await gallery.enter("red", layers=layers, size=(640, 360), noise=True)
        viewer = await gallery.enter("lime", network=network)
        room = await client.engine.create_room(tag="layers")
        for person in (sender, viewer):
            await room.add(person.endpoint)
        await viewer.sees("red")
        await sender.sends_at(300_000)
        await viewer.is_shown("h", carried=wide)
        await viewer.sees_width(320)
        # Room for the lower layer and the sound, and not for half of the higher one.
        network.rate = 160_000
        await viewer.is_shown("q", carried=narrow)
        await viewer.sees_width(160)
        await viewer.sees("red")
        network.rate = None
        await viewer.is_shown("h", carried=wide)
        await viewer.sees_width(320)
    (sent,) = (await sender.endpoint.stats()).video
    (seen,) = (await viewer.endpoint.stats()).video
    assert sent.layers == len(layers)
    assert seen.source == (sender.endpoint.id, sender.streams[0].mid)
    assert seen.switches >= 2
