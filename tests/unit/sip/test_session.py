"""Sessions: calls between two agents, races and faults (RFC 3261 §9, §12–§15)."""

import random
from collections.abc import Callable

import pytest
from tests.unit.sip.agents import Agent, Ears, Network, Way, answer_to, label, wire

from stimme.sip.auth import DigestClient, DigestServer, Verified, ha1
from stimme.sip.errors import SessionStateError
from stimme.sip.flow import Target
from stimme.sip.message import Request, Response
from stimme.sip.session import Session
from stimme.sip.session_states import TRANSITIONS, SessionState
from stimme.sip.uri import NameAddr, SipUri


def outgoing(agent: Agent, **more: object) -> tuple[Session, Ears, Request]:
    """A call that the agent has just placed."""
    ears = Ears()
    session = agent.ua.invite(
        uri=SipUri("192.0.2.9", "20"),
        to=Way(),
        from_=NameAddr(SipUri("muster.example", "10")),
        to_header=NameAddr(SipUri("muster.example", "20")),
        contact=SipUri("192.0.2.1", "10", 5060),
        offer=b"offer",
        handler=ears,
        **more,  # type: ignore[arg-type]
    )
    return session, ears, agent.last_request("INVITE")


# -- a whole call -------------------------------------------------------------------------------------------


def test_call_from_ring_to_bye() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, ears = net.call()
    assert (session.state, ears.heard) == (SessionState.RINGING, ["provisional 180"])
    called = net.callee.application.sessions[0]
    called.answer(b"answer")
    net.settle()
    assert ears.heard[1:] == ["answer"]
    assert net.callee.application.ears.heard == ["ack"]
    assert (session.state, called.state) == (SessionState.CONFIRMED, SessionState.CONFIRMED)
    session.bye()
    net.settle()
    assert net.callee.application.ears.heard == ["ack", "bye"]
    assert session.ended
    assert called.ended
    net.run_to(100)
    for agent in (net.caller, net.callee):
        assert (agent.ua.transactions, agent.ua.sessions, agent.ua.next_timeout()) == (0, 0, None)


@pytest.mark.parametrize("seed", range(20))
def test_call_over_a_lossy_network(seed: int) -> None:
    """A third of all messages is lost; the call comes about and ends all the same, each thing heard once."""
    net, dice = Network(), random.Random(seed)
    net.drop = lambda agent, message: dice.random() < 0.33

    def answer(session: Session) -> None:
        session.ring(180)
        session.answer(b"answer")

    net.callee.application.on_call = answer
    _, ears = net.call()
    net.run_to(31)
    called = net.callee.application.sessions[0]
    assert ears.heard[-1] == "answer"
    assert net.callee.application.ears.heard == ["ack"]
    net.drop = lambda agent, message: False
    called.bye()
    net.settle()
    assert ears.heard[-1] == "bye"
    net.run_to(200)
    for agent in (net.caller, net.callee):
        assert (agent.ua.transactions, agent.ua.sessions) == (0, 0)


def test_delayed_offer() -> None:
    """An INVITE without a body: the offer is in the 2xx and the answer in the ACK (RFC 3264 §5)."""
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.answer(b"our offer")
    agent.receive(wire("ACK", to_tag=session.id, branch="z9hG4bKx", body=b"their answer"))
    ack = agent.application.ears.messages[-1]
    assert isinstance(ack, Request)
    assert ack.body == b"their answer"


def test_requests_carry_what_the_dialog_needs() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent)
    agent.receive(
        answer_to(
            invite, 200, extra=[("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"), ("Record-Route", "<sip:p0;lr>")]
        )
    )
    session.bye()
    ack, bye = agent.last_request("ACK"), agent.last_request("BYE")
    for request in (ack, bye):
        assert request.headers.get_all("Route") == ["<sip:p0;lr>", "<sip:p1;lr>", "<sip:p2;lr>"]
        assert str(request.uri) == "sip:20@192.0.2.9:5070"
        assert (request.from_.tag, request.to.tag, request.max_forwards) == (session.id, "remote", 70)
    assert (ack.cseq.number, bye.cseq.number) == (invite.cseq.number, invite.cseq.number + 1)
    assert ack.via.branch != invite.via.branch, "the ACK of a 2xx is a transaction of its own (§17.1.1.3)"


# -- CANCEL -------------------------------------------------------------------------------------------------


def test_cancel_waits_for_a_provisional() -> None:
    agent = Agent()
    session, ears, invite = outgoing(agent)
    session.cancel([("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
    assert "CANCEL" not in agent.labels()
    agent.receive(answer_to(invite, 180))
    cancel = agent.last_request("CANCEL")
    assert (cancel.via, cancel.cseq.number) == (invite.via, invite.cseq.number)
    assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    agent.receive(answer_to(cancel, 200))
    agent.receive(answer_to(invite, 487))
    assert ears.heard == ["failure 487"]
    assert agent.labels()[-1] == "ACK"


def test_cancel_crosses_200() -> None:
    """The 2xx wins the race: it is acknowledged, and the call that nobody wants is ended by BYE (§9.1)."""
    agent = Agent()
    session, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 180))
    session.cancel()
    agent.labels()
    agent.receive(answer_to(invite, 200))
    assert agent.labels() == ["ACK", "BYE"]
    assert (ears.heard, session.ended) == (["provisional 180", "failure 487"], True)
    agent.receive(answer_to(invite, 200))
    assert agent.labels() == ["ACK"], "a repeated 2xx is acknowledged again and not ended again"


def test_cancel_that_is_never_answered_ends_after_64_t1() -> None:
    agent = Agent()
    session, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 180))
    session.cancel()
    agent.run_to(64)
    assert (ears.heard[-1], session.ended, agent.ua.transactions) == ("failure 487", True, 0)


def test_cancel_of_the_peer() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    agent.application.sessions[0].ring()
    agent.labels()
    agent.receive(wire("CANCEL", method="CANCEL"))
    assert agent.labels() == ["200 CANCEL", "487 INVITE"]
    assert agent.application.ears.heard == ["cancel"]


def test_cancel_after_200_changes_nothing() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    agent.application.sessions[0].answer(b"sdp")
    agent.labels()
    agent.receive(wire("CANCEL", method="CANCEL"))
    assert agent.labels() == ["200 CANCEL"]
    assert agent.application.sessions[0].state is SessionState.ANSWERED


def test_cancel_for_nothing() -> None:
    agent = Agent()
    agent.receive(wire("CANCEL", method="CANCEL"))
    assert agent.labels() == ["481 CANCEL"]


def test_cancel_from_another_host_is_refused() -> None:
    """CANCEL is hop by hop (§9.1): nobody but the sender of the INVITE may take it back."""
    agent = Agent()
    agent.receive(wire("INVITE"))
    agent.labels()
    agent.receive(wire("CANCEL", method="CANCEL"), Way(remote=("198.51.100.66", 5070)))
    assert agent.labels() == ["481 CANCEL"]
    assert not agent.application.sessions[0].ended


# -- forks --------------------------------------------------------------------------------------------------


def test_second_fork_is_acknowledged_and_ended() -> None:
    agent = Agent()
    session, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 200, to_tag="one"))
    agent.labels()
    agent.receive(answer_to(invite, 200, to_tag="two"))
    assert agent.labels() == ["ACK", "BYE"]
    assert (agent.last_request("ACK").to.tag, agent.last_request("BYE").to.tag) == ("two", "two")
    assert (session.remote.tag, session.state, ears.heard) == ("one", SessionState.CONFIRMED, ["answer"])


def test_repeated_2xx_gets_the_same_ack() -> None:
    agent = Agent()
    _, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 200))
    agent.receive(answer_to(invite, 200))
    acks = [bytes(message) for _, message in agent.log if label(message) == "ACK"]
    assert len(acks) == 2
    assert acks[0] == acks[1]
    assert ears.heard == ["answer"]


def test_merged_request() -> None:
    """One call that came over two ways rings once (§8.2.2.2)."""
    agent = Agent()
    agent.receive(wire("INVITE", branch="z9hG4bKa"))
    agent.receive(wire("INVITE", branch="z9hG4bKb"))
    assert agent.labels() == ["100 INVITE", "482 INVITE"]
    assert len(agent.application.sessions) == 1


# -- in the dialog ------------------------------------------------------------------------------------------


def test_old_cseq_is_refused() -> None:
    net = Network()
    session, _, called, _ = net.established()
    request = wire(
        "INFO", method="INFO", to_tag=called.id, from_tag=session.id, call_id=called.call_id, cseq=1
    )
    net.callee.receive(request)
    assert net.callee.labels() == ["500 INFO"]


def test_spoofed_request_in_a_dialog() -> None:
    net = Network()
    _, _, called, ears = net.established()
    net.callee.receive(
        wire("BYE", method="BYE", to_tag=called.id, from_tag="guess", call_id=called.call_id, cseq=9)
    )
    net.callee.receive(
        wire("BYE", method="BYE", to_tag="guess", call_id=called.call_id, cseq=9, branch="z9hG4bK2")
    )
    assert net.callee.labels() == ["481 BYE", "481 BYE"]
    assert (ears.heard, called.ended) == (["ack"], False)


def test_reinvite_and_its_ack() -> None:
    net = Network()
    session, ears, called, their_ears = net.established()
    their_ears.reinvite_answer = b"new answer"
    session.reinvite(b"new offer")
    net.settle()
    assert ears.heard[-1] == "reinvite result 200"
    assert their_ears.heard == ["ack", "reinvite"]
    assert called.state is SessionState.CONFIRMED


def test_glare() -> None:
    """Both re-INVITE at once: 491 for both, then who does not own the Call-ID goes first (§14.1)."""
    net = Network()
    session, ears, called, their_ears = net.established()
    ears.reinvite_answer = their_ears.reinvite_answer = b"answer"
    net.hold = True
    session.reinvite(b"offer of the caller")
    called.reinvite(b"offer of the callee")
    net.hold = False
    net.settle()
    statuses = [
        m.status for agent in (net.caller, net.callee) for _, m in agent.log if isinstance(m, Response)
    ]
    assert statuses.count(491) == 2
    net.run_to(5)
    assert ears.heard[-2:] == ["reinvite", "reinvite result 200"]
    assert their_ears.heard[-2:] == ["reinvite result 200", "reinvite"]


def test_a_reinvite_whose_answer_takes_a_while() -> None:
    """A 100 ends the repetitions of the offer; the answer comes when it comes."""
    net = Network()
    session, ears, called, _ = net.established()
    session.reinvite(b"fax")
    net.settle()
    called.working()
    net.settle()
    sent = net.caller.labels().count("INVITE")
    net.run_to(20)
    assert net.caller.labels().count("INVITE") == 0
    assert sent
    called.accept(b"fax")
    net.settle()
    assert ears.heard[-1] == "reinvite result 200"
    with pytest.raises(SessionStateError):
        called.working()


def test_second_reinvite_while_the_first_is_open() -> None:
    net = Network()
    _, _, called, _ = net.established()
    agent = net.callee
    for number, branch in ((2, "z9hG4bKa"), (3, "z9hG4bKb")):
        agent.receive(
            wire(
                "INVITE",
                to_tag=called.id,
                from_tag=called.remote.tag or "",
                call_id=called.call_id,
                cseq=number,
                branch=branch,
            )
        )
    refused = agent.fresh()[-1]
    assert isinstance(refused, Response)
    assert refused.status == 500
    assert 0 <= int(refused.headers.get("Retry-After") or "x") <= 10
    with pytest.raises(SessionStateError):
        called.reinvite(b"offer")


def test_reinvite_that_the_peer_does_not_know_ends_the_call() -> None:
    net = Network()
    session, ears, _, _ = net.established()
    net.hold = True
    session.reinvite(b"offer")
    net.caller.receive(answer_to(net.caller.last_request("INVITE"), 481))
    assert ears.heard[-2:] == ["reinvite result 481", "ended: the peer does not know the dialog any more"]
    assert session.ended


def test_refused_reinvite_leaves_the_call_as_it_was() -> None:
    net = Network()
    session, ears, called, their_ears = net.established()
    session.reinvite(b"offer")
    net.settle()
    called.refuse(488)
    net.settle()
    assert ears.heard[-1] == "reinvite result 488"
    assert their_ears.heard == ["ack", "reinvite"]
    assert not session.ended
    with pytest.raises(SessionStateError):
        called.accept(b"late")


def test_no_ack_ends_the_session_with_bye() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.answer(b"sdp")
    agent.run_to(32)
    assert agent.labels()[-1] == "BYE"
    assert (agent.application.ears.heard, session.ended) == (["ended: no ACK"], True)


def test_bye_before_the_ack_follows_it() -> None:
    """A callee may not hang up before the ACK (§15)."""
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.answer(b"sdp")
    session.bye()
    assert "BYE" not in agent.labels()
    agent.receive(wire("ACK", to_tag=session.id, branch="z9hG4bK2"))
    assert agent.labels() == ["BYE"]


def test_bye_of_the_caller_before_the_answer() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.ring()
    agent.labels()
    agent.receive(wire("BYE", method="BYE", to_tag=session.id, cseq=2, branch="z9hG4bK2"))
    assert agent.labels() == ["200 BYE", "487 INVITE"]


def test_ack_of_another_cseq_is_nothing() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.answer(b"sdp")
    agent.receive(wire("ACK", to_tag=session.id, cseq=7, branch="z9hG4bK2"))
    assert session.state is SessionState.ANSWERED


def test_early_media_and_contact_in_responses() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    session.ring(183, b"early")
    response = agent.fresh()[-1]
    assert isinstance(response, Response)
    assert (response.body, response.headers.get("Content-Type")) == (b"early", "application/sdp")
    assert response.headers.get("Contact") == "<sip:10@192.0.2.1:5060>"
    assert response.to.tag == session.id


# -- what the agent refuses by itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        (wire("INVITE", extra=["Require: dance"]), ["420 INVITE"]),
        (wire("INVITE").replace(b"Max-Forwards: 70", b"Max-Forwards: 0"), ["483 INVITE"]),
        (wire("DANCE"), ["405 DANCE"]),
        (wire("BYE", to_tag="x"), ["481 BYE"]),
        (wire("BYE"), ["481 BYE"]),
        (wire("INVITE", method="BYE"), ["400 BYE"]),
        (wire("INVITE").replace(b"Contact", b"X-Contact"), ["400 INVITE"]),
        (wire("INVITE").replace(b"Contact: <sip:20@", b"Contact: <mailto:20@"), ["400 INVITE"]),
        (wire("INVITE", extra=["Record-Route: nonsense"]), ["400 INVITE"]),
        (wire("OPTIONS").replace(b"Via", b"X-Via"), []),
        (wire("ACK", to_tag="x"), []),
    ],
)
def test_refused_by_the_agent(data: bytes, answers: list[str]) -> None:
    agent = Agent()
    agent.receive(data)
    assert agent.labels() == answers
    assert agent.application.sessions == []


def test_unknown_extension_is_named() -> None:
    agent = Agent()
    agent.receive(wire("OPTIONS", extra=["Require: path, dance"]))
    assert agent.fresh()[0].headers.get("Unsupported") == "dance"


# -- authentication -----------------------------------------------------------------------------------------


def test_challenged_call_is_placed_again_once() -> None:
    agent = Agent()
    server = DigestServer("realm", b"key", clock=lambda: 0.0)
    session, ears, invite = outgoing(agent, credentials=DigestClient("10", "secret"))
    agent.receive(answer_to(invite, 407, extra=server.challenge(407)))
    again = agent.last_request("INVITE")
    assert agent.labels()[-2:] == ["ACK", "INVITE"]
    assert (again.cseq.number, again.from_.tag, again.call_id) == (2, invite.from_.tag, invite.call_id)
    assert again.via.branch != invite.via.branch
    verdict = server.verify(again, lambda u, r, a: ha1(u, r, "secret", a), proxy=True)
    assert verdict == Verified("10")
    agent.receive(answer_to(again, 407, extra=server.challenge(407)))
    assert (ears.heard, session.ended) == (["failure 407"], True)


def test_cancel_after_a_challenge_ends_the_call() -> None:
    agent = Agent()
    server = DigestServer("realm", b"key", clock=lambda: 0.0)
    session, ears, invite = outgoing(agent, credentials=DigestClient("10", "secret"))
    agent.receive(answer_to(invite, 100))
    session.cancel()
    agent.receive(answer_to(invite, 407, extra=server.challenge(407)))
    assert (ears.heard, session.ended) == (["failure 487"], True)


def test_ack_carries_the_credentials_of_its_invite() -> None:
    agent = Agent()
    server = DigestServer("realm", b"key", clock=lambda: 0.0)
    _, _, invite = outgoing(agent, credentials=DigestClient("10", "secret"))
    agent.receive(answer_to(invite, 407, extra=server.challenge(407)))
    again = agent.last_request("INVITE")
    agent.receive(answer_to(again, 200))
    ack = agent.last_request("ACK")
    assert ack.headers.get("Proxy-Authorization") == again.headers.get("Proxy-Authorization")


# -- across a crash -----------------------------------------------------------------------------------------


def test_a_restored_session_goes_on() -> None:
    net = Network()
    session, _, _, their_ears = net.established()
    snapshot = session.snapshot()
    ears = Ears()
    restarted = Agent(7, net.caller.address)
    restarted.forward = net.caller.forward
    again = restarted.ua.restore(snapshot, ears, net.flow_at(net.caller))
    assert (again.id, again.state, again.remote) == (session.id, SessionState.CONFIRMED, session.remote)
    again.bye()
    net.settle()
    assert their_ears.heard[-1] == "bye"


def test_a_trunk_session_follows_contact_and_routes() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent, pinned=False)
    agent.receive(answer_to(invite, 200))
    session.bye()
    agent.take()
    assert agent.destinations[-1] == Target("udp", "192.0.2.9", 5070)


def test_verbs_in_the_wrong_state() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent)
    verbs: list[Callable[[], None]] = [
        session.ring,
        session.bye,
        lambda: session.answer(b""),
        lambda: session.reinvite(b""),
        lambda: session.reject(486),
        lambda: session.info(b"", "x/y"),
        lambda: session.accept(b""),
    ]
    for verb in verbs:
        with pytest.raises(SessionStateError):
            verb()
    agent.receive(answer_to(invite, 486))
    with pytest.raises(SessionStateError):
        session.cancel()
    session.end()


def test_every_state_leads_to_the_end() -> None:
    reached = {SessionState.ENDED}
    while more := {state for (state, _), after in TRANSITIONS.items() if after in reached} - reached:
        reached |= more
    assert reached == set(SessionState)


def test_a_confirmed_call_keeps_no_invite() -> None:
    """Calls are many and long; sessions that could still be asked for it are those that are not confirmed."""
    caller, _, callee, _ = Network().established()
    assert (caller.request, callee.request) == (None, None)
    assert (caller.state, callee.state) == (SessionState.CONFIRMED, SessionState.CONFIRMED)
