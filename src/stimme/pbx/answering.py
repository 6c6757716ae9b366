"""How a call is answered: by a called side, by ourselves, or heard before it is answered.

Policy: the caller gets one answer, once the codec of the called side is known; it leaves together with what
the journal notes of it. Whoever hangs up while we answer is not answered: the event waits in the inbox.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stimme.media import EngineError
from stimme.pbx.leg import Leg
from stimme.pbx.states import CallEvent, CallState
from stimme.pbx.talking import Talking
from stimme.sip.errors import SipParseError
from stimme.sip.message import Request, Response

if TYPE_CHECKING:
    from stimme.pbx.call import Call


async def talk_with(call: "Call", leg: Leg, message: Request | Response | None) -> None:
    """A called side has answered: it is the partner now, and both talk."""
    anchor = call.anchor
    if anchor is None or anchor.session is None or leg.session is None or anchor.session.ended:
        if leg.session is not None:
            leg.session.end(480)
        return
    call.partner = leg
    try:
        if message is not None and message.sdp:
            leg.take_answer(message.sdp)
        body = _answer_body(anchor, leg)
        await call.connect(anchor, leg)
    except (SipParseError, ValueError, EngineError) as error:
        call.log.info("the answer cannot be used", error=str(error))
        call.end(488, "system")
        return
    if anchor.session.ended or leg.session.ended or call.state is CallState.ENDED:
        return  # hung up meanwhile: the event waits in the inbox
    call.note_answer()
    call.answered_by, call.talking_since = leg.user_id, datetime.now(UTC)
    talking = Talking(call)
    with call.owner.held():
        if body is not None:
            anchor.session.answer(body)
        was_answered = not call.step(CallEvent.ANSWER)
        call.confirm(talking)
    await call.become(talking)
    if was_answered:
        call.owner.call_changed(call)


def _answer_body(anchor: Leg, leg: Leg) -> bytes | None:
    if not anchor.incoming:
        return None
    return anchor.write_answer(leg.codecs) if anchor.remote else anchor.write_offer(leg.codecs)


async def answer(call: "Call") -> bool:
    """Answers the caller ourselves: a menu, a queue, a conference. False when the call is over."""
    anchor = call.anchor
    if anchor is None or anchor.session is None or not await call.open([anchor]):
        return False
    if not anchor.incoming:
        return anchor.answered
    try:
        body = anchor.write_answer(anchor.codecs) if anchor.remote else anchor.write_offer(())
        await anchor.connect_media(timeout=call.media_timeout)
    except EngineError as error:
        call.log.warning("the call cannot be answered", error=str(error))
        call.end(503, "system")
        return False
    if not anchor.incoming:
        return False
    call.note_answer()
    with call.owner.held():
        anchor.session.answer(body)
        call.step(CallEvent.ANSWER)
        call.confirm()
    return True


async def early(call: "Call") -> bool:
    """Lets the caller hear us before the answer (183). False when that cannot be."""
    anchor = call.anchor
    if anchor is None or anchor.session is None or not await call.open([anchor]):
        return False
    if not anchor.incoming or anchor.remote is None:
        return anchor.answered
    if call.state is CallState.EARLY:
        return True
    try:
        body = anchor.write_answer(anchor.codecs)
        await anchor.connect_media(timeout=None)
    except EngineError as error:
        call.log.info("no early media", error=str(error))
        return False
    if not anchor.incoming:
        return False
    call.step(CallEvent.EARLY_MEDIA)
    anchor.session.ring(183, body)
    return True
