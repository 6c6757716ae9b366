"""What the peers say, and what they are told."""

import pytest
from tests.bench import sip_client
from tests.bench.peers import rtpengine, sipp
from tests.bench.peers.sipp import Counters

STATISTICS = (
    "CurrentTime;CurrentCall;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n"
    "1;10;0;0;0;0;\n"
    "2;25;40;40;1;3;\n"
)


def test_sipp_counters_are_those_of_the_last_complete_line() -> None:
    assert sipp.parse_statistics(STATISTICS) == Counters(40, 1, 3, 25)
    assert sipp.parse_statistics(STATISTICS + "3;2") == Counters(40, 1, 3, 25)


def test_sipp_has_counted_nothing_before_its_first_line() -> None:
    assert sipp.parse_statistics("") == Counters()
    assert sipp.parse_statistics(STATISTICS.splitlines(keepends=True)[0]) == Counters()


def test_counters_of_one_run_are_a_difference() -> None:
    assert Counters(100, 2, 5, 7).since(Counters(60, 1, 5, 9)) == Counters(40, 1, 0, 7)


def test_bencode_is_as_specified() -> None:
    assert rtpengine.bencode({"b": [1, "ü"], "a": -2}) == b"d1:ai-2e1:bli1e2:\xc3\xbcee"


@pytest.mark.parametrize("value", [0, "", "a: b", [], {}, {"list": [1, {"x": "y"}], "n": 7}])
def test_bdecode_reverses_bencode(value: rtpengine.Value) -> None:
    assert rtpengine.bdecode(rtpengine.bencode(value)) == value


@pytest.mark.parametrize("data", [b"", b"i1", b"5:abc", b"i1ei2e", b"d1:ae"])
def test_what_is_not_bencode_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        rtpengine.bdecode(data)


def test_the_audio_port_is_found_in_a_session_description() -> None:
    assert rtpengine.audio_port("v=0\r\nm=audio 4002 RTP/AVP 0\r\n") == 4002
    with pytest.raises(ValueError, match="no audio"):
        rtpengine.audio_port("v=0\r\nm=video 4002 RTP/AVP 96\r\n")


def test_the_digest_is_that_of_rfc_2617() -> None:
    """The expected value was made with md5sum, step by step as §3.2.2 says."""
    response = sip_client.digest_response(
        "bob", "zanzibar", realm="biloxi.com", nonce="abc", uri="sip:biloxi.com", cnonce="xyz"
    )
    assert response == "8fc0c3ba322e149f9c5d1bdbf5f28862"
