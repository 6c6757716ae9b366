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
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.flow import DEFAULT_PORTS, Destination, Flow, Target
from stimme.sip.headers import CSeq
from stimme.sip.message import Headers, Request, Response
from stimme.sip.timers import Alarm
from stimme.sip.transaction import ClientTransaction, Failure, ServerTransaction, cancel_for
from stimme.sip.uri import NameAddr, SipUri, Uri, parse_uri

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent

HeaderFields = Sequence[tuple[str, str]]
SDP = "application/sdp"


class SessionState(Enum):
    """States of a session; which verb and message leads where stands in `TRANSITIONS`."""

    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    INCOMING = "incoming"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class SessionEvent(Enum):
    """What moves a session from state to state."""

    PROVISIONAL = "1xx received"
    ANSWER_RECEIVED = "2xx received"
    FAILED = "final failure received, timer B, transport error"
    CANCEL = "we cancel"
    PEER_CANCELLED = "CANCEL received"
    ANSWER_SENT = "2xx sent"
    REJECTED = "failure sent"
    ACKNOWLEDGED = "ACK received"
    OVER = "BYE sent or received, no ACK, dialog lost"


_S, _E = SessionState, SessionEvent
TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (_S.CALLING, _E.PROVISIONAL): _S.RINGING,
    (_S.CALLING, _E.ANSWER_RECEIVED): _S.CONFIRMED,
    (_S.CALLING, _E.FAILED): _S.ENDED,
    (_S.CALLING, _E.CANCEL): _S.CANCELLING,
    (_S.RINGING, _E.PROVISIONAL): _S.RINGING,
    (_S.RINGING, _E.ANSWER_RECEIVED): _S.CONFIRMED,
    (_S.RINGING, _E.FAILED): _S.ENDED,
    (_S.RINGING, _E.CANCEL): _S.CANCELLING,
    (_S.CANCELLING, _E.PROVISIONAL): _S.CANCELLING,
    (_S.CANCELLING, _E.ANSWER_RECEIVED): _S.ENDED,
    (_S.CANCELLING, _E.FAILED): _S.ENDED,
    (_S.INCOMING, _E.ANSWER_SENT): _S.ANSWERED,
    (_S.INCOMING, _E.REJECTED): _S.ENDED,
    (_S.INCOMING, _E.PEER_CANCELLED): _S.ENDED,
    (_S.INCOMING, _E.OVER): _S.ENDED,
    (_S.ANSWERED, _E.ACKNOWLEDGED): _S.CONFIRMED,
    (_S.ANSWERED, _E.OVER): _S.ENDED,
    (_S.CONFIRMED, _E.OVER): _S.ENDED,
}


class SessionHandler(Protocol):
    """What the owner of a session hears. Every method returns at once."""

    def on_provisional(self, session: "Session", response: Response) -> None:
        """A 101–199 came, perhaps with early media."""

    def on_answer(self, session: "Session", response: Response) -> None:
        """The peer answered; the ACK has been sent."""

    def on_failure(self, session: "Session", status: int, reason: str, response: Response | None) -> None:
        """Our INVITE failed: the peer's status, 408 for silence, 503 for the transport, 487 after CANCEL."""

    def on_ack(self, session: "Session", request: Request) -> None:
        """Our 2xx was acknowledged; the body is the answer to a delayed offer."""

    def on_cancel(self, session: "Session", request: Request) -> None:
        """The caller gave up before the answer; 487 has been sent."""

    def on_reinvite(self, session: "Session", request: Request) -> None:
        """Re-INVITE or UPDATE: answer with `accept` or `refuse`."""

    def on_reinvite_result(self, session: "Session", response: Response | None) -> None:
        """How our re-INVITE ended; None when nobody answered."""

    def on_info(self, session: "Session", request: Request) -> None:
        """INFO came; 200 has been sent."""

    def on_bye(self, session: "Session", request: Request) -> None:
        """The peer hung up; 200 has been sent."""

    def on_ended(self, session: "Session", reason: str) -> None:
        """The session ended otherwise: no ACK, dialog unknown to the peer, peer silent."""


class Session:
    """A leg's signalling. Verbs raise SessionStateError when the state does not allow them.

    Attributes:
        id: our tag, unique.
        request: the initial INVITE, None after a restore.
        pinned: in-dialog requests go to where the dialog came from (devices behind NAT) instead of the peer's
            Contact or the route set's first hop (trunks).
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
        self._ua = ua
        self.handler = handler
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.contact = contact
        self.destination = destination
        self.state = state
        self.id = local.tag or ""
        self.pinned = True
        self.request: Request | None = None
        self.remote_target: Uri = remote.uri
        self.route_set: list[str] = []
        self.local_cseq = 0
        self.remote_cseq = -1
        self._credentials: Any = None
        self._invite: ClientTransaction | None = None
        self._incoming: ServerTransaction | None = None
        self._offered = False
        self._cancel_headers: HeaderFields | None = None
        self._ack: tuple[int, bytes] | None = None
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

    @property
    def flow(self) -> Destination:
        """Where messages of this session go."""
        return self.destination

    def move(self, flow: Flow) -> None:
        """The peer's connection changed, for example after it registered over a new socket."""
        self.destination = flow

    def _next_hop(self) -> Destination:
        if self.pinned:
            return self.destination
        return self._ua.locate(
            self.route_set[0] if self.route_set else str(self.remote_target), self.destination
        )

    def _build(
        self, method: str, cseq: int, headers: HeaderFields, body: bytes, content_type: str
    ) -> Request:
        """A request within the dialog (§12.2.1.1), loose routing only."""
        fields = Headers([("Max-Forwards", "70"), ("From", str(self.local)), ("To", str(self.remote))])
        fields.add("Call-ID", self.call_id)
        fields.add("CSeq", str(CSeq(cseq, method)))
        if method in ("INVITE", "UPDATE"):
            fields.add("Contact", f"<{self.contact}>")
            fields.add("Allow", self._ua.allow)
        for route in self.route_set:
            fields.add("Route", route)
        for name, value in headers:
            fields.add(name, value)
        if body:
            fields.add("Content-Type", content_type)
        return Request(method, self.remote_target, fields, body)

    # -- UAC ------------------------------------------------------------------------------------------------

    def start(
        self, uri: Uri, offer: bytes | None, headers: HeaderFields, route: Sequence[str], credentials: Any
    ) -> None:
        """Sends the INVITE. `route` is a preloaded route set, `credentials` a DigestClient or None."""
        self._credentials = credentials
        self._offered = bool(offer)
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
        if before is SessionState.CONFIRMED and self.remote.tag == response.to.tag:
            self._repeat_ack(response)
        elif before in (SessionState.CALLING, SessionState.RINGING):
            self._establish(response)
            self._step(SessionEvent.ANSWER_RECEIVED)
            self._acknowledge(response.cseq.number)
            if self.handler is not None:
                self.handler.on_answer(self, response)
        else:
            self._end_unwanted(response)
            if self._step(SessionEvent.ANSWER_RECEIVED) and self.handler is not None:
                self.handler.on_failure(self, 487, "Request Terminated", None)

    def _establish(self, response: Response) -> None:
        """The dialog of a 2xx to our INVITE (§12.1.2)."""
        self.remote = response.to
        self.route_set = list(reversed(response.headers.values("Record-Route")))
        contacts = response.contacts
        if contacts:
            self.remote_target = contacts[0].uri

    def _acknowledge(self, cseq: int) -> None:
        request = self._build("ACK", cseq, self._proxy_credentials(), b"", SDP)
        data = self._ua.stamp(request, self._next_hop())
        self._ack = (cseq, data)
        self._ua.transmit(data, self._next_hop(), None)

    def _proxy_credentials(self) -> HeaderFields:
        """ACK carries the credentials of its INVITE (§22.1)."""
        if self._invite is None:
            return ()
        names = ("Authorization", "Proxy-Authorization")
        return [(name, value) for name, value in self._invite.request.headers.items() if name in names]

    def _repeat_ack(self, response: Response) -> None:
        if self._ack is not None and self._ack[0] == response.cseq.number:
            self._ua.transmit(self._ack[1], self._next_hop(), None)

    def _end_unwanted(self, response: Response) -> None:
        """ACK and BYE for a 2xx that nobody wants: another fork's, or one that crossed our CANCEL."""
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
        other._establish(response)
        other._acknowledge(response.cseq.number)
        other.local_cseq = self.local_cseq + 1
        bye = other._build("BYE", other.local_cseq, (), b"", SDP)
        self._ua.send(bye, other._next_hop(), lambda _: None, lambda _: None)

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
        if self._step(SessionEvent.FAILED) and self.handler is not None:
            self.handler.on_failure(self, status, reason, response)

    def cancel(self, headers: HeaderFields = ()) -> None:
        """Gives up the call that we are placing. The end is reported by `on_failure` with 487."""
        self._require(SessionState.CALLING, SessionState.RINGING)
        ringing = self.state is SessionState.RINGING
        self._cancel_headers = headers
        self._step(SessionEvent.CANCEL)
        if ringing:
            self._send_cancel()

    def _send_cancel(self) -> None:
        if self._cancel_headers is None or self._invite is None:
            return
        cancel = cancel_for(self._invite.request, list(self._cancel_headers))
        self._cancel_headers = None
        self._ua.send(cancel, self._invite.destination, lambda _: None, lambda _: None)
        # A peer that never sends the final response must not keep the session (§9.1).
        timeout = self._ua.timers.timeout
        self._alarm = self._ua.alarms.set(
            self._ua.now() + timeout, lambda: self._fail(487, "cancelled", None)
        )

    # -- UAS ------------------------------------------------------------------------------------------------

    def incoming(self, transaction: ServerTransaction) -> None:
        """Binds the session to the INVITE that made it (§12.1.1)."""
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
        self._send_bye(())
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
        if self._reinvite_in is not None and not self._reinvite_in.answered:
            self._reinvite_in.respond(487)
        if self.handler is not None:
            self.handler.on_bye(self, request)

    def _receive_offer(self, transaction: ServerTransaction, request: Request) -> None:
        if self._reinviting or self.state not in (SessionState.CONFIRMED, SessionState.ANSWERED):
            transaction.respond(491)
            return
        if self._reinvite_in is not None and not self._reinvite_in.answered:
            transaction.respond(500, None, [("Retry-After", str(self._ua.rng.randint(1, 10)))])
            return
        try:
            contacts = request.contacts
        except SipParseError as error:
            transaction.respond(400, str(error)[:80])
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

    def reinvite(self, offer: bytes) -> None:
        """Offers new media. The result comes by `on_reinvite_result`; glare is tried again as §14.1 says."""
        self._require(SessionState.CONFIRMED)
        if self._reinviting:
            raise SessionStateError("a re-INVITE is under way")
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
            self._acknowledge(response.cseq.number)
        self._reinviting = False
        if response is not None and response.status == 491 and not self.ended:
            delay = self._ua.rng.uniform(2.1, 4.0) if self._incoming is None else self._ua.rng.uniform(0, 2.0)
            self._ua.alarms.set(self._ua.now() + delay, lambda: self._reinvite_again(offer))
            return
        if self.handler is not None and not self.ended:
            self.handler.on_reinvite_result(self, response)
        if response is None or response.status in (408, 481):
            self._over("the peer does not know the dialog any more")

    def _reinvite_again(self, offer: bytes) -> None:
        if self.state is SessionState.CONFIRMED and not self._reinviting:
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

    def _request(
        self,
        method: str,
        headers: HeaderFields,
        body: bytes,
        content_type: str,
        done: Any,
        *,
        authorized: bool = False,
    ) -> None:
        """Sends a request within the dialog; `done` gets each response, or None when nobody answered."""
        self.local_cseq += 1
        request = self._build(method, self.local_cseq, headers, body, content_type)

        def on_response(response: Response) -> None:
            if response.status in (401, 407) and self._credentials is not None and not authorized:
                header = self._credentials.authorize(request, response)
                if header is not None:
                    self._request(method, [*headers, header], body, content_type, done, authorized=True)
                    return
            done(response)

        transaction = self._ua.send(request, self._next_hop(), on_response, lambda _: done(None))
        if method == "INVITE":
            self._invite = transaction

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs, as JSON types. Secrets are not part of it."""
        return {
            "call_id": self.call_id,
            "local": str(self.local),
            "remote": str(self.remote),
            "contact": str(self.contact),
            "remote_target": str(self.remote_target),
            "route_set": self.route_set,
            "local_cseq": self.local_cseq,
            "remote_cseq": self.remote_cseq,
            "pinned": self.pinned,
            "caller": self._incoming is None,
            "transport": self.destination.transport,
            "address": list(self.destination.remote if not isinstance(self.destination, Target) else ())
            or [self.destination.host, self.destination.port],  # type: ignore[union-attr]  # a Target then
        }

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
        session.remote_target = parse_uri(snapshot["remote_target"])
        session.route_set = list(snapshot["route_set"])
        session.local_cseq = int(snapshot["local_cseq"]) + 100
        session.remote_cseq = int(snapshot["remote_cseq"])
        session.pinned = bool(snapshot["pinned"])
        return session


def target_of(uri: SipUri, transport: str | None = None) -> Target:
    """Where a SIP URI points to, without DNS (RFC 3263 §4.1 for numeric hosts and explicit ports)."""
    chosen = uri.transport or transport or ("tls" if uri.scheme == "sips" else "udp")
    return Target(
        chosen, uri.host, uri.port or DEFAULT_PORTS.get(chosen, 5060), uri.host if chosen == "tls" else None
    )


def without_tag(address: NameAddr) -> NameAddr:
    """The same party outside a dialog."""
    return replace(address, params={name: value for name, value in address.params.items() if name != "tag"})
