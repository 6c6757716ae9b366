"""One INVITE dialog usage: a leg's signalling (RFC 3261 §12–§15), without I/O.

Policy:
    * UAC: a 2xx is acknowledged here, its retransmissions too; a 2xx from another fork, or one that crosses
      our CANCEL, is acknowledged and ended with BYE (§13.2.2.4). CANCEL waits for the first provisional
      (§9.1).
    * UAS: a 2xx is repeated until the ACK comes; without it the session ends (§13.3.1.4).
    * Both: one re-INVITE at a time, glare answered with 491 (§14.2); a BYE always ends the session; a request
      with an old CSeq gets 500 (§12.2.2).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stimme.sip.auth import DigestClient
from stimme.sip.dialog import SDP, Dialog, HeaderFields
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.flow import Destination, Flow
from stimme.sip.headers import CSeq
from stimme.sip.message import Request, Response
from stimme.sip.session_states import TRANSITIONS, SessionEvent, SessionHandler, SessionState
from stimme.sip.timers import Alarm
from stimme.sip.transaction import Failure, ServerTransaction, cancel_for
from stimme.sip.transitions import State
from stimme.sip.uri import NameAddr, SipUri, Uri

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent


class Session(Dialog):
    """A leg's signalling. Verbs raise SessionStateError when the state does not allow them.

    Attributes:
        request: the initial INVITE, None after a restore.
        handler: the owner; on an incoming call it is set in `UserAgentHandler.on_invite`.
    """

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
            ua, call_id=call_id, local=local, remote=remote, contact=contact, destination=destination
        )
        self.handler = handler
        self.state = state
        self.request: Request | None = None
        self._incoming: ServerTransaction | None = None
        self._cancel_headers: HeaderFields | None = None
        self._ack: tuple[int, bytes] | None = None
        self._unwanted: dict[str | None, bytes] = {}
        self._alarm: Alarm | None = None
        self._pending_bye: HeaderFields | None = None
        self._reinviting = False
        self._reinvite_in: ServerTransaction | None = None
        self._awaiting_ack: Response | None = None

    # -- common ---------------------------------------------------------------------------------------------

    def _step(self, event: SessionEvent) -> bool:
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            return False
        self.state = following
        if following is SessionState.ENDED:
            self._stop_alarm()
            self._ua.drop(self)
        return True

    def _require(self, *states: SessionState) -> None:
        if self.state not in states:
            raise SessionStateError(f"the session is {self.state.value}")

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    @property
    def ended(self) -> bool:
        """True when nothing more will happen here."""
        return self.state is SessionState.ENDED

    # -- UAC ------------------------------------------------------------------------------------------------

    def start(
        self,
        uri: Uri,
        offer: bytes | None,
        headers: HeaderFields,
        route: Sequence[str],
        credentials: DigestClient | None,
    ) -> None:
        """Sends the INVITE. `route` is a preloaded route set, `credentials` a DigestClient or None."""
        self._credentials = credentials
        self.remote_target = uri
        self.route_set = list(route)
        self.local_cseq += 1
        self.request = self._build("INVITE", self.local_cseq, headers, offer or b"", SDP)
        self._send_invite(self.request, retried=False)

    def _send_invite(self, request: Request, *, retried: bool) -> None:
        self._invite = self._ua.send(
            request,
            self.destination,
            lambda response: self._on_invite_response(response, retried),
            self._on_invite_failure,
        )

    def _on_invite_response(self, response: Response, retried: bool) -> None:
        if response.status < 200:
            self._on_provisional(response)
        elif response.status < 300:
            self._on_success(response)
        elif response.status in (401, 407) and self._authorize(response, retried):
            return
        else:
            self._fail(response.status, response.reason, response)

    def _on_provisional(self, response: Response) -> None:
        if not self._step(SessionEvent.PROVISIONAL):
            return
        if self.state is SessionState.CANCELLING:
            self._send_cancel()
        elif response.status > 100 and self.handler is not None:
            self.handler.on_provisional(self, response)

    def _on_success(self, response: Response) -> None:
        before = self.state
        if self._ack is not None and self.remote.tag == response.to.tag:
            self._repeat_ack(response)
        elif before in (SessionState.CALLING, SessionState.RINGING):
            self._establish(response)
            self._step(SessionEvent.ANSWER_RECEIVED)
            self._ack = (response.cseq.number, self._acknowledge(response.cseq.number))
            if self.handler is not None:
                self.handler.on_answer(self, response)
        else:
            self._end_unwanted(response)
            if self._step(SessionEvent.ANSWER_RECEIVED) and self.handler is not None:
                self.handler.on_failure(self, 487, "Request Terminated", None)

    def _repeat_ack(self, response: Response) -> None:
        if self._ack is not None and self._ack[0] == response.cseq.number:
            self._ua.transmit(self._ack[1], self._next_hop(), None)

    def _end_unwanted(self, response: Response) -> None:
        """ACK and BYE for a 2xx that nobody wants: another fork's, or one that crossed our CANCEL."""
        known = self._unwanted.get(response.to.tag)
        if known is not None:
            self._ua.transmit(known, self._next_hop(), None)
            return
        other = Session(
            self._ua,
            None,
            call_id=self.call_id,
            local=self.local,
            remote=self.remote,
            contact=self.contact,
            destination=self.destination,
            state=SessionState.CONFIRMED,
        )
        other.pinned = self.pinned
        other.local_cseq = self.local_cseq
        other._credentials, other._invite = self._credentials, self._invite
        other._establish(response)
        self._unwanted[response.to.tag] = other._acknowledge(response.cseq.number)
        other._send_bye(())

    def _authorize(self, response: Response, retried: bool) -> bool:
        if retried or self._credentials is None or self.request is None:
            return False
        if self.state is SessionState.CANCELLING:
            return False
        header = self._credentials.authorize(self.request, response)
        if header is None:
            return False
        self.local_cseq += 1
        again = Request("INVITE", self.request.uri, self.request.headers.copy(), self.request.body)
        again.headers.remove("Via")
        again.headers.set("CSeq", str(CSeq(self.local_cseq, "INVITE")))
        again.headers.add(*header)
        self.request = again
        self._send_invite(again, retried=True)
        return True

    def _on_invite_failure(self, failure: Failure) -> None:
        self._fail(failure.status, failure.reason, None)

    def _fail(self, status: int, reason: str, response: Response | None) -> None:
        if self.state is SessionState.CANCELLING:
            status, reason = 487, "Request Terminated"
        if self._step(SessionEvent.FAILED) and self.handler is not None:
            self.handler.on_failure(self, status, reason, response)

    def cancel(self, headers: HeaderFields = ()) -> None:
        """Gives up the call that we are placing. The end is reported by `on_failure` with 487."""
        self._require(SessionState.CALLING, SessionState.RINGING)
        self._cancel_headers = headers
        self._step(SessionEvent.CANCEL)
        # Not by our own state: after a challenge the second INVITE has no provisional response yet.
        if self._invite is not None and self._invite.state is State.PROCEEDING:
            self._send_cancel()

    def _send_cancel(self) -> None:
        if self._cancel_headers is None or self._invite is None:
            return
        cancel = cancel_for(self._invite.request, list(self._cancel_headers))
        self._cancel_headers = None
        self._ua.send(cancel, self._invite.destination, lambda _: None, lambda _: None)
        timeout = self._ua.timers.timeout
        self._alarm = self._ua.alarms.set(self._ua.now() + timeout, self._give_up)

    def _give_up(self) -> None:
        """A peer that never sends the final response keeps neither session nor transaction (§9.1)."""
        if self._invite is not None:
            self._invite.abandon()
        self._fail(487, "Request Terminated", None)

    # -- UAS ------------------------------------------------------------------------------------------------

    def incoming(self, transaction: ServerTransaction) -> None:
        """Binds the session to the INVITE that made it (§12.1.1)."""
        self.caller = False
        self._incoming = transaction
        self.request = transaction.request
        self.remote_cseq = transaction.request.cseq.number
        self.route_set = transaction.request.headers.values("Record-Route")
        contacts = transaction.request.contacts
        if contacts:
            self.remote_target = contacts[0].uri

    def _server(self) -> ServerTransaction:
        if self._incoming is None:
            raise SessionStateError("this session was placed by us")
        return self._incoming

    def _dialog_headers(self, headers: HeaderFields, body: bytes) -> list[tuple[str, str]]:
        fields = [("Contact", f"<{self.contact}>"), *headers]
        if body:
            fields.append(("Content-Type", SDP))
        return fields

    def ring(self, status: int = 180, body: bytes | None = None, headers: HeaderFields = ()) -> None:
        """Sends a provisional response, with early media when there is a body."""
        self._require(SessionState.INCOMING)
        self._server().respond(status, None, self._dialog_headers(headers, body or b""), body or b"")

    def answer(self, body: bytes, headers: HeaderFields = ()) -> None:
        """Sends 200 and repeats it until the ACK comes."""
        self._require(SessionState.INCOMING)
        fields = [*self._dialog_headers(headers, body), ("Allow", self._ua.allow)]
        response = self._server().respond(200, None, fields, body)
        self._step(SessionEvent.ANSWER_SENT)
        self._await_ack(self._server(), response)

    def reject(self, status: int, reason: str | None = None, headers: HeaderFields = ()) -> None:
        """Refuses the call."""
        self._require(SessionState.INCOMING)
        self._step(SessionEvent.REJECTED)
        self._server().respond(status, reason, list(headers))

    def cancelled(self, request: Request) -> None:
        """CANCEL came: 487 for the INVITE (§9.2). Without effect once there was a final response."""
        if self._step(SessionEvent.PEER_CANCELLED):
            self._server().respond(487)
            if self.handler is not None:
                self.handler.on_cancel(self, request)

    def _await_ack(self, transaction: ServerTransaction, response: Response) -> None:
        self._awaiting_ack = response
        started = self._ua.now()
        timers = self._ua.timers

        def again(interval: float) -> None:
            if self._ua.now() - started >= timers.timeout:
                self._no_ack()
                return
            transaction.send(response)
            wait(min(interval * 2, timers.t2))

        def wait(interval: float) -> None:
            due = min(self._ua.now() + interval, started + timers.timeout)
            self._alarm = self._ua.alarms.set(due, lambda: again(interval))

        self._stop_alarm()
        wait(timers.t1)

    def _no_ack(self) -> None:
        self._awaiting_ack = None
        if self.ended:
            return
        headers, self._pending_bye = self._pending_bye or (), None
        self._send_bye(headers)
        self._over("no ACK")

    def receive_ack(self, request: Request) -> None:
        """The ACK for our 2xx; a repeated one is ignored."""
        if self._awaiting_ack is None or request.cseq.number != self._awaiting_ack.cseq.number:
            return
        self._awaiting_ack = None
        self._stop_alarm()
        first = self._step(SessionEvent.ACKNOWLEDGED)
        if self._pending_bye is not None:
            headers, self._pending_bye = self._pending_bye, None
            self._send_bye(headers)
            self._step(SessionEvent.OVER)
        elif self.handler is not None and (first or request.body):
            self.handler.on_ack(self, request)

    # -- within the dialog ----------------------------------------------------------------------------------

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request within the dialog, ACK and CANCEL apart."""
        if request.cseq.number <= self.remote_cseq and self.remote_cseq >= 0:
            transaction.respond(500, "CSeq Out Of Order")
            return
        self.remote_cseq = request.cseq.number
        if self.pinned:
            self.destination = flow
        match request.method:
            case "BYE":
                self._receive_bye(transaction, request)
            case "INVITE" | "UPDATE":
                self._receive_offer(transaction, request)
            case "INFO":
                transaction.respond(200)
                if self.handler is not None:
                    self.handler.on_info(self, request)
            case "OPTIONS":
                transaction.respond(200, None, [("Allow", self._ua.allow), ("Accept", SDP)])
            case _:
                transaction.respond(405, None, [("Allow", self._ua.allow)])

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

    def _receive_offer(self, transaction: ServerTransaction, request: Request) -> None:
        if self.state is SessionState.INCOMING or self._reinvite_pending:
            transaction.respond(500, None, [("Retry-After", str(self._ua.rng.randint(1, 10)))])
            return
        if self._reinviting or (self._awaiting_ack is not None and request.method == "INVITE"):
            transaction.respond(491)
            return
        try:
            contacts = request.contacts
        except SipParseError:
            transaction.respond(400, "Bad Contact")
            return
        if contacts:
            self.remote_target = contacts[0].uri
        self._reinvite_in = transaction
        if self.handler is None:
            self.refuse(500)
        else:
            self.handler.on_reinvite(self, request)

    def accept(self, body: bytes) -> None:
        """Answers the re-INVITE or UPDATE of `on_reinvite` with 200."""
        transaction = self._pending_reinvite()
        response = transaction.respond(200, None, self._dialog_headers((), body), body)
        if transaction.request.method == "INVITE":
            self._await_ack(transaction, response)

    def refuse(self, status: int, headers: HeaderFields = ()) -> None:
        """Refuses the re-INVITE or UPDATE; the session goes on as it was (§14.2)."""
        self._pending_reinvite().respond(status, None, list(headers))

    def _pending_reinvite(self) -> ServerTransaction:
        if self._reinvite_in is None or self._reinvite_in.answered:
            raise SessionStateError("no re-INVITE waits for an answer")
        return self._reinvite_in

    @property
    def _reinvite_pending(self) -> bool:
        return self._reinvite_in is not None and not self._reinvite_in.answered

    def reinvite(self, offer: bytes) -> None:
        """Offers new media. The result comes by `on_reinvite_result`; glare is tried again as §14.1 says."""
        self._require(SessionState.CONFIRMED)
        if self._reinviting or self._reinvite_pending:
            raise SessionStateError("a re-INVITE is under way")  # in either direction (§14.1)
        self._reinviting = True
        self._request("INVITE", (), offer, SDP, lambda response: self._on_reinvite(response, offer))

    def _on_reinvite(self, response: Response | None, offer: bytes) -> None:
        if response is not None and response.status < 200:
            return
        if response is not None and response.status < 300:
            if not self._reinviting:
                self._repeat_ack(response)
                return
            contacts = response.contacts
            if contacts:
                self.remote_target = contacts[0].uri
            self._ack = (response.cseq.number, self._acknowledge(response.cseq.number))
        self._reinviting = False
        if response is not None and response.status == 491 and not self.ended:
            self._reinvite_later(offer)
            return
        if self.handler is not None and not self.ended:
            self.handler.on_reinvite_result(self, response)
        if response is None or response.status in (408, 481):
            self._over("the peer does not know the dialog any more")

    def _reinvite_later(self, offer: bytes) -> None:
        """After glare the owner of the Call-ID waits longer, so that one of the two comes through (§14.1)."""
        delay = self._ua.rng.uniform(2.1, 4.0) if self.caller else self._ua.rng.uniform(0, 2.0)
        self._ua.alarms.set(self._ua.now() + delay, lambda: self._reinvite_again(offer))

    def _reinvite_again(self, offer: bytes) -> None:
        if self.state is not SessionState.CONFIRMED or self._reinviting:
            return
        if self._reinvite_pending:
            self._reinvite_later(offer)
        else:
            self.reinvite(offer)

    def info(self, body: bytes, content_type: str) -> None:
        """Sends INFO (RFC 6086 legacy usage, DTMF)."""
        self._require(SessionState.CONFIRMED)
        self._request("INFO", (), body, content_type, lambda _: None)

    def bye(self, headers: HeaderFields = ()) -> None:
        """Hangs up. While our 2xx still waits for its ACK the BYE follows that (§15)."""
        self._require(SessionState.CONFIRMED, SessionState.ANSWERED)
        if self.state is SessionState.ANSWERED:
            self._pending_bye = headers
            self.handler = None
            return
        self._send_bye(headers)
        self._step(SessionEvent.OVER)

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

    def _send_bye(self, headers: HeaderFields) -> None:
        self._request("BYE", headers, b"", SDP, lambda _: None)

    def _over(self, reason: str) -> None:
        if self._step(SessionEvent.OVER) and self.handler is not None:
            self.handler.on_ended(self, reason)

    @classmethod
    def restored(
        cls, ua: "UserAgent", snapshot: dict[str, Any], handler: SessionHandler, destination: Destination
    ) -> "Session":
        """A confirmed session from its snapshot. CSeq leaves a gap for what was sent after the snapshot."""
        local = NameAddr.parse(snapshot["local"])
        contact = SipUri.parse(snapshot["contact"])
        session = cls(
            ua,
            handler,
            call_id=snapshot["call_id"],
            local=local,
            remote=NameAddr.parse(snapshot["remote"]),
            contact=contact,
            destination=destination,
            state=SessionState.CONFIRMED,
        )
        session._resume(snapshot)
        return session
