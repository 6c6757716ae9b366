"""What a leg asks for within its call: other media, an answer in an ACK, keys by INFO.

Policy: settled on that leg alone; the other side sees no re-INVITE; fax is the exception
(``stimme.pbx.faxing``).
"""

from typing import TYPE_CHECKING

from stimme.media import EngineError
from stimme.pbx import faxing
from stimme.pbx.dtmf import dtmf_of
from stimme.pbx.leg import Leg
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.message import Request, Response

if TYPE_CHECKING:
    from stimme.pbx.call import Call

Message = Request | Response | None


async def reinvited(call: "Call", leg: Leg, message: Message) -> None:
    """Hold, retrieve, another codec or address (RFC 3264 §8)."""
    session = leg.session
    if session is None or session.ended or message is None:
        return
    try:
        if not message.sdp:
            session.accept(leg.write_offer(leg.codecs))
            return
        fax = faxing.offered_fax(message.sdp)
        if fax is not None:
            await faxing.offered(call, leg, message.sdp, fax)
            return
        faxed = leg.fax is not None
        leg.take_offer(message.sdp)
        session.accept(leg.write_answer(leg.codecs))
        await leg.connect_media(timeout=call.media_timeout)
    except (SipParseError, ValueError) as error:
        leg.refuse_media(error)
        return
    except SessionStateError:
        return  # the leg ended between the request and the answer
    except EngineError as error:
        call.log.warning("the media could not be changed", error=str(error))
        return
    if faxed:
        faxing.went_back(call, leg)
    await call.stage.changed(leg)
    call.confirm()


async def answered(call: "Call", leg: Leg, message: Message) -> bool:
    """A side answered an offer of T.38; False when it answered another re-INVITE of ours."""
    try:
        return await faxing.answered(call, leg, message)
    except EngineError as error:
        call.log.warning("no T.38", error=str(error))
        return True


async def acknowledged(call: "Call", leg: Leg, message: Message) -> None:
    """The ACK of a delayed offer carries the answer (RFC 3261 §13.2.1)."""
    if message is None or not message.sdp:
        return
    try:
        leg.take_answer(message.sdp)
        await leg.connect_media(timeout=call.media_timeout)
    except (SipParseError, ValueError) as error:
        call.log.info("the answer in an ACK cannot be used", error=str(error))
        call.end(call.status, "system")
        return
    call.confirm()


async def informed(call: "Call", leg: Leg, message: Message) -> None:
    """DTMF in INFO goes to the other side by RFC 4733, and to whoever listens for keys."""
    digit = dtmf_of(message) if message is not None else None
    if digit is None:
        return
    passes = call.answered_at is not None and leg.escape is None
    other = call.other(leg) if passes else None
    if other is not None and other.endpoint is not None:
        await other.endpoint.send_dtmf(digit)
    await call.stage.digit(leg, digit)
