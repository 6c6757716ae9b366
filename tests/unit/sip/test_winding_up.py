"""What a user agent does, after a crash, about the INVITEs and dialogs that were open."""

import json
from typing import Any

import pytest
from tests.unit.sip.agents import Agent, Ears, Network, label

from stimme.sip.errors import SipParseError
from stimme.sip.message import Response
from stimme.sip.session import Session
from stimme.sip.session_states import SessionState


def restarted(agent: Agent) -> Agent:
    """Another process at the same address: it knows nothing of what went on."""
    again = Agent(7, agent.address)
    again.forward = agent.forward
    return again


def journalled(kept: dict[str, Any]) -> dict[str, Any]:
    """What a journal gives back of what it was given: JSON types, pairs as lists."""
    again: dict[str, Any] = json.loads(json.dumps(kept))
    return again


def put_in_place(net: Network, agent: Agent, again: Agent) -> None:
    """The network reaches the new process from now on."""
    if agent is net.caller:
        net.caller = again
        net.callee.forward = lambda transmit: again.receive(transmit.data, net.flow_at(again))
    else:
        net.callee = again
        net.caller.forward = lambda transmit: again.receive(transmit.data, net.flow_at(again))


def died(net: Network, agent: Agent, session: Session) -> Agent:
    """The agent is another process, which has wound up the session from what was kept of it."""
    kept = journalled(session.unfinished())
    again = restarted(agent)
    put_in_place(net, agent, again)
    again.ua.wind_up(kept, net.flow_at(again))
    net.settle()
    return again


def at_rest(net: Network) -> bool:
    """Nothing is left at either side once every timer has run out."""
    net.run_to(200)
    return all((agent.ua.transactions, agent.ua.sessions) == (0, 0) for agent in (net.caller, net.callee))


def test_a_caller_who_waits_is_refused() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, ears = net.call()
    died(net, net.callee, net.callee.application.sessions[0])
    assert (ears.heard[-1], session.ended) == ("failure 503", True)
    assert at_rest(net)


def test_a_retransmitted_invite_finds_its_refusal() -> None:
    net = Network()
    net.drop = lambda agent, message: agent is net.callee and isinstance(message, Response)
    session, ears = net.call()
    again = restarted(net.callee)
    kept = journalled(net.callee.application.sessions[0].unfinished())
    put_in_place(net, net.callee, again)
    net.drop = lambda agent, message: False
    again.ua.wind_up(kept, net.flow_at(again))
    net.run_to(5)
    assert again.application.sessions == [], "the same INVITE is no second call"
    assert ears.heard == ["failure 503"]
    assert session.ended


def test_a_telephone_that_rings_is_cancelled() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, _ = net.call()
    again = died(net, net.caller, session)
    assert net.callee.application.ears.heard == ["cancel"]
    assert net.callee.application.sessions[0].ended
    assert "ACK" in [label(message) for _, message in again.log], "the 487 is acknowledged"
    assert at_rest(net)


def test_a_telephone_that_answered_meanwhile_is_hung_up() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, _ = net.call()
    kept = journalled(session.unfinished())
    again = restarted(net.caller)
    net.drop = lambda agent, message: True
    net.callee.application.sessions[0].answer(b"answer")
    put_in_place(net, net.caller, again)
    net.drop = lambda agent, message: False
    again.ua.wind_up(kept, net.flow_at(again))
    net.run_to(5)
    assert net.callee.application.ears.heard[-2:] == ["ack", "bye"]
    assert at_rest(net)


def test_an_answered_leg_that_no_call_has_is_hung_up() -> None:
    net = Network()
    session, _, called, their_ears = net.established()
    assert session.unfinished()["role"] == "dialog"
    died(net, net.caller, session)
    assert (their_ears.heard[-1], called.ended) == ("bye", True)
    assert at_rest(net)


def test_an_answer_that_never_left_is_said_again() -> None:
    """The journal has the call as answered, but the process died before the 200 was sent."""
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, ears = net.call()
    called = net.callee.application.sessions[0]
    net.drop = lambda agent, message: isinstance(message, Response) and message.status == 200
    called.answer(b"answer")
    net.settle()
    assert ears.heard == ["provisional 180"]
    again, kept = restarted(net.callee), journalled(called.snapshot())
    put_in_place(net, net.callee, again)
    net.drop = lambda agent, message: False
    restored = again.ua.restore(kept, Ears(), net.flow_at(again))
    net.run_to(3)
    assert (session.state, restored.state) == (SessionState.CONFIRMED, SessionState.CONFIRMED)
    assert [label(message) for _, message in again.log].count("200 INVITE") == 1, "the ACK stopped it"
    session.bye()
    assert at_rest(net)


def test_an_answer_without_ack_does_not_end_a_restored_call() -> None:
    net = Network()
    net.callee.application.on_call = lambda session: session.answer(b"answer")
    net.drop = lambda agent, message: label(message) == "ACK"
    net.call()
    again = restarted(net.callee)
    restored = again.ua.restore(
        journalled(net.callee.application.sessions[0].snapshot()), Ears(), net.flow_at(again)
    )
    again.run_to(100)
    assert restored.state is SessionState.CONFIRMED


def test_a_damaged_entry_is_told() -> None:
    agent = Agent()
    with pytest.raises(KeyError):
        agent.ua.wind_up({"role": "client"}, Network().flow_at(agent))
    with pytest.raises(SipParseError):
        agent.ua.wind_up({"role": "server", "uri": "", "head": [], "tag": ""}, Network().flow_at(agent))


def cut_off_while_it_rings() -> tuple[Network, Agent, list[str]]:
    """A process that winds up a ringing telephone which hears nothing; the list tells when that is done."""
    net = Network()
    net.callee.application.on_call = lambda session: session.ring(180)
    session, _ = net.call()
    kept = journalled(session.unfinished())
    again = restarted(net.caller)
    put_in_place(net, net.caller, again)
    net.drop = lambda agent, message: True
    done: list[str] = []
    again.ua.wind_up(kept, net.flow_at(again), lambda: done.append("told"))
    return net, again, done


def test_it_is_said_when_nothing_is_open_any_more() -> None:
    net, _, done = cut_off_while_it_rings()
    net.settle()
    assert done == [], "we do not know yet that the telephone has heard it: another crash has to begin anew"
    net.drop = lambda agent, message: False
    net.run_to(5)
    assert net.callee.application.ears.heard == ["cancel"]
    assert done == ["told"]
    assert at_rest(net)


def test_a_telephone_that_never_answers_is_given_up() -> None:
    net, again, done = cut_off_while_it_rings()
    net.run_to(200)
    assert done == ["told"]
    assert (again.ua.transactions, again.ua.sessions) == (0, 0)
