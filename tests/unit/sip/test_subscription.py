"""Subscriptions, the notifier's side (RFC 6665), and the bodies of the packages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sip.agents import Agent, Way, answer_to, label, wire

from stimme.sip.errors import SipParseError
from stimme.sip.events import dialog_info, message_summary, pidf
from stimme.sip.events.markup import read
from stimme.sip.message import Request, Response
from stimme.sip.subscription import TRANSITIONS, EventPackage, Notifier, SubscriptionState
from stimme.sip.uri import NameAddr, SipUri

PACKAGE = EventPackage(
    "dialog", "application/dialog-info+xml", lambda resource, version: f"{resource} {version}".encode()
)


class Watched:
    """An agent with a notifier, and a subscriber that answers every NOTIFY unless told otherwise."""

    def __init__(self, *, most: int = 10) -> None:
        self.agent = Agent()
        self.notifier = Notifier(self.agent.ua, [PACKAGE], most=most)
        self.cseq = 0
        self.tag = ""

    def subscribe(self, *extra: str, to_tag: str = "", pending: bool = False) -> Response:
        """Sends SUBSCRIBE and gives the response."""
        self.cseq += 1
        lines = extra or ("Event: dialog", "Expires: 600")
        data = wire(
            "SUBSCRIBE",
            to_tag=to_tag,
            cseq=self.cseq,
            branch=f"z9hG4bKs{self.cseq}",
            extra=lines,
            call_id="s",
        )
        before = len(self.agent.log)
        self.agent.receive(data)
        if self.agent.application.transactions:
            transaction = self.agent.application.transactions.pop()
            self.notifier.subscribe(transaction, transaction.request, Way(), "10", pending=pending)
        self.agent.take()
        response = self.agent.log[before][1]
        assert isinstance(response, Response)
        self.tag = response.to.tag or ""
        return response

    def told(self) -> list[tuple[str, str]]:
        """State and body of every NOTIFY since this was last asked; each is answered with 200."""
        found: list[tuple[str, str]] = []
        while requests := [m for m in self.agent.fresh() if isinstance(m, Request)]:
            for request in requests:
                assert request.method == "NOTIFY"
                assert request.headers.get("Event") in ("dialog", "dialog;id=7")
                found.append((request.headers.get("Subscription-State") or "", request.body.decode()))
                self.agent.receive(answer_to(request, 200, to_tag=""))
        return found


def test_subscription_from_begin_to_end() -> None:
    watched = Watched()
    response = watched.subscribe()
    assert (response.status, response.headers.get("Expires")) == (200, "600")
    assert response.headers.get("Contact") == "<sip:10@192.0.2.1:5060>"
    assert watched.told() == [("active;expires=600", "10 0")]
    watched.agent.run_to(100)
    watched.notifier.changed("dialog", "10")
    watched.notifier.changed("dialog", "11")
    assert watched.told() == [("active;expires=500", "10 1")]
    watched.agent.run_to(400)
    watched.subscribe(to_tag=watched.tag)
    assert watched.told() == [("active;expires=600", "10 2")]
    watched.agent.run_to(1000)
    assert watched.told() == [("terminated;reason=timeout", "10 3")]
    assert len(watched.notifier) == 0
    watched.notifier.changed("dialog", "10")
    watched.agent.run_to(2000)
    assert watched.agent.ua.transactions == 0


def test_end_by_the_subscriber() -> None:
    watched = Watched()
    watched.subscribe()
    watched.told()
    response = watched.subscribe("Event: dialog", "Expires: 0", to_tag=watched.tag)
    assert (response.status, response.headers.get("Expires")) == (200, "0")
    assert watched.told() == [("terminated;reason=timeout", "10 1")]
    assert watched.subscribe(to_tag=watched.tag).status == 481


def test_fetch() -> None:
    watched = Watched()
    assert watched.subscribe("Event: dialog", "Expires: 0").status == 200
    assert watched.told() == [("terminated;reason=timeout", "10 0")]
    assert len(watched.notifier) == 0


def test_changes_while_a_notify_is_under_way_are_told_together() -> None:
    watched = Watched()
    watched.subscribe()
    for _ in range(5):
        watched.notifier.changed("dialog", "10")
    assert watched.told() == [("active;expires=600", "10 0"), ("active;expires=600", "10 1")]


@pytest.mark.parametrize(
    ("extra", "status", "header"),
    [
        (["Event: dance"], 489, ("Allow-Events", "dialog")),
        (["Expires: 60"], 489, ("Allow-Events", "dialog")),
        (["Event: dialog", "Expires: 10"], 423, ("Min-Expires", "60")),
        (["Event: dialog", "Accept: text/plain"], 406, None),
    ],
)
def test_refused(extra: list[str], status: int, header: tuple[str, str] | None) -> None:
    watched = Watched()
    response = watched.subscribe(*extra)
    assert response.status == status
    assert header is None or response.headers.get(header[0]) == header[1]
    assert (watched.told(), len(watched.notifier)) == ([], 0)


@pytest.mark.parametrize(
    ("extra", "granted"),
    [
        (["Event: dialog"], "3600"),
        (["o: dialog;id=7", "Expires: 999999"], "86400"),
        (["Event: DIALOG", "Accept: text/plain, application/*"], "3600"),
    ],
)
def test_granted(extra: list[str], granted: str) -> None:
    watched = Watched()
    assert watched.subscribe(*extra).headers.get("Expires") == granted
    assert len(watched.told()) == 1


def test_full_table() -> None:
    watched = Watched(most=1)
    watched.subscribe()
    other = watched.subscribe()
    assert (other.status, len(watched.notifier)) == (503, 1)


@pytest.mark.parametrize(("status", "left"), [(481, 0), (489, 0), (500, 1), (503, 1)])
def test_subscriber_that_refuses_a_notify(status: int, left: int) -> None:
    watched = Watched()
    watched.subscribe()
    watched.agent.receive(answer_to(watched.agent.last_request("NOTIFY"), status, to_tag=""))
    assert len(watched.notifier) == left


def test_subscriber_that_is_gone() -> None:
    watched = Watched()
    watched.subscribe()
    watched.agent.run_to(33)
    assert len(watched.notifier) == 0


def test_pending_until_it_is_approved() -> None:
    watched = Watched()
    watched.subscribe(pending=True)
    assert watched.told() == [("pending;expires=600", "")]
    watched.notifier.subscriptions("dialog", "10")[0].approve()
    assert watched.told() == [("active;expires=600", "10 1")]


def test_resource_that_is_gone() -> None:
    watched = Watched()
    watched.subscribe()
    watched.told()
    watched.notifier.end("dialog", "10")
    assert watched.told() == [("terminated;reason=noresource", "")]


def test_other_requests_in_the_dialog() -> None:
    watched = Watched()
    watched.subscribe()
    watched.told()
    tag = watched.tag
    watched.agent.receive(wire("BYE", to_tag=tag, cseq=9, call_id="s", branch="z9hG4bKb"))
    watched.agent.receive(wire("SUBSCRIBE", to_tag=tag, cseq=1, call_id="s", branch="z9hG4bKc"))
    assert watched.subscribe("Event: presence", to_tag=tag).status == 500
    assert [label(m) for m in watched.agent.fresh()] == ["405 BYE", "500 SUBSCRIBE", "500 SUBSCRIBE"]


def test_after_a_restart_the_subscription_goes_on() -> None:
    watched = Watched()
    watched.subscribe("Event: dialog;id=7", "Expires: 600")
    watched.told()
    snapshot = watched.notifier.snapshots()[0]
    again = Watched()
    again.notifier.restore(snapshot, Way(), elapsed=100)
    assert again.told() == [("active;expires=500", "10 11")]
    assert again.notifier.restore(snapshot, Way(), elapsed=600) is None
    again.cseq = 5
    assert again.subscribe("Event: dialog", "Expires: 600", to_tag=watched.tag).status == 200


def test_every_state_leads_to_the_end() -> None:
    assert {state for state, _ in TRANSITIONS} == {SubscriptionState.PENDING, SubscriptionState.ACTIVE}


# -- bodies -------------------------------------------------------------------------------------------------


def test_dialog_info() -> None:
    entry = dialog_info.DialogEntry(
        "d1",
        "early",
        False,
        "call@h",
        "l",
        "r",
        NameAddr(SipUri("b", "10"), 'Anna & "Otto"'),
        NameAddr(SipUri("b", "11")),
        "cancelled",
    )
    root = read(dialog_info.write_dialog_info("sip:10@b", 3, [entry], full=False))
    assert root.attributes == {"version": "3", "state": "partial", "entity": "sip:10@b"}
    dialog = root.children[0]
    assert dialog.attributes == {
        "id": "d1",
        "call-id": "call@h",
        "local-tag": "l",
        "remote-tag": "r",
        "direction": "recipient",
    }
    state, local, remote = dialog.children
    assert (state.text, state.attributes) == ("early", {"event": "cancelled"})
    assert local.children[0].attributes == {"display": 'Anna & "Otto"'}
    assert remote.children[1].attributes == {"uri": "sip:11@b"}


def test_idle_line() -> None:
    document = dialog_info.write_dialog_info("sip:10@b", 0, [])
    assert read(document).children == []


@pytest.mark.parametrize(("new", "waiting"), [(0, "no"), (2, "yes")])
def test_message_summary(new: int, waiting: str) -> None:
    counts = message_summary.MessageCounts(new, 5, 1, 0)
    document = message_summary.write_message_summary("sip:voicemail@b", voice=counts)
    assert document.decode().splitlines() == [
        f"Messages-Waiting: {waiting}",
        "Message-Account: sip:voicemail@b",
        f"Voice-Message: {new}/5 (1/0)",
    ]


def test_fax_counts_too() -> None:
    fax = message_summary.MessageCounts(1)
    document = message_summary.write_message_summary(
        "sip:v@b", voice=message_summary.MessageCounts(), fax=fax
    )
    assert document.startswith(b"Messages-Waiting: yes")
    assert document.endswith(b"Fax-Message: 1/0 (0/0)\r\n")


@given(
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))).map(str.strip),
    st.sets(st.sampled_from([a for a in pidf.ACTIVITIES if a != "do-not-disturb"])),
)
def test_presence_comes_back(available: bool, note: str, activities: set[str]) -> None:
    presence = pidf.Presence("sip:10@b", available, note, tuple(sorted(activities)), "sip:10@h")
    assert pidf.read_pidf(pidf.write_pidf(presence)) == presence


def test_do_not_disturb_is_busy_for_others() -> None:
    document = pidf.write_pidf(pidf.Presence("sip:10@b", False, activities=("do-not-disturb",)))
    assert pidf.read_pidf(document).activities == ("busy",)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><presence entity="x">&b;</presence>'


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"x",
        b"<presence>",
        b"<presence/>",
        b'<other entity="x"/>',
        BOMB,
        b'<?xml version="1.0" encoding="nonsense"?><presence entity="x"/>',
        b"<a>" * 100 + b"</a>" * 100,
        b'<presence entity="x">' + b"<t/>" * 3000 + b"</presence>",
        b'<presence entity="x">' + b" " * 70_000 + b"</presence>",
    ],
)
def test_documents_that_are_not_taken(document: bytes) -> None:
    with pytest.raises(SipParseError):
        pidf.read_pidf(document)


@given(st.binary(max_size=100))
def test_nothing_but_a_parse_error(data: bytes) -> None:
    for document in (data, b"<presence entity='x'>" + data + b"</presence>"):
        try:
            pidf.read_pidf(document)
        except SipParseError:
            continue
