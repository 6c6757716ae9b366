"""Reliable provisional responses, both roles (RFC 3262), and UPDATE before the answer (RFC 3311)."""

import pytest
from tests.unit.sip.agents import Agent, FeatureEars, Network, answer_to, label, wire
from tests.unit.sip.test_session import outgoing

from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.message import Response
from stimme.sip.reliable import RAck
from stimme.sip.session import Session


def incoming(*extra: str) -> tuple[Agent, Session]:
    agent = Agent()
    agent.application.ears = FeatureEars()
    agent.receive(wire("INVITE", extra=extra, body=b"offer"))
    agent.fresh()
    return agent, agent.application.sessions[0]


def prack(session: Session, rseq: str, *, cseq: int = 2, body: bytes = b"", rack: str | None = None) -> bytes:
    return wire(
        "PRACK",
        to_tag=session.id,
        cseq=cseq,
        branch=f"z9hG4bKp{cseq}",
        extra=[f"RAck: {rack or rseq + ' 1 INVITE'}"],
        body=body,
    )


def sent(agent: Agent) -> Response:
    message = agent.fresh()[-1]
    assert isinstance(message, Response)
    return message


# -- as callee ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "asked", "reliable"),
    [
        (["Require: 100rel"], False, True),
        (["Supported: timer, 100rel"], True, True),
        (["Supported: 100rel"], False, False),
        ([], True, False),
    ],
)
def test_when_a_response_is_reliable(extra: list[str], asked: bool, reliable: bool) -> None:
    agent, session = incoming(*extra)
    session.ring(183, b"early", reliable=asked)
    response = sent(agent)
    assert (response.headers.get("RSeq") is not None, response.headers.get("Require")) == (
        reliable,
        "100rel" if reliable else None,
    )


def test_it_is_repeated_until_the_prack() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    agent.run_to(8)
    assert [time for time, m in agent.log if label(m) == "180 INVITE"] == [0, 0.5, 1.5, 3.5, 7.5]
    agent.receive(prack(session, "1"))
    assert agent.labels()[-1] == "200 PRACK"
    agent.run_to(31)
    assert agent.labels() == []
    assert agent.application.ears.heard == ["prack"]


def test_without_a_prack_the_call_is_refused() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    agent.run_to(32)
    assert agent.labels()[-1] == "504 INVITE"
    assert (agent.application.ears.heard, session.ended) == (["ended: no PRACK"], True)


def test_the_next_waits_for_the_prack_of_the_last() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    session.ring(183, b"early")
    assert agent.labels() == ["180 INVITE"]
    agent.receive(prack(session, "1"))
    answered, response = agent.fresh()
    assert (label(answered), label(response), response.headers.get("RSeq")) == (
        "200 PRACK",
        "183 INVITE",
        "2",
    )


def test_a_2xx_waits_for_the_prack_of_a_description() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(183, b"early")
    session.answer(b"answer")
    with pytest.raises(SessionStateError):
        session.answer(b"again")
    assert agent.labels() == ["183 INVITE"]
    agent.receive(prack(session, "1"))
    assert agent.labels() == ["200 PRACK", "200 INVITE"]


def test_a_2xx_does_not_wait_for_a_mere_ringing() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    session.answer(b"answer")
    assert agent.labels() == ["180 INVITE", "200 INVITE"]
    agent.receive(prack(session, "1"))
    assert agent.labels() == ["200 PRACK"], "nothing is repeated any more"


@pytest.mark.parametrize("rack", ["2 1 INVITE", "1 2 INVITE", "1 1 BYE", "1 1", "x 1 INVITE", ""])
def test_prack_of_something_else(rack: str) -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    agent.receive(prack(session, "1", rack=rack or " "))
    assert agent.labels() == ["180 INVITE", "481 PRACK"]


def test_a_prack_that_crosses_the_answer_is_taken_once() -> None:
    """The UAS must still process it (RFC 3262 §3); sipp, which acknowledges a mere 180, showed that."""
    agent, session = incoming("Require: 100rel")
    session.ring(180)
    session.answer(b"answer")
    agent.take()
    agent.receive(prack(session, "1"))
    assert sent(agent).status == 200
    agent.receive(prack(session, "1", cseq=3))
    assert sent(agent).status == 481


def test_cancel_while_the_answer_waits() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(183, b"early")
    session.answer(b"answer")
    agent.receive(wire("CANCEL", method="CANCEL"))
    assert agent.labels()[-2:] == ["200 CANCEL", "487 INVITE"]
    agent.receive(prack(session, "1"))
    assert agent.labels() == ["481 PRACK"]


def test_second_offer_in_a_prack_is_not_taken() -> None:
    agent, session = incoming("Require: 100rel")
    session.ring(183, b"early")
    agent.receive(prack(session, "1", body=b"offer"))
    assert agent.labels()[-1] == "488 PRACK"
    session.answer(b"answer")
    assert agent.labels() == ["200 INVITE"]


# -- as caller ----------------------------------------------------------------------------------------------


def reliable(rseq: int) -> list[tuple[str, str]]:
    return [("Require", "100rel"), ("RSeq", str(rseq))]


def test_each_reliable_response_is_acknowledged_in_order() -> None:
    agent = Agent()
    _, ears, invite = outgoing(agent)
    assert "100rel" in invite.headers.values("Supported")
    agent.receive(answer_to(invite, 183, extra=reliable(7), body=b"early"))
    first = agent.last_request("PRACK")
    assert (first.headers.get("RAck"), first.to.tag, str(first.uri)) == (
        "7 1 INVITE",
        "remote",
        "sip:20@192.0.2.9:5070",
    )
    agent.receive(answer_to(invite, 183, extra=reliable(7), body=b"early"))
    agent.receive(answer_to(invite, 180, extra=reliable(9)))
    agent.receive(answer_to(invite, 180, extra=reliable(8)))
    assert ears.heard == ["provisional 183", "provisional 180"], "repeated and out of order ones are dropped"
    assert agent.last_request("PRACK").headers.get("RAck") == "8 1 INVITE"
    assert agent.last_request("PRACK").cseq.number == 3


def test_forks_count_for_themselves() -> None:
    agent = Agent()
    _, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 180, to_tag="a", extra=reliable(7)))
    agent.receive(answer_to(invite, 180, to_tag="b", extra=reliable(100)))
    assert [m.to.tag for _, m in agent.log if label(m) == "PRACK"] == ["a", "b"]
    assert len(ears.heard) == 2


def test_without_an_offer_we_do_not_ask_for_reliable_responses() -> None:
    agent = Agent()
    net = Network()
    session, _ = net.call(offer=None)
    assert session.request is not None
    assert "100rel" not in session.request.headers.values("Supported")
    assert agent.ua.supported != agent.ua.supported_late


def test_two_of_ours() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(183, b"early", reliable=True)
    _, ears = net.call()
    called = net.callee.application.sessions[0]
    called.answer(b"answer")
    net.run_to(5)
    assert ears.heard == ["provisional 183", "answer"]


@pytest.mark.parametrize("seed", range(5))
def test_two_of_ours_over_a_lossy_network(seed: int) -> None:
    net = Network()
    dropped = iter(range(seed, seed + 7))
    net.drop = lambda agent, message: next(dropped, 1) % 2 == 0
    net.callee.application.on_call = lambda session: session.ring(183, b"early", reliable=True)
    _, ears = net.call()
    net.run_to(10)
    net.callee.application.sessions[0].answer(b"answer")
    net.run_to(30)
    assert ears.heard == ["provisional 183", "answer"]


# -- UPDATE before the answer -------------------------------------------------------------------------------


def test_update_while_the_offer_is_open() -> None:
    agent, session = incoming()
    agent.receive(wire("UPDATE", to_tag=session.id, cseq=2, branch="z9hG4bKu", body=b"offer"))
    assert agent.labels() == ["500 UPDATE"]


def test_update_after_a_reliable_answer() -> None:
    agent, session = incoming("Require: 100rel")
    agent.application.ears.reinvite_answer = b"new answer"
    session.ring(183, b"early")
    agent.receive(prack(session, "1"))
    agent.receive(wire("UPDATE", to_tag=session.id, cseq=3, branch="z9hG4bKu", body=b"offer"))
    assert agent.labels()[-1] == "200 UPDATE"
    assert agent.application.ears.heard == ["prack", "reinvite"]


def test_update_of_the_callee_before_the_answer() -> None:
    agent = Agent()
    session, ears, invite = outgoing(agent)
    ears.reinvite_answer = b"answer"
    agent.receive(answer_to(invite, 183, extra=reliable(1), body=b"early"))
    agent.labels()
    agent.receive(
        wire("UPDATE", to_tag=session.id, from_tag="remote", call_id=session.call_id, cseq=1, body=b"offer")
    )
    assert agent.labels() == ["200 UPDATE"]


def test_update_of_the_callee_while_our_offer_is_open() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent)
    agent.receive(answer_to(invite, 180))
    agent.labels()
    agent.receive(
        wire("UPDATE", to_tag=session.id, from_tag="remote", call_id=session.call_id, cseq=1, body=b"offer")
    )
    assert agent.labels() == ["491 UPDATE"]


def test_update_within_a_call() -> None:
    net = Network()
    session, ears, _, their_ears = net.established()
    their_ears.reinvite_answer = b"answer"
    session.update(b"offer")
    net.settle()
    assert (ears.heard[-1], their_ears.heard[-1]) == ("reinvite result 200", "reinvite")
    assert "ACK" not in net.caller.labels()


@pytest.mark.parametrize("text", ["", "1 1", "1 1 INVITE x", "-1 1 INVITE", "99999999999 1 INVITE"])
def test_wrong_rack(text: str) -> None:
    with pytest.raises(SipParseError):
        RAck.parse(text)
