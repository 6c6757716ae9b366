"""T.38 in session descriptions: what gateways write is read, and what is answered is what both can."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.fax import (
    BIT_RATES,
    ErrorCorrection,
    Fax,
    RateManagement,
    answer_fax,
    read_fax,
    write_fax_answer,
    write_fax_offer,
)
from stimme.sip.sdp import SessionDescription

_HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
GATEWAY = (
    _HEAD + "m=image 49170 udptl t38\r\n"
    "a=T38FaxVersion:3\r\na=T38MaxBitRate:14400\r\na=T38FaxFillBitRemoval:0\r\na=T38FaxTranscodingMMR:0\r\n"
    "a=T38FaxTranscodingJBIG\r\na=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:1800\r\n"
    "a=T38FaxMaxDatagram:320\r\na=T38FaxMaxIFP:72\r\na=T38FaxUdpEC:t38UDPFEC\r\na=T38FaxUdpECDepth:2 5\r\n"
    "a=T38FaxUdpFECMaxSpan:3\r\na=T38VendorInfo:0 0 37\r\n"
).encode()
OURS = Fax(
    "192.0.2.1",
    30000,
    version=0,
    bit_rate=14400,
    fill_bit_removal=True,
    transcoding_jbig=True,
    max_buffer=2000,
    max_datagram=400,
    error_correction=ErrorCorrection.REDUNDANCY,
)


def test_every_attribute_is_read() -> None:
    fax = read_fax(GATEWAY)
    assert fax == Fax(
        "192.0.2.7",
        49170,
        version=3,
        bit_rate=14400,
        transcoding_jbig=True,
        max_buffer=1800,
        max_datagram=320,
        max_ifp=72,
        error_correction=ErrorCorrection.FEC,
        ec_depth=(2, 5),
        fec_span=3,
        vendor="0 0 37",
    )


def test_other_spellings_of_gateways_are_read() -> None:
    text = _HEAD + (
        "m=image 4000 UDPTL t38\r\na=T38MaxBitrate:9600\r\na=T38FaxUdpEc:T38UDPREDUNDANCY\r\n"
        "a=T38FaxRateManagement:localTCF\r\na=T38FaxFillBitRemoval\r\na=T38FaxTranscodingMMR:1\r\n"
    )
    fax = read_fax(text.encode())
    assert fax is not None
    assert (fax.bit_rate, fax.error_correction) == (9600, ErrorCorrection.REDUNDANCY)
    assert fax.rate_management is RateManagement.LOCAL
    assert fax.fill_bit_removal
    assert fax.transcoding_mmr


@pytest.mark.parametrize(
    "media", ["m=audio 4000 RTP/AVP 0\r\n", "m=image 0 udptl t38\r\n", "m=image 4000 udptl other\r\n"]
)
def test_no_fax_where_there_is_none(media: str) -> None:
    assert read_fax((_HEAD + media).encode()) is None


def test_a_stream_without_address_is_an_error() -> None:
    with pytest.raises(SipParseError):
        read_fax(b"v=0\r\nm=image 4000 udptl t38\r\n")


def test_the_answer_is_what_both_can() -> None:
    offered = read_fax(GATEWAY)
    assert offered is not None
    weaker = (ErrorCorrection.REDUNDANCY, ErrorCorrection.NONE)
    answer = answer_fax(offered, OURS, corrections=weaker)
    assert answer.version == 0
    assert answer.error_correction is ErrorCorrection.REDUNDANCY
    assert not answer.fill_bit_removal  # the peer cannot
    assert answer.transcoding_jbig
    assert (answer.max_buffer, answer.max_datagram) == (2000, 400)  # what we can take, not what it can
    assert (answer.address, answer.port) == ("192.0.2.1", 30000)
    assert answer_fax(offered, OURS).error_correction is ErrorCorrection.FEC
    assert answer_fax(offered, OURS, corrections=()).error_correction is ErrorCorrection.NONE
    slow = answer_fax(replace(offered, bit_rate=9600), OURS)
    assert slow.bit_rate == 9600


def test_an_answer_refuses_the_audio_beside_the_fax() -> None:
    offer = GATEWAY.replace(b"m=image", b"m=audio 4000 RTP/AVP 8\r\nm=image")
    body = write_fax_answer(offer, OURS, session_id="7", version=2, address="192.0.2.1")
    media = SessionDescription.parse(body).media
    assert [(each.kind, each.port) for each in media] == [("audio", 0), ("image", 30000)]
    refused = SessionDescription.parse(
        write_fax_answer(offer, None, session_id="7", version=2, address="192.0.2.1")
    )
    assert [each.port for each in refused.media] == [0, 0]


_SIZES = st.none() | st.integers(1, 99_999)


@given(
    st.builds(
        Fax,
        address=st.just("192.0.2.1"),
        port=st.integers(1, 65535),
        version=st.integers(0, 4),
        bit_rate=st.none() | st.sampled_from(BIT_RATES),
        rate_management=st.sampled_from(RateManagement),
        fill_bit_removal=st.booleans(),
        transcoding_mmr=st.booleans(),
        transcoding_jbig=st.booleans(),
        max_buffer=_SIZES,
        max_datagram=_SIZES,
        max_ifp=_SIZES,
        error_correction=st.sampled_from(ErrorCorrection),
        ec_depth=st.none() | st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)),
        fec_span=_SIZES,
        vendor=st.none() | st.just("0 0 37"),
        protocol=st.sampled_from(("udptl", "UDP/TLS/UDPTL")),
    )
)
def test_what_is_written_is_read_back(fax: Fax) -> None:
    assert read_fax(write_fax_offer(fax, session_id="1", version=1)) == fax
