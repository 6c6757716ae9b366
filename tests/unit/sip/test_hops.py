"""Max-Forwards and Max-Breadth of what we call for a caller."""

import pytest
from tests.unit.sip.agents import Agent, wire

from stimme.sip.flow import Target
from stimme.sip.hops import HopLimits
from stimme.sip.message import Request, parse_message
from stimme.sip.uri import NameAddr, SipUri


def limits(*extra: str, forwards: str = "70") -> HopLimits:
    data = wire("INVITE", extra=list(extra)).replace(
        b"Max-Forwards: 70", f"Max-Forwards: {forwards}".encode()
    )
    request = parse_message(data)
    assert isinstance(request, Request)
    return HopLimits.of(request)


def test_each_leg_has_one_hop_less_and_its_share_of_the_breadth() -> None:
    assert limits().next() == HopLimits(69, None)
    assert limits("Max-Breadth: 9", forwards="5").next(4) == HopLimits(4, 2)
    assert limits("Max-Breadth: 3").next(4).breadth == 1


@pytest.mark.parametrize(
    ("forwards", "breadth", "branches", "status"),
    [
        ("0", "60", 1, 483),
        ("1", "60", 1, None),
        ("70", "2", 3, 440),
        ("70", "3", 3, None),
        ("70", "x", 99, None),
    ],
)
def test_what_may_not_go_on(forwards: str, breadth: str, branches: int, status: int | None) -> None:
    assert limits(f"Max-Breadth: {breadth}", forwards=forwards).refusal(branches) == status


def test_a_peer_cannot_raise_the_limit_and_nonsense_is_the_usual() -> None:
    assert limits(forwards="255").forwards == 70
    assert limits(forwards="seventy").forwards == 70
    assert HopLimits.of(None) == HopLimits()


def test_a_call_of_ours_says_what_is_left() -> None:
    agent = Agent()
    agent.ua.invite(
        uri=SipUri("192.0.2.2", "20"),
        to=Target("udp", "192.0.2.2", 5060),
        from_=NameAddr(SipUri("muster.example", "10")),
        to_header=NameAddr(SipUri("muster.example", "20")),
        contact=SipUri("192.0.2.1", "10", 5060),
        offer=b"offer",
        handler=agent.application.ears,
        limits=HopLimits(7, 3),
    )
    agent.take()
    invite = agent.last_request("INVITE")
    assert invite.headers.get_all("Max-Forwards") == ["7"]
    assert invite.headers.get("Max-Breadth") == "3"


def test_two_systems_that_divert_to_each_other_end_the_call() -> None:
    """Each hop is a call of its own, with another Call-ID: only the hop count knows that it is a circle."""
    left, hops = HopLimits(), 0
    while left.refusal() is None:
        left, hops = left.next(), hops + 1
    assert hops == 70
