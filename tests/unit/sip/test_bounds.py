"""Every table in memory has its bound (docs/sip.md): those that no other test fills."""

import random

from tests.unit.sip.agents import Agent, Way, answer_to, wire
from tests.unit.sip.test_session import outgoing

from stimme.sip import auth
from stimme.sip.auth import DigestClient, DigestServer, Verified, ha1
from stimme.sip.flow import Target
from stimme.sip.layer import _MAX_NO_TCP
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.reliable import MAX_WAITING, ReliableOrder
from stimme.sip.transport.flood import MAX_SOURCES, FloodGuard, FloodLimits
from stimme.sip.transport.locating import MAX_PENALTIES, Locator
from stimme.sip.uri import _KEPT, _LONGEST_KEPT, NameAddr, SipUri, _known_name_addr, _known_sip_uri


def statuses(agent: Agent, method: str) -> list[int]:
    return [m.status for m in agent.fresh() if isinstance(m, Response) and m.cseq.method == method]


def test_answers_of_more_forks_than_any_network_makes_are_not_taken() -> None:
    agent = Agent()
    session, *_ = outgoing(agent)
    agent.take()
    invite = agent.last_request("INVITE")
    agent.receive(answer_to(invite, 200, to_tag="first", body=b"answer"))
    agent.fresh()
    for number in range(100):
        agent.receive(answer_to(invite, 200, to_tag=f"fork{number}", body=b"answer"))
    ended = [m for m in agent.fresh() if isinstance(m, Request) and m.method == "BYE"]
    assert len(ended) == 16
    assert not session.ended


def test_calls_over_the_bound_are_refused_but_emergency_calls() -> None:
    agent = Agent()
    agent.ua.most_sessions = 3
    agent.ua.urgent = lambda request: request.user == "112"
    for number in range(4):
        agent.receive(wire("INVITE", call_id=f"c{number}", branch=f"z9hG4bK{number}", body=b"offer"))
    assert statuses(agent, "INVITE") == [100, 100, 100, 503]
    assert len(agent.application.sessions) == 3
    data = wire("INVITE", call_id="u", branch="z9hG4bKu", body=b"offer")
    urgent = data.replace(b"sip:10@192", b"sip:112@192", 1)
    agent.receive(urgent)
    assert len(agent.application.sessions) == 4


def test_a_crowd_is_told_and_goes_away() -> None:
    agent = Agent()
    agent.ua.most_servers = 5
    for number in range(5):
        assert not agent.ua.crowded
        agent.receive(wire("MESSAGE", call_id=f"m{number}", branch=f"z9hG4bK{number}"))
        agent.application.transactions[-1].respond(200)
    assert agent.ua.crowded
    agent.run_to(33)
    assert not agent.ua.crowded


def test_servers_without_tcp_are_forgotten_oldest_first() -> None:
    agent = Agent()
    for number in range(_MAX_NO_TCP + 50):
        agent.ua.failed_at(Target("tcp", f"h{number}", 5060))
    assert len(agent.ua._no_tcp) == _MAX_NO_TCP
    assert ("h0", 5060) not in agent.ua._no_tcp


def test_failed_servers_are_forgotten_oldest_first() -> None:
    class Nothing:
        async def naptr(self, name: str) -> list[object]:
            return []

        srv = addresses = naptr

    locator = Locator(Nothing(), rng=random.Random(1), clock=lambda: 0.0)  # type: ignore[arg-type]
    for number in range(MAX_PENALTIES + 50):
        locator.failed(Target("udp", f"h{number}", 5060))
    assert len(locator._penalties) == MAX_PENALTIES


def test_early_dialogs_of_forks() -> None:
    order = ReliableOrder()
    taken = [order.is_next(f"fork{number}", 1) for number in range(MAX_WAITING + 10)]
    assert sum(taken) == MAX_WAITING


def test_long_addresses_are_not_kept_and_short_ones_only_so_many() -> None:
    for number in range(_KEPT + 500):
        NameAddr.parse(f"<sip:user{number}@example.com>")
        SipUri.parse(f"sip:user{number}@example.com")
    assert _known_name_addr.cache_info().currsize <= _KEPT
    assert _known_sip_uri.cache_info().currsize <= _KEPT
    before = _known_sip_uri.cache_info().misses
    SipUri.parse(f"sip:{'a' * _LONGEST_KEPT}@example.com")
    assert _known_sip_uri.cache_info().misses == before


def test_buckets_of_sources() -> None:
    guard = FloodGuard(lambda: 0.0, FloodLimits())
    for number in range(MAX_SOURCES + 100):
        guard.admits(f"s{number}", b"INVITE ")
        guard.trust(f"s{number}")
    assert len(guard._buckets) == len(guard._trusted) == MAX_SOURCES
    assert not guard.trusted("s0")
    assert guard.trusted(f"s{MAX_SOURCES}")


def test_nonce_counts() -> None:
    server = DigestServer("muster.example", b"key", clock=lambda: 0.0)
    for number in range(auth.MAX_NONCES):
        server._counts[f"n{number}"] = 1
    request = parse_message(wire("REGISTER"))
    assert isinstance(request, Request)
    challenge = Response(401, None, server.challenge(401, algorithms=("MD5",)))
    header = DigestClient("a", "secret").authorize(request, challenge)
    assert header is not None
    request.headers.add(*header)
    verdict = server.verify(request, lambda u, r, a: ha1(u, r, "secret", a), proxy=False)
    assert isinstance(verdict, Verified)
    assert len(server._counts) == auth.MAX_NONCES
    assert "n0" not in server._counts


def test_a_flow_without_peer_costs_nothing() -> None:
    agent = Agent()
    agent.receive(wire("ACK", call_id="nobody", to_tag="x"), Way())
    assert agent.ua.transactions == agent.ua.sessions == 0
