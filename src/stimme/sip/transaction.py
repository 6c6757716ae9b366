"""Client and server transactions (RFC 3261 §17, RFC 6026), without I/O.

A transaction is given messages and time by its layer and hands messages to the layer's `transmit`. Which
state follows on which event is looked up in `transitions`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stimme.sip.errors import SessionStateError
from stimme.sip.flow import Destination, address_of, is_reliable
from stimme.sip.headers import MAGIC_COOKIE, CSeq
from stimme.sip.message import Headers, Request, Response, response_to
from stimme.sip.session_id import HEADER, SessionIds
from stimme.sip.timers import Alarm, AlarmQueue, Timers
from stimme.sip.transitions import (
    CLIENT_INVITE,
    CLIENT_NON_INVITE,
    SERVER_INVITE,
    SERVER_NON_INVITE,
    Event,
    State,
    Table,
    event_of,
)
from stimme.sip.uri import parse_uri

_HEAD = frozenset({"Via", "Route", "Record-Route", "From", "To", "Call-ID", "CSeq"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a client transaction ended without a final response: 408 (timer B or F) or 503 (transport)."""

    status: int
    reason: str


def _nobody(_: object) -> None:
    """Hears for a transaction that has ended."""


class Layer(Protocol):
    """What a transaction needs from the layer that owns it."""

    timers: Timers
    alarms: AlarmQueue

    def now(self) -> float:
        """The time on the layer's clock, in seconds."""

    def transmit(self, data: bytes, destination: Destination, on_error: Callable[[str], None] | None) -> None:
        """Hands bytes to the transport; `on_error` hears when they could not be sent."""

    def forget(self, transaction: "ClientTransaction | ServerTransaction") -> None:
        """The transaction has ended."""


class _Transaction:
    """State, retransmission and the two alarms that a transaction can have running.

    Half a minute long there are more transactions that only wait for repeated messages than any others:
    what such a one no longer needs it lets go.
    """

    __slots__ = (
        "_alarm",
        "_due",
        "_interval",
        "_layer",
        "_limit",
        "_request",
        "_retransmission",
        "_table",
        "key",
        "method",
        "state",
    )

    def __init__(
        self, layer: Layer, request: Request, key: tuple[str, ...], table: Table, state: State
    ) -> None:
        self._layer = layer
        self._table = table
        self._alarm: Alarm | None = None
        self._due = Event.EXPIRED
        self._retransmission: Alarm | None = None
        self._interval = self._limit = 0.0
        self._request: Request | None = request
        self.key = key
        self.method = request.method
        self.state = state

    @property
    def request(self) -> Request:
        """The request, until the final response has been dealt with. Raises SessionStateError after that."""
        if self._request is None:
            raise SessionStateError(f"{self.method} is already answered ({self.state.value})")
        return self._request

    def _step(self, event: Event) -> bool:
        """Moves to the next state; False when the event means nothing in this one."""
        following = self._table.get((self.state, event))
        if following is None:
            return False
        self.state = following
        return True

    def _after(self, seconds: float, event: Event) -> None:
        """Replaces the one life-time alarm of the transaction."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._due = event
        self._alarm = self._layer.alarms.set(self._layer.now() + seconds, self._alarmed)

    def _alarmed(self) -> None:
        """It is time for the event `_due`."""
        raise AssertionError("every transaction has its own")

    def _repeat(self, interval: float, limit: float) -> None:
        """Sends again after `interval`, then doubled each time up to `limit`."""
        self._stop_repeating()
        self._interval, self._limit = interval, limit
        self._retransmission = self._layer.alarms.set(self._layer.now() + interval, self._again)

    def _again(self) -> None:
        self._send()
        self._repeat(min(self._interval * 2, self._limit), self._limit)

    def _send(self) -> None:
        raise AssertionError("every transaction has its own")

    def _stop_repeating(self) -> None:
        if self._retransmission is not None:
            self._retransmission.cancel()
            self._retransmission = None

    def _end(self) -> None:
        self.state = State.TERMINATED
        self._stop_repeating()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._forget()

    def _forget(self) -> None:
        raise AssertionError("every transaction has its own")


class ClientTransaction(_Transaction):
    """One request of ours and its responses (RFC 3261 §17.1).

    `on_response` gets every provisional response, the first final one, and each 2xx of an INVITE (RFC 6026
    §7.2); `on_failure` is called at most once, instead of a final response.
    """

    __slots__ = ("_ack", "_data", "_on_failure", "_on_response", "_patience", "destination")

    def __init__(
        self,
        layer: Layer,
        request: Request,
        destination: Destination,
        on_response: Callable[[Response], None],
        on_failure: Callable[[Failure], None],
        *,
        branch: str | None = None,
        patience: float | None = None,
    ) -> None:
        invite = request.method == "INVITE"
        super().__init__(
            layer,
            request,
            client_key(branch or request.via.branch, request.method),
            CLIENT_INVITE if invite else CLIENT_NON_INVITE,
            State.CALLING if invite else State.TRYING,
        )
        self.destination = destination
        self._on_response = on_response
        self._on_failure = on_failure
        self._data = bytes(request)
        self._ack: bytes | None = None
        self._patience = patience

    def start(self) -> None:
        """Sends the request and starts timers A and B, or E and F."""
        timers = self._layer.timers
        self._send()
        if not is_reliable(self.destination):
            limit = timers.timeout if self.method == "INVITE" else timers.t2
            self._repeat(timers.t1, limit)
        patience = timers.timeout if self._patience is None else min(self._patience, timers.timeout)
        self._after(patience, Event.TIMEOUT)

    def go_on(self) -> None:
        """Takes up a transaction of before a crash, whose request had been sent."""
        self.state = State.PROCEEDING

    def receive(self, response: Response) -> None:
        """Takes a response that matched this transaction."""
        before = self.state
        event = event_of(response.status)
        if not self._step(event):
            return
        if self.method == "INVITE":
            self._receive_invite(response, event, before)
        else:
            self._receive_other(response, event)
        if event is not Event.PROVISIONAL:
            self._release()

    def _release(self) -> None:
        """The final response is there: of its repetitions only a 2xx of an INVITE interests anybody."""
        self._request = None
        self._data = b""
        self._on_failure = _nobody
        if self.state is not State.ACCEPTED:
            self._on_response = _nobody

    def _receive_invite(self, response: Response, event: Event, before: State) -> None:
        timers, on_response = self._layer.timers, self._on_response
        self._stop_repeating()
        if event is Event.PROVISIONAL:
            if self._alarm is not None:  # timer B must not fire once we are in Proceeding
                self._alarm.cancel()
        elif event is Event.SUCCESS:
            if before is not State.ACCEPTED:
                self._after(timers.timeout, Event.EXPIRED)
        else:
            self._acknowledge(response)
            if before is State.COMPLETED:
                return
            if is_reliable(self.destination):
                self._end()
            else:
                self._after(timers.timeout, Event.EXPIRED)
        on_response(response)

    def _receive_other(self, response: Response, event: Event) -> None:
        timers, on_response = self._layer.timers, self._on_response
        if event is Event.PROVISIONAL:
            if self._patience is not None:
                self._patience = None
                self._after(timers.timeout, Event.TIMEOUT)
            if not is_reliable(self.destination):
                self._repeat(timers.t2, timers.t2)
        else:
            self._stop_repeating()
            if is_reliable(self.destination):
                self._end()
            else:
                self._after(timers.t4, Event.EXPIRED)
        on_response(response)

    def abandon(self) -> None:
        """Ends the transaction without a report: nobody waits for the response any more."""
        if self.state is not State.TERMINATED:
            self._end()

    def _acknowledge(self, response: Response) -> None:
        """ACK for a failure response is the transaction's own work (§17.1.1.3)."""
        if self._ack is None:
            self._ack = bytes(ack_for_failure(self.request, response))
        self._layer.transmit(self._ack, self.destination, None)

    def _send(self) -> None:
        self._layer.transmit(self._data, self.destination, self._failed_to_send)

    def _failed_to_send(self, reason: str) -> None:
        answered, on_failure = self.state is State.COMPLETED, self._on_failure
        if self._step(Event.TRANSPORT_ERROR):
            self._end()
            if not answered:
                on_failure(Failure(503, reason))

    def _forget(self) -> None:
        # Whoever waits for us holds us too: without this only the garbage collector could take both away.
        self._on_response, self._on_failure = _nobody, _nobody
        self._layer.forget(self)

    def _alarmed(self) -> None:
        on_failure, event = self._on_failure, self._due
        if not self._step(event):
            return
        self._end()
        if event is Event.TIMEOUT:
            on_failure(Failure(408, "no response"))


class ServerTransaction(_Transaction):
    """One request of the peer and our responses (RFC 3261 §17.2).

    Attributes:
        destination: where responses go.
        ids: the Session-ID that the final response carries; None for a request of no call.
        local_tag: the tag of To in responses.
        merge_key: what a copy of the request that took another path has in common with it.
    """

    __slots__ = ("_last", "destination", "ids", "local_tag", "merge_key")

    def __init__(
        self, layer: Layer, request: Request, key: tuple[str, ...], destination: Destination, tag: str
    ) -> None:
        invite = request.method == "INVITE"
        super().__init__(
            layer,
            request,
            key,
            SERVER_INVITE if invite else SERVER_NON_INVITE,
            State.PROCEEDING if invite else State.TRYING,
        )
        self.destination = destination
        self.local_tag = tag
        self.merge_key: tuple[str, str, int] | None = None
        self.ids: SessionIds | None = None
        self._last: bytes | None = None

    @property
    def answered(self) -> bool:
        """True once a final response was given."""
        return self.state not in (State.TRYING, State.PROCEEDING)

    def respond(
        self,
        status: int,
        reason: str | None = None,
        headers: Headers | list[tuple[str, str]] | tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Response:
        """Builds the response from the request and sends it. Raises SessionStateError after a final one."""
        response = response_to(self.request, status, reason, tag=self.local_tag)
        response.headers.extend(headers.items() if isinstance(headers, Headers) else headers)
        response.body = body
        self.send(response)
        return response

    def send(self, response: Response) -> None:
        """Sends a response of one's own making.

        Raises SessionStateError after a final one; a 2xx of an INVITE may be repeated.
        """
        event = event_of(response.status)
        if not self._step(event):
            raise SessionStateError(f"{self.method} is already answered ({self.state.value})")
        if self.ids is not None and HEADER not in response.headers:
            response.headers.add(HEADER, str(self.ids))
        self._last = bytes(response)
        self._send()
        if event is Event.PROVISIONAL:
            return
        self._request = self.ids = None
        timers = self._layer.timers
        if self.method != "INVITE":
            self._after(0 if is_reliable(self.destination) else timers.timeout, Event.EXPIRED)
        elif event is Event.SUCCESS:
            self._last = None  # the application repeats it (RFC 6026 §7.1)
            if self._alarm is None:
                self._after(timers.timeout, Event.EXPIRED)
        else:
            if not is_reliable(self.destination):
                self._repeat(timers.t1, timers.t2)
            self._after(timers.timeout, Event.TIMEOUT)

    def receive_again(self) -> None:
        """The request came once more: the last response is the answer (§17.2.1, §17.2.2)."""
        if self._last is not None and self.state in (State.PROCEEDING, State.COMPLETED):
            self._send()

    def receive_ack(self) -> None:
        """The ACK for a failure response of an INVITE."""
        if self.state is State.COMPLETED and self._step(Event.ACK):
            self._stop_repeating()
            if is_reliable(self.destination):
                self._end()
            else:
                self._after(self._layer.timers.t4, Event.EXPIRED)

    def _send(self) -> None:
        if self._last is not None:
            self._layer.transmit(self._last, self.destination, None)

    def _forget(self) -> None:
        self._layer.forget(self)

    def _alarmed(self) -> None:
        if self._step(self._due):
            self._end()


def client_key(branch: str, method: str) -> tuple[str, ...]:
    """How a response finds its transaction: branch and CSeq method (RFC 3261 §17.1.3)."""
    return (branch, method)


def server_key(request: Request) -> tuple[str, ...]:
    """How a request finds its transaction (RFC 3261 §17.2.3); without the magic cookie by the old rules."""
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    if via.branch.startswith(MAGIC_COOKIE) and via.branch != MAGIC_COOKIE:
        return (via.branch, via.host.lower(), str(via.port or ""), method)
    return (request.call_id, str(request.cseq.number), request.from_.tag or "", str(via), method)


def ack_for_failure(invite: Request, response: Response) -> Request:
    """The ACK that ends an INVITE transaction after 300–699 (RFC 3261 §17.1.1.3)."""
    headers = _same_transaction(invite, "ACK")
    headers.set("To", response.headers.get("To") or invite.headers.get("To") or "")
    return Request("ACK", invite.uri, headers)


def cancel_for(invite: Request, extra: list[tuple[str, str]] | tuple[tuple[str, str], ...] = ()) -> Request:
    """The CANCEL for a pending INVITE (RFC 3261 §9.1)."""
    headers = _same_transaction(invite, "CANCEL")
    for name, value in extra:
        headers.add(name, value)
    return Request("CANCEL", invite.uri, headers)


def head_of(request: Request) -> list[tuple[str, str]]:
    """The headers that responses, ACK and CANCEL are made from, as JSON types."""
    return [field for field in request.headers.items() if field[0] in _HEAD]


def unfinished_of(role: str, invite: Request, destination: Destination) -> dict[str, Any]:
    """An INVITE without final response as a journal keeps it; `role` is ours: client or server."""
    return {
        "role": role,
        "uri": str(invite.uri),
        "head": head_of(invite),
        "transport": destination.transport,
        "address": list(address_of(destination)),
    }


def from_head(uri: str, head: Iterable[Sequence[str]]) -> Request:
    """An INVITE as far as `head_of` kept it, as JSON gives it back: pairs are lists then.

    Raises SipParseError for a damaged URI, ValueError for what is no pair.
    """
    return Request("INVITE", parse_uri(uri), Headers((name, value) for name, value in head))


def _same_transaction(invite: Request, method: str) -> Headers:
    headers = Headers([("Via", str(invite.via)), ("Max-Forwards", "70")])
    for route in invite.headers.get_all("Route"):
        headers.add("Route", route)
    for name in ("From", "To", "Call-ID"):
        headers.add(name, invite.headers.get(name) or "")
    headers.add("CSeq", str(CSeq(invite.cseq.number, method)))
    if HEADER in invite.headers:
        headers.add(HEADER, invite.headers.get(HEADER) or "")
    return headers
