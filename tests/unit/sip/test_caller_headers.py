"""Headers that say who calls, why, from where and how to answer, and requests outside a dialog."""

import pytest
from tests.unit.sip.agents import Agent, wire

from stimme.sip.answering import AnswerRequest, answer_fields, read_answer_request, ring_tone_fields
from stimme.sip.diversion import (
    Diversion,
    HistoryEntry,
    diversions_of,
    history_fields,
    read_diversions,
    read_history,
)
from stimme.sip.identity import ANONYMOUS, identity_fields, read_identity
from stimme.sip.message import Request
from stimme.sip.outside import request_outside
from stimme.sip.publication import MOST_PER_RESOURCE, Publications
from stimme.sip.reason import ANSWERED_ELSEWHERE, Reason, answered_elsewhere, read_reasons
from stimme.sip.uri import NameAddr, SipUri, TelUri, parse_uri

ANNA = NameAddr(SipUri("muster.example", "+493023125010"), "Anna")


def request(*headers: tuple[str, str], from_: str = "<sip:10@b>;tag=1") -> Request:
    return Request("INVITE", parse_uri("sip:a@b"), [("From", from_), *headers])


# -- who calls ----------------------------------------------------------------------------------------------


def test_identity_comes_back() -> None:
    tel = NameAddr(TelUri("+493023125010"))
    written = request(*identity_fields(asserted=[ANNA, tel], preferred=ANNA, withheld=True))
    identity = read_identity(written)
    assert (identity.asserted, identity.preferred, identity.privacy) == ((ANNA, tel), ANNA, frozenset({"id"}))
    assert identity.withheld


@pytest.mark.parametrize(
    ("headers", "withheld"),
    [
        ([], False),
        ([("Privacy", "none")], False),
        ([("Privacy", "Header; User")], True),
        ([("Privacy", "critical")], False),
        ([("Remote-Party-ID", "<sip:10@b>;party=calling;privacy=full")], True),
        ([("Remote-Party-ID", "<sip:10@b>;privacy=off")], False),
    ],
)
def test_withheld_number(headers: list[tuple[str, str]], withheld: bool) -> None:
    assert read_identity(request(*headers)).withheld is withheld


def test_anonymous_from_is_withheld() -> None:
    assert read_identity(request(from_=str(ANONYMOUS.with_tag("1")))).withheld


def test_identities_that_cannot_be_read_are_left_out() -> None:
    identity = read_identity(request(("P-Asserted-Identity", f"nonsense, {ANNA}")))
    assert identity.asserted == (ANNA,)


def test_remote_party_id_of_older_systems() -> None:
    assert read_identity(request(("Remote-Party-ID", "<sip:10@b>"))).asserted[0].user == "10"


# -- why ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (ANSWERED_ELSEWHERE, [Reason("SIP", 200, "Call completed elsewhere")]),
        ("Q.850;cause=16, SIP ;cause=x", [Reason("Q.850", 16), Reason("SIP")]),
        ("", []),
    ],
)
def test_reasons(text: str, reasons: list[Reason]) -> None:
    message = request(("Reason", text))
    assert read_reasons(message) == reasons
    again = request(("Reason", ", ".join(map(str, reasons))))
    assert read_reasons(again) == reasons


def test_answered_elsewhere() -> None:
    assert answered_elsewhere(request(("Reason", ANSWERED_ELSEWHERE)))
    assert not answered_elsewhere(request(("Reason", "Q.850;cause=200")))
    assert not answered_elsewhere(request())


# -- from where ---------------------------------------------------------------------------------------------


def test_diversion_comes_back() -> None:
    diversion = Diversion(ANNA, "no-answer", 2, withheld=True)
    assert read_diversions(request(("Diversion", str(diversion)))) == [diversion]


@pytest.mark.parametrize(
    ("text", "reason", "counter"),
    [
        ("<sip:1@b>", "unknown", 1),
        ("<sip:1@b>;reason=User-Busy;counter=3", "user-busy", 3),
        ('<sip:1@b>;reason="away";counter=many', "unknown", 1),
    ],
)
def test_odd_diversions(text: str, reason: str, counter: int) -> None:
    found = read_diversions(request(("Diversion", text + ", nonsense")))
    assert [(d.reason, d.counter) for d in found] == [(reason, counter)]


def test_history_comes_back_and_tells_the_diversion() -> None:
    entries = [
        HistoryEntry(NameAddr(SipUri("b", "10")), "1", 486),
        HistoryEntry(NameAddr(SipUri("b", "11")), "1.1", None, "1"),
    ]
    message = request(*history_fields(entries))
    assert read_history(message) == entries
    assert diversions_of(message) == [Diversion(NameAddr(SipUri("b", "10")), "user-busy")]


def test_diversion_counts_before_history() -> None:
    message = request(
        ("Diversion", "<sip:9@b>"), ("History-Info", "<sip:1@b?Reason=SIP%3Bcause%3D302>;index=1")
    )
    assert diversions_of(message)[0].by.user == "9"


# -- how to answer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([("Answer-Mode", "Auto")], AnswerRequest("auto")),
        ([("Answer-Mode", "Manual;require")], AnswerRequest("manual", True)),
        ([("Priv-Answer-Mode", "Auto;require")], AnswerRequest("auto", True, True)),
        ([("Call-Info", "<sip:b>;answer-after=2")], AnswerRequest("auto", after=2)),
        ([("Call-Info", "<http://b/photo>;purpose=icon")], None),
        ([("Alert-Info", "<http://b>;info=alert-autoanswer;delay=0")], AnswerRequest("auto")),
        ([("Alert-Info", "Auto Answer")], AnswerRequest("auto")),
        ([("Alert-Info", "<urn:alert:source:external>")], None),
    ],
)
def test_answer_request(headers: list[tuple[str, str]], expected: AnswerRequest | None) -> None:
    assert read_answer_request(request(*headers)) == expected


def test_what_we_ask_for_reads_the_same() -> None:
    for field in answer_fields("b"):
        assert read_answer_request(request(field)) == AnswerRequest("auto")
    assert read_answer_request(request(*answer_fields("b", privileged=True))) == AnswerRequest(
        "auto", privileged=True
    )
    assert ring_tone_fields("urn:alert:source:internal") == [("Alert-Info", "<urn:alert:source:internal>")]
    assert ring_tone_fields("ring2")[0][1].endswith("info=ring2")


# -- outside a dialog ---------------------------------------------------------------------------------------


def test_message_of_ours() -> None:
    agent = Agent()
    message = request_outside(
        "MESSAGE",
        SipUri("b", "20"),
        from_=ANNA,
        to_header=NameAddr(SipUri("b", "20")),
        call_id=agent.ua.token(24),
        tag=agent.ua.token(16),
        body="Grüße".encode(),
    )
    assert (message.cseq.method, message.headers.get("Content-Type")) == (
        "MESSAGE",
        "text/plain;charset=utf-8",
    )
    assert message.from_.tag


@pytest.mark.parametrize(
    "method", ["MESSAGE", "PUBLISH", "SUBSCRIBE", "NOTIFY", "REFER", "OPTIONS", "REGISTER"]
)
def test_requests_reach_the_application(method: str) -> None:
    agent = Agent()
    agent.receive(wire(method))
    assert [transaction.request.method for transaction in agent.application.transactions] == [method]


# -- published state ----------------------------------------------------------------------------------------


class Published:
    """An agent whose telephone publishes presence."""

    def __init__(self) -> None:
        self.agent = Agent()
        self.changes: list[tuple[str, str]] = []
        ua = self.agent.ua
        self.publications = Publications(
            ua.now,
            ua.alarms,
            lambda: ua.token(8),
            lambda package, resource: self.changes.append((package, resource)),
        )
        self.count = 0

    def publish(self, body: bytes = b"", *extra: str, resource: str = "10") -> tuple[int, str]:
        """Status and entity tag of the answer."""
        self.count += 1
        self.agent.receive(
            wire("PUBLISH", cseq=self.count, branch=f"z9hG4bK{self.count}", extra=extra, body=body)
        )
        transaction = self.agent.application.transactions.pop()
        self.publications.publish(transaction, transaction.request, "presence", resource)
        self.agent.take()
        response = self.agent.fresh()[-1]
        return getattr(response, "status", 0), response.headers.get("SIP-ETag") or ""


def test_publication_from_begin_to_end() -> None:
    published = Published()
    status, tag = published.publish(b"open", "Expires: 600")
    assert (status, published.publications.state("presence", "10")) == (200, [b"open"])
    published.agent.run_to(500)
    status, refreshed = published.publish(b"", f"SIP-If-Match: {tag}", "Expires: 600")
    assert (status, refreshed != tag) == (200, True)
    assert published.publish(b"", f"SIP-If-Match: {tag}")[0] == 412
    status, changed = published.publish(b"closed", f"SIP-If-Match: {refreshed}", "Expires: 600")
    assert published.publications.state("presence", "10") == [b"closed"]
    assert published.publish(b"", f"SIP-If-Match: {changed}", "Expires: 0")[0] == 200
    assert published.publications.state("presence", "10") == []
    assert published.changes == [("presence", "10")] * 3


def test_publication_expires() -> None:
    published = Published()
    published.publish(b"open", "Expires: 60")
    published.agent.run_to(60)
    assert (len(published.publications), len(published.changes)) == (0, 2)


def test_publications_that_are_refused() -> None:
    published = Published()
    assert published.publish(b"")[0] == 400
    assert published.publish(b"open", "Expires: 5")[0] == 423
    _, tag = published.publish(b"open", resource="11")
    assert published.publish(b"open", f"SIP-If-Match: {tag}")[0] == 412, "another resource's tag"
    for _ in range(MOST_PER_RESOURCE):
        assert published.publish(b"open")[0] == 200
    assert published.publish(b"open")[0] == 503
