"""Finding servers (RFC 3263) with a resolver in memory, failover, and large requests (RFC 3261 §18.1.1)."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from tests.unit.sip.agents import Agent, Ears, answer_to, label
from tests.unit.sip.test_session import outgoing

from stimme.sip.flow import Target
from stimme.sip.message import Request, Response
from stimme.sip.transaction import Failure
from stimme.sip.transport.dns import SystemResolver
from stimme.sip.transport.locating import Locator, NaptrRecord, SrvRecord
from stimme.sip.uri import NameAddr, SipUri, parse_uri


@dataclass
class Zone:
    """A DNS in memory that counts what it is asked."""

    naptrs: dict[str, list[NaptrRecord]] = field(default_factory=dict)
    srvs: dict[str, list[SrvRecord]] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    async def naptr(self, name: str) -> list[NaptrRecord]:
        self.asked[f"NAPTR {name}"] += 1
        return self.naptrs.get(name, [])

    async def srv(self, name: str) -> list[SrvRecord]:
        self.asked[f"SRV {name}"] += 1
        return self.srvs.get(name, [])

    async def addresses(self, name: str) -> list[str]:
        self.asked[f"A {name}"] += 1
        return self.hosts.get(name, [])


def zone() -> Zone:
    return Zone(
        naptrs={
            "full.example": [
                NaptrRecord(20, 1, "SIP+D2U", "_sip._udp.full.example"),
                NaptrRecord(10, 1, "SIPS+D2T", "_sips._tcp.full.example"),
                NaptrRecord(5, 1, "E2U+sip", "nonsense"),
            ]
        },
        srvs={
            "_sip._udp.full.example": [SrvRecord(1, 0, 5060, "a.full.example.")],
            "_sips._tcp.full.example": [SrvRecord(1, 0, 5061, "a.full.example.")],
            "_sip._udp.srv.example": [SrvRecord(2, 1, 5070, "b"), SrvRecord(1, 1, 5080, "a")],
            "_sip._tcp.srv.example": [SrvRecord(1, 1, 5090, "a")],
            "_sip._udp.none.example": [SrvRecord(0, 0, 0, ".")],
        },
        hosts={
            "a.full.example": ["192.0.2.1"],
            "a": ["192.0.2.1", "2001:db8::1"],
            "b": ["192.0.2.2"],
            "plain.example": ["192.0.2.3"],
            "none.example": ["192.0.2.4"],
        },
    )


def locator(dns: Zone, clock: list[float] | None = None) -> Locator:
    now = clock or [0.0]
    return Locator(dns, rng=random.Random(1), clock=lambda: now[0])


@pytest.mark.parametrize(
    ("host", "port", "transport", "secure", "expected"),
    [
        ("192.0.2.9", None, None, False, [Target("udp", "192.0.2.9", 5060)]),
        ("192.0.2.9", None, "tcp", False, [Target("tcp", "192.0.2.9", 5060)]),
        ("2001:db8::9", 5080, "tls", False, [Target("tls", "2001:db8::9", 5080, "2001:db8::9")]),
        ("plain.example", 5080, None, False, [Target("udp", "192.0.2.3", 5080)]),
        ("plain.example", None, None, False, [Target("udp", "192.0.2.3", 5060)]),
        ("plain.example", None, "tls", False, [Target("tls", "192.0.2.3", 5061, "plain.example")]),
        ("plain.example", None, "udp", True, [Target("tls", "192.0.2.3", 5061, "plain.example")]),
        (
            "full.example",
            None,
            None,
            False,
            [Target("tls", "192.0.2.1", 5061, "full.example"), Target("udp", "192.0.2.1", 5060)],
        ),
        (
            "srv.example",
            None,
            "udp",
            False,
            [
                Target("udp", "192.0.2.1", 5080),
                Target("udp", "2001:db8::1", 5080),
                Target("udp", "192.0.2.2", 5070),
            ],
        ),
        ("unknown.example", None, None, False, []),
        ("unknown.example", 5060, "tcp", False, []),
    ],
)
async def test_order(
    host: str, port: int | None, transport: str | None, secure: bool, expected: list[Target]
) -> None:
    assert await locator(zone()).locate(host, port, transport=transport, secure=secure) == expected


async def test_without_naptr_every_transport_is_asked_for() -> None:
    found = await locator(zone()).locate("srv.example")
    assert [(target.transport, target.port) for target in found] == [
        ("udp", 5080),
        ("udp", 5080),
        ("udp", 5070),
        ("tcp", 5090),
        ("tcp", 5090),
    ]


async def test_numbers_ask_nobody() -> None:
    dns = zone()
    await locator(dns).locate("192.0.2.9")
    assert dns.asked == Counter()


async def test_weights_are_respected() -> None:
    dns = Zone(
        srvs={"_sip._udp.w": [SrvRecord(1, 90, 5060, "a"), SrvRecord(1, 10, 5060, "b")]},
        hosts={"a": ["192.0.2.1"], "b": ["192.0.2.2"]},
    )
    chooser = locator(dns)
    firsts = Counter([(await chooser.locate("w", transport="udp"))[0].host for _ in range(1000)])
    assert 850 < firsts["192.0.2.1"] < 950


async def test_server_that_failed_comes_last_for_a_while() -> None:
    now = [0.0]
    chooser = locator(zone(), now)
    first = (await chooser.locate("srv.example", transport="udp"))[0]
    chooser.failed(first)
    assert (await chooser.locate("srv.example", transport="udp"))[-1] == first
    now[0] = 61.0
    assert (await chooser.locate("srv.example", transport="udp"))[0] == first


async def test_the_system_knows_localhost_and_no_nonsense() -> None:
    resolver = SystemResolver(lifetime=0.5)
    assert "127.0.0.1" in await resolver.addresses("localhost")
    assert await resolver.addresses("." * 300) == []
    assert await resolver.srv("." * 300) == []
    async with asyncio.timeout(5):
        assert await resolver.naptr("does-not-exist.invalid") == []


# -- failover -----------------------------------------------------------------------------------------------

ONE, TWO = Target("udp", "192.0.2.21", 5060), Target("udp", "192.0.2.22", 5060)


def placed(agent: Agent, *targets: Target, offer: bytes = b"offer") -> Ears:
    ears = Ears()
    agent.ua.invite(
        uri=SipUri("muster.example", "20"),
        to=targets[0],
        alternatives=targets[1:],
        from_=NameAddr(SipUri("muster.example", "10")),
        to_header=NameAddr(SipUri("muster.example", "20")),
        contact=SipUri("192.0.2.1", "10", 5060),
        offer=offer,
        handler=ears,
    )
    return ears


def test_call_goes_to_the_next_server() -> None:
    agent = Agent()
    ears = placed(agent, ONE, TWO)
    agent.run_to(4)
    assert agent.destinations[-1] == TWO
    invites = [m for _, m in agent.log if label(m) == "INVITE"]
    assert invites[0].via.branch != invites[-1].via.branch
    agent.receive(answer_to(agent.last_request("INVITE"), 200))
    assert ears.heard == ["answer"]


def test_call_goes_to_the_next_server_on_503_and_only_then() -> None:
    for status, tried in ((503, True), (486, False)):
        agent = Agent()
        ears = placed(agent, ONE, TWO)
        agent.receive(answer_to(agent.last_request("INVITE"), 100))
        agent.receive(answer_to(agent.last_request("INVITE"), status))
        assert (agent.destinations[-1] == TWO) is tried
        assert ears.heard == ([] if tried else ["failure 486"])


def test_last_server_gets_all_the_time() -> None:
    agent = Agent()
    ears = placed(agent, ONE, TWO)
    agent.run_to(35)
    assert ears.heard == []
    agent.run_to(36)
    assert ears.heard == ["failure 408"]


def test_server_that_rings_is_waited_for() -> None:
    agent = Agent()
    ears = placed(agent, ONE, TWO)
    agent.receive(answer_to(agent.last_request("INVITE"), 180))
    agent.run_to(60)
    assert (ears.heard, agent.destinations[-1]) == (["provisional 180"], ONE)


def test_cancelled_call_tries_no_other_server() -> None:
    agent = Agent()
    ears = placed(agent, ONE, TWO)
    session = next(iter(agent.ua._sessions.values()))
    session.cancel()
    agent.run_to(40)
    assert (ears.heard, set(agent.destinations)) == (["failure 487"], {ONE})


def register(agent: Agent, *targets: Target) -> list[Response | Failure]:
    heard: list[Response | Failure] = []
    request = Request(
        "REGISTER",
        parse_uri("sip:muster.example"),
        [("From", "<sip:a@b>;tag=1"), ("To", "<sip:a@b>"), ("Call-ID", "x"), ("CSeq", "1 REGISTER")],
    )
    agent.ua.request(request, targets, on_response=heard.append, on_failure=heard.append)
    return heard


def test_request_goes_to_the_next_server() -> None:
    agent = Agent()
    heard = register(agent, ONE, TWO)
    agent.run_to(4)
    assert agent.destinations[-1] == TWO
    agent.receive(answer_to(agent.last_request("REGISTER"), 200))
    assert [response.status for response in heard] == [200]


def test_request_that_nobody_answers() -> None:
    agent = Agent()
    heard = register(agent, ONE, TWO)
    agent.run_to(36)
    assert [response.status for response in heard] == [408]


# -- large requests -----------------------------------------------------------------------------------------


def test_large_request_goes_over_tcp_first() -> None:
    agent = Agent()
    agent.ua.addresses["tcp"] = agent.address
    placed(agent, ONE, offer=b"x" * 1200)
    assert agent.destinations == [Target("tcp", "192.0.2.21", 5060)]
    assert agent.last_request("INVITE").via.transport == "tcp"


def test_large_request_goes_over_udp_when_tcp_fails() -> None:
    agent = Agent()
    agent.ua.addresses["tcp"] = agent.address
    failures = []
    agent.forward = lambda transmit: failures.append(transmit.on_error)
    ears = placed(agent, ONE, offer=b"x" * 1200)
    assert failures[0] is not None
    failures[0]("refused")
    assert agent.destinations[-1] == ONE
    assert agent.last_request("INVITE").via.transport == "udp"
    agent.receive(answer_to(agent.last_request("INVITE"), 486))
    placed(agent, ONE, offer=b"x" * 1200)
    assert agent.destinations[-1] == ONE, "TCP is not tried again for a while"
    agent.run_to(700)
    placed(agent, ONE, offer=b"x" * 1200)
    assert agent.destinations[-1] == Target("tcp", "192.0.2.21", 5060)
    assert ears.heard == ["failure 486"]


def test_small_requests_and_flows_stay_on_udp() -> None:
    agent = Agent()
    agent.ua.addresses["tcp"] = agent.address
    placed(agent, ONE)
    assert agent.destinations == [ONE]
    outgoing(agent, headers=[("X-Large", "x" * 1300)])
    assert agent.last_request("INVITE").via.transport == "udp"


# -- SIPS ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        ("<sip:192.0.2.7:5070;lr>", Target("udp", "192.0.2.7", 5070)),
        ("<sip:192.0.2.7;transport=tcp>", Target("tcp", "192.0.2.7", 5060)),
        ("<sips:192.0.2.7>", Target("tls", "192.0.2.7", 5061, "192.0.2.7")),
        ("<sips:192.0.2.7;transport=tcp>", Target("tls", "192.0.2.7", 5061, "192.0.2.7")),
        ("<tel:+49>", ONE),
    ],
)
def test_where_a_hop_is(hop: str, expected: Target) -> None:
    assert Agent().ua.locate(hop, ONE) == expected
