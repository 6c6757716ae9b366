"""Offer and answer for a browser's video streams (RFC 8829), which share the audio's transport (RFC 9143).

Video is passed on between browsers as it is, so that both sides of a call should meet in one codec: VP8 comes
first where it is offered, because everybody has it. Plain RTP telephones get no video.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stimme.sip.negotiation import (
    MID_EXTENSION,
    TRANSPORT_CC_EXTENSION,
    WEBRTC_PROTOCOL,
    Audio,
    answer_direction,
    direction_of,
    transport_attributes,
)
from stimme.sip.sdp import Attribute, MediaDescription, SessionDescription, number_of

_EXTENSIONS = (
    MID_EXTENSION,
    TRANSPORT_CC_EXTENSION,
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "urn:3gpp:video-orientation",
)
_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")
_CODECS = ("VP8", "H264", "VP9")
_MOST_STREAMS = 16
_MOST_LAYERS = 4
_NAME = re.compile(r"[0-9A-Za-z]{1,16}\Z", re.ASCII)
_LAYER = re.compile(r"[0-9A-Za-z]{1,8}\Z", re.ASCII)

Content = Literal["main", "slides"]


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """A video codec as SDP names it, its clock is 90 kHz.

    Attributes:
        feedback: what its `rtcp-fb` lines say, without the payload type.
        resend: payload type of its retransmissions (RFC 4588).
    """

    name: str
    payload_type: int
    fmtp: str = ""
    feedback: tuple[str, ...] = ()
    resend: int | None = None


@dataclass(frozen=True, slots=True)
class Video:
    """A video stream, as one side wants it.

    Attributes:
        content: what it shows (RFC 4796): people or a shared screen.
        layers: of simulcast (RFC 8853), which the browser sends, as the SDP names them.
        extensions: header extensions, number and URI (RFC 8285).
        ssrc: what we send with, `resend_ssrc` for retransmissions; None in what a browser said.
    """

    mid: str
    codecs: tuple[VideoCodec, ...]
    direction: str = "sendrecv"
    content: Content = "main"
    layers: tuple[str, ...] = ()
    extensions: tuple[tuple[int, str], ...] = ()
    ssrc: int | None = None
    resend_ssrc: int | None = None


def videos_of(description: SessionDescription) -> tuple[Video, ...]:
    """The video streams that use the audio's transport and of which we know a codec, in their order."""
    bundle = (description.get("group") or "").split()
    bundled = set(bundle[1:]) if bundle[:1] == ["BUNDLE"] else set()
    found = [_video(part, description) for part in description.media if _usable(part, bundled)]
    return tuple(video for video in found if video.codecs)[:_MOST_STREAMS]


def _usable(part: MediaDescription, bundled: set[str]) -> bool:
    mid = part.get("mid") or ""
    # A port of 0 with `bundle-only` is a stream like any other (RFC 9143 §6).
    active = part.port != 0 or part.get("bundle-only") is not None
    return (
        part.kind == "video"
        and active
        and part.protocol == WEBRTC_PROTOCOL
        and mid in bundled
        and _NAME.match(mid) is not None
    )


def _video(part: MediaDescription, description: SessionDescription) -> Video:
    content = (part.get("content") or "").split(",")
    return Video(
        mid=part.get("mid") or "",
        codecs=tuple(_codecs(part)),
        direction=direction_of(part, description),
        content="slides" if "slides" in content else "main",
        layers=_layers(part),
        extensions=extensions_of(part),
    )


def extensions_of(part: MediaDescription) -> tuple[tuple[int, str], ...]:
    """The header extensions of an m-line that we make use of, each once."""
    found: dict[str, int] = {}
    for value in part.get_all("extmap"):
        number, _, uri = value.partition(" ")
        identity = number_of(number.partition("/")[0])
        if identity is not None and 1 <= identity <= 14 and uri in _EXTENSIONS:
            found.setdefault(uri, identity)
    return tuple((identity, uri) for uri, identity in found.items())


def _layers(part: MediaDescription) -> tuple[str, ...]:
    """The layers that the other side sends; of alternatives the first, and none that is paused (`~`)."""
    words = (part.get("simulcast") or "").split()
    sent = next((words[place + 1] for place, word in enumerate(words[:-1]) if word == "send"), "")
    layers = [alternatives.partition(",")[0] for alternatives in sent.split(";") if alternatives]
    return tuple(layer for layer in layers if _LAYER.match(layer))[:_MOST_LAYERS]


def _codecs(part: MediaDescription) -> Iterable[VideoCodec]:
    maps = dict(_numbered(part.get_all("rtpmap")))
    formats = dict(_numbered(part.get_all("fmtp")))
    feedback: dict[int, list[str]] = {}
    for repaired, value in _numbered(part.get_all("rtcp-fb")):
        feedback.setdefault(repaired, []).append(value)
    for text in part.formats:
        number = number_of(text)
        if number is None or number > 127:
            continue
        name, _, clock = maps.get(number, "").partition("/")
        if name.upper() in _CODECS and clock == "90000":
            yield VideoCodec(
                name.upper(),
                number,
                formats.get(number, ""),
                tuple(value for value in feedback.get(number, ()) if value in _FEEDBACK),
                _repair(number, maps, formats),
            )


def _repair(number: int, maps: dict[int, str], formats: dict[int, str]) -> int | None:
    """The payload type of retransmissions of another one."""
    for other, name in maps.items():
        if name.lower() == "rtx/90000" and formats.get(other, "").partition(";")[0] == f"apt={number}":
            return other if other <= 127 else None
    return None


def _numbered(values: list[str]) -> Iterable[tuple[int, str]]:
    for value in values:
        text, _, rest = value.partition(" ")
        number = number_of(text)
        if number is not None:
            yield number, rest.strip()


def answer_video(offered: Video, direction: str = "sendrecv") -> Video:
    """What we answer to a stream that a browser offers: all codecs that we know, and SSRCs of ours."""
    codecs = sorted(offered.codecs, key=lambda codec: _CODECS.index(codec.name))
    own = replace(offered, codecs=tuple(codecs), direction=answer_direction(offered.direction, direction))
    return replace(own, ssrc=_new_ssrc(), resend_ssrc=_new_ssrc())


def _new_ssrc() -> int:
    return 1 + secrets.randbelow(0xFFFF_FFFE)


def video_media(video: Video, audio: Audio) -> MediaDescription:
    """The m-line of an answer, whose transport is the audio's."""
    attributes: list[Attribute] = []
    formats: list[str] = []
    for codec in video.codecs:
        formats.append(str(codec.payload_type))
        attributes.append(("rtpmap", f"{codec.payload_type} {codec.name}/90000"))
        attributes += [("rtcp-fb", f"{codec.payload_type} {value}") for value in codec.feedback]
        if codec.fmtp:
            attributes.append(("fmtp", f"{codec.payload_type} {codec.fmtp}"))
        if codec.resend is not None:
            formats.append(str(codec.resend))
            attributes.append(("rtpmap", f"{codec.resend} rtx/90000"))
            attributes.append(("fmtp", f"{codec.resend} apt={codec.payload_type}"))
    attributes += [("extmap", f"{identity} {uri}") for identity, uri in video.extensions]
    attributes += [(video.direction, None), ("rtcp-mux", None), ("rtcp-rsize", None), ("mid", video.mid)]
    if video.content != "main":
        attributes.append(("content", video.content))
    attributes += transport_attributes(audio, audio.setup or "passive")
    if video.layers:
        attributes += [("rid", f"{layer} recv") for layer in video.layers]
        attributes.append(("simulcast", f"recv {';'.join(video.layers)}"))
    if video.ssrc is not None and video.direction in ("sendrecv", "sendonly"):
        attributes += _sources(video)
    return MediaDescription("video", audio.port, WEBRTC_PROTOCOL, formats, None, attributes)


def _sources(video: Video) -> Iterable[Attribute]:
    yield ("msid", f"stimme video{video.mid}")
    if video.resend_ssrc is not None and any(codec.resend is not None for codec in video.codecs):
        yield ("ssrc-group", f"FID {video.ssrc} {video.resend_ssrc}")
        yield ("ssrc", f"{video.ssrc} cname:stimme")
        yield ("ssrc", f"{video.resend_ssrc} cname:stimme")
    else:
        yield ("ssrc", f"{video.ssrc} cname:stimme")


def common_extensions(audio: Audio, videos: Sequence[Video]) -> tuple[tuple[int, str], ...]:
    """The header extensions of a whole connection, one number each: those of the video streams.

    Feedback on every packet (transport-cc) is only of use where audio and video both have it.
    """
    found: dict[str, int] = {}
    for video in videos:
        for identity, uri in video.extensions:
            found.setdefault(uri, identity)
    audio_too = {uri for _, uri in audio.extensions}
    if TRANSPORT_CC_EXTENSION not in audio_too:
        found.pop(TRANSPORT_CC_EXTENSION, None)
    return tuple((identity, uri) for uri, identity in found.items())
