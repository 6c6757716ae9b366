"""Registering at a provider (RFC 3261 §10.2), with a real user agent and the time in the test's hand."""

import random

import pytest
from tests.unit.pbx.world import Connection

from stimme.pbx.model import TrunkConfig
from stimme.sip.flow import Flow, Target
from stimme.sip.message import Request, Response, parse_message, response_to
from stimme.sip.session import Session
from stimme.sip.transaction import ServerTransaction
from stimme.sip.ua import UserAgent
from stimme.trunks.registration import TRANSITIONS, Registration, TrunkEvent, TrunkState

TRUNK = TrunkConfig(
    "t1", "Berlin", "register", "sip.provider.example", 5060, username="B1", password="secret", expires=300
)
CHALLENGE = 'Digest realm="provider", nonce="abc", algorithm=MD5, qop="auth"'


class Nobody:
    """The application of a user agent to which nobody speaks."""

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        raise AssertionError("no call is expected")

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        raise AssertionError("no request is expected")


class Provider:
    """The other side: reads what was sent, answers, moves the clock."""

    def __init__(self, trunk: TrunkConfig = TRUNK) -> None:
        self.now = 100.0
        self.told: list[tuple[TrunkState, str]] = []
        self.retransmissions = 0
        self._branch = ""
        self.ua = UserAgent(
            Nobody(),
            clock=lambda: self.now,
            rng=random.Random(1),
            product="stimme",
            on_output=lambda: None,
        )
        self.ua.addresses["udp"] = ("192.0.2.1", 5060)
        self.registration = Registration(
            self.ua,
            trunk,
            changed=lambda state, detail: self.told.append((state, detail)),
            word="word-of-this-trunk",
        )

    def received(self) -> list[Request]:
        """What has been sent since the last look; retransmissions are only counted."""
        requests: list[Request] = []
        for output in self.ua.take_output():
            assert output.destination == Target("udp", "sip.provider.example", 5060)
            message = parse_message(output.data)
            assert isinstance(message, Request)
            if message.via.branch == self._branch:
                self.retransmissions += 1
            else:
                self._branch = message.via.branch
                requests.append(message)
        return requests

    def next(self) -> Request:
        """The one request that was sent."""
        (request,) = self.received()
        return request

    def answer(self, request: Request, status: int, *fields: tuple[str, str]) -> None:
        """Answers a request."""
        response: Response = response_to(request, status, tag="p")
        for name, value in fields:
            response.headers.add(name, value)
        self.ua.receive(response, Connection())

    def accept(self, request: Request, seconds: int = 300) -> None:
        """200 with the Contact that was sent."""
        self.answer(request, 200, ("Contact", f"{request.headers.get('Contact')};expires={seconds}"))

    def sleep(self, seconds: float) -> list[Request]:
        """Lets time pass, alarm by alarm; gives what was sent meanwhile."""
        end = self.now + seconds
        while (due := self.ua.next_timeout()) is not None and due <= end:
            self.now = max(self.now, due)
            self.ua.run_timers()
        self.now = end
        return self.received()

    @property
    def states(self) -> list[TrunkState]:
        """The states that were told."""
        return [state for state, _ in self.told]


@pytest.fixture
def provider() -> Provider:
    provider = Provider()
    provider.registration.start()
    return provider


def test_every_event_has_a_state() -> None:
    assert set(TRANSITIONS) == {(state, event) for state in TrunkState for event in TrunkEvent}


def test_what_a_register_says(provider: Provider) -> None:
    request = provider.next()
    assert bytes(request).startswith(b"REGISTER sip:sip.provider.example SIP/2.0\r\n")
    assert str(request.to) == "<sip:B1@sip.provider.example>"
    assert request.headers.get("Expires") == "300"
    (contact,) = request.contacts
    assert f"line={provider.registration.word}" in str(contact.uri)


def test_a_challenge_is_answered_and_the_state_told_once(provider: Provider) -> None:
    first = provider.next()
    provider.answer(first, 401, ("WWW-Authenticate", CHALLENGE))
    second = provider.next()
    assert (second.headers.get("Authorization") or "").startswith('Digest username="B1"')
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    provider.accept(second)
    assert provider.told == [(TrunkState.REGISTERED, "registered for 300 s")]


def test_the_refresh_comes_at_two_thirds(provider: Provider) -> None:
    first = provider.next()
    provider.accept(first, 300)
    assert provider.sleep(199) == []
    (second,) = provider.sleep(1.5)
    assert second.call_id == first.call_id
    assert second.cseq.number > first.cseq.number
    provider.accept(second)
    assert provider.states == [TrunkState.REGISTERED]


def test_a_short_grant_is_refreshed_before_it_ends(provider: Provider) -> None:
    provider.accept(provider.next(), 9)
    assert len(provider.sleep(8)) == 1


def test_423_raises_the_interval(provider: Provider) -> None:
    provider.answer(provider.next(), 423, ("Min-Expires", "900"))
    (again,) = provider.sleep(0.2)
    assert again.headers.get("Expires") == "900"


def test_a_provider_that_always_wants_more_is_a_failure_not_a_storm(provider: Provider) -> None:
    count = 0
    requests = provider.received()
    while requests and count < 50:
        for request in requests:
            count += 1
            provider.answer(request, 423, ("Min-Expires", str(60 * count)))
        requests = provider.sleep(1.0)
    assert count < 10
    assert provider.states == [TrunkState.FAILED]


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refused_password_is_tried_again_only_every_two_minutes(provider: Provider, status: int) -> None:
    header = ("WWW-Authenticate", CHALLENGE) if status == 401 else ("Proxy-Authenticate", CHALLENGE)
    provider.answer(provider.next(), status, header)
    if status != 403:
        provider.answer(provider.next(), status, header)
    assert provider.states == [TrunkState.FAILED]
    assert provider.sleep(119) == []
    assert len(provider.sleep(2)) == 1


def test_failures_are_retried_ever_more_slowly(provider: Provider) -> None:
    provider.answer(provider.next(), 503)
    assert provider.told[-1] == (TrunkState.FAILED, "the provider answered 503 Service Unavailable")
    for pause in (5, 10, 20, 40, 80, 120, 120):
        assert provider.sleep(pause - 1) == []
        (request,) = provider.sleep(1.1)
        provider.answer(request, 503)
    assert provider.states == [TrunkState.FAILED]


def test_silence_is_unreachable_and_a_return_is_told(provider: Provider) -> None:
    provider.received()
    assert provider.sleep(33) == []
    assert provider.retransmissions > 5
    assert provider.states == [TrunkState.UNREACHABLE]
    (again, *_) = provider.sleep(5)
    provider.accept(again)
    assert provider.states == [TrunkState.UNREACHABLE, TrunkState.REGISTERED]


def test_stopping_takes_the_registration_back_and_ends_everything(provider: Provider) -> None:
    provider.accept(provider.next())
    provider.registration.stop()
    last = provider.next()
    assert last.headers.get("Expires") == "0"
    provider.accept(last, 0)
    assert provider.sleep(1000) == []


def test_stopping_before_the_answer_says_nothing(provider: Provider) -> None:
    request = provider.next()
    provider.registration.stop()
    provider.accept(request)
    assert provider.sleep(1000) == []
    assert provider.told == []


@pytest.mark.parametrize(
    "contact", ["garbage <", "<sip:other@192.0.2.9>;expires=20", "<tel:1>;expires=x", "*"]
)
def test_the_granted_time_survives_what_providers_write(provider: Provider, contact: str) -> None:
    provider.answer(provider.next(), 200, ("Contact", contact), ("Expires", "240"))
    assert provider.told == [(TrunkState.REGISTERED, "registered for 240 s")]


def test_without_any_time_in_the_answer_the_asked_one_counts(provider: Provider) -> None:
    provider.answer(provider.next(), 200)
    assert provider.told == [(TrunkState.REGISTERED, "registered for 300 s")]


EDGE, CORE = "<sip:edge.provider.example;lr>", "<sip:core.provider.example:5080;lr>"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((), ()),
        ((EDGE, CORE), (EDGE, CORE)),
        ((f"{EDGE}, {CORE}",), (EDGE, CORE)),
        (("<tel:110>",), ()),
        (("<sip:edge",), ()),
        ((EDGE,) * 11, ()),
    ],
)
def test_the_service_route_of_the_last_answer(
    provider: Provider, fields: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    provider.answer(provider.next(), 200, *(("Service-Route", value) for value in fields))
    assert provider.registration.service_route == expected
    (refresh,) = provider.sleep(201)
    provider.answer(refresh, 200)
    assert provider.registration.service_route == (), "the next answer says nothing of it"


OFFER = "tls;q=0.9, digest;d-alg=MD5;q=0.5"


def test_a_provider_that_demands_an_agreement_gets_its_list_back(provider: Provider) -> None:
    """RFC 3329 §2.3.1: 421, our list, 494 with the provider's, which comes back; then as always."""
    provider.answer(provider.next(), 421, ("Require", "sec-agree"))
    (asked,) = provider.sleep(0.2)
    assert (asked.headers.get("Require"), asked.headers.get("Proxy-Require")) == ("sec-agree", "sec-agree")
    assert "digest;d-alg=SHA-256" in (asked.headers.get("Security-Client") or "")
    assert "tls" not in (asked.headers.get("Security-Client") or ""), "this connection is none"
    assert asked.headers.get("Security-Verify") is None
    provider.answer(asked, 494, ("Security-Server", OFFER))
    (verified,) = provider.sleep(0.2)
    assert verified.headers.get("Security-Verify") == OFFER
    provider.answer(verified, 401, ("WWW-Authenticate", CHALLENGE))
    with_password = provider.next()
    assert with_password.headers.get("Security-Verify") == OFFER
    provider.accept(with_password)
    assert provider.states == [TrunkState.REGISTERED]
    (refresh,) = provider.sleep(201)
    assert refresh.headers.get("Security-Verify") == OFFER, "every request carries it"
    provider.accept(refresh)


@pytest.mark.parametrize(
    "fields",
    [
        (("Security-Server", "ipsec-3gpp;alg=hmac-sha-1-96"),),
        (("Security-Server", "tls"),),
        (("Security-Server", "digest;d-alg=SHA-512-256"),),
        (),
    ],
)
def test_an_agreement_that_we_cannot_have(provider: Provider, fields: tuple[tuple[str, str], ...]) -> None:
    provider.answer(provider.next(), 494, *fields)
    assert provider.states == [TrunkState.FAILED]
    assert provider.sleep(1) == []


def test_a_provider_that_is_never_content_is_left_alone(provider: Provider) -> None:
    request = provider.next()
    for _ in range(2):
        provider.answer(request, 494, ("Security-Server", OFFER))
        (request,) = provider.sleep(0.2)
    provider.answer(request, 494, ("Security-Server", OFFER))
    assert provider.states == [TrunkState.FAILED]
    assert provider.sleep(1) == []


def test_the_provider_says_what_else_it_knows_us_by(provider: Provider) -> None:
    """P-Associated-URI (RFC 3455 §4.1); what cannot be read there does no harm."""
    uris = "<sip:+4930231250@p.example>, <tel:+4930231251>, nonsense <, <sip:p.example>"
    provider.answer(provider.next(), 200, ("P-Associated-URI", uris))
    assert provider.registration.associated == ("+4930231250", "+4930231251")
    assert provider.registration.detail.endswith("as +4930231250, +4930231251")


def test_a_registration_that_ends_takes_its_service_route_along(provider: Provider) -> None:
    provider.answer(provider.next(), 200, ("Service-Route", EDGE))
    (refresh,) = provider.sleep(201)
    provider.answer(refresh, 403)
    assert provider.registration.service_route == ()
