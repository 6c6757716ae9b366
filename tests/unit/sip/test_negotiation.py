"""SDP and offer/answer (RFC 8866, RFC 3264, RFC 8829)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.negotiation import (
    BROWSER_CODECS,
    DTMF,
    G722,
    OPUS,
    PCMA,
    PCMU,
    PHONE_CODECS,
    Audio,
    AudioCodec,
    answer_direction,
    common_codecs,
    ordered,
    read_audio,
    write_answer,
    write_offer,
)
from stimme.sip.sdp import SessionDescription

PHONE = b"""v=0
o=- 20518 0 IN IP4 203.0.113.1
s=-
c=IN IP4 203.0.113.1
t=0 0
m=audio 54400 RTP/AVP 8 0 9 101
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:30
a=rtcp:54501
m=video 55400 RTP/AVP 97
a=rtpmap:97 H264/90000
"""
BROWSER = b"""v=0
o=mozilla 1 0 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
a=fingerprint:sha-256 AB:CD
m=audio 9 UDP/TLS/RTP/SAVPF 111 9 110
c=IN IP4 0.0.0.0
a=mid:0
a=rtcp-mux
a=setup:actpass
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10
a=rtpmap:110 telephone-event/48000
a=candidate:1 1 UDP 1 192.0.2.1 40000 typ host
m=video 9 UDP/TLS/RTP/SAVPF 96
a=mid:1
a=rtpmap:96 VP8/90000
"""


def test_offer_of_a_telephone() -> None:
    audio = read_audio(PHONE)
    assert (audio.address, audio.port, audio.rtcp_port, audio.ptime) == ("203.0.113.1", 54400, 54501, 30)
    assert [codec.name for codec in audio.codecs] == ["PCMA", "PCMU", "G722", "telephone-event"]
    assert (audio.direction, audio.held, audio.webrtc) == ("sendrecv", False, False)


def test_offer_of_a_browser() -> None:
    audio = read_audio(BROWSER)
    assert audio.webrtc
    assert (audio.ice_ufrag, audio.mid, audio.rtcp_mux, audio.rtcp_port) == ("abcd", "0", True, None)
    assert audio.codecs[0].same(OPUS)
    assert audio.candidates == ("1 1 UDP 1 192.0.2.1 40000 typ host",)


def test_answer_has_one_section_for_each_of_the_offer() -> None:
    """RFC 3264 §6: as many m= lines as the offer, in its order; what is not wanted has port 0."""
    ours = Audio("192.0.2.5", 30000, (G722, PCMA))
    answer = SessionDescription.parse(write_answer(PHONE, ours, session_id="7", version=2))
    assert [(m.kind, m.port) for m in answer.media] == [("audio", 30000), ("video", 0)]
    assert (answer.session_id, answer.version, answer.connection) == ("7", 2, "192.0.2.5")


def test_answer_to_a_browser() -> None:
    ours = Audio(
        "192.0.2.5", 30000, (OPUS,), rtcp_mux=True, fingerprint="sha-256 01", ice_ufrag="u", ice_pwd="p"
    )
    answer = SessionDescription.parse(write_answer(BROWSER, ours, session_id="7", version=1))
    audio, video = answer.media
    assert (audio.get("mid"), audio.get("setup"), audio.get("rtcp-mux")) == ("0", "passive", "")
    assert (audio.protocol, video.port, video.get("mid")) == ("UDP/TLS/RTP/SAVPF", 0, "1")
    assert answer.get("group") == "BUNDLE 0", "a refused stream is not bundled (RFC 8843 §7.3.3)"
    assert answer.get("ice-lite") == ""


def test_offer_comes_back() -> None:
    ours = Audio("2001:db8::5", 30000, PHONE_CODECS, rtcp_port=30007, direction="sendonly")
    seen = read_audio(write_offer(ours, session_id="1", version=1))
    assert (seen.address, seen.port, seen.rtcp_port) == ("2001:db8::5", 30000, 30007)
    assert seen.codecs == PHONE_CODECS
    assert seen.held


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"m=audio 54400", b"m=audio 0"),
        (b"m=audio 54400", b"m=audio x"),
        (b"m=audio 54400", b"m=audio 70000"),
        (b"RTP/AVP 8 0 9 101", b"RTP/SAVP 8 0 9 101"),
        (b"RTP/AVP 8 0 9 101", b"RTP/AVP"),
        (b"RTP/AVP 8 0 9 101", b"RTP/AVP 96 200 x"),
        (b"c=IN IP4 203.0.113.1", b"c=ATM NSAP 47.00"),
        (b"c=IN IP4 203.0.113.1\n", b""),
        (b"v=0\n", b""),
        (b"o=- 20518 0 IN", b"o=- 20518 -1 IN"),
        (b"s=-", b"nonsense"),
    ],
)
def test_offers_that_cannot_be_used(old: bytes, new: bytes) -> None:
    with pytest.raises(SipParseError):
        read_audio(PHONE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("offered", "ours", "answer"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "recvonly", "inactive"),
        ("sendrecv", "inactive", "inactive"),
    ],
)
def test_directions(offered: str, ours: str, answer: str) -> None:
    assert answer_direction(offered, ours) == answer


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("a=sendonly", True),
        ("a=inactive", True),
        ("a=recvonly", False),
        ("c=IN IP4 0.0.0.0", True),
        ("", False),
    ],
)
def test_hold(line: str, held: bool) -> None:
    assert read_audio(PHONE.replace(b"a=ptime:30", line.encode() or b"a=x")).held is held


def test_common_codecs_have_our_order_and_their_numbers() -> None:
    offered = (AudioCodec("pcma", 8), AudioCodec("OPUS", 96, 48000, 2), AudioCodec("telephone-event", 97))
    chosen = common_codecs(offered, BROWSER_CODECS)
    assert [(codec.name, codec.payload_type) for codec in chosen] == [
        ("OPUS", 96),
        ("pcma", 8),
        ("telephone-event", 97),
    ]
    assert common_codecs((AudioCodec("iLBC", 97), DTMF), PHONE_CODECS) == ()


def test_events_have_the_clock_of_the_codec() -> None:
    offered = (OPUS, PCMA, DTMF, AudioCodec("telephone-event", 110, 48000))
    assert common_codecs(offered, BROWSER_CODECS)[-1].clock_rate == 48000
    assert common_codecs(offered, PHONE_CODECS)[-1].payload_type == 101


def test_ordered() -> None:
    assert ordered(PHONE_CODECS, (PCMU, OPUS))[:3] == (PCMU, OPUS, G722)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=10
)
LINE = st.builds(lambda kind, value: f"{kind}={value}", st.sampled_from("iuepbtrzka"), TEXT)


@given(st.lists(LINE, max_size=6), st.lists(st.tuples(TEXT, st.lists(LINE, max_size=4)), max_size=3))
def test_what_is_written_reads_the_same(lines: list[str], media: list[tuple[str, list[str]]]) -> None:
    text = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *lines]
    for kind, more in media:
        text += [f"m={kind} 9 RTP/AVP 0", *more]
    first = SessionDescription.parse("\r\n".join(text).encode())
    assert SessionDescription.parse(bytes(first)) == SessionDescription.parse(
        bytes(SessionDescription.parse(bytes(first)))
    )


@given(st.binary(max_size=120))
def test_nothing_but_a_parse_error(data: bytes) -> None:
    for text in (data, PHONE + data, PHONE.replace(b"101", data), BROWSER.replace(b"abcd", data)):
        try:
            audio = read_audio(text)
            write_answer(text, audio, session_id="1", version=1)
        except SipParseError:
            continue
