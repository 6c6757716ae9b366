"""Offer and answer for one audio stream (RFC 3264), for telephones and for browsers (RFC 8829, ICE-lite).

A browser's video streams are `sip.video`'s, the keys of a telephone's SRTP `sip.srtp_keys`'.

Values are plain: this module knows codecs by name and endpoints by address, not the media engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from stimme.sip.errors import SipParseError
from stimme.sip.sdp import Attribute, MediaDescription, SessionDescription, number_of
from stimme.sip.srtp_keys import PLAIN, SrtpKey, SrtpTerms, read_keys

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_REVERSED = {"sendonly": "recvonly", "recvonly": "sendonly"}
_STATIC = {0: ("PCMU", 8000), 3: ("GSM", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000), 18: ("G729", 8000)}
MID_EXTENSION = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC_EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
TELEPHONE_EVENT = "telephone-event"
WEBRTC_PROTOCOL = "UDP/TLS/RTP/SAVPF"
SECURED_PROTOCOL = "RTP/SAVP"
PLAIN_PROTOCOL = "RTP/AVP"
_PLAIN_PROTOCOLS = (PLAIN_PROTOCOL, "RTP/AVPF")
_SECURED_PROTOCOLS = (SECURED_PROTOCOL, "RTP/SAVPF")
_KEYED_PROTOCOLS = _PLAIN_PROTOCOLS + _SECURED_PROTOCOLS
_DTLS_PROTOCOLS = (WEBRTC_PROTOCOL, "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP")


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """A codec as SDP names it.

    The clock of G722 is written 8000 although it samples at 16000 (RFC 3551 §4.5.2).
    """

    name: str
    payload_type: int
    clock_rate: int = 8000
    channels: int = 1
    fmtp: str = ""

    def same(self, other: "AudioCodec") -> bool:
        """True when both mean one codec, whatever payload type they give it."""
        return (
            self.clock_rate == other.clock_rate
            and self.channels == other.channels
            and (self.name == other.name or self.name.lower() == other.name.lower())
        )


OPUS = AudioCodec("opus", 111, 48000, 2, "minptime=10;useinbandfec=1")
G722 = AudioCodec("G722", 9)
PCMA = AudioCodec("PCMA", 8)
PCMU = AudioCodec("PCMU", 0)
DTMF = AudioCodec(TELEPHONE_EVENT, 101, 8000, 1, "0-16")
DTMF_48K = AudioCodec(TELEPHONE_EVENT, 110, 48000, 1, "0-16")
PHONE_CODECS = (G722, PCMA, PCMU, OPUS, DTMF)
BROWSER_CODECS = (OPUS, G722, PCMA, PCMU, DTMF_48K, DTMF)


@dataclass(frozen=True, slots=True)
class Audio:
    """One side's audio stream: where it wants packets, how they are secured, what it understands.

    `address` and `port` are for RTP, `rtcp_port` for RTCP (None with `rtcp_mux`). The ICE, DTLS and BUNDLE
    values are set for browsers only; `extensions` are header extensions (RFC 8285) for video beside it.
    `keys` are those of SRTP (RFC 4568) that this side sends with; `protocol` names a telephone's stream.
    """

    address: str
    port: int
    codecs: tuple[AudioCodec, ...]
    rtcp_port: int | None = None
    rtcp_mux: bool = False
    direction: str = "sendrecv"
    ptime: int = 20
    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    fingerprint: str | None = None
    setup: str | None = None
    candidates: tuple[str, ...] = ()
    mid: str | None = None
    ssrc: int | None = None
    extensions: tuple[tuple[int, str], ...] = ()
    keys: tuple[SrtpKey, ...] = ()
    protocol: str = PLAIN_PROTOCOL

    @property
    def webrtc(self) -> bool:
        """True for a stream that is secured by DTLS over ICE."""
        return self.fingerprint is not None

    @property
    def held(self) -> bool:
        """True when this side wants to hear nothing (RFC 3264 §8.4, and the old address 0.0.0.0)."""
        return self.direction in ("sendonly", "inactive") or self.address == "0.0.0.0"  # noqa: S104  compared only


def read_audio(data: bytes, terms: SrtpTerms = PLAIN) -> Audio:
    """The active audio stream of a description that is used: the first that is secured, else the first.

    Raises SipParseError when there is none, or none that the terms allow.
    """
    return audio_of(SessionDescription.parse(data), terms)


def audio_of(description: SessionDescription, terms: SrtpTerms = PLAIN) -> Audio:
    """As `read_audio`, for a description that is parsed already."""
    media = _usable(description, terms)
    if media is None:
        raise SipParseError(_why_none(description, terms))
    address = media.connection or description.connection
    if address is None:
        raise SipParseError("no address in the SDP")
    codecs = tuple(_codecs(media))
    if not codecs:
        raise SipParseError("no codec in the SDP")
    mux = media.get("rtcp-mux") is not None
    keys = _keys(media, terms)
    fingerprint = media.get("fingerprint") or description.get("fingerprint")
    return Audio(
        address=address,
        port=media.port,
        codecs=codecs,
        rtcp_port=None if mux else _rtcp_port(media),
        rtcp_mux=mux,
        direction=direction_of(media, description),
        ptime=_ptime(media),
        ice_ufrag=media.get("ice-ufrag") or description.get("ice-ufrag"),
        ice_pwd=media.get("ice-pwd") or description.get("ice-pwd"),
        fingerprint=None if keys else fingerprint,
        setup=media.get("setup") or description.get("setup"),
        candidates=tuple(media.get_all("candidate")),
        mid=media.get("mid"),
        extensions=tuple(_extensions(media)),
        keys=keys,
        protocol=media.protocol,
    )


def has_audio(description: SessionDescription) -> bool:
    """Whether there is an active audio stream that `audio_of` could read, were its keys protected."""
    return _usable(description, SrtpTerms(protected=True)) is not None


def _usable(description: SessionDescription, terms: SrtpTerms) -> MediaDescription | None:
    """The active audio stream that is used: the first with keys or DTLS, else the first that is plain RTP."""
    parts = [part for part in description.media if part.kind == "audio" and part.port]
    for part in parts:
        certified = part.get("fingerprint") or description.get("fingerprint")
        if _keys(part, terms) or (certified and part.protocol in _DTLS_PROTOCOLS):
            return part
    plain = (part for part in parts if part.protocol in _PLAIN_PROTOCOLS)
    return None if terms.required else next(plain, None)


def _keys(media: MediaDescription, terms: SrtpTerms) -> tuple[SrtpKey, ...]:
    """What the stream may be secured with."""
    keyed = terms.protected and media.protocol in _KEYED_PROTOCOLS
    return read_keys(media.get_all("crypto")) if keyed else ()


def _why_none(description: SessionDescription, terms: SrtpTerms) -> str:
    secured = any(part.kind == "audio" and part.port and part.get("crypto") for part in description.media)
    if secured and not terms.protected:
        return "keys of SRTP are taken over TLS only"
    if secured:
        return "no key of SRTP that can be used"
    if terms.required:
        return "speech has to be encrypted (SRTP)"
    return "no audio stream in the SDP that can be used"


def _codecs(media: MediaDescription) -> Iterable[AudioCodec]:
    maps = dict(_numbered(media.get_all("rtpmap")))
    formats = dict(_numbered(media.get_all("fmtp")))
    for text in media.formats:
        number = number_of(text)
        if number is None or number > 127:
            continue
        mapping = maps.get(number)
        if mapping is None:
            if number in _STATIC:
                yield AudioCodec(_STATIC[number][0], number, _STATIC[number][1])
            continue
        name, _, rest = mapping.partition("/")
        rate, _, channels = rest.partition("/")
        clock_rate = number_of(rate)
        if clock_rate:
            yield AudioCodec(name, number, clock_rate, number_of(channels) or 1, formats.get(number, ""))


def _numbered(values: list[str]) -> Iterable[tuple[int, str]]:
    for value in values:
        text, _, rest = value.partition(" ")
        number = number_of(text)
        if number is not None:
            yield number, rest.strip()


def _rtcp_port(media: MediaDescription) -> int:
    return number_of((media.get("rtcp") or "").partition(" ")[0]) or media.port + 1


def _extensions(media: MediaDescription) -> Iterable[tuple[int, str]]:
    told = any(value.endswith(" transport-cc") for value in media.get_all("rtcp-fb"))
    for identity, uri in _numbered(media.get_all("extmap")):
        if 1 <= identity <= 14 and (uri == MID_EXTENSION or (uri == TRANSPORT_CC_EXTENSION and told)):
            yield identity, uri


def _ptime(media: MediaDescription) -> int:
    value = number_of(media.get("ptime") or "")
    return value if value is not None and 10 <= value <= 120 else 20


def direction_of(media: MediaDescription, description: SessionDescription) -> str:
    """The direction of a stream as its side says, or the session (RFC 8866 §6.7)."""
    for attributes in (media.attributes, description.attributes):
        for name, _ in attributes:
            if name in DIRECTIONS:
                return name
    return "sendrecv"


def common_codecs(offered: Sequence[AudioCodec], ours: Sequence[AudioCodec]) -> tuple[AudioCodec, ...]:
    """What both sides know, in our order, with the payload types and parameters of the offer (RFC 3264 §6.1).

    One telephone-event is kept, of the clock rate of the first codec where it was offered (RFC 4733 §2.1).
    """
    chosen = [match for codec in ours if codec.name != TELEPHONE_EVENT and (match := _find(offered, codec))]
    events = [match for codec in ours if codec.name == TELEPHONE_EVENT and (match := _find(offered, codec))]
    if chosen and events:
        rate = chosen[0].clock_rate
        chosen.append(next((event for event in events if event.clock_rate == rate), events[0]))
    return tuple(chosen)


def _find(codecs: Sequence[AudioCodec], wanted: AudioCodec) -> AudioCodec | None:
    for codec in codecs:
        if codec.same(wanted):
            return codec
    return None


def ordered(codecs: Sequence[AudioCodec], preferred: Sequence[AudioCodec]) -> tuple[AudioCodec, ...]:
    """`codecs` with those first that `preferred` has, in its order: so that two legs meet in one codec."""
    first = [match for wanted in preferred if (match := _find(codecs, wanted))]
    return tuple(first + [codec for codec in codecs if not any(codec is known for known in first)])


def reverse(direction: str) -> str:
    """A direction as the other side sees it."""
    return _REVERSED.get(direction, direction)


def answer_direction(offered: str, ours: str = "sendrecv") -> str:
    """The direction of an answer (RFC 3264 §6.1): what the offer allows of what we want."""
    sends = offered in ("sendrecv", "recvonly") and ours in ("sendrecv", "sendonly")
    receives = offered in ("sendrecv", "sendonly") and ours in ("sendrecv", "recvonly")
    return {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get(
        (sends, receives), "inactive"
    )


def write_offer(audio: Audio, *, session_id: str, version: int) -> bytes:
    """An offer with this one stream."""
    description = _description(audio, session_id, version)
    description.media.append(_media(audio, "actpass" if audio.webrtc else None))
    if audio.webrtc:
        description.attributes.append(("group", f"BUNDLE {audio.mid or '0'}"))
    return bytes(description)


def write_answer(
    offer: bytes,
    audio: Audio,
    *,
    session_id: str,
    version: int,
    others: Mapping[str, MediaDescription] | None = None,
    terms: SrtpTerms = PLAIN,
) -> bytes:
    """The answer to an offer: our audio stream for the one it is about, every other refused (port 0).

    `others` are streams that share the audio's transport and are answered as well, by their `mid`.
    """
    others = others or {}
    offered = SessionDescription.parse(offer)
    accepted = _usable(offered, terms)
    bundled = (offered.get("group") or "").startswith("BUNDLE")
    description = _description(audio, session_id, version)
    bundle: list[str] = []
    for part in offered.media:
        mid = part.get("mid")
        if part is accepted:
            named = replace(audio, mid=mid) if audio.webrtc else audio
            media = _media(named, audio.setup or "passive" if audio.webrtc else None)
            media.protocol = part.protocol
            if others:
                media.attributes += _extended(audio)
            if mid is not None:
                bundle.append(mid)
            description.media.append(media)
        elif mid is not None and mid in others:
            bundle.append(mid)
            description.media.append(others[mid])
        else:
            refused = MediaDescription(part.kind, 0, part.protocol, part.formats)
            if mid is not None:
                refused.attributes.append(("mid", mid))
            description.media.append(refused)
    if bundled and bundle:
        description.attributes.append(("group", f"BUNDLE {' '.join(bundle)}"))
    return bytes(description)


def _extended(audio: Audio) -> Iterable[Attribute]:
    """What is said of the audio only where video goes beside it: extensions, and feedback on every packet."""
    for identity, uri in audio.extensions:
        yield ("extmap", f"{identity} {uri}")
    if any(uri == TRANSPORT_CC_EXTENSION for _, uri in audio.extensions):
        for codec in audio.codecs:
            if codec.name.lower() == OPUS.name:
                yield ("rtcp-fb", f"{codec.payload_type} transport-cc")


def _description(audio: Audio, session_id: str, version: int) -> SessionDescription:
    description = SessionDescription(
        session_id=session_id, version=version, address=audio.address, name="stimme", connection=audio.address
    )
    if audio.webrtc:
        description.attributes.append(("ice-lite", None))
    return description


def _media(audio: Audio, setup: str | None) -> MediaDescription:
    attributes: list[Attribute] = []
    for codec in audio.codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        attributes.append(("rtpmap", f"{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"))
        if codec.fmtp:
            attributes.append(("fmtp", f"{codec.payload_type} {codec.fmtp}"))
    attributes.append(("ptime", str(audio.ptime)))
    attributes.append((audio.direction, None))
    if audio.rtcp_mux:
        attributes.append(("rtcp-mux", None))
    elif audio.rtcp_port is not None and audio.rtcp_port != audio.port + 1:
        attributes.append(("rtcp", str(audio.rtcp_port)))
    if audio.webrtc:
        attributes += _webrtc_attributes(audio, setup)
    attributes += [("crypto", str(key)) for key in audio.keys]
    protocol = WEBRTC_PROTOCOL if audio.webrtc else audio.protocol
    formats = [str(codec.payload_type) for codec in audio.codecs]
    return MediaDescription("audio", audio.port, protocol, formats, None, attributes)


def _webrtc_attributes(audio: Audio, setup: str | None) -> list[Attribute]:
    attributes: list[Attribute] = [("mid", audio.mid or "0"), *transport_attributes(audio, setup)]
    if audio.ssrc is not None:
        attributes.append(("ssrc", f"{audio.ssrc} cname:stimme"))
        attributes.append(("msid", "stimme audio"))
    return attributes


def transport_attributes(audio: Audio, setup: str | None) -> list[Attribute]:
    """ICE and DTLS of a stream, which those that share its transport repeat (RFC 8859)."""
    attributes: list[Attribute] = []
    for name, value in (
        ("ice-ufrag", audio.ice_ufrag),
        ("ice-pwd", audio.ice_pwd),
        ("fingerprint", audio.fingerprint),
    ):
        if value is not None:
            attributes.append((name, value))
    attributes.append(("setup", setup))
    for candidate in audio.candidates or (f"1 1 UDP 2130706431 {audio.address} {audio.port} typ host",):
        attributes.append(("candidate", candidate))
    attributes.append(("end-of-candidates", None))
    return attributes
