"""The SIP user agent core of a node: it owns transactions and sessions, without I/O (RFC 3261 §8, §11–§15).

The transport gives it messages (`receive`), time (`run_timers`) and takes what it wants sent (`take_output`).
The application places calls (`invite`), sends requests (`request`) and is told of what arrives by
`UserAgentHandler`.

Answered here, without asking the application: stray in-dialog requests (481), CANCEL, merged requests (482),
exhausted Max-Forwards (483), malformed requests (400), unknown extensions (420), unknown methods (405).
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from stimme.sip.agreement import OPTION as SEC_AGREE
from stimme.sip.agreement import SecurityAgreement
from stimme.sip.auth import DigestClient
from stimme.sip.checks import fault_of, refusal_of_body, wants_sips
from stimme.sip.dialog import HeaderFields, target_of
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Destination, Flow, Target, address_of
from stimme.sip.headers import Via
from stimme.sip.hops import HopLimits
from stimme.sip.layer import TransactionLayer
from stimme.sip.malformed import refusal_of
from stimme.sip.message import Message, Request, Response, response_to
from stimme.sip.outside import Exchange
from stimme.sip.replacement import replacement_of
from stimme.sip.session import Session
from stimme.sip.session_id import PartyId
from stimme.sip.session_states import SessionHandler, SessionState
from stimme.sip.session_timer import SessionIntervals
from stimme.sip.timers import Timers
from stimme.sip.trace import Trace
from stimme.sip.transaction import ClientTransaction, Failure, ServerTransaction, from_head, server_key
from stimme.sip.uri import NameAddr, OtherUri, SipUri, Uri, split_outside_quotes

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY", "REGISTER")
_OUTSIDE_DIALOG = ("REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "NOTIFY", "REFER")
MAX_SESSIONS = 50_000
OPTION_TAGS = ("100rel", "timer", "path", "outbound", "gruu", "norefersub")


class UserAgentHandler(Protocol):
    """The application above the user agent."""

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        """A call arrives; 100 has been sent. Set `session.handler`, then ring, answer or reject."""

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """REGISTER, OPTIONS, MESSAGE, … outside a dialog: answer by `transaction.respond`."""


class DialogUsage(Protocol):
    """A dialog that is no call: a subscription (RFC 5057)."""

    call_id: str
    id: str
    remote: NameAddr

    def takes(self, request: Request) -> bool:
        """Whether a request with another tag than `remote`'s belongs here."""

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request within the dialog."""


class UserAgent(TransactionLayer):
    """See the module's docstring.

    Args:
        handler: the application.
        clock: seconds, monotonic.
        rng: for tags and branches; a SystemRandom outside tests.
        timers: RFC 3261 T1, T2, T4.
        product: value of User-Agent and Server.
        on_output: called when something waits to be sent outside `receive` and `run_timers`.
        intervals: of session timers.
        trace: keeps messages by call; None keeps none.

    Attributes:
        methods: what Allow names; `enable` adds to it.
        most_sessions: call legs at which a further call is refused with 503.
        urgent: says of a new call that it is taken nevertheless: an emergency call.
        agreement: how telephones agree with us on security (RFC 3329); None: they cannot.
        contact_behind: gives the contact behind a GRUU that the application has issued (RFC 5627 §6.1).
    """

    def __init__(
        self,
        handler: UserAgentHandler,
        *,
        clock: Callable[[], float],
        rng: random.Random,
        product: str,
        on_output: Callable[[], None],
        timers: Timers | None = None,
        intervals: SessionIntervals | None = None,
        trace: Trace | None = None,
    ) -> None:
        super().__init__(
            clock=clock, rng=rng, product=product, on_output=on_output, timers=timers, trace=trace
        )
        self.handler = handler
        self.intervals = intervals or SessionIntervals()
        self.methods: tuple[str, ...] = METHODS
        self._options: tuple[str, ...] = OPTION_TAGS
        self.contact_behind: Callable[[SipUri], SipUri | None] = lambda uri: None
        self.most_sessions = MAX_SESSIONS
        self.urgent: Callable[[Request], bool] = lambda request: False
        self.agreement: SecurityAgreement | None = None
        self.allow = self.supported = self.supported_late = ""
        self._announce()
        self._sessions: dict[tuple[str, str], Session] = {}
        self._winding_up: dict[str, Callable[[], None]] = {}
        self._usages: dict[tuple[str, str], DialogUsage] = {}
        self._merging: set[tuple[str, str, int]] = set()

    # -- the transport's side -------------------------------------------------------------------------------

    def receive(self, message: Message, flow: Flow, data: bytes = b"") -> None:
        """Takes one parsed message that came over `flow`; `data` is its wire form, for the trace."""
        if self._trace is not None and data:
            self._trace.note(data, sent=False, transport=flow.transport, peer=flow.remote)
        self._busy += 1
        try:
            if isinstance(message, Response):
                self._receive_response(message)
            else:
                self._receive_request(message, flow)
        finally:
            self._busy -= 1

    @property
    def sessions(self) -> int:
        """Sessions alive."""
        return len(self._sessions)

    def forget(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Takes an ended transaction out of its table."""
        super().forget(transaction)
        if isinstance(transaction, ServerTransaction) and transaction.merge_key is not None:
            self._merging.discard(transaction.merge_key)

    def _announce(self) -> None:
        self.allow = ", ".join(self.methods)
        self.supported = ", ".join(self._options)
        self.supported_late = ", ".join(option for option in self._options if option != "100rel")

    # -- the application's side -----------------------------------------------------------------------------

    def request(
        self,
        request: Request,
        to: Destination | Sequence[Destination],
        *,
        on_response: Callable[[Response], None],
        on_failure: Callable[[Failure], None],
        credentials: DigestClient | None = None,
        patience: float | None = None,
    ) -> ClientTransaction:
        """Sends a request outside a dialog, to the first of `to` that answers; see `outside`.

        `patience` is how long to wait for a sign of the last one, when that is less than timer F.

        Via, Max-Forwards and User-Agent are added here; From (with tag), To, Call-ID and CSeq are the
        caller's.
        """
        destinations = to if isinstance(to, Sequence) else (to,)
        exchange = Exchange(
            self,
            request,
            destinations,
            on_response=on_response,
            on_failure=on_failure,
            credentials=credentials,
            patience=patience,
        )
        return exchange.start()

    def invite(
        self,
        *,
        uri: Uri,
        to: Destination,
        from_: NameAddr,
        to_header: NameAddr,
        contact: SipUri,
        offer: bytes | None,
        handler: SessionHandler,
        headers: HeaderFields = (),
        route: Sequence[str] = (),
        credentials: DigestClient | None = None,
        call_id: str | None = None,
        pinned: bool | None = None,
        alternatives: Sequence[Destination] = (),
        patience: float | None = None,
        speaks_for: PartyId | None = None,
        limits: HopLimits | None = None,
    ) -> Session:
        """Places a call.

        `pinned` is as on Session, by default true when `to` is a flow. `alternatives` are servers to try when
        `to` cannot be reached, does not answer or says 503 (RFC 3263 §4.3). `patience` is how long to wait
        for a sign of the last one, when that is less than timer B. `speaks_for` is who calls, as
        another session knows it (`Session.party`); `limits` is how far the call may go on.
        """
        session = Session(
            self,
            handler,
            call_id=call_id or self.token(24),
            local=from_.with_tag(self.token(16)),
            remote=to_header,
            contact=contact,
            destination=to,
            state=SessionState.CALLING,
        )
        session.pinned = not isinstance(to, Target) if pinned is None else pinned
        if speaks_for is not None:
            session.speak_for(speaks_for)
        self._sessions[(session.call_id, session.id)] = session
        session.patience = patience
        session.limits = limits
        session.start(uri, offer, headers, route, credentials=credentials, alternatives=alternatives)
        return session

    def wind_up(
        self, value: dict[str, Any], to: Destination, done: Callable[[], None] = lambda: None
    ) -> None:
        """Ends what a crash left open: 503 for a call that came, CANCEL for one that was placed, else BYE.

        `value` is `Session.unfinished` of then; `done` is called once nothing is open any more. Raises
        KeyError or SipParseError for a damaged one.
        """
        if value["role"] == "dialog":
            session = Session.restored(self, value, None, to)
            if session.caller:  # the ACK may never have left: a BYE must not be the first that the peer hears
                session.acknowledge(int(value["local_cseq"]))
            session.bye()
            done()
            return
        request = from_head(value["uri"], value["head"])
        if value["role"] == "client":
            session = Session.given_up(self, request, to)
            self._sessions[(session.call_id, session.id)] = session
            self._winding_up[session.id] = done
            return
        transaction = ServerTransaction(self, request, server_key(request), to, value["tag"])
        self._servers[transaction.key] = transaction
        transaction.respond(503)
        done()

    def restore(self, snapshot: dict[str, Any], handler: SessionHandler, to: Destination) -> Session:
        """Takes up a confirmed session after a restart.

        Raises KeyError or SipParseError for a damaged snapshot.
        """
        session = Session.restored(self, snapshot, handler, to)
        self._sessions[(session.call_id, session.id)] = session
        return session

    def enable(self, *methods: str, options: Sequence[str] = ()) -> None:
        """Says that the application serves more than plain calls; Allow and Supported name it then.

        Methods are `REFER`, `SUBSCRIBE`, `MESSAGE`, `PUBLISH`; options are extensions that the stack leaves
        to the application, such as `replaces`, `join`, `tdialog`, `answermode`.
        """
        self.methods += tuple(method for method in methods if method not in self.methods)
        self._options += tuple(option for option in options if option not in self._options)
        self._announce()

    def add_usage(self, usage: DialogUsage) -> None:
        """Requests within this dialog go to `usage.receive` from now on."""
        self._usages[(usage.call_id, usage.id)] = usage

    def drop_usage(self, usage: DialogUsage) -> None:
        """The dialog is over: requests within it get 481."""
        self._usages.pop((usage.call_id, usage.id), None)

    def session_by_dialog(self, call_id: str, to_tag: str, from_tag: str) -> Session | None:
        """The session with this Call-ID, our tag `to_tag` and the peer's tag `from_tag` (RFC 3891 §3).

        Tags that are named the other way round mean the same: telephones copy them from the dialog of a
        watched colleague (RFC 4235), some as seen from there.
        """
        for ours, theirs in ((to_tag, from_tag), (from_tag, to_tag)):
            session = self._sessions.get((call_id, ours))
            if session is not None and (session.remote.tag or "") == theirs:
                return session
        return None

    def locate(self, hop: str, near: Destination) -> Destination:
        """The destination of a route or contact; an open connection to it is kept."""
        uri = NameAddr.parse(hop).uri
        if not isinstance(uri, SipUri) or (near.transport != "udp" and uri.scheme != "sips"):
            return near
        return target_of(uri, near.transport)

    def drop(self, session: Session) -> None:
        """A session has ended: requests in its dialog get 481 from now on."""
        self._sessions.pop((session.call_id, session.id), None)
        if (done := self._winding_up.pop(session.id, None)) is not None:
            done()

    # -- messages -------------------------------------------------------------------------------------------

    def _receive_request(self, request: Request, flow: Flow) -> None:
        try:
            fault = fault_of(request)
            via = request.via.with_source(*flow.remote)
        except SipParseError as error:
            self._answer_malformed(request, flow, str(error))
            return
        if fault is not None:
            self._answer_malformed(request, flow, fault)
            return
        _replace_top_via(request, via)
        key = server_key(request)
        known = self._servers.get(key)
        if known is not None:
            if request.method == "ACK":
                known.receive_ack()
                self._acknowledge(request)
            else:
                known.receive_again()
        elif request.method == "ACK":
            self._acknowledge(request)
        else:
            self._new_request(request, flow, key, _response_destination(via, flow))

    def _acknowledge(self, request: Request) -> None:
        session = self._session_of(request)
        if session is not None:
            session.receive_ack(request)

    def _session_of(self, request: Request) -> Session | None:
        session = self._sessions.get((request.call_id, request.to.tag or ""))
        if session is None or session.remote.tag != request.from_.tag:
            return None
        return session

    def _new_request(
        self, request: Request, flow: Flow, key: tuple[str, ...], destination: Destination
    ) -> None:
        transaction = ServerTransaction(self, request, key, destination, self.token(16))
        self._servers[key] = transaction
        if request.method == "CANCEL":
            self._cancel(transaction, request)
            return
        required = request.headers.values("Require") if "Require" in request.headers else ()
        unknown = [option for option in required if not self._knows(option.lower())]
        insecure = self.agreement.refusal(request, flow) if self.agreement is not None else None
        if unknown:
            transaction.respond(420, None, [("Unsupported", ", ".join(unknown))])
        elif insecure is not None:
            transaction.respond(insecure[0], None, insecure[1])
        elif request.max_forwards == 0 and request.method != "OPTIONS":
            transaction.respond(483)
        elif request.to.tag is not None:
            self._within_dialog(transaction, request, flow)
        elif isinstance(request.uri, OtherUri) and request.uri.scheme != "urn":
            transaction.respond(416)
        elif request.method == "INVITE":
            self._incoming_call(transaction, request, flow)
        elif request.method in _OUTSIDE_DIALOG:
            self.handler.on_request(transaction, request, flow)
        elif request.method in METHODS:
            transaction.respond(481)
        else:
            transaction.respond(405, None, [("Allow", self.allow)])

    def _knows(self, option: str) -> bool:
        # Supported does not name sec-agree: in a request of ours it would promise a Security-Client.
        return option in self._options or (option == SEC_AGREE and self.agreement is not None)

    def _cancel(self, transaction: ServerTransaction, request: Request) -> None:
        """Only the host that sent the INVITE may take it back: CANCEL is hop by hop (§9.1)."""
        invite = self._servers.get((*transaction.key[:-1], "INVITE"))
        if invite is None or address_of(invite.destination)[0] != address_of(transaction.destination)[0]:
            transaction.respond(481)
            return
        transaction.local_tag = invite.local_tag
        transaction.respond(200)
        session = self._sessions.get((request.call_id, invite.local_tag))
        if session is not None:
            session.cancelled(request)

    def _within_dialog(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        key = (request.call_id, request.to.tag or "")
        usage: DialogUsage | None = self._sessions.get(key) or self._usages.get(key)
        if usage is None or (usage.remote.tag != request.from_.tag and not usage.takes(request)):
            transaction.respond(481)
        else:
            usage.receive(transaction, request, flow)

    def _incoming_call(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        merge_key = _merge_key(request)
        if merge_key in self._merging:
            transaction.respond(482)
            return
        refused = refusal_of_body(request)
        if refused is None and len(self._sessions) >= self.most_sessions and not self.urgent(request):
            refused = 503, [("Retry-After", "10")]
        if refused is not None:
            transaction.respond(refused[0], None, refused[1])
            return
        replaced = replacement_of(request, self._options, self.session_by_dialog)
        if isinstance(replaced, int):
            transaction.respond(replaced)
            return
        self._merging.add(merge_key)
        transaction.merge_key = merge_key  # only the copy that was taken gives it free
        transaction.respond(100)
        session = Session(
            self,
            None,
            call_id=request.call_id,
            local=request.to.with_tag(transaction.local_tag),
            remote=request.from_,
            contact=self.contact_for(flow.transport, request.user, sips=wants_sips(request)),
            destination=flow,
            state=SessionState.INCOMING,
        )
        session.incoming(transaction)
        session.replaces, session.joins = replaced
        refused = session.timer.refusal(request)
        if refused is not None:
            session.reject(refused[0], None, refused[1])
            return
        self._sessions[(session.call_id, session.id)] = session
        self.handler.on_invite(session, request, flow)

    def receive_malformed(self, data: bytes, fault: SipParseError, flow: Flow) -> None:
        """Takes bytes that could not be parsed: a request is refused, as far as it can be read at all."""
        response = refusal_of(data, fault)
        if response is not None:
            self.transmit(bytes(response), flow, None)

    def _answer_malformed(self, request: Request, flow: Flow, fault: str) -> None:
        """400 without a transaction, when the headers that a response needs can be read at all."""
        if request.method == "ACK" or "Via" not in request.headers or "CSeq" not in request.headers:
            return
        reason = "".join(char for char in fault if char.isprintable() and char.isascii())[:80]
        response = response_to(request, 400, f"Bad Request: {reason}")
        self.transmit(bytes(response), flow, None)


def _merge_key(request: Request) -> tuple[str, str, int]:
    """The same request that came twice over different paths (RFC 3261 §8.2.2.2)."""
    return (request.call_id, request.from_.tag or "", request.cseq.number)


def _replace_top_via(request: Request, via: Via) -> None:
    if via is request.via:
        return
    rest = split_outside_quotes(request.headers.get("Via") or "", ",")[1:]
    request.headers.change_first("Via", ", ".join([str(via), *(part.strip() for part in rest)]), via)


def _response_destination(via: Via, flow: Flow) -> Destination:
    """Where responses go: back over the connection, or by the Via for UDP (RFC 3261 §18.2.2, RFC 3581 §4)."""
    if flow.transport != "udp" or "rport" in via.params:
        return flow
    port = via.port or 5060
    return flow if port == flow.remote[1] else Target("udp", flow.remote[0], port)
