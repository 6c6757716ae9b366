"""Browsers at the engine: Chromium pages that send coloured pictures and tell what colour they are shown."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Playwright
from tests.integration.media.harness import Client
from tests.integration.media.network import Network

from stimme.media import Codec, Endpoint, HeaderExtension, RemoteMedia, VideoStream
from stimme.sip import negotiation
from stimme.sip.negotiation import Audio
from stimme.sip.sdp import SessionDescription
from stimme.sip.video import Video, answer_video, common_extensions, video_media, videos_of

_CHROMIUM = "/usr/bin/chromium"
_PAGE = Path(__file__).with_name("video_page.js")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
)
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
_NEAR = 70
"""How far a colour may be from what was painted, in each part: codecs keep colours roughly."""


@contextlib.asynccontextmanager
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """A browser for the length of a block."""
    browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
    try:
        yield browser
    finally:
        await browser.close()


@dataclass(slots=True)
class Person:
    """A page that sends and sees, and its endpoint.

    Attributes:
        streams: its video streams as they were answered, the first ones send what it paints.
    """

    page: Page
    endpoint: Endpoint
    streams: tuple[Video, ...]

    async def sees(self, colour: str, *, place: int = 0, within: float = 30.0) -> dict[str, Any]:
        """Waits until one of its streams shows a colour, and the bar moves. Raises TimeoutError."""
        try:
            async with asyncio.timeout(within):
                while (first := await self._picture(colour, place)) is None:
                    await asyncio.sleep(0.05)
                while True:
                    await asyncio.sleep(0.05)
                    then = await self._picture(colour, place)
                    if then is not None and then["bar"] != first["bar"] and then["frames"] > first["frames"]:
                        return then
        except TimeoutError:
            raise AssertionError(f"no {colour}: {await self.shown(place)}, {await self.figures()}") from None

    async def _picture(self, colour: str, place: int) -> dict[str, Any] | None:
        shown = await self.shown(place)
        wanted = COLOURS[colour]
        if shown is None or any(
            abs(part - want) > _NEAR for part, want in zip(shown["colour"], wanted, strict=True)
        ):
            return None
        return shown

    async def shown(self, place: int = 0) -> dict[str, Any] | None:
        """What one of its streams shows at the moment."""
        shown: dict[str, Any] | None = await self.page.evaluate(
            "mid => videoPage.seen(mid)", self.streams[place].mid
        )
        return shown

    async def sends(self, *, place: int = 0, packets: int = 10, within: float = 30.0) -> None:
        """Waits until so many packets of one of its streams have come to the engine. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while (await self.endpoint.stats()).video[place].packets_received < packets:
                await asyncio.sleep(0.05)

    async def sends_at(self, rate: int, *, place: int = 0, within: float = 45.0) -> None:
        """Waits until a stream comes with so many bit/s, all layers together. Raises AssertionError."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while (await self.endpoint.stats()).video[place].bitrate_received < rate:
                    await asyncio.sleep(0.1)
                return
        raise AssertionError(f"not {rate} bit/s: {await self.endpoint.stats()}, {await self.figures()}")

    async def is_shown(self, layer: str, *, carried: range, place: int = 0, within: float = 45.0) -> None:
        """Waits until the engine shows it a layer, and has measured how many bit/s its network carries.

        Raises AssertionError.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    stats = await self.endpoint.stats()
                    if stats.video[place].layer == layer and stats.bandwidth in carried:
                        return
                    await asyncio.sleep(0.1)
        raise AssertionError(f"not {layer}: {await self.endpoint.stats()}")

    async def sees_nothing(self, *, place: int = 0) -> None:
        """Asserts that it has not been shown anything yet."""
        assert await self.shown(place) is None

    async def sees_width(self, width: int, *, place: int = 0, within: float = 30.0) -> None:
        """Waits until pictures are so wide. Raises AssertionError."""
        shown = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while (shown := await self.shown(place)) is None or shown["width"] != width:
                    await asyncio.sleep(0.1)
                return
        raise AssertionError(f"not {width} wide: {shown}, {await self.endpoint.stats()}")

    async def stays(self, *, place: int = 0, within: float = 10.0) -> None:
        """Waits until pictures do not change any more for a second. Raises TimeoutError."""
        async with asyncio.timeout(within):
            before = await self.shown(place)
            await asyncio.sleep(1)
            while before != (after := await self.shown(place)):
                before = after
                await asyncio.sleep(1)

    async def speak(self, loudness: float) -> None:
        """Says its tone, 0 to 1; 0 is silence."""
        await self.page.evaluate("loudness => videoPage.speak(loudness)", loudness)

    async def paint(self, colour: str, *, place: int = 0) -> None:
        """Sends another colour from now on."""
        await self.page.evaluate("([place, colour]) => videoPage.paint(place, colour)", [place, colour])

    async def stop(self, *, place: int = 0) -> None:
        """Sends no pictures any more."""
        await self.page.evaluate("place => videoPage.stop(place)", place)

    async def figures(self) -> list[dict[str, Any]]:
        """The browser's own statistics of its video streams."""
        figures: list[dict[str, Any]] = await self.page.evaluate("videoPage.figures()")
        return figures


class Gallery:
    """Lets browsers in, by offer and answer as call control does it."""

    def __init__(self, browser: Browser, client: Client) -> None:
        self._browser = browser
        self._client = client

    async def enter(
        self,
        *colours: str,
        codec: str = "VP8",
        layers: Sequence[dict[str, Any]] | None = None,
        size: tuple[int, int] = (320, 180),
        noise: bool = False,
        receive: int = 0,
        change: Callable[[int, Video], Video] = lambda _place, video: video,
        network: Network | None = None,
    ) -> Person:
        """A page that sends pictures of these colours.

        Args:
            colours: of each stream that it sends.
            codec: what it likes best.
            layers: encodings of simulcast, as `sendEncodings` of WebRTC.
            size: of its pictures.
            noise: whether they flicker, so that they cost as much as a layer may.
            receive: how many further streams it wants to receive.
            change: of a stream before it is answered, by its place.
            network: what lies between it and the engine.
        """
        page = await self._browser.new_page()
        await page.goto("about:blank")
        await page.add_script_tag(path=_PAGE)
        wanted = {
            "colours": list(colours),
            "codec": codec,
            "layers": None if layers is None else list(layers),
            "size": list(size),
            "noise": noise,
            "receive": receive,
        }
        offer: str = await page.evaluate("wanted => videoPage.offer(wanted)", wanted)
        endpoint = await self._client.engine.create_endpoint("webrtc", tag=f"page-{colours}")
        local = endpoint.local
        port = local.port if network is None else network.lead_to(local.address, local.port)
        answer, streams = await self._answer(endpoint, port, offer.encode(), change, codec)
        await page.evaluate("answer => videoPage.accept(answer)", answer.decode())
        return Person(page, endpoint, streams)

    async def _answer(
        self,
        endpoint: Endpoint,
        port: int,
        offer: bytes,
        change: Callable[[int, Video], Video],
        codec: str,
    ) -> tuple[bytes, tuple[Video, ...]]:
        description = SessionDescription.parse(offer)
        theirs = negotiation.audio_of(description)
        local = endpoint.local
        ours = Audio(
            local.address,
            port,
            negotiation.common_codecs(theirs.codecs, negotiation.BROWSER_CODECS),
            rtcp_mux=True,
            ice_ufrag=local.ice_ufrag,
            ice_pwd=local.ice_pwd,
            fingerprint=local.fingerprint,
            setup="passive",
            extensions=theirs.extensions,
        )
        offered = [change(place, video) for place, video in enumerate(videos_of(description))]
        videos = tuple(_preferring(answer_video(video), codec) for video in offered)
        remote = RemoteMedia(
            "127.0.0.1",
            9,
            ice_ufrag=theirs.ice_ufrag,
            ice_pwd=theirs.ice_pwd,
            fingerprint=theirs.fingerprint,
            dtls_setup="passive",
        )
        await endpoint.configure(
            remote,
            [Codec(c.name, c.payload_type, c.clock_rate, c.channels, c.fmtp) for c in ours.codecs],
            mid=theirs.mid,
            video=[_stream(video) for video in videos],
            extensions=[HeaderExtension(*each) for each in common_extensions(ours, videos)],
        )
        answer = negotiation.write_answer(
            offer,
            ours,
            session_id="1",
            version=1,
            others={video.mid: video_media(video, ours) for video in videos},
        )
        return answer, videos


def _preferring(video: Video, codec: str) -> Video:
    """With one codec alone, so that it is known which one is tried."""
    return replace(video, codecs=tuple(one for one in video.codecs if one.name == codec))


def _stream(video: Video) -> VideoStream:
    codecs = []
    for codec in video.codecs:
        codecs.append(Codec(codec.name, codec.payload_type, 90_000, 1, codec.fmtp))
        if codec.resend is not None:
            codecs.append(Codec("rtx", codec.resend, 90_000, 1, f"apt={codec.payload_type}"))
    return VideoStream(
        video.mid,
        tuple(codecs),
        video.direction,  # type: ignore[arg-type]  # one of the four words
        video.content,
        video.layers,
        video.ssrc,
        video.resend_ssrc,
    )
