"""User agents without sockets: the clock is set by hand, and a network in memory carries their messages."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stimme.sip.flow import Flow, Target
from stimme.sip.layer import Transmit
from stimme.sip.message import Message, Request, Response, parse_message
from stimme.sip.session import Session
from stimme.sip.session_states import SessionFeatures
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transfer import Referral
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Way:
    """A flow that goes nowhere by itself."""

    transport: str = "udp"
    local: Address = ("192.0.2.1", 5060)
    remote: Address = ("192.0.2.9", 5070)
    closed: bool = False


@dataclass
class Ears:
    """A session handler that writes down what it hears, as words and as messages."""

    heard: list[str] = field(default_factory=list)
    messages: list[Message | None] = field(default_factory=list)
    reinvite_answer: bytes | None = None

    def note(self, word: str, message: Message | None = None) -> None:
        self.heard.append(word)
        self.messages.append(message)

    def on_provisional(self, session: Session, response: Response) -> None:
        self.note(f"provisional {response.status}", response)

    def on_answer(self, session: Session, response: Response) -> None:
        self.note("answer", response)

    def on_failure(self, session: Session, status: int, reason: str, response: Response | None) -> None:
        self.note(f"failure {status}", response)

    def on_ack(self, session: Session, request: Request) -> None:
        self.note("ack", request)

    def on_cancel(self, session: Session, request: Request) -> None:
        self.note("cancel", request)

    def on_reinvite(self, session: Session, request: Request) -> None:
        self.note("reinvite", request)
        if self.reinvite_answer is not None:
            session.accept(self.reinvite_answer)

    def on_reinvite_result(self, session: Session, response: Response | None) -> None:
        self.note(f"reinvite result {response.status if response else None}", response)

    def on_info(self, session: Session, request: Request) -> None:
        self.note("info", request)

    def on_bye(self, session: Session, request: Request) -> None:
        self.note("bye", request)

    def on_ended(self, session: Session, reason: str) -> None:
        self.note(f"ended: {reason}")


@dataclass
class FeatureEars(Ears, SessionFeatures):
    """A handler that serves transfer, messages and events within a call; referrals wait in a list."""

    referrals: list[Referral] = field(default_factory=list)

    def on_refer(self, session: Session, referral: Referral) -> None:
        self.note("refer", referral.request)
        self.referrals.append(referral)

    def on_refer_progress(self, session: Session, status: int, final: bool) -> None:
        self.note(f"refer {status}{' final' if final else ''}")

    def on_notify(self, session: Session, request: Request) -> bool:
        self.note(f"notify {request.headers.get('Event')}", request)
        return request.headers.get("Event") in ("talk", "hold")

    def on_message(self, session: Session, transaction: ServerTransaction, request: Request) -> None:
        self.note("message", request)
        transaction.respond(200)

    def on_prack(self, session: Session, request: Request) -> None:
        self.note("prack", request)


@dataclass
class Application:
    """The application above an agent: keeps what arrives, and answers calls as `on_call` says."""

    sessions: list[Session] = field(default_factory=list)
    transactions: list[ServerTransaction] = field(default_factory=list)
    ears: Ears = field(default_factory=Ears)
    on_call: Callable[[Session], None] | None = None

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        self.sessions.append(session)
        session.handler = self.ears
        if self.on_call is not None:
            self.on_call(session)

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        self.transactions.append(transaction)


class Agent:
    """One user agent, its application, and all that it sent: each message with the time it was sent at."""

    def __init__(self, seed: int = 1, address: Address = ("192.0.2.1", 5060), transport: str = "udp") -> None:
        self.now = 0.0
        self.address = address
        self.application = Application()
        self.log: list[tuple[float, Message]] = []
        self.destinations: list[Flow | Target] = []
        self._unread = 0
        self.ua = UserAgent(
            self.application,
            clock=lambda: self.now,
            rng=random.Random(seed),
            product="test",
            on_output=self.take,
        )
        self.ua.addresses[transport] = address
        self.forward: Callable[[Transmit], None] | None = None

    def take(self) -> None:
        """Takes what the agent wants sent."""
        for transmit in self.ua.take_output():
            self.log.append((self.now, parse_message(transmit.data)))
            self.destinations.append(transmit.destination)
            if self.forward is not None:
                self.forward(transmit)

    def receive(self, data: bytes, flow: Flow | None = None) -> None:
        self.ua.receive(parse_message(data), flow or Way(), data)
        self.take()

    def run_to(self, time: float) -> None:
        """Lets every timer that is due until `time` fire, each at its own time."""
        while (due := self.ua.next_timeout()) is not None and due <= time:
            self.now = max(self.now, due)
            self.ua.run_timers()
            self.take()
        self.now = time

    def fresh(self) -> list[Message]:
        """What was sent since this was last asked."""
        messages = [message for _, message in self.log[self._unread :]]
        self._unread = len(self.log)
        return messages

    def labels(self) -> list[str]:
        """As `fresh`, in words: methods, and status with method."""
        return [label(message) for message in self.fresh()]

    def last_request(self, method: str) -> Request:
        """The request of this method that was sent last."""
        found = [m for _, m in self.log if isinstance(m, Request) and m.method == method]
        return found[-1]


def label(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {message.cseq.method}"


class Network:
    """Two agents and the way between them; `drop` decides which messages are lost."""

    def __init__(self, transport: str = "udp") -> None:
        self.caller = Agent(1, ("192.0.2.1", 5060), transport)
        self.callee = Agent(2, ("192.0.2.2", 5060), transport)
        self.transport = transport
        self.drop: Callable[[Agent, Message], bool] = lambda agent, message: False
        self.hold = False
        self._queue: list[tuple[Agent, bytes]] = []
        for sender, receiver in ((self.caller, self.callee), (self.callee, self.caller)):
            sender.forward = lambda transmit, s=sender, r=receiver: self._carry(s, r, transmit)

    def _carry(self, sender: Agent, receiver: Agent, transmit: Transmit) -> None:
        if not self.drop(sender, parse_message(transmit.data)):
            self._queue.append((receiver, transmit.data))

    def settle(self) -> None:
        """Carries messages until none is under way."""
        while self._queue and not self.hold:
            receiver, data = self._queue.pop(0)
            receiver.receive(data, self.flow_at(receiver))

    def flow_at(self, agent: Agent) -> Way:
        """How the other agent looks from this one."""
        other = self.callee if agent is self.caller else self.caller
        return Way(self.transport, agent.address, other.address)

    def run_to(self, time: float) -> None:
        """Lets time pass at both, carrying what they send."""
        while True:
            dues = [due for a in (self.caller, self.callee) if (due := a.ua.next_timeout()) is not None]
            if not dues or min(dues) > time:
                break
            for agent in (self.caller, self.callee):
                agent.run_to(max(agent.now, min(dues)))
            self.settle()
        for agent in (self.caller, self.callee):
            agent.run_to(time)
        self.settle()

    def call(
        self, offer: bytes | None = b"offer", headers: Sequence[tuple[str, str]] = ()
    ) -> tuple[Session, Ears]:
        """Places a call from the caller to the callee and lets it ring as far as the callee's rule says."""
        ears = Ears()
        session = self.caller.ua.invite(
            uri=SipUri("192.0.2.2", "20"),
            to=self.flow_at(self.caller),
            from_=NameAddr(SipUri("muster.example", "10")),
            to_header=NameAddr(SipUri("muster.example", "20")),
            contact=SipUri("192.0.2.1", "10", 5060),
            offer=offer,
            handler=ears,
            headers=headers,
        )
        self.settle()
        return session, ears

    def with_features(self) -> tuple[Session, FeatureEars, Session, FeatureEars]:
        """As `established`, with handlers that serve transfer and more, and agents that say so."""
        theirs = FeatureEars()
        for agent in (self.caller, self.callee):
            agent.ua.enable("REFER", "SUBSCRIBE", "MESSAGE", options=("replaces",))
        self.callee.application.ears = theirs
        session, _, called, _ = self.established()
        ours = FeatureEars()
        session.handler = ours
        return session, ours, called, theirs

    def established(self) -> tuple[Session, Ears, Session, Ears]:
        """A call that was answered and acknowledged: the caller's side, then the callee's."""
        self.callee.application.on_call = lambda session: session.answer(b"answer")
        session, ears = self.call()
        for agent in (self.caller, self.callee):
            agent.fresh()
        return session, ears, self.callee.application.sessions[-1], self.callee.application.ears


def wire(
    start: str,
    *,
    method: str | None = None,
    branch: str = "z9hG4bK1",
    to_tag: str = "",
    cseq: int = 1,
    extra: Sequence[str] = (),
    body: bytes = b"",
    from_tag: str = "peer",
    call_id: str = "c1",
    transport: str = "UDP",
) -> bytes:
    """A message as a peer sends it; `start` is the method of a request, or a status line."""
    request = not start.startswith("SIP/2.0")
    method = method or start
    lines = [
        f"{start} sip:10@192.0.2.1 SIP/2.0" if request else start,
        f"Via: SIP/2.0/{transport} 192.0.2.9:5070;branch={branch};rport",
        "Max-Forwards: 70",
        f"From: <sip:20@muster.example>;tag={from_tag}",
        f"To: <sip:10@muster.example>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        "Contact: <sip:20@192.0.2.9:5070>",
        *extra,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer_to(
    request: Request,
    status: int,
    *,
    to_tag: str = "remote",
    extra: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """A response of a peer to a request of ours, with a Contact."""
    response = Response(status)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.get_all(name):
            tagged = name == "To" and to_tag and "tag=" not in value
            response.headers.add(name, f"{value};tag={to_tag}" if tagged else value)
    response.headers.add("Contact", "<sip:20@192.0.2.9:5070>")
    for name, value in extra:
        response.headers.add(name, value)
    response.body = body
    return bytes(response)
