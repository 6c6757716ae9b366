"""A call over a trunk that comes back to the same house: both ends are ours ("test this trunk").

Policy: it is a call like any other (journal, record, channel; an emergency call may take its channel), with
no caller: one leg goes out, the other comes in. What arrives is answered, or refused with a status, so that
the provider shows what it makes of that. An answered one sends tones and keys both ways, then the called
side hangs up. Whatever does not happen in time is left out.
"""

import asyncio
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from stimme.media import EngineError, Tone
from stimme.pbx.call import Call
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.stages import Playing, Stage
from stimme.sip.errors import SipParseError
from stimme.sip.message import Request, Response
from stimme.sip.session import Session
from stimme.trunks.profiles.facts import SelfCall, Showing
from stimme.trunks.test_report import KEYS_BACK, KEYS_OUT, Outcome

if TYPE_CHECKING:
    from stimme.media.types import Source

ARRIVAL_SECONDS = 15.0
SPEECH_SECONDS = 2.0
HANG_UP_SECONDS = 3.0
_TONE: "Source" = Tone((1004.0,), level_dbm0=-16.0)


class State(Enum):
    """How far such a call has come."""

    CALLING = "the call goes out"
    ARRIVED = "it has come back"
    TALKING = "both ends are connected"
    ENDING = "the called side has hung up"
    OVER = "measured"


class Happening(Enum):
    """What moves it."""

    ARRIVAL = "an INVITE came by the trunk"
    ANSWER = "the provider says 200"
    MEASURED = "speech and keys had their time"
    END = "refused, hung up, out of time"


TRANSITIONS: dict[tuple[State, Happening], State] = {
    (State.CALLING, Happening.ARRIVAL): State.ARRIVED,
    (State.CALLING, Happening.ANSWER): State.ENDING,  # somebody else answered: no call of ours
    (State.ARRIVED, Happening.ANSWER): State.TALKING,
    (State.TALKING, Happening.MEASURED): State.ENDING,
    **{(state, Happening.END): State.OVER for state in State},
}


class Looping(Stage):
    """The one stage of such a call.

    Args:
        call: without a caller.
        out: the leg that goes out; `number` is what it is to show, E.164.
        showing: which number that is.
        reaction: the status that the arriving call gets.
        done: gets the outcome, once, however the call ends.
    """

    kind: ClassVar[str] = "self_call"

    def __init__(
        self,
        call: Call,
        out: Leg,
        number: str,
        *,
        showing: Showing,
        reaction: int,
        done: "asyncio.Future[Outcome]",
    ) -> None:
        super().__init__(call)
        self._out = out
        self._in: Leg | None = None
        self._number = number
        self._showing: Showing = showing
        self._reaction = reaction
        self._done = done
        self._state = State.CALLING
        self._answers: list[Response] = []
        self._arrived: Request | None = None
        self._keys = {"out": "", "in": ""}
        self._heard = (0, 0)
        self._hung_up = False
        self._talking_since: datetime | None = None
        self._playing = (Playing(), Playing())

    @property
    def waits(self) -> bool:
        """True until the call has come back."""
        return self._state is State.CALLING

    async def begin(self) -> None:
        """The call goes out."""
        call = self.call
        call.take_in(self._out)
        if not await call.open([self._out]):
            return
        self._out.session = call.owner.invite(call, self._out, self._out.write_offer(()))
        call.after(ARRIVAL_SECONDS, self._end)

    def arrive(self, session: Session, leg: Leg) -> None:
        """It has come back: the call's task goes on with it."""
        self._arrived = session.request
        self._in = leg
        self._state = TRANSITIONS[(self._state, Happening.ARRIVAL)]
        leg.report_to(self.call.report)
        self.call.ask(self._take)

    async def _take(self) -> None:
        leg, call = self._in, self.call
        if leg is None or leg.session is None or leg.session.ended:
            return
        call.take_in(leg)
        if self._reaction != 200:
            leg.session.reject(self._reaction)
            return
        try:
            leg.take_initial_offer()
            if await call.open([leg]) and leg.incoming:
                body = leg.write_answer(leg.codecs) if leg.remote else leg.write_offer(())
                leg.session.answer(body)
                await leg.connect_media(timeout=None)
        except (SipParseError, ValueError, EngineError) as error:
            call.log.info("a call to ourselves cannot be answered", error=str(error))
            if leg.incoming:
                leg.session.reject(488)

    async def hear(self, event: LegEvent) -> None:
        """The provider answers the leg that goes out."""
        if event.leg is not self._out or self._state is State.OVER:
            return
        if isinstance(event.message, Response):
            self._answers.append(event.message)
        if event.kind == "failure":
            await self._end()
        elif event.kind == "answer" and isinstance(event.message, Response):
            await self._connected(event.message)

    async def _connected(self, answer: Response) -> None:
        following = TRANSITIONS.get((self._state, Happening.ANSWER))
        if following is not State.TALKING:
            await self._end()
            return
        self._state, self._talking_since = following, datetime.now(UTC)
        self.call.after(SPEECH_SECONDS, self._measured)
        try:
            self._out.take_answer(answer.sdp)
            await self._out.connect_media(timeout=None)
            await self._speak()
        except (SipParseError, ValueError, EngineError) as error:
            self.call.log.info("no media in a call to ourselves", error=str(error))

    async def _speak(self) -> None:
        if self._in is None or self._in.endpoint is None or self._out.endpoint is None:
            return
        for playing, leg in zip(self._playing, (self._out, self._in), strict=True):
            await playing.start(leg, _TONE)
        await self._out.endpoint.send_dtmf(KEYS_OUT)
        await self._in.endpoint.send_dtmf(KEYS_BACK)

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key has come through."""
        self._keys["in" if leg is self._in else "out"] += digit

    async def _measured(self) -> None:
        if (self._state, Happening.MEASURED) not in TRANSITIONS:
            return
        self._state = TRANSITIONS[(self._state, Happening.MEASURED)]
        self._heard = (await _heard(self._in), await _heard(self._out))
        if self._in is not None and self._in.alive and self._in.session is not None:
            self._in.session.end()
        self.call.after(HANG_UP_SECONDS, self._end)

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """The end that we have not ended was told, or the provider hung up."""
        if leg is self._out:
            self._hung_up = self._state is State.ENDING and event.kind == "bye"
            await self._end()

    async def restored(self) -> None:
        """The media engine died: there is nothing to measure any more."""
        await self._end()

    async def _end(self) -> None:
        self.call.answered_at = self._talking_since
        self.call.end(self._answers[-1].status if self._answers else 408, "system")

    async def leave(self) -> None:
        """What came of it is told."""
        self._state = TRANSITIONS[(self._state, Happening.END)]
        for playing in self._playing:
            await playing.stop()
        if self._done.done():
            return
        finals = [answer for answer in self._answers if answer.status >= 200]
        self._done.set_result(
            Outcome(
                SelfCall(self._showing, self._number, tuple(self._answers), self._arrived),
                finals[-1] if finals else None,
                *self._heard,
                keys_out=self._keys["in"],
                keys_back=self._keys["out"],
                hung_up=self._hung_up,
            )
        )


async def _heard(leg: Leg | None) -> int:
    if leg is None or leg.endpoint is None:
        return 0
    try:
        return (await leg.endpoint.stats()).packets_received
    except EngineError:
        return 0
