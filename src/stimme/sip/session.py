"""One INVITE dialog usage: a leg's signalling (RFC 3261 §12–§15), without I/O.

Policy, apart from the caller's (`calling`) and from offers within the dialog (`invite_usage`): a 2xx of ours
is repeated until the ACK comes; without it the session ends (§13.3.1.4). A BYE always ends the session; a
request with an old CSeq gets 500 (§12.2.2).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stimme.sip.calling import Calling
from stimme.sip.checks import refusal_of_info
from stimme.sip.dialog import SDP, HeaderFields
from stimme.sip.errors import SessionStateError
from stimme.sip.flow import Destination, Flow, Target, is_reliable
from stimme.sip.hops import HopLimits
from stimme.sip.message import Request, response_to
from stimme.sip.reliable import ReliableResponses
from stimme.sip.session_states import NO_FEATURES, SessionEvent, SessionFeatures, SessionHandler, SessionState
from stimme.sip.transaction import ServerTransaction, unfinished_of
from stimme.sip.transfer import Transfers, event_of
from stimme.sip.uri import NameAddr, SipUri

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent

_EARLY_OR_LATER = (SessionState.RINGING, SessionState.INCOMING, SessionState.ANSWERED, SessionState.CONFIRMED)


class Session(Calling):
    """A leg's signalling. Verbs raise SessionStateError when the state does not allow them.

    Attributes:
        replaces, joins: the session that a new call takes the place of, or joins (RFC 3891, 3911).
    """

    __slots__ = (
        "_held_answer",
        "_incoming",
        "_reliable",
        "_transfers",
        "joins",
        "replaces",
    )

    def __init__(
        self,
        ua: "UserAgent",
        handler: SessionHandler | None,
        *,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        contact: SipUri,
        destination: Destination,
        state: SessionState,
    ) -> None:
        super().__init__(
            ua,
            handler,
            call_id=call_id,
            local=local,
            remote=remote,
            contact=contact,
            destination=destination,
            state=state,
        )
        self.replaces: Session | None = None
        self.joins: Session | None = None
        self._incoming: ServerTransaction | None = None
        self._reliable: ReliableResponses | None = None
        self._held_answer: tuple[bytes, HeaderFields] | None = None
        self._transfers: Transfers | None = None

    def _myself(self) -> "Session":
        return self

    def _twin(self) -> "Session":
        """A confirmed session like this one, for a fork that nobody wants."""
        return Session(
            self._ua,
            None,
            call_id=self.call_id,
            local=self.local,
            remote=self.remote,
            contact=self.contact,
            destination=self.destination,
            state=SessionState.CONFIRMED,
        )

    @property
    def features(self) -> SessionFeatures:
        """The handler as far as it serves more than plain calls, else the defaults."""
        return self.handler if isinstance(self.handler, SessionFeatures) else NO_FEATURES

    # -- UAS ------------------------------------------------------------------------------------------------

    def incoming(self, transaction: ServerTransaction) -> None:
        """Binds the session to the INVITE that made it (§12.1.1)."""
        self.caller = False
        self._incoming = transaction
        self._reliable = ReliableResponses(self._ua, transaction, self._no_prack)
        self.request = transaction.request
        self.remote_cseq = transaction.request.cseq.number
        self._take_id(transaction.request)
        self.limits = HopLimits.of(transaction.request)
        transaction.ids = self.ids
        self.route_set = transaction.request.headers.values("Record-Route")
        self.refresh_target(transaction.request)
        self._take_allow(transaction.request)

    def unfinished(self) -> dict[str, Any]:
        """See `Calling.unfinished`; an INVITE that waits for our answer is kept with our tag."""
        if self.state is not SessionState.INCOMING:
            return super().unfinished()
        transaction = self._server()
        kept = unfinished_of("server", transaction.request, transaction.destination)
        return {**kept, "tag": transaction.local_tag}

    def _server(self) -> ServerTransaction:
        if self._incoming is None:
            raise SessionStateError("this session was placed by us")
        return self._incoming

    def ring(
        self,
        status: int = 180,
        body: bytes | None = None,
        headers: HeaderFields = (),
        *,
        reliable: bool = False,
    ) -> None:
        """Sends a provisional response, with early media when there is a body.

        `reliable` asks for a PRACK where the caller supports it; a caller who requires it gets it anyway.
        """
        self._require(SessionState.INCOMING)
        transaction = self._server()
        fields = self._dialog_headers(headers, body or b"")
        if self._reliable is None or not self._reliable.wanted(reliable):
            transaction.respond(status, None, fields, body or b"")
            return
        response = response_to(transaction.request, status, tag=transaction.local_tag)
        for name, value in [*fields, ("Allow", self._ua.allow)]:
            response.headers.add(name, value)
        response.body = body or b""
        self._reliable.send(response)

    def _no_prack(self) -> None:
        if self.state is SessionState.INCOMING:
            handler = self.handler
            self.reject(504)
            if handler is not None:
                handler.on_ended(self, "no PRACK")

    def answer(self, body: bytes, headers: HeaderFields = ()) -> None:
        """Sends 200 and repeats it until the ACK comes; waits for a PRACK that is due (RFC 3262 §3)."""
        self._require(SessionState.INCOMING)
        if self._held_answer is not None:
            raise SessionStateError("the call is answered already")
        if self._reliable is not None and self._reliable.holds_answer:
            self._held_answer = (body, headers)
            return
        transaction = self._server()
        self._last_sdp = body
        fields = [*self._dialog_headers(headers, body), ("Allow", self._ua.allow)]
        fields += [("Supported", self._ua.supported), *self.timer.answer_headers(transaction.request)]
        response = transaction.respond(200, None, fields, body)
        self._step(SessionEvent.ANSWER_SENT)
        self._await_ack(transaction, response)

    def reject(self, status: int, reason: str | None = None, headers: HeaderFields = ()) -> None:
        """Refuses the call."""
        self._require(SessionState.INCOMING)
        self._step(SessionEvent.REJECTED)
        self._server().respond(status, reason, list(headers))
        self._let_go()

    def cancelled(self, request: Request) -> None:
        """CANCEL came: 487 for the INVITE (§9.2). Without effect once there was a final response."""
        if self._step(SessionEvent.PEER_CANCELLED):
            self._server().respond(487)
            if self.handler is not None:
                self.handler.on_cancel(self, request)
        self._let_go()

    def _step(self, event: SessionEvent) -> bool:
        moved = super()._step(event)
        if self._reliable is not None and self.state is not SessionState.INCOMING:
            self._reliable.stop()
            if not self._reliable.owed or self.ended:
                self._reliable = None
        if self.state is SessionState.CONFIRMED:
            # Calls are many and long: what nobody will ask for again is not kept.
            self._incoming = self.request = None
        return moved

    def _offer_open(self) -> bool:
        if self.state is SessionState.INCOMING:
            return self._reliable is None or not self._reliable.described
        return self.state in (SessionState.CALLING, SessionState.RINGING) and not self._early_answer

    # -- within the dialog ----------------------------------------------------------------------------------

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request within the dialog, ACK and CANCEL apart."""
        if request.cseq.number <= self.remote_cseq and self.remote_cseq >= 0:
            transaction.respond(500, "CSeq Out Of Order")
            return
        self.remote_cseq = request.cseq.number
        if self.pinned:
            self.destination = flow
        self.ids.peer.take(request)
        transaction.ids = self.ids
        receive = _RECEIVERS.get(request.method)
        if receive is None or request.method not in self._ua.methods:
            transaction.respond(405, None, [("Allow", self._ua.allow)])
        else:
            receive(self, transaction, request)

    def _receive_info(self, transaction: ServerTransaction, request: Request) -> None:
        refusal = refusal_of_info(request)
        if refusal is not None:
            transaction.respond(refusal[0], None, refusal[1])
            return
        transaction.respond(200)
        if self.handler is not None:
            self.handler.on_info(self, request)

    def _receive_options(self, transaction: ServerTransaction, request: Request) -> None:
        fields = [("Allow", self._ua.allow), ("Accept", SDP), ("Supported", self._ua.supported)]
        transaction.respond(200, None, fields)

    def _receive_message(self, transaction: ServerTransaction, request: Request) -> None:
        self.features.on_message(self, transaction, request)

    def _receive_bye(self, transaction: ServerTransaction, request: Request) -> None:
        transaction.respond(200)
        early = self.state is SessionState.INCOMING
        if not self._step(SessionEvent.OVER):
            return
        if early:  # §15.1.2: pending requests of the dialog get 487
            self._server().respond(487)
        if self._reinvite_in is not None and self._reinvite_pending:
            self._reinvite_in.respond(487)
        if self.handler is not None:
            self.handler.on_bye(self, request)
        self._let_go()

    def _receive_prack(self, transaction: ServerTransaction, request: Request) -> None:
        reliable = self._reliable
        if reliable is None or not reliable.acknowledge(request):
            transaction.respond(481)
            return
        if request.body and self.request is not None and self.request.body:
            transaction.respond(
                488
            )  # a second offer before the answer: not taken, the response stays acknowledged
        else:
            transaction.respond(200)
            self.features.on_prack(self, request)
        if self.state is not SessionState.INCOMING:
            self._reliable = None  # it crossed our final response
            return
        reliable.send_next()
        if self._held_answer is not None and not reliable.holds_answer and not self.ended:
            (body, headers), self._held_answer = self._held_answer, None
            self.answer(body, headers)

    def info(self, body: bytes, content_type: str) -> None:
        """Sends INFO (RFC 6086 legacy usage, DTMF)."""
        self._require(SessionState.CONFIRMED)
        self.send_request("INFO", (), body, content_type, lambda _: None)

    def bye(self, headers: HeaderFields = ()) -> None:
        """Hangs up. While our 2xx still waits for its ACK the BYE follows that (§15)."""
        self._require(SessionState.CONFIRMED, SessionState.ANSWERED)
        if self.state is SessionState.ANSWERED:
            self._pending_bye = headers
            self.handler = None
            return
        self._send_bye(headers)
        self._step(SessionEvent.OVER)
        self._let_go()

    @property
    def cut_off(self) -> bool:
        """The peer had opened the connection, and it is gone: only the peer can open another."""
        to = self.destination
        if not self.pinned or not is_reliable(to):
            return False
        return isinstance(to, Target) or to.closed

    def left(self) -> None:
        """The peer had hung up before a crash: the session is over and nothing is sent."""
        self._step(SessionEvent.OVER)
        self._let_go()

    def end(self, status: int = 480, headers: HeaderFields = ()) -> None:
        """Ends the session in whatever state it is: CANCEL, BYE, a refusal with `status`, or nothing."""
        match self.state:
            case SessionState.CALLING | SessionState.RINGING:
                self.cancel(headers)
            case SessionState.INCOMING:
                self.reject(status, None, headers)
            case SessionState.ANSWERED | SessionState.CONFIRMED:
                self.bye(headers)
            case _:
                return

    # -- transfer and events --------------------------------------------------------------------------------

    @property
    def transfers(self) -> Transfers:
        """The REFERs of this call, in both directions."""
        if self._transfers is None:
            self._transfers = Transfers(self)
        return self._transfers

    def _receive_refer(self, transaction: ServerTransaction, request: Request) -> None:
        self.transfers.receive_refer(transaction, self.features)

    def _receive_subscribe(self, transaction: ServerTransaction, request: Request) -> None:
        self.transfers.receive_subscribe(transaction, request)

    def refer_progress(self, status: int, reason: str | None = None) -> None:
        """Tells the peer how the call goes that its last REFER asked for; see `Referral.progress`."""
        self.transfers.progress(status, reason)

    def refer(self, target: NameAddr, *, referred_by: NameAddr | None = None) -> None:
        """Asks the peer to call `target`; it may carry Replaces (`replaces.with_replaces`).

        How that goes comes by `SessionFeatures.on_refer_progress`.
        """
        self._require(SessionState.CONFIRMED)
        self.transfers.refer(
            target, referred_by, lambda status, final: self.features.on_refer_progress(self, status, final)
        )

    def notify_event(self, event: str, *, state: str = "active") -> None:
        """Sends NOTIFY within the dialog: `talk` makes a desk phone answer, `hold` makes it hold."""
        self._require(*_EARLY_OR_LATER)
        self.send_request(
            "NOTIFY", [("Event", event), ("Subscription-State", state)], b"", SDP, lambda _: None
        )

    def _receive_notify(self, transaction: ServerTransaction, request: Request) -> None:
        if event_of(request)[0] == "refer":
            self.transfers.receive_notify(transaction, request)
        else:
            transaction.respond(200 if self.features.on_notify(self, request) else 489)

    @classmethod
    def given_up(cls, ua: "UserAgent", request: Request, destination: Destination) -> "Session":
        """A call that we were placing when we died: it is cancelled, and ended should it be answered."""
        session = cls(
            ua,
            None,
            call_id=request.call_id,
            local=request.from_,
            remote=request.to,
            contact=ua.contact_for(destination.transport, request.from_.user),
            destination=destination,
            state=SessionState.CANCELLING,
        )
        session._take_up_to_cancel(request)
        return session

    @classmethod
    def restored(
        cls,
        ua: "UserAgent",
        snapshot: dict[str, Any],
        handler: SessionHandler | None,
        destination: Destination,
    ) -> "Session":
        """A confirmed session from its snapshot. CSeq leaves a gap for what was sent after the snapshot."""
        session = cls(
            ua,
            handler,
            call_id=snapshot["call_id"],
            local=NameAddr.parse(snapshot["local"]),
            remote=NameAddr.parse(snapshot["remote"]),
            contact=SipUri.parse(snapshot["contact"]),
            destination=destination,
            state=SessionState.CONFIRMED,
        )
        session._resume(snapshot)
        return session


_RECEIVERS: dict[str, Callable[[Session, ServerTransaction, Request], None]] = {
    "BYE": Session._receive_bye,
    "INVITE": Session._receive_offer,
    "UPDATE": Session._receive_offer,
    "PRACK": Session._receive_prack,
    "INFO": Session._receive_info,
    "OPTIONS": Session._receive_options,
    "NOTIFY": Session._receive_notify,
    "REFER": Session._receive_refer,
    "MESSAGE": Session._receive_message,
    "SUBSCRIBE": Session._receive_subscribe,
}
