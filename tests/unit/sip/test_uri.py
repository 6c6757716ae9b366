"""URIs and name-addr (RFC 3261 §19.1, §20.10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.uri import (
    NameAddr,
    OtherUri,
    SipUri,
    TelUri,
    Uri,
    parse_params,
    parse_uri,
    split_outside_quotes,
)

EQUAL = [
    ("sip:%61lice@atlanta.example;transport=TCP", "sip:alice@AtlanTa.Example;Transport=tcp"),
    ("sip:carol@chicago.example", "sip:carol@chicago.example;newparam=5"),
    ("sip:carol@chicago.example;newparam=5", "sip:carol@chicago.example;security=on"),
    (
        "sip:biloxi.example;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example",
        "sip:biloxi.example;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example",
    ),
    (
        "sip:alice@atlanta.example?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.example?priority=urgent&subject=project%20x",
    ),
    ("SIP:a@b", "sip:a@b"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.Example;Transport=udp", "sip:alice@AtLanTa.Example;Transport=UDP"),
    ("sip:bob@biloxi.example", "sip:bob@biloxi.example:5060"),
    ("sip:bob@biloxi.example", "sip:bob@biloxi.example;transport=udp"),
    ("sip:bob@biloxi.example", "sip:bob@biloxi.example:6000;transport=tcp"),
    ("sip:carol@chicago.example", "sip:carol@chicago.example?Subject=next%20meeting"),
    ("sip:carol@chicago.example;security=off", "sip:carol@chicago.example;security=on"),
    ("sip:bob@phone21.example", "sip:bob@192.0.2.4"),
    ("sip:a@b", "sips:a@b"),
    ("sip:a@b", "sip:b"),
    ("sip:a:x@b", "sip:a@b"),
    ("sip:a@b", "sip:a@b;maddr=192.0.2.1"),
    ("sip:a@b", "sip:a@b;user=phone"),
    ("sip:a@b;ttl=1", "sip:a@b"),
]


@pytest.mark.parametrize(
    ("one", "other", "equal"), [(*pair, True) for pair in EQUAL] + [(*pair, False) for pair in DIFFERENT]
)
def test_comparison(one: str, other: str, equal: bool) -> None:
    a, b = SipUri.parse(one), SipUri.parse(other)
    assert a.matches(b) is equal
    assert b.matches(a) is equal
    assert a.matches(a)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:b", SipUri("b")),
        ("sip:a@b:5070", SipUri("b", "a", 5070)),
        ("sips:a:secret@b", SipUri("b", "a", scheme="sips", password="secret")),
        ("sip:a;x=y@b;lr", SipUri("b", "a;x=y", params={"lr": None})),
        ("sip:a@[2001:db8::1]:5060", SipUri("2001:db8::1", "a", 5060)),
        ("sip:+49%2030@b", SipUri("b", "+49 30")),
        ("sip:a?b@c", SipUri("c", "a?b")),
        ("sip:a@b?x=y", SipUri("b", "a", headers="x=y")),
        ("urn:service:sos", OtherUri("urn", "service:sos")),
        ("HTTP://b/?c=d", OtherUri("http", "//b/?c=d")),
        ("tel:+49-30-123;phone-context=x", TelUri("+4930123", {"phone-context": "x"})),
    ],
)
def test_parse_and_write(text: str, expected: Uri) -> None:
    uri = parse_uri(text)
    assert uri == expected
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@b",
        "//b",
        "a b:c",
        "http://b c",
        "sip:a@",
        "sip:a@b:x",
        "sip:a@[::1",
        "sip:a@[::1]x",
        "tel:",
        "tel:+",
        "sip:a@b c",
    ],
)
def test_wrong_uri(text: str) -> None:
    with pytest.raises(SipParseError):
        parse_uri(text)


@pytest.mark.parametrize(
    ("text", "user", "display", "tag"),
    [
        ("<sip:a@b>;tag=1", "a", "", "1"),
        ("sip:a@b;tag=1", "a", "", "1"),
        ('"A, B; C <D>" <sip:a@b;x=y>;tag=1', "a", "A, B; C <D>", "1"),
        ("Anna Muster <tel:+4930>", "+4930", "Anna Muster", None),
        ('"\\"" <sip:b>', "", '"', None),
        ('"Z\\\\"<sip:a@b> ; tag = 1', "a", "Z\\", "1"),
    ],
)
def test_name_addr(text: str, user: str, display: str, tag: str | None) -> None:
    address = NameAddr.parse(text)
    assert (address.user, address.display_name, address.tag) == (user, display, tag)
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "*", '"a <sip:a@b>', "<sip:a@b", '"a"', "<>"])
def test_wrong_name_addr(text: str) -> None:
    with pytest.raises(SipParseError):
        NameAddr.parse(text)


def test_display_name_cannot_end_the_header() -> None:
    assert "\r" not in str(NameAddr(SipUri("b"), "a\r\nX: y"))


def test_params() -> None:
    assert parse_params(';a="x;y";B;c=') == {"a": "x;y", "b": None, "c": ""}
    assert split_outside_quotes('"a,b", <c,d>,,e', ",") == ['"a,b"', " <c,d>", "e"]


@given(st.text(max_size=60))
def test_nothing_but_a_parse_error(text: str) -> None:
    for value in (text, f"sip:{text}", f"<sip:{text}>", f'"{text}" <sip:a@b;{text}>'):
        for parse in (parse_uri, NameAddr.parse):
            try:
                str(parse(value))
            except SipParseError:
                continue


def split_char_by_char(text: str, separator: str) -> list[str]:
    """What `split_outside_quotes` does, as one reads it."""
    if separator not in text:
        return [text] if text else []
    parts: list[str] = []
    start, quoted, depth, position = 0, False, 0, 0
    while position < len(text):
        char = text[position]
        if quoted:
            if char == "\\":
                position += 1
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char == "<":
            depth += 1
        elif char == ">":
            depth = max(0, depth - 1)
        elif char == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


@given(st.text(alphabet='"\\<>,; a\n', max_size=30), st.sampled_from([",", ";"]))
def test_splitting_by_marks_is_splitting_char_by_char(text: str, separator: str) -> None:
    assert split_outside_quotes(text, separator) == split_char_by_char(text, separator)
