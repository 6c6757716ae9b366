"""Session timers (RFC 4028), both roles, on a clock that is set by hand."""

import pytest
from tests.unit.sip.agents import Agent, Ears, Network, answer_to, label, wire
from tests.unit.sip.test_session import outgoing

from stimme.sip.message import Request, Response
from stimme.sip.session import Session
from stimme.sip.session_timer import SessionIntervals

TIMER = "Supported: timer"


def called(*extra: str) -> tuple[Agent, Session, Response]:
    """An agent that has answered a call with these headers, acknowledged, and its 200."""
    agent = Agent()
    agent.receive(wire("INVITE", extra=extra, body=b"offer"))
    session = agent.application.sessions[0]
    session.answer(b"answer")
    response = agent.fresh()[-1]
    assert isinstance(response, Response)
    agent.receive(wire("ACK", to_tag=session.id, branch="z9hG4bKa"))
    return agent, session, response


@pytest.mark.parametrize(
    ("extra", "answer", "require"),
    [
        ([TIMER], "1800;refresher=uac", "timer"),
        ([TIMER, "Session-Expires: 600"], "600;refresher=uac", "timer"),
        ([TIMER, "x: 600;refresher=uas"], "600;refresher=uas", None),
        ([TIMER, "x: 600;refresher=uac"], "600;refresher=uac", "timer"),
        ([TIMER, "x: 7200"], "1800;refresher=uac", "timer"),
        ([TIMER, "x: 7200", "Min-SE: 3600"], "3600;refresher=uac", "timer"),
        (["x: 600"], "600;refresher=uas", None),
        (["x: soon", TIMER], "1800;refresher=uac", "timer"),
        ([], None, None),
    ],
)
def test_what_the_callee_decides(extra: list[str], answer: str | None, require: str | None) -> None:
    _, _, response = called(*extra)
    assert (response.headers.get("Session-Expires"), response.headers.get("Require")) == (answer, require)


def test_an_interval_that_is_too_short() -> None:
    agent = Agent()
    agent.receive(wire("INVITE", extra=[TIMER, "Session-Expires: 60"]))
    refusal = agent.fresh()[-1]
    assert isinstance(refusal, Response)
    assert (refusal.status, refusal.headers.get("Min-SE")) == (422, "90")
    assert agent.application.sessions == []
    agent.run_to(100)
    assert (agent.ua.sessions, agent.ua.transactions) == (0, 0)


def test_caller_that_refreshes_in_time_and_then_no_more() -> None:
    agent, session, _ = called(TIMER, "Session-Expires: 300")
    agent.run_to(150)
    agent.receive(
        wire(
            "UPDATE",
            to_tag=session.id,
            cseq=2,
            branch="z9hG4bKu",
            extra=[TIMER, "Session-Expires: 300;refresher=uac"],
        )
    )
    refreshed = agent.fresh()[-1]
    assert label(refreshed) == "200 UPDATE"
    assert refreshed.headers.get("Session-Expires") == "300;refresher=uac"
    agent.run_to(150 + 267)
    assert not session.ended
    agent.run_to(150 + 268)
    assert session.ended
    assert agent.labels() == ["BYE"]
    assert agent.application.ears.heard == ["ack", "ended: the session timer expired"]


@pytest.mark.parametrize("allow", ["INVITE, ACK, BYE, UPDATE", "INVITE, ACK, BYE"])
def test_callee_refreshes(allow: str) -> None:
    agent, session, _ = called(TIMER, "Session-Expires: 300;refresher=uas", f"Allow: {allow}")
    agent.labels()
    agent.run_to(150)
    method = "UPDATE" if "UPDATE" in allow else "INVITE"
    refresh = agent.last_request(method)
    assert agent.labels() == [method]
    assert refresh.headers.get("Session-Expires") == "300;refresher=uac"
    assert refresh.body == (b"" if method == "UPDATE" else b"answer")
    extra = [("Session-Expires", "300;refresher=uac"), ("Require", "timer")]
    agent.receive(answer_to(refresh, 200, to_tag="", extra=extra))
    agent.run_to(299)
    assert agent.labels() == (["ACK"] if method == "INVITE" else [])
    agent.run_to(300)
    assert agent.labels() == [method]
    assert not session.ended
    assert agent.application.ears.heard == ["ack"], "a refresh is no news"


def test_media_that_answer_a_refresh_are_told() -> None:
    """A peer that says another address or key in its answer would not be heard any more (RFC 3264 §8)."""
    agent, _, _ = called(TIMER, "Session-Expires: 300;refresher=uas", "Allow: INVITE, ACK, BYE")
    agent.run_to(150)
    refresh = agent.last_request("INVITE")
    extra = [("Session-Expires", "300;refresher=uac"), ("Content-Type", "application/sdp")]
    agent.receive(answer_to(refresh, 200, to_tag="", extra=extra, body=b"other media"))
    assert agent.application.ears.heard == ["ack", "reinvite result 200"]


def test_a_refresh_does_not_repeat_an_offer_that_was_refused() -> None:
    agent, session, _ = called(TIMER, "Session-Expires: 300;refresher=uas", "Allow: INVITE")
    session.reinvite(b"fax")
    agent.receive(answer_to(agent.last_request("INVITE"), 488, to_tag=""))
    agent.run_to(150)
    assert agent.last_request("INVITE").body == b"answer"


def test_refresh_that_nobody_answers_ends_the_session() -> None:
    agent, session, _ = called(TIMER, "Session-Expires: 300;refresher=uas", "Allow: UPDATE")
    agent.run_to(150 + 32)
    assert session.ended


def test_the_caller_asks_and_obeys() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent)
    assert invite.headers.get("Session-Expires") == "1800"
    agent.receive(
        answer_to(invite, 200, extra=[("Session-Expires", "200;refresher=uac"), ("Allow", "UPDATE")])
    )
    agent.labels()
    agent.run_to(100)
    assert agent.labels() == ["UPDATE"]
    assert session.snapshot()["timer"] == [200, True]


def test_no_timer_when_the_callee_wants_none() -> None:
    agent = Agent()
    session, _, invite = outgoing(agent)
    agent.receive(answer_to(invite, 200))
    agent.run_to(10_000)
    assert not session.ended


def test_the_caller_lengthens_its_interval_once() -> None:
    agent = Agent()
    _, ears, invite = outgoing(agent)
    agent.receive(answer_to(invite, 422, extra=[("Min-SE", "3600")]))
    again = agent.last_request("INVITE")
    assert (again.headers.get("Session-Expires"), again.headers.get("Min-SE")) == ("3600", "3600")
    assert again.cseq.number == 2
    agent.receive(answer_to(again, 422, extra=[("Min-SE", "3600")]))
    assert ears.heard == ["failure 422"]


def test_switched_off() -> None:
    agent = Agent()
    agent.ua.intervals = SessionIntervals(wanted=0)
    _, _, invite = outgoing(agent)
    assert "Session-Expires" not in invite.headers


def test_refresh_goes_on_after_a_restart() -> None:
    agent, session, _ = called(TIMER, "Session-Expires: 300;refresher=uas", "Allow: INVITE")
    restarted = Agent(9)
    again = restarted.ua.restore(session.snapshot(), Ears(), agent.application.sessions[0].flow)
    restarted.run_to(150)
    assert restarted.labels() == ["INVITE"]
    assert restarted.last_request("INVITE").body == b"answer"
    assert again.timer.ours


def test_two_of_ours_keep_a_call_for_a_day() -> None:
    net = Network()
    session, ears, called_session, their_ears = net.established()
    net.run_to(86_400)
    assert (session.ended, called_session.ended) == (False, False)
    assert (ears.heard, their_ears.heard) == (["answer"], ["ack"])
    updates = [m for _, m in net.caller.log if isinstance(m, Request) and m.method == "UPDATE"]
    assert 90 <= len(updates) <= 97
