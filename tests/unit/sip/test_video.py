"""Video in offers and answers: what a browser offers, and what it is answered."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip import negotiation
from stimme.sip.errors import SipParseError
from stimme.sip.negotiation import MID_EXTENSION, TRANSPORT_CC_EXTENSION, Audio
from stimme.sip.sdp import SessionDescription
from stimme.sip.video import Video, answer_video, common_extensions, video_media, videos_of

OFFER = (Path(__file__).parent / "fixtures" / "chromium-simulcast.sdp").read_bytes()
DESCRIPTION = SessionDescription.parse(OFFER)


def ours() -> Audio:
    """Our audio in the answer to Chromium."""
    theirs = negotiation.audio_of(DESCRIPTION)
    return Audio(
        "203.0.113.5",
        20_000,
        negotiation.common_codecs(theirs.codecs, negotiation.BROWSER_CODECS),
        rtcp_mux=True,
        ice_ufrag="frag",
        ice_pwd="password-of-ours-22-long",
        fingerprint="sha-256 AB:CD",
        setup="passive",
        extensions=theirs.extensions,
    )


def answered(*videos: Video) -> SessionDescription:
    """The answer to Chromium with these streams."""
    audio = ours()
    others = {video.mid: video_media(video, audio) for video in videos}
    answer = negotiation.write_answer(OFFER, audio, session_id="1", version=1, others=others)
    return SessionDescription.parse(answer)


def test_what_chromium_offers_is_read() -> None:
    first, second = videos_of(DESCRIPTION)
    assert (first.mid, first.direction, first.layers) == ("1", "sendrecv", ("q", "h", "f"))
    assert (second.mid, second.direction, second.layers) == ("2", "recvonly", ())
    vp8 = first.codecs[0]
    assert (vp8.name, vp8.payload_type, vp8.resend) == ("VP8", 96, 97)
    assert vp8.feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert {codec.name for codec in first.codecs} == {"VP8", "VP9", "H264"}
    assert all(codec.resend is not None for codec in first.codecs)
    assert {uri: number for number, uri in first.extensions}[MID_EXTENSION] == 4


def test_the_answer_has_what_was_offered_and_our_sources() -> None:
    first, second = (answer_video(video) for video in videos_of(DESCRIPTION))
    assert (first.direction, second.direction) == ("sendrecv", "sendonly")
    answer = answered(first, second)
    assert answer.get("group") == "BUNDLE 0 1 2"
    audio, one, two = answer.media
    assert [part.port for part in answer.media] == [20_000] * 3
    assert one.formats[:2] == ["96", "97"]
    assert one.get("simulcast") == "recv q;h;f"
    assert one.get_all("rid") == ["q recv", "h recv", "f recv"]
    assert one.get("ssrc-group") == f"FID {first.ssrc} {first.resend_ssrc}"
    assert two.get("simulcast") is None
    assert (one.get("ice-ufrag"), one.get("setup"), one.get("mid")) == ("frag", "passive", "1")
    assert f"4 {MID_EXTENSION}" in audio.get_all("extmap")
    assert audio.get("rtcp-fb") == "111 transport-cc"
    assert {first.ssrc, first.resend_ssrc, second.ssrc, second.resend_ssrc}.isdisjoint({0, None})


def test_a_stream_that_is_not_answered_is_refused() -> None:
    (first, _) = videos_of(DESCRIPTION)
    answer = answered(answer_video(first))
    assert answer.get("group") == "BUNDLE 0 1"
    assert [part.port for part in answer.media] == [20_000, 20_000, 0]
    without = answered()
    assert without.get("group") == "BUNDLE 0"
    assert without.media[0].get("extmap") is None, "audio alone says nothing of extensions"


def test_a_stream_that_only_listens_names_no_source() -> None:
    (first, _) = videos_of(DESCRIPTION)
    own = answer_video(first, "recvonly")
    assert own.direction == "recvonly"
    assert video_media(own, ours()).get("ssrc") is None


def test_feedback_on_every_packet_needs_audio_too() -> None:
    videos = videos_of(DESCRIPTION)
    both = {uri for _, uri in common_extensions(ours(), videos)}
    assert {MID_EXTENSION, TRANSPORT_CC_EXTENSION} <= both
    alone = {uri for _, uri in common_extensions(replace(ours(), extensions=()), videos)}
    assert TRANSPORT_CC_EXTENSION not in alone


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a=group:BUNDLE 0 1 2", b"a=group:BUNDLE 0"),
        (b"m=video 9 UDP/TLS/RTP/SAVPF", b"m=video 0 UDP/TLS/RTP/SAVPF"),
        (b"m=video 9 UDP/TLS/RTP/SAVPF", b"m=video 9 RTP/AVP"),
        (b"/90000", b"/8000"),
        (b"a=mid:", b"a=mid:<b>"),
    ],
)
def test_what_cannot_be_used_is_passed_over(before: bytes, after: bytes) -> None:
    assert videos_of(SessionDescription.parse(OFFER.replace(before, after))) == ()


def test_layers_are_bounded_and_named_in_letters() -> None:
    odd = OFFER.replace(b"a=simulcast:send q;h;f", b"a=simulcast:send q,x;~h;a;b;c;d;e;f recv z")
    assert videos_of(SessionDescription.parse(odd))[0].layers == ("q", "a", "b", "c")


@given(st.data())
def test_no_description_is_too_odd(data: st.DataObject) -> None:
    lines = OFFER.split(b"\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        lines[at] = (
            lines[at][:cut] + data.draw(st.binary(max_size=6)).replace(b"\n", b"") + lines[at][cut + 1 :]
        )
    try:
        description = SessionDescription.parse(b"\r\n".join(lines))
    except SipParseError:
        return
    for video in videos_of(description):
        media = video_media(answer_video(video), ours())
        assert media.formats
        assert media.get("mid") == video.mid
