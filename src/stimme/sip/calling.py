"""The caller's side of a session: INVITE, its responses, CANCEL (RFC 3261 §9.1, §13.2), without I/O.

Policy: a 2xx is acknowledged here, its retransmissions too; a 2xx from another fork, or one that crosses our
CANCEL, is acknowledged and ended with BYE (§13.2.2.4). CANCEL waits for the first provisional (§9.1).
Reliable provisional responses are acknowledged by PRACK (RFC 3262). A challenge and a session interval that
is too short (422) are answered by another INVITE. A server that cannot be reached, does not answer within
`PATIENCE` or says 503 is left for the next one (RFC 3263 §4.3).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stimme.sip.auth import DigestClient
from stimme.sip.dialog import SDP, HeaderFields
from stimme.sip.errors import SessionStateError
from stimme.sip.flow import Destination
from stimme.sip.headers import CSeq
from stimme.sip.hops import HopLimits
from stimme.sip.invite_usage import InviteUsage
from stimme.sip.message import Request, Response
from stimme.sip.reliable import RAck, ReliableOrder, rseq_of
from stimme.sip.session_states import SessionEvent, SessionFeatures, SessionHandler, SessionState
from stimme.sip.transaction import ClientTransaction, Failure, cancel_for, unfinished_of
from stimme.sip.transitions import State
from stimme.sip.uri import NameAddr, SipUri, Uri

if TYPE_CHECKING:
    from stimme.sip.session import Session
    from stimme.sip.ua import UserAgent

PATIENCE = 4.0
_MOST_CHALLENGES = 2
_MOST_FORKS = 16


class Calling(InviteUsage):
    """See the module's docstring.

    Attributes:
        request: the initial INVITE; None once the session is confirmed, and after a restore.
        patience: seconds to wait for a sign of the last server, None for timer B.
        limits: how far the call may go on, as the caller's request says or ours; None for the usual.
    """

    __slots__ = (
        "_cancel_headers",
        "_challenges",
        "_early_answer",
        "_invite",
        "_order",
        "_unwanted",
        "_ways",
        "limits",
        "patience",
        "request",
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
        self.request: Request | None = None
        self.patience: float | None = None
        self.limits: HopLimits | None = None
        self._invite: ClientTransaction | None = None
        self._order: ReliableOrder | None = None
        self._early_answer = False
        self._cancel_headers: HeaderFields | None = None
        self._unwanted: dict[str | None, bytes] = {}
        self._challenges = 0
        self._ways: list[Destination] = []

    def _twin(self) -> "Session":
        raise AssertionError("a session makes its own")

    def start(
        self,
        uri: Uri,
        offer: bytes | None,
        headers: HeaderFields,
        route: Sequence[str],
        *,
        credentials: DigestClient | None,
        alternatives: Sequence[Destination] = (),
    ) -> None:
        """Sends the INVITE; the arguments are those of `UserAgent.invite`."""
        self._credentials = credentials
        self.remote_target = uri
        self.route_set = list(route)
        self.local_cseq += 1
        self._last_sdp = offer or b""
        fields = [*headers, *self.timer.request_headers()]
        self.request = self.build("INVITE", self.local_cseq, fields, offer or b"", SDP)
        if self.limits is not None:
            self.limits.apply(self.request)
        self._ways = self._ua.ways(self.request, (self.destination, *alternatives))
        self._send_to_next(self.request)

    def unfinished(self) -> dict[str, Any]:
        """What `UserAgent.wind_up` needs to end this session after a crash, wherever it stands."""
        invite = self._invite
        if invite is None or self.state in (SessionState.ANSWERED, SessionState.CONFIRMED):
            return {"role": "dialog", **self.snapshot()}
        return unfinished_of("client", invite.request, invite.destination)

    def _take_up_to_cancel(self, request: Request) -> None:
        self.request = request
        self.remote_target = request.uri
        self.local_cseq = request.cseq.number
        self._invite = self._ua.take_up(
            request, self.destination, self._on_invite_response, self._on_invite_failure
        )
        self._cancel_headers = ()
        self._send_cancel()

    def _send_to_next(self, request: Request) -> None:
        self.destination = self._ways.pop(0)
        self._send_invite(request)

    def _send_invite(self, request: Request) -> None:
        patience = min(PATIENCE, self.patience or PATIENCE) if self._ways else self.patience
        self._keep_proof(request)
        self._invite = self._ua.send(
            request, self.destination, self._on_invite_response, self._on_invite_failure, patience=patience
        )

    def _on_invite_response(self, response: Response) -> None:
        if response.status < 200:
            self._on_provisional(response)
        elif response.status < 300:
            self._on_success(response)
        elif not self._try_again(response):
            self._fail(response.status, response.reason, response)

    def _try_again(self, response: Response) -> bool:
        """Whether another INVITE may do what this one did not, and is on its way."""
        match response.status:
            case 401 | 407:
                return self._authorize(response)
            case 422:
                return self._lengthen(response)
            case 503:
                return self._try_next()
            case _:
                return False

    def _on_provisional(self, response: Response) -> None:
        if not self._step(SessionEvent.PROVISIONAL):
            return
        tag = response.to.tag
        if response.status > 100 and tag is not None:
            rseq = rseq_of(response)
            if rseq is not None and not self._is_next(tag, rseq):
                return
            self.establish(response)
            self._take_allow(response)
            if rseq is not None:
                self._early_answer |= bool(response.body)
                rack = RAck(rseq, response.cseq.number, response.cseq.method)
                self.send_request("PRACK", [("RAck", str(rack))], b"", SDP, lambda _: None)
        if self.state is SessionState.CANCELLING:
            self._send_cancel()
        elif response.status > 100 and self.handler is not None:
            self.handler.on_provisional(self._myself(), response)

    def _is_next(self, tag: str, rseq: int) -> bool:
        if self._order is None:
            self._order = ReliableOrder()
        return self._order.is_next(tag, rseq)

    def _take_allow(self, message: Request | Response) -> None:
        self._take_id(message)
        if "Allow" in message.headers:
            self.peer_methods = frozenset(message.headers.values("Allow"))

    def _on_success(self, response: Response) -> None:
        before = self.state
        if self._ack is not None and self.remote.tag == response.to.tag:
            self._repeat_ack(response)
        elif before in (SessionState.CALLING, SessionState.RINGING):
            self.establish(response)
            self._take_allow(response)
            self._step(SessionEvent.ANSWER_RECEIVED)
            self.timer.take_answer(response)
            self._ack = (response.cseq.number, self.acknowledge(response.cseq.number))
            self._invite = None
            if self.handler is not None:
                self.handler.on_answer(self._myself(), response)
        else:
            self._end_unwanted(response)
            if self._step(SessionEvent.ANSWER_RECEIVED) and self.handler is not None:
                self.handler.on_failure(self._myself(), 487, "Request Terminated", None)
            self._let_go()

    def _end_unwanted(self, response: Response) -> None:
        """ACK and BYE for a 2xx that nobody wants: another fork's, or one that crossed our CANCEL."""
        known = self._unwanted.get(response.to.tag)
        if known is not None:
            self._ua.transmit(known, self.next_hop(), None)
            return
        if len(self._unwanted) >= _MOST_FORKS:
            return  # no network forks so often: somebody makes answers up
        other = self._twin()
        other.pinned = self.pinned
        other.local_cseq = self.local_cseq
        other._credentials, other._proof = self._credentials, self._proof
        other.establish(response)
        self._unwanted[response.to.tag] = other.acknowledge(response.cseq.number)
        other._send_bye(())

    def _authorize(self, response: Response) -> bool:
        if self._credentials is None or self.request is None or self._challenges >= _MOST_CHALLENGES:
            return False
        header = self._credentials.authorize(self.request, response)
        if header is None or header[0] in self.request.headers:
            return False  # the credentials were refused
        return self._invite_again([header])

    def _lengthen(self, response: Response) -> bool:
        return self.timer.take_refusal(response) and self._invite_again(self.timer.request_headers())

    def _invite_again(self, headers: HeaderFields) -> bool:
        if self.state is SessionState.CANCELLING or self.request is None:
            return False
        self._challenges += 1
        self._send_renewed(headers)
        return True

    def _send_renewed(self, headers: HeaderFields) -> None:
        self._send_invite(self._renewed(headers))
        if isinstance(self.handler, SessionFeatures):
            self.handler.on_invited_again(self._myself())

    def _try_next(self) -> bool:
        """The server failed: the next one gets the call (RFC 3263 §4.3)."""
        if not self._ways or self.state is SessionState.CANCELLING or self.request is None:
            return False
        self.destination = self._ways.pop(0)
        self._send_renewed(())
        return True

    def _renewed(self, headers: HeaderFields) -> Request:
        """The INVITE once more, as a request of its own."""
        if self.request is None:
            raise SessionStateError("there is no INVITE to repeat")
        self.local_cseq += 1
        again = Request("INVITE", self.request.uri, self.request.headers.copy(), self.request.body)
        again.headers.remove("Via")
        again.headers.set("CSeq", str(CSeq(self.local_cseq, "INVITE")))
        for name, value in headers:
            again.headers.set(name, value)
        self.request = again
        return again

    def _on_invite_failure(self, failure: Failure) -> None:
        self._ua.failed_at(self.destination)
        if not self._try_next():
            self._fail(failure.status, failure.reason, None)

    def _fail(self, status: int, reason: str, response: Response | None) -> None:
        if self.state is SessionState.CANCELLING:
            status, reason = 487, "Request Terminated"
        if self._step(SessionEvent.FAILED) and self.handler is not None:
            self.handler.on_failure(self._myself(), status, reason, response)
        self._let_go()

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
