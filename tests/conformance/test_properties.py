"""Properties: what is written reads the same; nothing but the parser's own error comes out of any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance.torture import CASES
from tests.unit.sip.agents import Agent, Way

from stimme.sip.body import parts_of
from stimme.sip.errors import SipParseError
from stimme.sip.headers import CSeq, Via
from stimme.sip.malformed import refusal_of
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.uri import NameAddr, OtherUri, SipUri, TelUri, parse_uri

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCZ0189-.!%*_+`'~", min_size=1, max_size=12)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=20)
HOST = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9\-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True),
    st.ip_addresses().map(str),
)
PORT = st.one_of(st.none(), st.integers(0, 65535))
PARAMS = st.dictionaries(TOKEN.map(str.lower), st.one_of(st.none(), TOKEN), max_size=3)
USER = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
SIP_URI = st.builds(
    SipUri, HOST, st.one_of(st.none(), USER), PORT, st.sampled_from(("sip", "sips")), params=PARAMS
)
TEL_URI = st.builds(TelUri, st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True), PARAMS)
URN = st.builds(OtherUri, st.sampled_from(("urn", "http")), st.sampled_from(("service:sos", "//a/b?c")))
URI = st.one_of(SIP_URI, TEL_URI, URN)
ADDRESS = st.builds(NameAddr, URI, TEXT.map(str.strip), PARAMS)
VIA = st.builds(Via, st.sampled_from(("udp", "tcp", "tls", "ws", "wss")), HOST, PORT, PARAMS)
CSEQ = st.builds(CSeq, st.integers(0, 2**32 - 1), TOKEN)
VALUE = TEXT.map(str.strip)
FIELDS = st.lists(
    st.tuples(st.sampled_from(("Subject", "X-Own", "Contact", "Via", "Route", "s")), VALUE), max_size=8
)
MESSAGE = st.one_of(
    st.builds(Request, TOKEN, URI, FIELDS, st.binary(max_size=60)),
    st.builds(Response, st.integers(100, 699), VALUE, FIELDS, st.binary(max_size=60)),
)


@given(SIP_URI)
def test_sip_uri(uri: SipUri) -> None:
    assert SipUri.parse(str(uri)) == uri
    assert uri.matches(SipUri.parse(str(uri)))


@given(URI)
def test_uri(uri: SipUri | TelUri | OtherUri) -> None:
    assert parse_uri(str(uri)) == uri


@given(ADDRESS)
def test_address(address: NameAddr) -> None:
    assert NameAddr.parse(str(address)) == address


@given(VIA)
def test_via(via: Via) -> None:
    assert Via.parse(str(via)) == via


@given(CSEQ)
def test_cseq(cseq: CSeq) -> None:
    assert CSeq.parse(str(cseq)) == cseq


@given(MESSAGE)
def test_message(message: Request | Response) -> None:
    again = parse_message(bytes(message))
    assert type(again) is type(message)
    assert again.body == message.body
    assert [field for field in again.headers.items() if field[0] != "Content-Length"] == list(
        message.headers.items()
    )
    assert bytes(again) == bytes(message)


@settings(max_examples=300)
@given(
    st.sampled_from([case.data for case in CASES]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 8), st.binary(max_size=8)), max_size=6),
)
def test_damaged_messages_do_no_harm(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """Pieces of real messages are cut out and replaced; the agent answers, ignores or hands up, and lives."""
    for position, length, new in changes:
        at = position % (len(data) + 1)
        data = data[:at] + new + data[at + length :]
    agent = Agent()
    try:
        message = parse_message(data)
    except SipParseError as fault:
        refusal_of(data, fault)
        agent.ua.receive_malformed(data, fault, Way())
    else:
        agent.ua.receive(message, Way())
        for session in agent.application.sessions:
            if not session.ended:
                session.ring(183, b"early")
                session.answer(b"answer")
        for transaction in agent.application.transactions:
            transaction.respond(200)
    agent.take()
    agent.run_to(200)
    assert (agent.ua.transactions, agent.ua.sessions, agent.ua.next_timeout()) == (0, 0, None)


@given(st.text(max_size=60), st.binary(max_size=200))
def test_any_multipart_comes_apart(boundary: str, body: bytes) -> None:
    for part in parts_of(
        f'multipart/mixed;boundary="{boundary}"', body + f"--{boundary}\r\n".encode("utf-8", "replace") + body
    ):
        assert part.media_type


@pytest.mark.parametrize("nesting", [10_000, 60_000])
def test_deeply_nested_input_takes_no_time(nesting: int) -> None:
    for text in ('"' * nesting, "<" * nesting, ";" * nesting, "\\" * nesting, "," * nesting, "%" * nesting):
        for parse in (parse_uri, NameAddr.parse, Via.parse, CSeq.parse):
            with pytest.raises(SipParseError):
                parse(text)
