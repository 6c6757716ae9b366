"""The targets. Each takes bytes, and may let nothing escape but what the parsers say they raise."""

import random
from collections.abc import Callable
from dataclasses import replace

from stimme.sip.answering import read_answer_request
from stimme.sip.auth import DigestClient, DigestServer, ha1
from stimme.sip.diversion import diversions_of, read_history
from stimme.sip.errors import SipParseError
from stimme.sip.events.markup import read
from stimme.sip.events.pidf import read_pidf
from stimme.sip.fax import ErrorCorrection, Fax, answer_fax, read_fax, write_fax_answer
from stimme.sip.flow import Flow
from stimme.sip.gruu import GruuIssuer
from stimme.sip.hops import HopLimits
from stimme.sip.identity import read_identity
from stimme.sip.key_exchange import KeyExchange
from stimme.sip.malformed import refusal_of
from stimme.sip.message import Message, Request, Response, parse_message
from stimme.sip.negotiation import read_audio, write_answer
from stimme.sip.push import feature_caps, push_of
from stimme.sip.reason import read_reasons
from stimme.sip.replaces import DialogId, replaced_by
from stimme.sip.session import Session
from stimme.sip.session_id import PartyId
from stimme.sip.srtp_keys import ANYHOW, PLAIN, Srtp, SrtpTerms
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transport.stream import StreamFramer
from stimme.sip.ua import UserAgent
from stimme.sip.uri import SipUri, Uri

_TERMS = (PLAIN, ANYHOW, SrtpTerms(Srtp.REQUIRE, protected=True))


def message(data: bytes) -> None:
    """A message is read, every view of it, and written: what is written reads the same again."""
    try:
        parsed = parse_message(data)
    except SipParseError as fault:
        refusal = refusal_of(data, fault)
        if refusal is not None:
            parse_message(bytes(refusal))
        return
    _views(parsed)
    again = parse_message(bytes(parsed))
    if bytes(again) != bytes(parsed) or again.body != parsed.body:
        raise AssertionError("what was written does not read the same")


def _views(parsed: Message) -> None:
    reads: list[Callable[[], object]] = [
        lambda: parsed.via.with_source("192.0.2.1", 5060),
        lambda: str(parsed.cseq),
        lambda: str(parsed.from_),
        lambda: str(parsed.to),
        lambda: [str(contact) for contact in parsed.contacts],
        lambda: parsed.sdp,
        lambda: read_identity(parsed),
        lambda: [str(entry) for entry in read_history(parsed)],
        lambda: [str(entry) for entry in diversions_of(parsed)],
        lambda: [str(reason) for reason in read_reasons(parsed)],
        lambda: read_answer_request(parsed),
        lambda: DialogId.parse(parsed.headers.get("Replaces") or ""),
        lambda: [replaced_by(contact.uri) for contact in parsed.contacts],
        lambda: PartyId().take(parsed),
        lambda: [_address_of(contact.uri) for contact in parsed.contacts],
    ]
    if isinstance(parsed, Request):
        reads.append(lambda: (parsed.max_forwards, parsed.user, str(parsed.uri)))
        reads.append(lambda: HopLimits.of(parsed).next(3).apply(parsed))
        server = DigestServer("realm", b"key", clock=lambda: 0.0)
        reads.append(lambda: server.verify(parsed, lambda u, r, a: ha1(u, r, "x", a), proxy=False))
    else:
        reads.append(lambda: DigestClient("a", "b").authorize(Request("INVITE", parsed.from_.uri), parsed))
    for view in reads:
        try:
            view()
        except SipParseError:
            continue


def _address_of(uri: Uri) -> object:
    """A Contact as the registrar reads it."""
    if not isinstance(uri, SipUri):
        return None
    found = GruuIssuer("example.com", b"key").find(uri, "a", [_Instance()])
    return push_of(uri), feature_caps(uri, ("fcm",)), found


class _Instance:
    """A registered contact."""

    device_id = "d"
    instance = "<urn:uuid:1>"
    call_id = "c"


def stream(data: bytes) -> None:
    """A stream is cut the same way however its bytes come."""
    whole, pieces = StreamFramer(), StreamFramer()
    cut = data[0] % 40 + 1 if data else 1
    try:
        expected = whole.feed(data)
    except SipParseError:
        return
    found: list[bytes] = []
    for start in range(0, len(data), cut):
        found += pieces.feed(data[start : start + cut])
    if found != expected:
        raise AssertionError("the cut depends on how the bytes came")


def description(data: bytes) -> None:
    """A session description is read and answered, on every kind of line."""
    for terms in _TERMS:
        try:
            _answer(data, terms)
        except SipParseError:
            continue
    try:
        fax = read_fax(data)
        write_fax_answer(data, None, session_id="1", version=1, address="192.0.2.1")
    except SipParseError:
        return
    if fax is not None:
        ours = Fax("192.0.2.1", 4000, max_datagram=400, error_correction=ErrorCorrection.REDUNDANCY)
        written = write_fax_answer(
            data, answer_fax(fax, ours), session_id="1", version=1, address=ours.address
        )
        if read_fax(written) is None:
            raise AssertionError("the answer has no fax")


def _answer(data: bytes, terms: SrtpTerms) -> None:
    """The answer is read as what it was written from, with keys where the offer had some."""
    audio = read_audio(data, terms)
    exchange = KeyExchange(terms)
    exchange.take_offer(audio.keys)
    ours = replace(audio, keys=exchange.answer())
    again = read_audio(write_answer(data, ours, session_id="1", version=1, terms=terms), terms)
    if again.keys != ours.keys:
        raise AssertionError("other keys than were written")
    restored = KeyExchange.restored(exchange.snapshot())
    if restored.agreed != exchange.agreed:
        raise AssertionError("other keys than were kept")


def document(data: bytes) -> None:
    """An XML document is read."""
    for reader in (read, read_pidf):
        try:
            reader(data)
        except SipParseError:
            continue


class _Way:
    """A flow to nowhere."""

    transport = "udp"
    local = ("192.0.2.1", 5060)
    remote = ("192.0.2.9", 5070)
    closed = False


class _Application:
    """Answers everything."""

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        session.ring(183, b"early", reliable=True)
        session.answer(b"answer")

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        transaction.respond(200)


def agent(data: bytes) -> None:
    """A user agent gets messages, separated by a NUL, in any order; in the end nothing of them is left."""
    now = [0.0]
    ua = UserAgent(
        _Application(),
        clock=lambda: now[0],
        rng=random.Random(1),
        product="fuzz",
        on_output=lambda: None,
    )
    ua.enable("REFER", "MESSAGE", "SUBSCRIBE", options=("replaces", "join"))
    for part in data.split(b"\0")[:8]:
        _give(ua, part)
    for _ in range(10_000):
        due = ua.next_timeout()
        if due is None:
            break
        now[0] = max(now[0], due)
        ua.run_timers()
    if ua.transactions or ua.sessions:
        raise AssertionError("something is left over")


def _give(ua: UserAgent, data: bytes) -> None:
    try:
        parsed = parse_message(data)
    except SipParseError as fault:
        ua.receive_malformed(data, fault, _Way())
    else:
        ua.receive(parsed, _Way(), data)
        if isinstance(parsed, Response):
            return
    for transmit in ua.take_output():
        parse_message(transmit.data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "message": message,
    "stream": stream,
    "agent": agent,
    "description": description,
    "document": document,
}
