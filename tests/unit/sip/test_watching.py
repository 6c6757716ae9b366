"""Subscriptions, the subscriber's side (RFC 6665), against our own notifier and against peers that err."""

from dataclasses import dataclass, field

import pytest
from tests.unit.sip.agents import Agent, Network, answer_to, wire

from stimme.sip.auth import DigestClient, DigestServer, Verified, ha1
from stimme.sip.message import Request, Response
from stimme.sip.subscription import EventPackage, Notifier
from stimme.sip.uri import NameAddr, SipUri
from stimme.sip.watching import TRANSITIONS, Watch, WatchState, watch

ME = NameAddr(SipUri("muster.example", "10"))
BOX = SipUri("192.0.2.2", "20")


@dataclass
class Desk:
    """Hears of a watch, in words."""

    heard: list[str] = field(default_factory=list)

    def on_notify(self, watch: Watch, request: Request) -> None:
        self.heard.append(f"{watch.state.value} {request.body.decode()}")

    def on_lost(self, watch: Watch, reason: str, again: float | None) -> None:
        self.heard.append(f"lost: {reason}, again {again}")


class Served(Network):
    """A notifier at the callee, a watch at the caller."""

    def __init__(self, *, expires: int = 600, pending: bool = False, password: str | None = None) -> None:
        super().__init__()
        self.value = "first"
        package = EventPackage(
            "message-summary", "application/simple-message-summary", lambda _r, _v: self.value.encode()
        )
        self.notifier = Notifier(self.callee.ua, [package])
        self.pending, self.password = pending, password
        self.digest = DigestServer("muster.example", b"key", clock=lambda: self.callee.now)
        self.callee.application.on_request = self.serve  # type: ignore[method-assign]
        for agent in (self.caller, self.callee):
            agent.ua.enable("SUBSCRIBE")
        self.desk = Desk()
        self.watch = watch(
            self.caller.ua,
            self.desk,
            resource=BOX,
            package="message-summary",
            accept="application/simple-message-summary",
            from_=ME,
            to=self.flow_at(self.caller),
            expires=expires,
            credentials=DigestClient("10", password) if password else None,
        )
        self.settle()

    def serve(self, transaction, request, flow):  # type: ignore[no-untyped-def]
        password = self.password
        if password is not None:
            verdict = self.digest.verify(request, lambda u, r, a: ha1(u, r, password, a), proxy=False)
            if not isinstance(verdict, Verified):
                transaction.respond(401, None, self.digest.challenge(401))
                return
        self.notifier.subscribe(transaction, request, flow, "20", pending=self.pending)

    def change(self, value: str) -> None:
        self.value = value
        self.notifier.changed("message-summary", "20")
        self.settle()


def test_from_begin_to_end() -> None:
    net = Served()
    assert net.desk.heard == ["active first"]
    net.change("second")
    assert net.desk.heard[-1] == "active second"
    # Refreshed before its time is up, again and again: it never expires.
    net.run_to(3000)
    assert net.watch.state is WatchState.ACTIVE
    assert len(net.notifier.subscriptions("message-summary", "20")) == 1
    assert not any("lost" in word for word in net.desk.heard)
    net.watch.stop()
    net.settle()
    assert net.notifier.subscriptions("message-summary", "20") == []
    heard = list(net.desk.heard)
    net.run_to(4000)
    assert net.desk.heard == heard
    assert net.caller.ua.transactions == net.callee.ua.transactions == 0


def test_with_a_password() -> None:
    net = Served(password="secret")
    assert net.desk.heard == ["active first"]


def test_pending_until_approved() -> None:
    net = Served(pending=True)
    assert net.desk.heard == ["pending "]
    net.notifier.subscriptions("message-summary", "20")[0].approve()
    net.settle()
    assert net.desk.heard[-1] == "active first"


def test_too_brief_an_interval_is_raised() -> None:
    net = Served(expires=10)
    assert net.desk.heard == ["active first"]


def test_a_notifier_that_forgot_everything_is_subscribed_to_anew() -> None:
    net = Served()
    for subscription in net.notifier.subscriptions("message-summary", "20"):
        net.notifier.forget(subscription)
    call_id = net.watch.call_id
    net.value = "anew"
    net.run_to(700)
    assert "lost: the notifier does not know the subscription, again 1.0" in net.desk.heard
    assert net.desk.heard[-1] == "active anew"
    assert net.watch.call_id != call_id


@pytest.mark.parametrize(
    ("reason", "told"),
    [("noresource", "again None"), ("rejected", "again None"), ("deactivated", "again 1.0")],
)
def test_ended_by_the_notifier(reason: str, told: str) -> None:
    net = Served()
    net.notifier.end("message-summary", "20", reason)
    net.settle()
    assert net.desk.heard[-1] == f"lost: {reason}, {told}"
    net.run_to(5)
    assert net.watch.state is (WatchState.OVER if "None" in told else WatchState.ACTIVE)


class Lonely:
    """A watch whose notifier the test plays."""

    def __init__(self) -> None:
        self.agent = Agent()
        self.desk = Desk()
        self.watch = watch(
            self.agent.ua,
            self.desk,
            resource=BOX,
            package="dialog",
            accept="application/dialog-info+xml",
            from_=ME,
            to=Network().flow_at(self.agent),
        )
        self.agent.take()

    def answer(self, status: int, *extra: tuple[str, str]) -> None:
        self.agent.receive(answer_to(self.agent.last_request("SUBSCRIBE"), status, extra=extra))

    def notify(self, *extra: str, cseq: int = 1, tag: str = "remote", branch: str = "n") -> int:
        lines = extra or ("Event: dialog", "Subscription-State: active;expires=600")
        self.agent.fresh()
        request = self.agent.last_request("SUBSCRIBE")
        self.agent.receive(
            wire(
                "NOTIFY",
                to_tag=request.from_.tag or "",
                call_id=request.call_id,
                from_tag=tag,
                cseq=cseq,
                branch=f"z9hG4bK{branch}{cseq}",
                extra=lines,
                body=b"x",
            )
        )
        response = next(m for m in self.agent.fresh() if isinstance(m, Response))
        return response.status


def test_a_notify_may_overtake_the_response_and_other_forks_are_refused() -> None:
    lonely = Lonely()
    assert lonely.notify() == 200
    assert lonely.notify(tag="other fork", branch="f") == 481
    lonely.answer(200, ("Expires", "600"))
    assert lonely.desk.heard == ["active x"]
    assert lonely.notify(cseq=1, branch="again") == 500
    assert lonely.notify("Event: presence", "Subscription-State: active", cseq=2) == 489
    assert lonely.notify("Event: dialog", cseq=3) == 400


@pytest.mark.parametrize("status", [403, 404, 489, 603])
def test_a_final_refusal(status: int) -> None:
    lonely = Lonely()
    lonely.answer(status)
    assert lonely.desk.heard[0].endswith("again None")
    assert lonely.watch.state is WatchState.OVER


def test_a_busy_notifier_says_when() -> None:
    lonely = Lonely()
    lonely.answer(503, ("Retry-After", "120"))
    assert lonely.desk.heard == ["lost: 503 Service Unavailable, again 120.0"]
    lonely.agent.run_to(121)
    assert lonely.watch.state is WatchState.WAITING


def test_silence_is_tried_again_ever_more_seldom() -> None:
    lonely = Lonely()
    lonely.agent.run_to(32)
    assert lonely.desk.heard == ["lost: no answer, again 30.0"]
    lonely.agent.run_to(100)
    assert lonely.desk.heard[-1] == "lost: no answer, again 60.0"


def test_no_notify_after_the_response() -> None:
    lonely = Lonely()
    lonely.answer(200, ("Expires", "600"))
    lonely.agent.run_to(33)
    assert lonely.desk.heard == ["lost: no NOTIFY came, again 30.0"]


def test_every_state_leads_on() -> None:
    assert {state for state, _ in TRANSITIONS} == set(WatchState) - {WatchState.OVER}
