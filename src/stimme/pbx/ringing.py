"""Telephones ring: one, all of a user, several members of a group, or a line of the public network.

Policy:
    * All ring at once. The first 2xx gets the call, the others are cancelled with "Call completed elsewhere"
      (RFC 3326). One decline (6xx) ends the ringing for all; otherwise the best failure counts (RFC 3261
      §16.7).
    * A caller who waits for our answer gets 180, or 183 with the early media of a single called side; a
      caller who is in the call already (from a menu, a transfer) hears the ringing tone.
    * A call that has gone through too many systems, or would ring at more telephones than its caller allows,
      goes no further (`stimme.sip.hops`); an emergency call always does.
    * A line of the public network that shows no sign (180, 183, an answer) within `patience` counts as out of
      service, even when its server has said 100.
    * When nobody takes the call in time, or all fail, `given_up` decides what follows; by default the
      caller is told.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import EngineError
from stimme.media.tones import tones_of
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.stages import Playing, Stage
from stimme.pbx.states import CallEvent, CallState
from stimme.sip.errors import SipParseError
from stimme.sip.hops import HopLimits
from stimme.sip.message import Response

if TYPE_CHECKING:
    from stimme.pbx.call import Call

ELSEWHERE = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
BUSY = frozenset({486, 600})
"""Statuses of a called side that is there, and will not talk now."""
_RANK = {486: 0, 600: 0, 603: 0, 480: 1, 408: 1, 404: 2, 487: 3}
_NO_ANSWER = 408
_NO_SERVICE = 503
_TRYING = 100
_REFUSED = 486

GivenUp = Callable[[int], Awaitable[None]]


class Ringing(Stage):
    """See the module's docstring.

    Args:
        call: whose stage it is.
        called: legs that have no session yet.
        seconds: how long they ring; None without limit, for emergency calls that wait at the control centre.
        patience: seconds until the first sign; None without limit.
        given_up: gets the SIP status when nobody takes the call.
        quiet: the caller hears something else meanwhile (a queue's music): no ringing tone, no 180.
    """

    kind: ClassVar[str] = "ringing"

    def __init__(
        self,
        call: "Call",
        called: Sequence[Leg],
        *,
        seconds: float | None,
        patience: float | None = None,
        given_up: GivenUp | None = None,
        quiet: bool = False,
    ) -> None:
        super().__init__(call)
        self.called = {leg.id: leg for leg in called}
        self._seconds = seconds
        self._patience = patience
        self._sign = False
        self._given_up = given_up
        self._quiet = quiet
        self._statuses: list[int] = []
        self._tone = Playing()
        self._over = False

    async def begin(self) -> None:
        """Everybody is called."""
        call = self.call
        for leg in self.called.values():
            call.take_in(leg)
        if not await call.open([*call.sides, *self.called.values()]):
            if call.direction == "emergency" and call.alive:
                await self._give_up(_NO_SERVICE)
            return
        anchor = call.anchor
        if anchor is None or not anchor.alive:  # the caller gave up meanwhile: its CANCEL waits in the queue
            return
        limits = (anchor.session.limits if anchor.session is not None else None) or HopLimits()
        refusal = limits.refusal(len(self.called))
        if refusal is not None and call.direction != "emergency":
            await self._give_up(refusal)
            return
        share = limits.next(len(self.called))
        for leg in self.called.values():
            leg.limits = share if call.direction != "emergency" else None
            leg.session = call.owner.invite(call, leg, leg.write_offer(anchor.codecs))
        if self._seconds is not None:
            call.after(self._seconds, self._nobody)
        if self._patience is not None:
            call.after(self._patience, self._silent)
        # Who has heard us before the answer gets no 180 any more: the tone is ours to play.
        heard = anchor.answered or call.state is CallState.EARLY
        if heard and not self._quiet:
            await self._ring_back(anchor)

    async def leave(self) -> None:
        """Whoever still rings is told that the call was taken elsewhere."""
        self._over = True
        for leg in self.called.values():
            if leg is not self.call.partner:
                self._dismiss(leg)
        await self._tone.stop()

    def _dismiss(self, leg: Leg) -> None:
        if leg.alive and leg.session is not None:
            taken = self.call.answered_at is not None
            leg.session.end(480, [ELSEWHERE] if taken else [])
        self.call.forget(leg)

    async def digit(self, leg: Leg, digit: str) -> None:
        """The caller may have somebody on hold meanwhile."""
        await self.call.owner.key(self.call, leg, digit)

    async def keyed(self, leg: Leg, keys: str) -> None:
        """The called side that is heard before its answer may ask for them."""
        called = next(iter(self.called.values()), None)
        try:
            if self.call.bridge is not None and called is not None and called.endpoint is not None:
                await called.endpoint.send_dtmf(keys)
        except EngineError as error:
            self.call.log.info("keys cannot be passed on", error=str(error))

    async def refuse(self, user_id: str) -> None:
        """A user refuses the call by a key: the own telephones ring no longer, and were busy."""
        for leg in [each for each in self.called.values() if each.user_id == user_id]:
            if not self._over and leg.session is not None:
                leg.session.end(480)
                await self._failed(leg, _REFUSED)

    async def replaced(self, old: Leg, new: Leg) -> None:
        """Another caller waits now: a transfer to a telephone that still rings."""
        await self._tone.stop()
        if new is self.call.anchor and new.answered and not self._quiet:
            await self._ring_back(new)

    async def hear(self, event: LegEvent) -> None:
        """A called side rings, answers or fails."""
        leg = event.leg
        if self._over or leg.id not in self.called:
            return
        match event.kind:
            case "provisional" if isinstance(event.message, Response):
                await self._provisional(leg, event.message)
            case "answer":
                self._over = True
                await self.call.talk_with(leg, event.message)
            case "failure":
                await self._failed(leg, event.status)

    async def _provisional(self, leg: Leg, message: Response) -> None:
        self._sign = self._sign or message.status > _TRYING
        call, anchor = self.call, self.call.anchor
        if anchor is None or self._quiet:
            return
        if message.sdp and len(self.called) == 1 and anchor.incoming and anchor.remote is not None:
            await self._pass_early_media(anchor, leg, message)
            return
        call.ringing_at = call.ringing_at or datetime.now(UTC)
        alerting = call.step(CallEvent.ALERTING) and call.state is CallState.RINGING
        if alerting and anchor.incoming and anchor.session is not None:
            anchor.session.ring(180)

    async def _pass_early_media(self, anchor: Leg, leg: Leg, message: Response) -> None:
        """The called side (an announcement, a provider's tone) is heard before the answer."""
        call = self.call
        if call.state is CallState.EARLY:
            return
        try:
            leg.take_answer(message.sdp)
            answer = anchor.write_answer(leg.codecs)
            await call.connect(anchor, leg)
        except (SipParseError, ValueError, EngineError) as error:
            call.log.info("early media cannot be passed on", error=str(error))
            return
        call.ringing_at = call.ringing_at or datetime.now(UTC)
        if anchor.session is None or not anchor.incoming:
            return
        call.step(CallEvent.EARLY_MEDIA)
        anchor.session.ring(183, answer)

    async def _ring_back(self, anchor: Leg) -> None:
        try:
            await self._tone.start(anchor, tones_of("DE").ringback)
        except EngineError as error:
            self.call.log.info("no ringing tone", error=str(error))

    async def _failed(self, leg: Leg, status: int) -> None:
        self._statuses.append(status)
        del self.called[leg.id]
        self.call.forget(leg)
        await self.call.owner.declined(self.call, leg, status)
        if status >= 600:
            await self._give_up(status)
        elif not self.called:
            await self._give_up(min(self._statuses, key=lambda each: (_RANK.get(each, 4), each)))

    async def _nobody(self) -> None:
        await self._give_up(_NO_ANSWER)

    async def _silent(self) -> None:
        if not self._sign:
            await self._give_up(_NO_SERVICE)

    async def _give_up(self, status: int) -> None:
        if self._over:
            return
        self._over = True
        if self._given_up is not None:
            await self._given_up(status)
        else:
            await self.call.fail(status, "system" if status == _NO_ANSWER else "callee")

    async def restored(self) -> None:
        """Only an emergency call comes here: what rang had lost its media, so it is placed again."""
        await self._give_up(_NO_SERVICE)

    def snapshot(self) -> dict[str, Any] | None:
        """A call that rings is not taken up again: its transactions are lost."""
        return None
