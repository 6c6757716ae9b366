"""A call: two sides, and what happens between them.

Policy:
    * Every leg is anchored in its own endpoint. The caller is answered once the called side's codec is
      known, so that both legs speak the same one where they can.
    * One side is the anchor: it is there from the beginning to the end, first the caller. The other is the
      partner, once somebody has answered. What happens meanwhile is the call's stage: ringing, talking, a
      menu, a queue.
    * Either side may hold or change its media; the other side sees no re-INVITE. A side can be replaced by
      another leg (transfer, pick-up): a pointer changes in the engine, and nobody else notices.
    * Silence of RTP and RTCP on a leg that should speak ends the call, hung up by the system; an emergency
      call goes on.
    * When the engine died, every leg gets a new endpoint and a re-INVITE; the conversation goes on.
    * One record per call, whatever happens.

A call owns one task, which reads its events in order; nothing of it is changed from anywhere else, except
that a leg is released to another call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from stimme.media import Bridge, EngineError, EngineLostError, all_of
from stimme.pbx import answering, faxing, hearing
from stimme.pbx.features.diversion import Hop
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.owner import CallOwner
from stimme.pbx.records import CallRecord, Direction, HangupBy, Party, Result, result_of
from stimme.pbx.recovery import MediaRecovery
from stimme.pbx.stages import OVER, Stage
from stimme.pbx.states import CALL, SHOWN, CallEvent, CallState, ShownState
from stimme.pbx.switch import Switch
from stimme.pbx.talking import Talking
from stimme.sip.errors import SipParseError
from stimme.sip.message import Request, Response

_log = structlog.get_logger("stimme.call")
Work = Callable[[], Awaitable[None]]


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
        media_timeout: seconds of silence until a call is ended.
        trunk_id: the trunk that it goes through, if any.

    Attributes:
        answered_by: the user who took it, whoever talks now.
        hops: the diversions that it has taken.
        display: shown before the caller's name on the called telephones.
        withheld: the caller's number is hidden.
        insistent: it rings in spite of do not disturb.
        earlier_diversions: how often it had been diverted before it came to us.
        fax_change: a change to T.38 that waits for the other side (``stimme.pbx.faxing``).
        declined_by: hears which called leg refused or failed, for who chooses the next.
        group: the extension of the group or queue whose members ring, or took it.
        passed: extensions of the groups and queues that it came through, so that no overflow goes round.
        talking_since: when a called side took it; a queue may have answered long before.
        transferor: the user who connected the anchor with somebody without waiting for the answer: the call
            comes back there when it leads nowhere.
    """

    __slots__ = (
        "_hangup_by",
        "_inbox",
        "_media_timeout",
        "_retired",
        "_timers",
        "_vanished",
        "_waiting",
        "anchor",
        "answered_at",
        "answered_by",
        "bridge",
        "called_user_ids",
        "callee",
        "caller",
        "declined_by",
        "direction",
        "display",
        "earlier_diversions",
        "fax_change",
        "group",
        "hops",
        "id",
        "insistent",
        "legs",
        "owner",
        "partner",
        "passed",
        "ringing_at",
        "stage",
        "started_at",
        "state",
        "status",
        "switch",
        "talking_since",
        "tenant_id",
        "transferor",
        "trunk_id",
        "withheld",
    )

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
        media_timeout: float,
        trunk_id: str | None = None,
    ) -> None:
        self.id = call_id
        self.tenant_id = tenant_id
        self.direction: Direction = direction
        self.caller = caller
        self.callee = callee
        self.trunk_id = trunk_id
        self.owner = owner
        self._media_timeout = media_timeout
        self.state = CallState.ROUTING
        self.started_at = datetime.now(UTC)
        self.ringing_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.anchor: Leg | None = None
        self.partner: Leg | None = None
        self.legs: dict[str, Leg] = {}
        self.stage: Stage = Stage(self)
        self.bridge: Bridge | None = None
        self.called_user_ids: tuple[str, ...] = ()
        self.answered_by: str | None = None
        self.hops: tuple[Hop, ...] = ()
        self.display = ""
        self.withheld = False
        self.insistent = False
        self.transferor: str | None = None
        self.group: str | None = None
        self.passed: frozenset[str] = frozenset()
        self.talking_since: datetime | None = None
        self.earlier_diversions = 0
        self.declined_by: Callable[[Leg], None] | None = None
        self.fax_change: faxing.FaxChange | None = None
        self.status = 0
        self.switch = switch
        self._inbox: list[LegEvent | Work] = []
        self._waiting: asyncio.Future[None] | None = None
        self._retired: list[Leg] = []
        self._vanished = False
        self._timers: list[asyncio.TimerHandle] = []
        self._hangup_by: HangupBy | None = None

    # -- what others may ask --------------------------------------------------------------------------------

    @property
    def log(self) -> Any:
        """Where it says what went wrong."""
        return _log.bind(call=self.id, tenant=self.tenant_id)

    @property
    def sides(self) -> list[Leg]:
        """The legs that the call is about: anchor and partner, as far as they are there."""
        anchor, partner = self.anchor, self.partner
        if anchor is None:
            return [] if partner is None else [partner]
        return [anchor] if partner is None else [anchor, partner]

    @property
    def talking_legs(self) -> list[Leg]:
        """The legs of the conversation, empty before the answer."""
        return self.sides if self.answered_at is not None else []

    @property
    def alive(self) -> bool:
        """True until it has ended."""
        return self.state is not CallState.ENDED

    def other(self, leg: Leg) -> Leg | None:
        """Who is at the other end."""
        return self.partner if leg is self.anchor else self.anchor

    def party_of(self, leg: Leg) -> Party:
        """Who a side is, as the other side knows it."""
        return self.caller if leg is self.anchor else self.callee

    @property
    def media_timeout(self) -> float | None:
        """Seconds of silence until the call is ended; None for emergency calls: who is silent needs help."""
        return None if self.direction == "emergency" else self._media_timeout

    @property
    def shown_state(self) -> ShownState:
        """The state as people and programs outside see it: a call being routed rings."""
        return SHOWN[self.state]

    @property
    def result(self) -> str | None:
        """How the call ended, None while it goes on."""
        return self._result() if self.state is CallState.ENDED else None

    def _result(self) -> Result:
        cancelled = self._hangup_by == "caller"
        return result_of(self.status, answered=self.answered_at is not None, cancelled=cancelled)

    def report(self, event: LegEvent) -> None:
        """Takes an event of a leg; the call's task reads it."""
        self._inbox.append(event)
        self._wake()

    def ask(self, work: Work) -> None:
        """Lets the call's task do something, after what it has to do before."""
        self._inbox.append(work)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def after(self, seconds: float, work: Work) -> None:
        """Lets the call's task do something later, unless the stage has changed until then."""
        self._timers.append(asyncio.get_running_loop().call_later(seconds, self.ask, work))

    def hang_up(self) -> None:
        """Ends the call for both sides."""

        async def work() -> None:
            self.end(self.status or 480, "system")

        self.ask(work)

    def media_lost(self) -> None:
        """The engine died with everything in it."""
        lost = [(leg, leg.endpoint) for leg in self.legs.values() if leg.endpoint is not None]
        self.ask(partial(MediaRecovery(self, self.switch).recover, lost))

    def record(self) -> CallRecord:
        """What remains of the call so far."""
        return CallRecord(
            id=self.id,
            tenant_id=self.tenant_id,
            direction=self.direction,
            caller=self.caller,
            callee=self.callee,
            answered_by=self.answered_by,
            started_at=self.started_at,
            ringing_at=self.ringing_at,
            answered_at=self.answered_at,
            ended_at=max(datetime.now(UTC), self.started_at),
            result=self._result(),
            sip_status=self.status,
            trunk_id=self.trunk_id,
            hangup_by=self._hangup_by,
        )

    def refused(self, status: int) -> CallRecord:
        """Ends a call that never began: its record with this status."""
        self.state = CallState.ENDED
        self.status = status
        self._hangup_by = "system"
        return self.record()

    # -- the life of a call ---------------------------------------------------------------------------------

    async def run(self, anchor: Leg | None, first: Work) -> None:
        """Lives from the caller's INVITE to the end, and leaves nothing behind.

        Args:
            anchor: the caller's leg; None when the caller's telephones are to ring first.
            first: brings the call to its first stage.
        """
        try:
            if anchor is not None:
                self.anchor = anchor
                self.take_in(anchor)
                anchor.take_initial_offer(anyhow=self.direction == "emergency")
            await first()
        except (SipParseError, ValueError) as error:
            if anchor is not None and anchor.incoming:
                anchor.refuse_media(error)
            self.end(488, None)
        try:
            await self._read_inbox()
        finally:
            await self._clear()

    def take_over(self, anchor: Leg) -> None:
        """The call begins with a leg that was answered in another call."""
        self.answered_at = datetime.now(UTC)
        self.status = 200
        self.state = CallState.ANSWERED
        self.anchor = anchor

    def vanish(self) -> None:
        """The call was only the way to another one: its task ends and nothing is said of it."""
        self._vanished = True
        self.state = CallState.ENDED
        self._wake()

    async def resume(self, stage: Stage | None = None) -> None:
        """Goes on with a restored, answered call."""
        self.stage = stage or Talking(self)
        try:
            await self.stage.taken_up()
            await self._read_inbox()
        finally:
            await self._clear()

    async def _read_inbox(self) -> None:
        while self.state is not CallState.ENDED:
            if not self._inbox:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
                continue
            item = self._inbox.pop(0)
            if isinstance(item, LegEvent):
                await hearing.hear(self, item)
            else:
                await item()

    async def become(self, stage: Stage) -> None:
        """Goes on to another stage."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        before, self.stage = self.stage, stage
        await before.leave()
        await self._free_retired()
        if self.state is not CallState.ENDED:
            await stage.begin()

    def take_in(self, leg: Leg) -> None:
        """A leg belongs to this call from now on."""
        self.legs[leg.id] = leg
        leg.report_to(self.report)
        self.owner.leg_joined(leg, self)

    def forget(self, leg: Leg) -> None:
        """A leg that was called in vain: its endpoint is freed at the next change of the stage."""
        if self.legs.pop(leg.id, None) is not None:
            self._retired.append(leg)
            self.owner.leg_left(leg, self)

    def release(self, leg: Leg) -> list[LegEvent]:
        """Gives a leg to another call, with what it has said and nobody has read; one side less is here."""
        faxing.abandon(self)
        self.legs.pop(leg.id, None)
        if leg is self.anchor:
            self.anchor = None
        elif leg is self.partner:
            self.partner = None
        unread = [item for item in self._inbox if isinstance(item, LegEvent) and item.leg is leg]
        self._inbox = [item for item in self._inbox if item not in unread]
        self.bridge = None
        return unread

    async def replace(self, old: Leg, new: Leg, party: Party, unread: Sequence[LegEvent] = ()) -> None:
        """Puts a leg in the place of another, which stays without media until somebody ends it.

        Raises EngineError when they cannot be joined.
        """
        faxing.abandon(self)
        self.legs.pop(old.id, None)
        self.take_in(new)
        if old is self.anchor:
            self.anchor, self.caller = new, party
        else:
            self.partner, self.callee = new, party
        for event in unread:
            self.report(event)
        self._retired.append(old)
        self.owner.leg_left(old, self)
        self.bridge = None
        await self.stage.replaced(old, new)
        self.owner.call_changed(self)
        self.confirm()

    def confirm(self, stage: Stage | None = None) -> None:
        """Lets the journal have the call as it is now, or as it is in the stage that comes next."""
        if self.answered_at is not None and self.state is not CallState.ENDED:
            self.owner.call_confirmed(self, stage)

    async def open(self, legs: Sequence[Leg]) -> bool:
        """Opens the endpoints that are missing, in one write. False when the call had to be ended.

        An emergency call is not ended: its stage has to find another way.
        """
        missing = [leg for leg in legs if leg.endpoint is None]
        beside = next((leg.endpoint for leg in self.legs.values() if leg.endpoint is not None), None)
        opened = await self.switch.open_all(
            [("webrtc" if leg.webrtc else "rtp", leg.id) for leg in missing], near=beside
        )
        failure: EngineError | None = None
        for leg, endpoint in zip(missing, opened, strict=True):
            if isinstance(endpoint, EngineError):
                failure = endpoint
            else:
                leg.endpoint = endpoint
        if failure is not None:
            self.log.error("no media for a call", error=str(failure))
            if self.direction != "emergency":
                self.end(503, "system")
        return failure is None and self.state is not CallState.ENDED

    def step(self, event: CallEvent) -> bool:
        """Moves the state as its table says; everybody concerned is told. False when it means nothing now."""
        following = CALL.get((self.state, event))
        if following is None:
            return False
        changed = following is not self.state
        self.state = following
        if changed:
            self.owner.call_changed(self)
        return True

    # -- answering ------------------------------------------------------------------------------------------

    async def talk_with(self, leg: Leg, message: Request | Response | None = None) -> None:
        """A called side has answered: it is the partner now, and both talk."""
        await answering.talk_with(self, leg, message)

    def note_answer(self) -> None:
        """It is answered, since now or since before."""
        self.status = 200
        self.answered_at = self.answered_at or datetime.now(UTC)

    async def answer(self) -> bool:
        """Answers the caller ourselves: a menu, a queue, a conference. False when the call is over."""
        return await answering.answer(self)

    async def early(self) -> bool:
        """Lets the caller hear us before the answer (183). False when that cannot be."""
        return await answering.early(self)

    async def connect(self, a: Leg, b: Leg) -> None:
        """Configures both endpoints and joins them; the requests leave in one write. Raises EngineError."""
        configured = [leg.connect_media(timeout=self.media_timeout) for leg in (a, b)]
        try:
            await self._bridge(a, b)
        finally:
            await all_of(configured)

    async def join(self) -> None:
        """Lets both sides hear each other, whoever they heard before. Raises EngineError."""
        self.bridge = None
        if self.anchor is not None and self.partner is not None:
            await self._bridge(self.anchor, self.partner)

    async def _bridge(self, a: Leg, b: Leg) -> None:
        if a.session is not None and b.session is not None:
            a.session.speak_for(b.session.party)
            b.session.speak_for(a.session.party)
        if self.bridge is None and a.endpoint is not None and b.endpoint is not None:
            self.bridge = await self.switch.join(a.endpoint, b.endpoint, self.id)

    def forget_media(self) -> None:
        """The engine that had the media of this call is gone."""
        for leg in self.legs.values():
            leg.lose_media()
        self.bridge = None

    # -- the end --------------------------------------------------------------------------------------------

    async def fail(self, status: int, by: HangupBy | None = "system") -> None:
        """The call leads nowhere: the caller is told by its status, or by a tone once it was answered."""
        await self.owner.failed(self, status, by)

    def end(self, status: int, by: HangupBy | None) -> None:
        """Ends every leg. Without effect once the call has ended."""
        if self.state is CallState.ENDED:
            return
        self.status = status
        if self._hangup_by is None:
            self._hangup_by = by
        for leg in self.legs.values():
            if leg.alive and leg.session is not None:
                self.owner.leg_ends(leg)
                leg.session.end(status if status >= 300 else 480)
        self.step(CallEvent.END)
        self._wake()

    async def _clear(self) -> None:
        """Frees the endpoints (a bridge goes with them) and leaves the record."""
        if self.state is not CallState.ENDED:
            self.end(500, "system")
        for timer in self._timers:
            timer.cancel()
        if not self._vanished:
            self.owner.call_ended(self, self.record())
        await self.stage.leave()
        self.stage = OVER
        for leg in list(self.legs.values()):
            self.forget(leg)
        await self._free_retired()

    async def _free_retired(self) -> None:
        if not self._retired:
            return
        retired, self._retired = self._retired, []
        over = self.stage is OVER
        if over:
            for leg in retired:
                leg.let_go()
        try:
            await all_of([leg.endpoint.delete(idle=over) for leg in retired if leg.endpoint is not None])
        except EngineLostError:
            pass
        except EngineError as error:
            self.log.warning("an endpoint could not be freed", error=str(error))
