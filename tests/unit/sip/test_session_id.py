"""Session-ID (RFC 7989) on both legs of a call: each party's word crosses us unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sip.agents import Agent, Network, Way, answer_to, wire

from stimme.sip.flow import Target
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.session import Session
from stimme.sip.session_id import NIL, PartyId, new_uuid
from stimme.sip.uri import NameAddr, SipUri

ALICE = "ab30317f1a784dc48ff824d0d3715d86"
BOB = "47755a9de7794ba387653f2099600ef2"


class Between:
    """Our agent between a caller and a called party, both played by the test."""

    def __init__(self, caller: str | None = f"{ALICE};remote={NIL}") -> None:
        self.agent = Agent()
        extra = [f"Session-ID: {caller}"] if caller is not None else []
        self.agent.receive(wire("INVITE", extra=extra, body=b"offer"))
        self.first = self.agent.application.sessions[0]
        self.second = self.agent.ua.invite(
            uri=SipUri("192.0.2.2", "20"),
            to=Target("udp", "192.0.2.2", 5060),
            from_=NameAddr(SipUri("muster.example", "10")),
            to_header=NameAddr(SipUri("muster.example", "20")),
            contact=SipUri("192.0.2.1", "10", 5060),
            offer=b"offer",
            handler=self.agent.application.ears,
            speaks_for=self.first.party,
        )
        self.agent.take()

    def answered(self, *ids: str) -> None:
        extra = [("Session-ID", value) for value in ids]
        self.agent.receive(answer_to(self.agent.last_request("INVITE"), 200, extra=extra, body=b"answer"))
        self.first.speak_for(self.second.party)
        self.first.answer(b"answer")
        self.agent.take()

    def last_response(self, status: int) -> Response:
        return [m for _, m in self.agent.log if isinstance(m, Response) and m.status == status][-1]


def test_both_words_cross_us() -> None:
    call = Between()
    assert call.agent.last_request("INVITE").headers.get("Session-ID") == f"{ALICE};remote={NIL}"
    call.answered(f"{BOB};remote={ALICE}")
    assert call.agent.last_request("ACK").headers.get("Session-ID") == f"{ALICE};remote={BOB}"
    assert call.last_response(200).headers.get("Session-ID") == f"{BOB};remote={ALICE}"


def test_a_response_within_the_dialog_carries_them_too() -> None:
    call = Between()
    call.answered(f"{BOB};remote={ALICE}")
    tag = call.first.local.tag or ""
    call.agent.receive(wire("OPTIONS", to_tag=tag, cseq=2, branch="z9hG4bKo"))
    assert call.last_response(200).cseq.method == "OPTIONS"
    assert call.last_response(200).headers.get("Session-ID") == f"{BOB};remote={ALICE}"


def test_a_changed_word_is_passed_on_with_the_next_message() -> None:
    """The caller was transferred behind another exchange: it names another party now."""
    call = Between()
    call.answered(f"{BOB};remote={ALICE}")
    other = "1" * 32
    tag = call.first.local.tag or ""
    lines = [f"Session-ID: {other};remote={BOB}"]
    call.agent.receive(wire("INFO", to_tag=tag, cseq=2, branch="z9hG4bKi", extra=lines))
    call.second.bye()
    call.agent.take()
    assert call.agent.last_request("BYE").headers.get("Session-ID") == f"{other};remote={BOB}"


def test_parties_that_know_nothing_of_it_get_words() -> None:
    call = Between(None)
    shown = call.agent.last_request("INVITE").headers.get("Session-ID") or ""
    assert shown == f"{call.first.party.uuid};remote={NIL}"
    assert call.first.party.known
    call.answered()
    answer = call.last_response(200).headers.get("Session-ID")
    assert answer == f"{call.second.party.uuid};remote={call.first.party.uuid}"
    assert call.second.party.uuid not in (NIL, call.first.party.uuid)


def test_cancel_and_the_ack_of_a_failure_say_what_the_invite_said() -> None:
    call = Between()
    call.agent.receive(answer_to(call.agent.last_request("INVITE"), 180))
    call.second.cancel()
    call.agent.take()
    assert call.agent.last_request("CANCEL").headers.get("Session-ID") == f"{ALICE};remote={NIL}"
    call.agent.receive(answer_to(call.agent.last_request("INVITE"), 487))
    assert call.agent.last_request("ACK").headers.get("Session-ID") == f"{ALICE};remote={NIL}"


def test_after_a_restart_the_words_are_the_same() -> None:
    net = Network()
    session, ears, _, _ = net.established()
    before = str(session.ids)
    restored = Session.restored(net.caller.ua, session.snapshot(), ears, Way())
    assert str(restored.ids) == before


@pytest.mark.parametrize("value", ["", "xyz", NIL, "A" * 31, f"{'g' * 32};remote={NIL}"])
def test_what_is_no_word_is_not_taken(value: str) -> None:
    party = PartyId(ALICE)
    message = parse_message(wire("INVITE", extra=[f"Session-ID: {value}"]))
    assert isinstance(message, Request)
    party.take(message)
    assert party.uuid == ALICE


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_words_are_random_uuids(token: str) -> None:
    made = new_uuid(token)
    assert len(made) == 32
    assert (made[12], made[16]) == ("4", "a")
