"""RFC 4475 and RFC 5118: each message accepted or answered as the standard says, over a user agent."""

import pytest
from tests.conformance.torture import ACCEPTED, CASES, DROPPED, SHORT_TORTUOUS, Torture
from tests.unit.sip.agents import Agent, Way

from stimme.sip.errors import SipParseError
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.negotiation import read_audio
from stimme.sip.transport.stream import StreamFramer


def fed(data: bytes) -> Agent:
    """An agent that got this datagram, as the transport hands it over."""
    agent = Agent()
    try:
        message = parse_message(data)
    except SipParseError as fault:
        agent.ua.receive_malformed(data, fault, Way())
    else:
        agent.ua.receive(message, Way())
    agent.take()
    return agent


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.standard} {case.name}")
def test_torture(case: Torture) -> None:
    agent = fed(case.data)
    arrived = len(agent.application.sessions) + len(agent.application.transactions)
    sent = [message.status for message in agent.fresh() if isinstance(message, Response)]
    if case.outcome == ACCEPTED:
        assert (arrived, [status for status in sent if status > 100]) == (1, [])
    elif case.outcome == DROPPED:
        assert (arrived, sent) == (0, [])
    else:
        assert (arrived, sent) == (0, [case.outcome])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.standard} {case.name}")
def test_what_was_read_reads_the_same_again(case: Torture) -> None:
    try:
        first = parse_message(case.data)
    except SipParseError:
        return
    second = parse_message(bytes(first))
    for name in dict(first.headers.items()):
        if name != "Content-Length":
            assert second.headers.get_all(name) == first.headers.get_all(name)
    assert second.body == first.body
    assert bytes(parse_message(bytes(second))) == bytes(second)


def test_short_tortuous_invite_in_detail() -> None:
    message = parse_message(SHORT_TORTUOUS)
    assert isinstance(message, Request)
    assert (message.max_forwards, message.cseq.number, message.cseq.method) == (68, 9, "INVITE")
    assert message.from_.display_name == 'J Rosenberg \\"'
    assert (message.from_.tag, message.via.host, message.via.branch) == ("98asjd8", "192.0.2.2", "390skdjuw")
    assert len(message.headers.values("Via")) == 3
    contact = message.contacts[0]
    assert (contact.display_name, contact.params["newparam"], contact.params["q"]) == (
        'Quoted string ""',
        "newvalue",
        "0.33",
    )
    assert read_audio(message.sdp).port == 49217


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое",
            "= 2**3 * 5**2 но сто девяносто девять - простое",
        ),
        ("SIP/2.0 100 ", ""),
    ],
)
def test_unusual_and_empty_reasons(line: str, reason: str) -> None:
    """RFC 4475 3.1.1.12 and 3.1.1.13."""
    message = parse_message(line.encode() + b"\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n\r\n")
    assert isinstance(message, Response)
    assert message.reason == reason


def test_octets_after_the_message_belong_to_no_body() -> None:
    case = next(case for case in CASES if "3.1.1.8" in case.name)
    assert parse_message(case.data).body == b""
    assert len(StreamFramer().feed(case.data)) == 2, "on a stream they are the next message"


def test_refusals_name_what_was_wrong() -> None:
    named = {
        case.name.split(" ")[0]: fed(case.data).fresh()[0] for case in CASES if isinstance(case.outcome, int)
    }
    assert named["3.3.5"].headers.get("Unsupported") == "nothingSupportsThis, nothingSupportsThisEither"
    assert "application/sdp" in (named["3.3.6"].headers.get("Accept") or "")
    assert "INVITE" in (named["3.1.1.5"].headers.get("Allow") or "")
    for response in named.values():
        assert response.headers.get(
            "Via",
        ), "a refusal finds its way back"


def test_a_refusal_is_no_amplifier() -> None:
    for case in CASES:
        if isinstance(case.outcome, int):
            response = bytes(fed(case.data).fresh()[-1])
            assert len(response) <= len(case.data) + 200


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 40,
        b"ACK sip:a@b SIP/2.0\r\nVia: x\r\nCSeq: 1 ACK\r\nBad\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 INVITE\r\nBad\r\n\r\n",
        b"GET / HTTP/1.1\r\nVia: x\r\nCSeq: 1\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\nBad\r\nVia: SIP/2.0/UDP h\r\n\r\n",
    ],
)
def test_no_answer_to_what_cannot_be_answered(data: bytes) -> None:
    assert fed(data).fresh() == []
