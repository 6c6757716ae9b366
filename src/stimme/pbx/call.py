"""A call: a caller's leg, the legs of all devices that ring, and what becomes of them.

Policy:
    * Every leg is anchored in its own endpoint. The caller is answered once the called side's codec is known,
      so that both legs speak the same one where they can.
    * All devices ring at once. The first 2xx gets the call, the others are cancelled with "Call completed
      elsewhere" (RFC 3326). One decline (6xx) ends the call for all; otherwise the best failure is passed on
      (RFC 3261 §16.7).
    * Early media of the called side is passed on with 183; a plain 180 stays a plain 180.
    * Either side may hang up, hold or change its media; the other side sees no re-INVITE.
    * Silence of RTP and RTCP on a leg that should speak ends the call, hung up by the system.
    * When the engine died, every leg gets a new endpoint and a re-INVITE; the conversation goes on.
    * One record per call, whatever happens.

A call owns one task, which reads its events in order; nothing of it is changed from anywhere else.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from stimme.media import Bridge, EngineError, EngineLostError, MediaTimeout
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.records import CallRecord, Direction, HangupBy, Party, result_of
from stimme.pbx.recovery import MediaRecovery
from stimme.pbx.states import CALL, SHOWN, CallEvent, CallState, ShownState
from stimme.pbx.switch import Switch
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.message import Request, Response
from stimme.sip.session import Session

log = structlog.get_logger("stimme.call")

ELSEWHERE = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
_RANK = {486: 0, 600: 0, 603: 0, 480: 1, 408: 1, 404: 2, 487: 3}


@dataclass(frozen=True, slots=True)
class Command:
    """Something asked of the call from outside its task."""

    kind: str
    value: Any = None


class CallOwner(Protocol):
    """The tenant's actor, as a call sees it."""

    def call_changed(self, call: "Call") -> None:
        """The call's state changed."""

    def call_confirmed(self, call: "Call") -> None:
        """The call's journal entry must be written (again)."""

    def call_ended(self, call: "Call", record: CallRecord) -> None:
        """The call is over."""

    def invite(self, call: "Call", leg: Leg, offer: bytes) -> Session:
        """Places the INVITE of a called leg."""


class Call:
    """See the module's docstring.

    Args:
        call_id: unique; becomes the record's id.
        owner: the tenant's actor.
        switch: makes endpoints and bridges.
        tenant_id: whose call.
        direction: internal, incoming, outgoing or emergency.
        caller: who calls.
        callee: who is called.
        ring_timeout: seconds until an unanswered call is given up.
        media_timeout: seconds of silence until a call is ended.
    """

    def __init__(
        self,
        call_id: str,
        owner: CallOwner,
        switch: Switch,
        *,
        tenant_id: str,
        direction: Direction,
        caller: Party,
        callee: Party,
        ring_timeout: float,
        media_timeout: float,
        trunk_id: str | None = None,
    ) -> None:
        self.id = call_id
        self.tenant_id = tenant_id
        self.direction: Direction = direction
        self.caller = caller
        self.callee = callee
        self.trunk_id = trunk_id
        self.state = CallState.ROUTING
        self.started_at = datetime.now(UTC)
        self.ringing_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.legs: dict[str, Leg] = {}
        self.bridge: Bridge | None = None
        self.called_user_ids: tuple[str, ...] = ()
        self._owner = owner
        self._switch = switch
        self._ring_timeout = ring_timeout
        self._media_timeout = media_timeout
        self._events: asyncio.Queue[LegEvent | Command] = asyncio.Queue()
        self._winner: Leg | None = None
        self._caller_leg: Leg | None = None
        self._status = 0
        self._hangup_by: HangupBy | None = None
        self._recovery = MediaRecovery(self, switch)
        self._log = log.bind(call=call_id, tenant=tenant_id)

    # -- what others may ask --------------------------------------------------------------------------------

    @property
    def answered_legs(self) -> list[Leg]:
        """The two legs of the conversation, empty before the answer."""
        both = [self._caller_leg, self._winner]
        return [leg for leg in both if leg is not None] if self.answered_at is not None else []

    @property
    def shown_state(self) -> ShownState:
        """The state as people and programs outside see it: a call being routed rings."""
        return SHOWN[self.state]

    @property
    def result(self) -> str | None:
        """How the call ended, None while it goes on."""
        return self.record().result if self.state is CallState.ENDED else None

    @property
    def media_timeout(self) -> float:
        """Seconds of silence until the call is ended."""
        return self._media_timeout

    def report(self, event: LegEvent) -> None:
        """Takes an event of a leg; the call's task reads it."""
        self._events.put_nowait(event)

    def hang_up(self) -> None:
        """Ends the call for both sides."""
        self._events.put_nowait(Command("hang_up"))

    def media_silent(self, event: MediaTimeout) -> None:
        """The engine hears nothing on a leg."""
        self._events.put_nowait(Command("media_timeout", event))

    def media_lost(self) -> None:
        """The engine died with everything in it."""
        self._events.put_nowait(Command("media_lost"))

    def record(self) -> CallRecord:
        """What remains of the call so far."""
        return CallRecord(
            id=self.id,
            tenant_id=self.tenant_id,
            direction=self.direction,
            caller=self.caller,
            callee=self.callee,
            answered_by=self._winner.user_id if self._winner is not None and self.answered_at else None,
            started_at=self.started_at,
            ringing_at=self.ringing_at,
            answered_at=self.answered_at,
            ended_at=max(datetime.now(UTC), self.started_at),
            result=result_of(
                self._status, answered=self.answered_at is not None, cancelled=self._hangup_by == "caller"
            ),
            sip_status=self._status,
            trunk_id=self.trunk_id,
            hangup_by=self._hangup_by,
        )

    def refused(self, status: int) -> CallRecord:
        """Ends a call that never began: its record with this status."""
        self.state = CallState.ENDED
        self._status = status
        self._hangup_by = "system"
        return self.record()

    # -- the life of a call ---------------------------------------------------------------------------------

    async def run(self, caller_leg: Leg, called: Sequence[Leg]) -> None:
        """Sets the call up, reads its events until it has ended, and leaves nothing behind."""
        self._caller_leg = caller_leg
        self.legs = {leg.id: leg for leg in (caller_leg, *called)}
        self.called_user_ids = tuple(dict.fromkeys(leg.user_id for leg in called if leg.user_id is not None))
        ringing = asyncio.get_running_loop().call_later(
            self._ring_timeout, self._events.put_nowait, Command("ring_timeout")
        )
        try:
            await self._set_up(caller_leg, called)
            await self._read_events()
        finally:
            ringing.cancel()
            await self._clear()

    async def resume(self) -> None:
        """Goes on with a restored, answered call."""
        try:
            await self._read_events()
        finally:
            await self._clear()

    async def _read_events(self) -> None:
        while self.state is not CallState.ENDED:
            event = await self._events.get()
            if isinstance(event, Command):
                await self._obey(event)
            else:
                await self._hear(event)

    async def _set_up(self, caller_leg: Leg, called: Sequence[Leg]) -> None:
        session = _session(caller_leg)
        try:
            if session.request is not None and session.request.body:
                caller_leg.take_offer(session.request.body)
        except (SipParseError, ValueError):
            self._end(488, None)
            return
        try:
            await self._open_endpoints([caller_leg, *called])
        except EngineError as error:
            self._log.error("no media for a new call", error=str(error))
            self._end(503, "system")
            return
        if session.ended:  # the caller gave up meanwhile: its CANCEL waits in the queue
            return
        for leg in called:
            leg.session = self._owner.invite(self, leg, leg.write_offer(caller_leg.codecs))

    async def _open_endpoints(self, legs: Sequence[Leg]) -> None:
        opened = await asyncio.gather(
            *(self._switch.open("webrtc" if leg.webrtc else "rtp", self.tag(leg)) for leg in legs),
            return_exceptions=True,
        )
        failure: BaseException | None = None
        for leg, endpoint in zip(legs, opened, strict=True):
            if isinstance(endpoint, BaseException):
                failure = endpoint
            else:
                leg.endpoint = endpoint
        if failure is not None:
            raise failure

    def tag(self, leg: Leg) -> str:
        """How the engine names a leg's endpoint."""
        return f"{self.id}/{leg.id}"

    def _step(self, event: CallEvent) -> bool:
        following = CALL.get((self.state, event))
        if following is None:
            return False
        changed = following is not self.state
        self.state = following
        if changed:
            self._owner.call_changed(self)
        return True

    # -- events ---------------------------------------------------------------------------------------------

    async def _hear(self, event: LegEvent) -> None:
        leg = event.leg
        match event.kind:
            case "provisional":
                await self._on_provisional(leg, event.message)
            case "answer":
                await self._on_answer(leg, event.message)
            case "failure":
                self._on_failure(leg, event.status)
            case "cancel":
                self._hangup_by = "caller"
                self._end(487, "caller")
            case "bye":
                self._end(self._status, "caller" if leg.role == "caller" else "callee")
            case "ended":
                self._log.info("leg lost", leg=leg.id, reason=event.reason)
                self._end(self._status, "system")
            case "reinvite":
                await self._on_reinvite(leg, event.message)
            case "reinvite_result":
                await self._recovery.answered(leg, event.message)
            case "ack":
                await self._on_ack(leg, event.message)
            case "info":
                await self._on_info(leg, event.message)

    async def _obey(self, command: Command) -> None:
        match command.kind:
            case "hang_up":
                self._end(self._status or 480, "system")
            case "ring_timeout":
                if self.answered_at is None:
                    self._end(408, "system")
            case "media_timeout":
                self._log.info("a leg fell silent", leg=command.value.tag)
                self._end(self._status, "system")
            case "media_lost":
                await self._recover()

    async def _recover(self) -> None:
        if self.answered_at is None:
            self._end(503, "system")
            return
        try:
            await self._recovery.begin()
        except EngineError as error:
            self._log.error("media could not be brought back", error=str(error))
            self._end(self._status, "system")

    async def _on_provisional(self, leg: Leg, message: Request | Response | None) -> None:
        caller = self._caller_leg
        if caller is None or self.answered_at is not None or not isinstance(message, Response):
            return
        if message.body and len(self.legs) == 2 and caller.remote is not None:
            await self._pass_early_media(caller, leg, message)
            return
        if self.ringing_at is None:
            self.ringing_at = datetime.now(UTC)
        if self._step(CallEvent.ALERTING) and self.state is CallState.RINGING:
            _session(caller).ring(180)

    async def _pass_early_media(self, caller: Leg, leg: Leg, message: Response) -> None:
        """The called side (an announcement, a provider's tone) is heard before the answer."""
        if self.state is CallState.EARLY:
            return
        try:
            leg.take_answer(message.body)
            answer = caller.write_answer(leg.codecs)
            await self._connect(caller, leg)
        except (SipParseError, ValueError, EngineError) as error:
            self._log.info("early media cannot be passed on", error=str(error))
            return
        self.ringing_at = self.ringing_at or datetime.now(UTC)
        if _session(caller).ended:
            return
        self._step(CallEvent.EARLY_MEDIA)
        _session(caller).ring(183, answer)

    async def _on_answer(self, leg: Leg, message: Request | Response | None) -> None:
        caller = self._caller_leg
        if self._winner is not None or caller is None or _session(caller).ended:
            _session(leg).end(480)
            return
        self._winner = leg
        self._cancel_others(leg)
        try:
            if message is not None and message.body:
                leg.take_answer(message.body)
            body = caller.write_answer(leg.codecs) if caller.remote else caller.write_offer(leg.codecs)
            await self._connect(caller, leg)
        except (SipParseError, ValueError, EngineError) as error:
            self._log.info("the answer cannot be used", error=str(error))
            self._end(488, "system")
            return
        if _session(caller).ended or _session(leg).ended:
            return  # hung up meanwhile: the event waits in the queue
        self._status = 200
        self.answered_at = datetime.now(UTC)
        _session(caller).answer(body)
        self._step(CallEvent.ANSWER)
        self._owner.call_confirmed(self)

    async def _connect(self, a: Leg, b: Leg) -> None:
        """Configures both endpoints and joins them; the requests leave in one write."""
        await asyncio.gather(
            a.connect_media(timeout=self._media_timeout),
            b.connect_media(timeout=self._media_timeout),
            self._join(a, b),
        )

    async def _join(self, a: Leg, b: Leg) -> None:
        if self.bridge is None and a.endpoint is not None and b.endpoint is not None:
            self.bridge = await self._switch.join(a.endpoint, b.endpoint, self.id)

    def bridged_again(self, bridge: Bridge) -> None:
        """The legs were joined in a new engine."""
        self.bridge = bridge
        self._owner.call_confirmed(self)

    def _cancel_others(self, winner: Leg) -> None:
        for leg in self.legs.values():
            if leg.role == "callee" and leg is not winner and leg.alive:
                _session(leg).end(480, [ELSEWHERE])

    def _on_failure(self, leg: Leg, status: int) -> None:
        if self._winner is not None:
            return
        open_legs = [other for other in self.legs.values() if other.role == "callee" and other.alive]
        if status >= 600:
            self._end(status, "callee")
        elif not open_legs:
            self._end(self._best_failure(), "callee")

    def _best_failure(self) -> int:
        statuses = [leg.status for leg in self.legs.values() if leg.role == "callee" and leg.status]
        return min(statuses, key=lambda status: (_RANK.get(status, 4), status), default=480)

    async def _on_reinvite(self, leg: Leg, message: Request | Response | None) -> None:
        """Hold, retrieve, another codec or address: settled on this leg alone."""
        session = _session(leg)
        if session.ended or message is None:
            return
        try:
            if not message.body:
                session.accept(leg.write_offer(leg.codecs))
                return
            leg.take_offer(message.body)
            session.accept(leg.write_answer(leg.codecs))
            await leg.connect_media(timeout=self._media_timeout)
        except (SipParseError, ValueError):
            session.refuse(488)
            return
        except SessionStateError:
            return  # the leg ended between the request and the answer
        self._owner.call_confirmed(self)

    async def _on_ack(self, leg: Leg, message: Request | Response | None) -> None:
        """The ACK of a delayed offer carries the answer (RFC 3261 §13.2.1)."""
        if message is None or not message.body:
            return
        try:
            leg.take_answer(message.body)
            await leg.connect_media(timeout=self._media_timeout)
        except (SipParseError, ValueError) as error:
            self._log.info("the answer in an ACK cannot be used", error=str(error))
            self._end(self._status, "system")
            return
        self._owner.call_confirmed(self)

    async def _on_info(self, leg: Leg, message: Request | Response | None) -> None:
        """DTMF in INFO goes to the other side by RFC 4733."""
        digit = dtmf_of(message) if message is not None else None
        others = [other for other in self.answered_legs if other is not leg]
        if digit is not None and others and others[0].endpoint is not None:
            await others[0].endpoint.send_dtmf(digit)

    # -- the end --------------------------------------------------------------------------------------------

    def _end(self, status: int, by: HangupBy | None) -> None:
        if self.state is CallState.ENDED:
            return
        self._status = status
        if self._hangup_by is None:
            self._hangup_by = by
        for leg in self.legs.values():
            if leg.alive:
                _session(leg).end(status if status >= 300 else 480)
        self._step(CallEvent.END)

    async def _clear(self) -> None:
        """Frees the endpoints (a bridge goes with them) and leaves the record."""
        if self.state is not CallState.ENDED:
            self._end(500, "system")
        self._owner.call_ended(self, self.record())
        endpoints = [leg.endpoint for leg in self.legs.values() if leg.endpoint is not None]
        results = await asyncio.gather(*(endpoint.delete() for endpoint in endpoints), return_exceptions=True)
        for failure in results:
            if isinstance(failure, BaseException) and not isinstance(failure, EngineLostError):
                self._log.warning("an endpoint could not be freed", error=str(failure))

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The journal entry: all that `restore` needs, as JSON types."""
        return {
            "id": self.id,
            "tenant_id": self.tenant_id,
            "direction": self.direction,
            "caller": self.caller.to_json(),
            "callee": self.callee.to_json(),
            "trunk_id": self.trunk_id,
            "started_at": self.started_at.isoformat(),
            "ringing_at": self.ringing_at.isoformat() if self.ringing_at else None,
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
            "called_user_ids": list(self.called_user_ids),
            "bridge": self.bridge.id if self.bridge is not None else None,
            "engine": self._switch.instance,
            "legs": [leg.snapshot() for leg in self.answered_legs],
        }

    def take_snapshot(self, value: dict[str, Any], restore_leg: Callable[[dict[str, Any]], Leg]) -> None:
        """Becomes the answered call of a journal entry.

        Raises KeyError, TypeError or ValueError for a damaged one.
        """
        self.started_at = datetime.fromisoformat(value["started_at"])
        self.ringing_at = datetime.fromisoformat(value["ringing_at"]) if value["ringing_at"] else None
        self.answered_at = datetime.fromisoformat(value["answered_at"])
        self.called_user_ids = tuple(value["called_user_ids"])
        self.state = CallState.ANSWERED
        self._status = 200
        for item in value["legs"]:
            leg = restore_leg(item)
            self.legs[leg.id] = leg
            if leg.role == "caller":
                self._caller_leg = leg
            else:
                self._winner = leg


def _session(leg: Leg) -> Session:
    if leg.session is None:
        raise SessionStateError(f"leg {leg.id} has no session yet")
    return leg.session


def dtmf_of(message: Request | Response) -> str | None:
    """The digit of an INFO (`application/dtmf-relay` or `application/dtmf`), None when there is none."""
    kind = (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    text = message.body.decode("ascii", "replace")
    if kind == "application/dtmf":
        digit = text.strip()
    elif kind == "application/dtmf-relay":
        lines = (line.partition("=") for line in text.splitlines())
        digit = next((value.strip() for name, _, value in lines if name.strip().lower() == "signal"), "")
    else:
        return None
    return digit.upper() if len(digit) == 1 and digit.upper() in "0123456789*#ABCD" else None
