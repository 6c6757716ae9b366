"""The part of a session that both roles share: its state, offers within the dialog, and their ACKs.

Policy: one re-INVITE at a time; glare is answered with 491 and tried again (RFC 3261 §14); UPDATE may come
before the answer too, when no offer is open (RFC 3311 §5.2), and one without a body is a mere refresh that is
answered here. Session timers (RFC 4028) are refreshed and watched.
"""

from typing import TYPE_CHECKING, Any

from stimme.sip.dialog import SDP, Dialog, HeaderFields
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.flow import Destination
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.session_id import PartyId, SessionIds, new_uuid
from stimme.sip.session_states import TRANSITIONS, SessionEvent, SessionHandler, SessionState
from stimme.sip.session_timer import SessionTimer
from stimme.sip.timers import Alarm
from stimme.sip.transaction import ServerTransaction
from stimme.sip.uri import NameAddr, SipUri

if TYPE_CHECKING:
    from stimme.sip.session import Session
    from stimme.sip.ua import UserAgent


class InviteUsage(Dialog):
    """See the module's docstring.

    Attributes:
        handler: the owner; on an incoming call it is set in `UserAgentHandler.on_invite`.
        ids: the Session-ID of the conversation (RFC 7989).
        state: where the session stands.
        peer_methods: what the peer's Allow names; empty when it sent none.
    """

    __slots__ = (
        "_ack",
        "_alarm",
        "_awaiting_ack",
        "_last_sdp",
        "_pending_bye",
        "_reinvite_in",
        "_reinviting",
        "handler",
        "ids",
        "peer_methods",
        "state",
        "timer",
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
            ua, call_id=call_id, local=local, remote=remote, contact=contact, destination=destination
        )
        self.handler = handler
        self.state = state
        self.ids = SessionIds(PartyId(new_uuid(ua.token(32))), PartyId())
        self.peer_methods: frozenset[str] = frozenset()
        self.timer = SessionTimer(
            ua.now, ua.alarms, ua.intervals, refresh=self._refresh, expire=self._expired
        )
        self._alarm: Alarm | None = None
        self._ack: tuple[int, bytes] | None = None
        self._pending_bye: HeaderFields | None = None
        self._reinviting = False
        self._reinvite_in: ServerTransaction | None = None
        self._awaiting_ack: Response | None = None
        self._last_sdp = b""

    # -- state ----------------------------------------------------------------------------------------------

    def _myself(self) -> "Session":
        raise AssertionError("a session is its own")

    def _step(self, event: SessionEvent) -> bool:
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            return False
        self.state = following
        if following is SessionState.ENDED:
            self._stop_alarm()
            self.timer.stop()
            self._ua.drop(self._myself())
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

    def _over(self, reason: str) -> None:
        if self._step(SessionEvent.OVER) and self.handler is not None:
            self.handler.on_ended(self._myself(), reason)
        self._let_go()

    def _let_go(self) -> None:
        """An ended session holds its owner no longer, nor does its timer hold the session.

        They hold each other: without this only the garbage collector could take them away.
        """
        if self.ended:
            self.handler = None
            self.timer.close()

    def _send_bye(self, headers: HeaderFields) -> None:
        self.send_request("BYE", headers, b"", SDP, lambda _: None)

    # -- who speaks with whom -------------------------------------------------------------------------------

    def _conversation(self) -> SessionIds | None:
        return self.ids

    @property
    def party(self) -> PartyId:
        """The word of the peer (RFC 7989), for whoever speaks for it."""
        return self.ids.peer

    def speak_for(self, party: PartyId) -> None:
        """Says who is behind us from now on: the peer of another session."""
        self.ids.shown = party

    def _take_id(self, message: Request | Response) -> None:
        """What the peer calls itself; a peer that does not gets a word of ours once it is in the call."""
        self.ids.peer.take(message)
        final = isinstance(message, Request) or message.status >= 200
        if final and not self.ids.peer.known:
            self.ids.peer.uuid = new_uuid(self._ua.token(32))

    # -- the 2xx of ours and its ACK ------------------------------------------------------------------------

    def _await_ack(self, transaction: ServerTransaction, response: Response) -> None:
        self._awaiting_ack = response
        self._stop_alarm()
        self._repeat_later(transaction, response, self._ua.now(), self._ua.timers.t1)

    def _repeat_later(
        self, transaction: ServerTransaction, response: Response, started: float, interval: float
    ) -> None:
        def again() -> None:
            if self._ua.now() - started >= self._ua.timers.timeout:
                self._no_ack()
                return
            transaction.send(response)
            self._repeat_later(transaction, response, started, min(interval * 2, self._ua.timers.t2))

        due = min(self._ua.now() + interval, started + self._ua.timers.timeout)
        self._alarm = self._ua.alarms.set(due, again)

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
            self._let_go()
        elif self.handler is not None and (first or request.body):
            self.handler.on_ack(self._myself(), request)

    def _repeat_ack(self, response: Response) -> None:
        if self._ack is not None and self._ack[0] == response.cseq.number:
            self._ua.transmit(self._ack[1], self.next_hop(), None)

    # -- offers of the peer ---------------------------------------------------------------------------------

    def _dialog_headers(self, headers: HeaderFields, body: bytes) -> list[tuple[str, str]]:
        fields = [("Contact", self.contact_field()), *headers]
        if body:
            fields.append(("Content-Type", SDP))
        return fields

    def _offer_open(self) -> bool:
        """Whether an offer of ours waits for its answer before the session is confirmed."""
        return False

    def _receive_offer(self, transaction: ServerTransaction, request: Request) -> None:
        blocked = request.body or request.method == "INVITE"
        early = self.state is SessionState.INCOMING and (request.method == "INVITE" or self._offer_open())
        if blocked and (early or self._reinvite_pending):
            transaction.respond(500, None, [("Retry-After", str(self._ua.rng.randint(1, 10)))])
            return
        waits = self._awaiting_ack is not None and request.method == "INVITE"
        calling = self.state in (SessionState.CALLING, SessionState.RINGING) and self._offer_open()
        if blocked and (self._reinviting or waits or calling):
            transaction.respond(491)
            return
        refusal = self.timer.refusal(request)
        if refusal is not None:
            transaction.respond(refusal[0], None, refusal[1])
            return
        try:
            self.refresh_target(request)
        except SipParseError:
            transaction.respond(400, "Bad Contact")
            return
        if not blocked:
            self._answer(transaction, b"")
            return
        self._reinvite_in = transaction
        if self.handler is None:
            self.refuse(500)
        else:
            self.handler.on_reinvite(self._myself(), request)

    def _answer(self, transaction: ServerTransaction, body: bytes) -> Response:
        headers: HeaderFields = ()
        if self.state is not SessionState.INCOMING:
            headers = self.timer.answer_headers(transaction.request)
        return transaction.respond(200, None, self._dialog_headers(headers, body), body)

    def accept(self, body: bytes) -> None:
        """Answers the re-INVITE or UPDATE of `on_reinvite` with 200."""
        transaction = self._pending_reinvite()
        self._last_sdp = body
        response = self._answer(transaction, body)
        if transaction.method == "INVITE":
            self._await_ack(transaction, response)

    def working(self) -> None:
        """Says that the answer to the re-INVITE of `on_reinvite` will take a while (RFC 3261 §17.2.1)."""
        transaction = self._pending_reinvite()
        if transaction.method == "INVITE":
            transaction.respond(100)

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

    # -- offers of ours -------------------------------------------------------------------------------------

    def reinvite(self, offer: bytes) -> None:
        """Offers new media. The result comes by `on_reinvite_result`; glare is tried again as §14.1 says."""
        self._require(SessionState.CONFIRMED)
        if self._reinviting or self._reinvite_pending:
            raise SessionStateError("a re-INVITE is under way")  # in either direction (§14.1)
        self._offer("INVITE", offer, silent=False)

    def update(self, offer: bytes) -> None:
        """As `reinvite`, by UPDATE: before the answer too. Raises SessionStateError when an offer is open."""
        self._require(SessionState.CONFIRMED, SessionState.RINGING, SessionState.INCOMING)
        if self._reinviting or self._reinvite_pending or self._offer_open():
            raise SessionStateError("an offer is under way")
        self._offer("UPDATE", offer, silent=False)

    def _offer(self, method: str, offer: bytes, *, silent: bool) -> None:
        """Sends it; a silent one is a mere refresh: the handler hears only of media in its answer."""
        self._reinviting = True
        before, self._last_sdp = self._last_sdp, offer or self._last_sdp
        headers = self.timer.request_headers() if self.state is SessionState.CONFIRMED else ()

        def answered(response: Response | None) -> None:
            if response is not None and response.status >= 300:
                self._last_sdp = before  # what was refused is not what a refresh repeats
            self._on_offer(response, offer, silent)

        self.send_request(method, headers, offer, SDP, answered)

    def _on_offer(self, response: Response | None, offer: bytes, silent: bool) -> None:
        if response is not None and response.status < 200:
            return
        if response is not None and response.status < 300 and not self._on_accepted(response):
            return
        self._reinviting = False
        if response is not None and response.status == 491 and not self.ended:
            if not silent:
                self._reinvite_later(offer)
            return
        # Who answers a refresh with media may have changed them (RFC 3264 §8).
        told = not silent or (response is not None and response.status < 300 and bool(response.sdp))
        if self.handler is not None and not self.ended and told:
            self.handler.on_reinvite_result(self._myself(), response)
        if response is None or response.status in (408, 481):
            self._over("the peer does not know the dialog any more")

    def _on_accepted(self, response: Response) -> bool:
        """A 2xx to our offer; False for one that came again."""
        invite = response.cseq.method == "INVITE"
        if not self._reinviting:
            if invite:
                self._repeat_ack(response)
            return False
        self.refresh_target(response)
        if self.state is SessionState.CONFIRMED:
            self.timer.take_answer(response)
        if invite:
            self._ack = (response.cseq.number, self.acknowledge(response.cseq.number))
        return True

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

    # -- the session timer ----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        if self.state is not SessionState.CONFIRMED or self._reinviting or self._reinvite_pending:
            return
        if "UPDATE" in self.peer_methods:
            self._offer("UPDATE", b"", silent=True)
        elif self._last_sdp:
            self._offer("INVITE", self._last_sdp, silent=True)

    def _expired(self) -> None:
        if self.state is SessionState.CONFIRMED:
            self._send_bye([("Reason", 'SIP;cause=408;text="Session timer expired"')])
            self._over("the session timer expired")

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs, as JSON types. Secrets are not part of it."""
        value = super().snapshot()
        value["timer"] = [self.timer.interval, self.timer.ours]
        value["ids"] = [self.ids.shown.uuid, self.ids.peer.uuid]
        if self.timer.ours and "UPDATE" not in self.peer_methods:  # it will take a re-INVITE to refresh
            value["sdp"] = self._last_sdp.decode("utf-8", "replace")
        value["peer_methods"] = sorted(self.peer_methods)
        if self._awaiting_ack is not None:
            value["answer"] = bytes(self._awaiting_ack).decode("utf-8", "replace")
        return value

    def _resume(self, snapshot: dict[str, Any]) -> None:
        super()._resume(snapshot)
        self.peer_methods = frozenset(snapshot.get("peer_methods", ()))
        self._last_sdp = snapshot.get("sdp", "").encode()
        if "ids" in snapshot:
            shown, peer = snapshot["ids"]
            self.ids = SessionIds(PartyId(str(shown)), PartyId(str(peer)))
        interval, ours = snapshot.get("timer", (0, False))
        self.timer.resume(int(interval), ours=bool(ours))
        if "answer" in snapshot:
            self._answer_again(snapshot["answer"].encode(), self._ua.timers.t1)

    def _answer_again(self, answer: bytes, wait: float) -> None:
        """Our 2xx may never have left before the crash: it is said again; no ACK has no consequence.

        A peer that had it acknowledges once more (RFC 3261 §13.2.2.4), or finds nothing to do.
        """
        response = parse_message(answer)
        if not isinstance(response, Response):
            return
        self._awaiting_ack = response

        def again() -> None:
            self._ua.transmit(answer, self.destination, None)
            if wait < self._ua.timers.t2:
                self._answer_again(answer, wait * 2)
            else:
                self._awaiting_ack = None

        self._alarm = self._ua.alarms.set(self._ua.now() + wait, again)
