"""Messages: parsing, serialising, and that nothing but SipParseError comes out of bad bytes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.headers import CSeq, Via, branch_of, format_via
from stimme.sip.message import Headers, Message, Request, Response, parse_message, response_to

INVITE = (
    b"INVITE sip:10@muster.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKabc;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna \\"A\\" Muster" <sip:11@muster.example>;tag=1\r\n'
    b"To: <sip:10@muster.example>\r\n"
    b"Call-ID: call-1\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Contact: <sip:11@192.0.2.1:5070>\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)


def request(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def with_lines(*lines: bytes, body: bytes = b"") -> bytes:
    return b"OPTIONS sip:a@b SIP/2.0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def test_request_is_read() -> None:
    message = request(INVITE)
    assert (message.method, str(message.uri), message.user) == ("INVITE", "sip:10@muster.example", "10")
    assert message.via == Via("udp", "192.0.2.1", 5070, {"branch": "z9hG4bKabc", "rport": None})
    assert message.cseq == CSeq(7, "INVITE")
    assert message.from_.display_name == 'Anna "A" Muster'
    assert (message.from_.tag, message.to.tag, message.call_id) == ("1", None, "call-1")
    assert message.max_forwards == 70
    assert [str(contact) for contact in message.contacts] == ["<sip:11@192.0.2.1:5070>"]
    assert message.body == b"v=0\n"


def test_wire_form_comes_back() -> None:
    assert bytes(request(INVITE)).replace(b"Content-Length: 4\r\n", b"") == INVITE.replace(
        b"Content-Length: 4\r\n", b""
    )
    assert request(bytes(request(INVITE))).headers == request(INVITE).headers


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"i: abc", "Call-ID", "abc"),
        (b"I : abc", "Call-ID", "abc"),
        (b"Call-ID\t:abc", "Call-ID", "abc"),
        (b"call-id:abc", "Call-ID", "abc"),
        (b"s:  a\r\n  b\r\n\tc", "Subject", "a b c"),
        (b"x-own-header: 1", "X-Own-Header", "1"),
        (b"Subject:", "Subject", ""),
        (b"v: SIP/2.0/TCP h", "Via", "SIP/2.0/TCP h"),
        (b"m: *", "Contact", "*"),
        ("Subject: Grüße".encode(), "Subject", "Grüße"),
    ],
)
def test_header_forms(line: bytes, name: str, value: str) -> None:
    assert parse_message(with_lines(line)).headers.get(name) == value


def test_two_vias_on_one_line() -> None:
    message = parse_message(with_lines(b"v: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b:7;branch=2"))
    assert (message.via.host, message.via.branch) == ("a", "1")
    assert len(message.headers.values("Via")) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SIP/2.0/UDP 192.0.2.1", Via("udp", "192.0.2.1")),
        (
            "SIP / 2.0 / TCP   host.example:5080 ;branch = z9",
            Via("tcp", "host.example", 5080, {"branch": "z9"}),
        ),
        ("SIP /2.0/ws\ta.invalid", Via("ws", "a.invalid")),
        ("sip/2.0/TLS [2001:db8::1]:5061", Via("tls", "2001:db8::1", 5061)),
    ],
)
def test_via(text: str, expected: Via) -> None:
    assert Via.parse(text) == expected


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0 h", "SIP/2.0/UDP h:p", "x"])
def test_wrong_via(text: str) -> None:
    with pytest.raises(SipParseError):
        Via.parse(text)


def test_source_is_noted_on_via() -> None:
    asked = Via.parse("SIP/2.0/UDP 10.0.0.1;branch=x;rport")
    assert str(asked.with_source("192.0.2.9", 4000)) == (
        "SIP/2.0/UDP 10.0.0.1;branch=x;rport=4000;received=192.0.2.9"
    )
    plain = Via.parse("SIP/2.0/UDP 10.0.0.1;branch=x")
    assert plain.with_source("192.0.2.9", 4000).params["received"] == "192.0.2.9"
    assert plain.with_source("10.0.0.1", 5060) is plain


@pytest.mark.parametrize("text", ["0009  INVITE", "9\tINVITE", "9 INVITE", "0" * 5000 + "9 INVITE"])
def test_cseq(text: str) -> None:
    assert CSeq.parse(text) == CSeq(9, "INVITE")


@pytest.mark.parametrize(
    "text", ["", "9", "INVITE", "-1 INVITE", "4294967296 INVITE", "² INVITE", "9" * 5000 + " A"]
)
def test_wrong_cseq(text: str) -> None:
    with pytest.raises(SipParseError):
        CSeq.parse(text)


def test_bytes_that_are_not_utf8_come_back_unchanged() -> None:
    data = INVITE.replace(b"Anna", b"J\xf6rg")
    message = request(data)
    assert b"J\xf6rg" in bytes(message)
    assert "�" in message.from_.display_name, "text for people holds no lone surrogates"
    message.from_.display_name.encode()


def test_user_of_escaped_bytes() -> None:
    message = request(b"OPTIONS sip:%ff%0d%0aa@b SIP/2.0\r\n\r\n")
    assert message.user == "�\r\na"
    assert str(message.uri).lower() == "sip:%ff%0d%0aa@b"


def test_leading_line_breaks() -> None:
    assert request(b"\r\n\r\n" + INVITE).method == "INVITE"


@pytest.mark.parametrize(
    ("length", "body", "kept"),
    [(b"0", b"abc", b""), (b"2", b"abc", b"ab"), (b" 3 ", b"abc", b"abc")],
)
def test_body_is_cut_to_content_length(length: bytes, body: bytes, kept: bytes) -> None:
    assert parse_message(with_lines(b"l:" + length, body=body)).body == kept


def test_body_without_content_length_is_the_rest() -> None:
    assert parse_message(with_lines(b"Subject: x", body=b"abc")).body == b"abc"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        INVITE[:-5],
        with_lines(b"Content-Length: 4", body=b"abc"),
        with_lines(b"Content-Length: -1"),
        with_lines(b"Content-Length: 1x"),
        with_lines("Content-Length: ²".encode()),
        with_lines(b"Content-Length: " + b"9" * 5000),
        with_lines(b"no colon"),
        with_lines(b": no name"),
        with_lines(b"na me: x"),
        with_lines(b"Subject: a\nTo: b"),
        with_lines(b"Subject: a\rTo: b"),
        with_lines(b"Subject: a\0b"),
        with_lines(*[b"a: b"] * 300),
        with_lines(b"Subject: " + b"x" * 70000),
        b"INVITE sip:a@b SIP/3.0\r\n\r\n",
        b"INVITE sip:a@b\r\n\r\n",
        b"INVITE  SIP/2.0\r\n\r\n",
        b"INVITE <sip:a@b> SIP/2.0\r\n\r\n",
        b"INVITE sip:a@b c SIP/2.0\r\n\r\n",
        b"INV/TE sip:a@b SIP/2.0\r\n\r\n",
        b"INVITE sip:a@b:99999 SIP/2.0\r\n\r\n",
        b"INVITE sip:a@b:" + b"9" * 5000 + b" SIP/2.0\r\n\r\n",
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0 700 High\r\n\r\n",
        b"SIP/2.0 2000 Long\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(SipParseError):
        parse_message(data)


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"SIP/2.0 486", 486, ""),
        (b"SIP/2.0 180 ", 180, ""),
        (b"sip/2.0 404 Not Found", 404, "Not Found"),
        ("SIP/2.0 200 Schön".encode(), 200, "Schön"),
    ],
)
def test_status_line(line: bytes, status: int, reason: str) -> None:
    message = parse_message(line + b"\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (status, reason)


@pytest.mark.parametrize(
    ("status", "reason"), [(200, "OK"), (299, "OK"), (486, "Busy Here"), (499, "Bad Request")]
)
def test_reason_phrases(status: int, reason: str) -> None:
    assert Response(status).reason == reason


def test_response_copies_what_rfc_3261_says() -> None:
    message = request(INVITE)
    message.headers.add("Record-Route", "<sip:p;lr>")
    ringing = response_to(message, 180, tag="t")
    assert ringing.headers.get_all("Record-Route") == ["<sip:p;lr>"]
    assert ringing.to.tag == "t"
    assert [name for name, _ in ringing.headers.items()] == [
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Record-Route",
    ]
    assert response_to(message, 100, tag="t").to.tag is None
    assert "Record-Route" not in response_to(message, 404, tag="t").headers
    message.headers.set("To", "sip:10@muster.example;tag=old")
    assert response_to(message, 200, tag="t").to.tag == "old"


def test_headers_change_in_place() -> None:
    headers = Headers([("v", "1"), ("To", "a"), ("Via", "2"), ("VIA", "3")])
    headers.change_first("Via", "0")
    assert headers.get_all("via") == ["0", "2", "3"]
    headers.set("v", "9")
    assert list(headers.items()) == [("Via", "9"), ("To", "a")]
    headers.insert("Via", "8")
    copy = headers.copy()
    headers.remove("v")
    assert ("Via" in headers, "Via" in copy, len(copy)) == (False, True, 3)


def views(message: Message) -> None:
    """Reads every typed view; each may raise SipParseError only."""
    for read in (
        lambda: message.via,
        lambda: message.cseq,
        lambda: message.from_,
        lambda: message.to,
        lambda: message.contacts,
        lambda: message.call_id,
        lambda: message.max_forwards if isinstance(message, Request) else None,
    ):
        try:
            str(read())
        except SipParseError:
            continue


PIECES = st.sampled_from(
    [
        *(b"INVITE ", b"sip:a@b", b" SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n", b"Via: ", b"SIP/2.0/UDP "),
        *(b"h;branch=z9\r\n", b"From: ", b"To: ", b'"x" <sip:a@b>;tag=1\r\n', b"CSeq: ", b"1 INVITE\r\n"),
        *(b"Contact: ", b"*\r\n", b",", b"Max-Forwards: ", b"Content-Length: ", b"9" * 5000, b"0\r\n"),
        *(b"\r\n", b"\r\n\r\n", b" ", b"\t", b'"', b"<", b"[::1]:", b"tel:+49", b";", b"?", b"%ff"),
        *(b"\xff", "²".encode(), b"@", b":", b"\n", b"\0"),
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(b"".join)))
@example(b"OPTIONS sip:a@b SIP/2.0\r\nVia: \r\nCSeq: \r\n\r\n")
@example(b"OPTIONS sip:a@b SIP/2.0\r\nVia: ,\r\nMax-Forwards: " + b"9" * 5000 + b"\r\n\r\n")
def test_nothing_but_a_parse_error(data: bytes) -> None:
    try:
        message = parse_message(data)
    except SipParseError:
        return
    views(message)
    parse_message(bytes(message))


_VIA_PIECES = (
    "SIP/2.0/UDP", "sip/2.0/TLS", "SIP / 2.0 / WS", " ", "192.0.2.1", "host.example", "[2001:db8::1]",
    ":5060",
    ":123456", ";branch=z9hG4bKa.b-1", ";BRANCH=x", ";branch", ';branch="q"', ";rport", ";rport=5060",
    ";received=192.0.2.9", ";;", ",", ";x=y",
)  # fmt: skip


@given(st.lists(st.sampled_from(_VIA_PIECES), max_size=6).map("".join) | st.text(max_size=40))
@example(format_via("udp", "192.0.2.1", 5060, "z9hG4bK0123") + ";received=192.0.2.9")
@example("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5062;received=192.0.2.9")
@example("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport;branch=z9hG4bK2")
def test_the_fast_way_to_a_branch_gives_what_the_slow_one_gives(text: str) -> None:
    try:
        expected = Via.parse(text).branch
    except SipParseError:
        with pytest.raises(SipParseError):
            branch_of(text)
    else:
        assert branch_of(text) == expected


def test_a_response_is_found_by_the_branch_of_its_first_via() -> None:
    ours = format_via("udp", "192.0.2.1", 5060, "z9hG4bKours")
    assert Response(200, headers=[("Via", f"{ours}, SIP/2.0/UDP b;branch=other")]).branch == "z9hG4bKours"
    with pytest.raises(SipParseError):
        Response(200).branch  # noqa: B018  reading it is the test


def test_fields_that_are_appended_together() -> None:
    headers = Headers([("Allow", "ACK")])
    assert headers.get("Allow") == "ACK"
    headers.extend([("k", "timer"), ("x-own", "1"), ("Allow", "BYE")])
    assert headers.get_all("Allow") == ["ACK", "BYE"]
    assert (headers.get("Supported"), headers.get("X-Own")) == ("timer", "1")
