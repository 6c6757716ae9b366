"""REFER and its notifications, Replaces, messages and events within a call (RFC 3515, 3891, 3892, 4488)."""

import pytest
from tests.unit.sip.agents import Agent, FeatureEars, Network, answer_to, wire
from tests.unit.sip.test_session import outgoing

from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.message import Request
from stimme.sip.replaces import DialogId, replaced_by, uri_headers, with_replaces
from stimme.sip.transfer import fragment_status
from stimme.sip.uri import NameAddr, SipUri, parse_uri

TARGET = NameAddr(SipUri("muster.example", "30"))
ME = NameAddr(SipUri("muster.example", "10"))


def notifications(agent: Agent) -> list[tuple[str, str, str]]:
    """Event, state and first line of every NOTIFY that an agent sent."""
    found = [m for _, m in agent.log if isinstance(m, Request) and m.method == "NOTIFY"]
    return [
        (m.headers.get("Event") or "", m.headers.get("Subscription-State") or "", m.body.decode().strip())
        for m in found
    ]


def test_blind_transfer() -> None:
    net = Network()
    session, ears, _, theirs = net.with_features()
    session.refer(TARGET, referred_by=ME)
    net.settle()
    referral = theirs.referrals[0]
    assert (str(referral.target), str(referral.referred_by), referral.replaces) == (
        str(TARGET),
        str(ME),
        None,
    )
    referral.accept()
    for status in (180, 180, 200):
        referral.session.refer_progress(status)
        net.settle()
    referral.progress(486)
    net.settle()
    assert ears.heard == ["refer 100", "refer 180", "refer 200 final"]
    assert notifications(net.callee) == [
        ("refer", "active;expires=60", "SIP/2.0 100 Trying"),
        ("refer", "active;expires=60", "SIP/2.0 180 Ringing"),
        ("refer", "terminated;reason=noresource", "SIP/2.0 200 OK"),
    ]


def test_refused_transfer() -> None:
    net = Network()
    session, ears, _, theirs = net.with_features()
    session.refer(TARGET)
    net.settle()
    theirs.referrals[0].refuse(403)
    net.settle()
    assert ears.heard == ["refer 403 final"]
    with pytest.raises(SessionStateError):
        theirs.referrals[0].accept()


def test_transfer_that_is_not_enabled() -> None:
    net = Network()
    session, _, _, _ = net.established()
    ears = FeatureEars()
    session.handler = ears
    session.refer(TARGET)
    net.settle()
    assert ears.heard == ["refer 405 final"]


def test_transfer_without_a_handler_for_it() -> None:
    net = Network()
    net.callee.ua.enable("REFER")
    session, _, _, _ = net.established()
    ears = FeatureEars()
    session.handler = ears
    session.refer(TARGET)
    net.settle()
    assert ears.heard == ["refer 603 final"]


def test_progress_may_come_after_the_bye() -> None:
    """A phone that refers hangs up as soon as it likes; its subscription goes on (RFC 5057)."""
    net = Network()
    session, _, _, theirs = net.with_features()
    session.refer(TARGET)
    net.settle()
    theirs.referrals[0].accept()
    session.bye()
    net.settle()
    theirs.referrals[0].progress(200)
    net.settle()
    assert net.caller.labels()[-1] == "481 NOTIFY"


def test_transfer_that_never_ends_is_given_up() -> None:
    net = Network()
    session, ears, _, theirs = net.with_features()
    session.refer(TARGET)
    net.settle()
    theirs.referrals[0].accept()
    theirs.referrals[0].progress(180)
    net.run_to(60)
    assert notifications(net.callee)[-1] == ("refer", "terminated;reason=noresource", "SIP/2.0 180 Ringing")
    assert ears.heard[-1] == "refer 180 final"


def test_second_transfer_has_an_id() -> None:
    net = Network()
    session, _, _, theirs = net.with_features()
    for _ in range(2):
        session.refer(TARGET)
        net.settle()
    number = theirs.referrals[1].request.cseq.number
    assert [referral.event for referral in theirs.referrals] == ["refer", f"refer;id={number}"]


def test_the_peer_may_want_no_notifications() -> None:
    """RFC 4488."""
    net = Network()
    _, _, called, theirs = net.with_features()
    refer = wire(
        "REFER",
        to_tag=called.id,
        from_tag=called.remote.tag or "",
        call_id=called.call_id,
        cseq=9,
        extra=["Refer-To: <sip:30@b>", "Refer-Sub: false", "Supported: norefersub"],
    )
    net.callee.receive(refer)
    theirs.referrals[0].accept()
    theirs.referrals[0].progress(200)
    accepted = net.callee.fresh()[-1]
    assert accepted.headers.get("Refer-Sub") == "false"
    assert notifications(net.callee) == []


@pytest.mark.parametrize(
    "extra", [[], ["Refer-To: nonsense"], ["Refer-To: <sip:a@b>", "Refer-To: <sip:c@d>"]]
)
def test_refer_that_cannot_be_read(extra: list[str]) -> None:
    net = Network()
    _, _, called, theirs = net.with_features()
    tag = called.remote.tag or ""
    net.callee.receive(
        wire("REFER", to_tag=called.id, from_tag=tag, call_id=called.call_id, cseq=9, extra=extra)
    )
    assert (net.callee.labels(), theirs.referrals) == (["400 REFER"], [])


def test_end_of_the_subscription_by_the_peer() -> None:
    net = Network()
    session, _, called, theirs = net.with_features()
    session.refer(TARGET)
    net.settle()
    theirs.referrals[0].accept()
    session.send_request("SUBSCRIBE", [("Event", "refer"), ("Expires", "0")], b"", "x/y", lambda _: None)
    net.settle()
    assert notifications(net.callee)[-1][1] == "terminated;reason=noresource"
    assert not called.ended


def test_attended_transfer_names_the_dialog() -> None:
    net = Network()
    session, _, _, theirs = net.with_features()
    dialog = DialogId("call@host", "to", "from")
    session.refer(NameAddr(with_replaces(SipUri("muster.example", "30"), dialog)))
    net.settle()
    assert theirs.referrals[0].replaces == dialog


# -- Replaces -----------------------------------------------------------------------------------------------


def replacing(
    session_id: str, call_id: str, from_tag: str, more: str = "", header: str = "Replaces"
) -> bytes:
    value = f"{header}: {call_id};to-tag={session_id};from-tag={from_tag}{more}"
    return wire("INVITE", call_id="new", extra=[value], branch="z9hG4bKn")


def test_replaces_finds_the_session() -> None:
    net = Network()
    _, _, called, _ = net.with_features()
    net.callee.application.on_call = None
    net.callee.receive(replacing(called.id, called.call_id, called.remote.tag or ""))
    new = net.callee.application.sessions[-1]
    assert new.replaces is called
    assert new.joins is None
    assert net.callee.ua.session_by_dialog(called.call_id, called.id, called.remote.tag or "") is called
    assert net.callee.ua.session_by_dialog(called.call_id, called.id, "guess") is None


def test_replaces_means_nothing_unless_it_is_enabled() -> None:
    net = Network()
    _, _, called, _ = net.established()
    net.callee.receive(replacing("guess", called.call_id, called.remote.tag or ""))
    assert net.callee.application.sessions[-1].replaces is None


@pytest.mark.parametrize(
    ("tag", "more", "status"),
    [("guess", "", "481"), (None, ";early-only", "486"), (None, "\r\nJoin: a;to-tag=b;from-tag=c", "400")],
)
def test_replaces_that_is_refused(tag: str | None, more: str, status: str) -> None:
    net = Network()
    _, _, called, _ = net.with_features()
    net.callee.ua.enable(options=("join",))
    net.callee.fresh()
    net.callee.receive(replacing(tag or called.id, called.call_id, called.remote.tag or "", more))
    assert net.callee.labels() == [f"{status} INVITE"]
    assert len(net.callee.application.sessions) == 1


def test_a_call_that_rings_at_us_cannot_be_replaced() -> None:
    agent = Agent()
    agent.ua.enable(options=("replaces",))
    agent.receive(wire("INVITE"))
    session = agent.application.sessions[0]
    agent.fresh()
    agent.receive(replacing(session.id, session.call_id, "peer"))
    assert agent.labels() == ["481 INVITE"]


def test_a_call_that_we_let_ring_can_be_picked_up() -> None:
    """The pick-up of a colleague's ringing telephone: early dialogs of ours may be replaced (RFC 3891 §3)."""
    agent = Agent()
    agent.ua.enable(options=("replaces",))
    ringing, _, invite = outgoing(agent)
    agent.receive(answer_to(invite, 180, to_tag="phone"))
    agent.receive(replacing(ringing.id, ringing.call_id, "phone", ";early-only"))
    assert agent.application.sessions[0].replaces is ringing


def test_join() -> None:
    net = Network()
    _, _, called, _ = net.with_features()
    net.callee.ua.enable(options=("join",))
    net.callee.application.on_call = None
    net.callee.receive(replacing(called.id, called.call_id, called.remote.tag or "", header="Join"))
    assert net.callee.application.sessions[-1].joins is called


@pytest.mark.parametrize("text", ["", "call", "call;to-tag=a", ";to-tag=a;from-tag=b"])
def test_wrong_dialog_id(text: str) -> None:
    with pytest.raises(SipParseError):
        DialogId.parse(text)


def test_headers_of_a_uri() -> None:
    uri = parse_uri(
        "sip:30@b?Replaces=a%40h%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only&Subject=Gr%C3%BC%C3%9Fe"
    )
    assert uri_headers(uri)[1] == ("Subject", "Grüße")
    assert replaced_by(uri) == DialogId("a@h", "1", "2", early_only=True)
    assert replaced_by(parse_uri("tel:+49")) is None


# -- messages and events within a call ----------------------------------------------------------------------


def test_talk_and_hold() -> None:
    net = Network()
    session, _, _, theirs = net.with_features()
    session.notify_event("talk")
    session.notify_event("hold")
    session.notify_event("dance")
    net.settle()
    assert theirs.heard[-3:] == ["notify talk", "notify hold", "notify dance"]
    assert net.callee.labels()[-3:] == ["200 NOTIFY", "200 NOTIFY", "489 NOTIFY"]


def test_message_within_a_call() -> None:
    net = Network()
    session, _, _, theirs = net.with_features()
    session.send_request("MESSAGE", (), b"hello", "text/plain", lambda _: None)
    net.settle()
    message = theirs.messages[-1]
    assert isinstance(message, Request)
    assert message.body == b"hello"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"SIP/2.0 180 Ringing\r\n", 180),
        (b"SIP/2.0 486", 486),
        (b"", 100),
        (b"x", 100),
        (b"SIP/2.0 20x OK", 100),
    ],
)
def test_fragment(body: bytes, status: int) -> None:
    assert fragment_status(body) == status


def test_allow_and_supported_say_what_is_served() -> None:
    net = Network()
    session, _, _, _ = net.with_features()
    assert {"REFER", "MESSAGE", "SUBSCRIBE"} <= session.peer_methods
    assert "replaces" in net.caller.last_request("INVITE").headers.values("Supported")
