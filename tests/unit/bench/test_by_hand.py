"""The messages that measurements write by hand can be read by our own stack, and answer what they should."""

import socket

import pytest
from tests.bench import by_hand
from tests.bench.house import GROUPS, USERS
from tests.bench.lamps import WATCHERS

from stimme.sip.message import Request, Response, parse_message


@pytest.fixture
def ends() -> "tuple[socket.socket, socket.socket]":
    first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for each in (first, second):
        each.bind(("127.0.0.1", 0))
        each.settimeout(1.0)
    first.connect(second.getsockname())
    second.connect(first.getsockname())
    return first, second


def test_a_call_its_refusal_and_the_ack(ends: "tuple[socket.socket, socket.socket]") -> None:
    trunk, server = ends
    call = by_hand.Call("c1", "sip:+49301@127.0.0.1", trunk)
    call.invite()
    text = by_hand.receive(server, "INVITE")
    invite = parse_message(text.encode())
    assert isinstance(invite, Request)
    assert (invite.method, invite.user, bool(invite.sdp)) == ("INVITE", "+49301", True)
    server.send(by_hand.response(text, "486 Busy Here"))
    refusal = by_hand.receive(trunk, "SIP/2.0 486")
    read = parse_message(refusal.encode())
    assert isinstance(read, Response)
    assert read.to.params["tag"] == "hand"
    call.acknowledge(refusal)
    ack = parse_message(by_hand.receive(server, "ACK").encode())
    assert isinstance(ack, Request)
    assert ack.to.params["tag"] == "hand"
    assert ack.headers.get("Via") == invite.headers.get("Via")
    for each in ends:
        each.close()


def test_a_header_that_is_missing() -> None:
    with pytest.raises(ValueError, match="no Contact"):
        by_hand.field("INVITE sip:x SIP/2.0\r\nVia: a\r\n\r\n", "Contact")


def test_the_house_has_members_and_watchers_enough() -> None:
    assert max(GROUPS) <= USERS
    assert max(WATCHERS.values()) <= USERS
