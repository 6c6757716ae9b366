"""Fax within a call: from G.711 to T.38 and back (ITU-T T.38 annex D, RFC 3264, RFC 6466).

Policy:
    * A side that changes its stream to T.38 is answered once the other side has said whether it does, too:
      that one is offered the same stream at our address. Both do: their datagrams are forwarded untouched, so
      each side has what the other said of itself.
    * The other side refuses: it goes on over G.711, and the engine is the gateway between the two. A line
      that speaks another codec is asked for G.711 first.
    * Browsers, menus, whoever must not speak without SRTP and whoever else knows no fax: 488, and the fax
      goes on over G.711 as it began. An offer with both audio and T.38 is taken as audio. UDPTL is spoken
      plainly, neither over DTLS nor over TCP.
    * Who goes back to audio does so at once, and the other side is asked to follow; the gateway stands
      between them until it does.
    * One change at a time: 491 to the side that wants another meanwhile.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stimme.pbx.leg import Leg
from stimme.pbx.t38 import FASTEST
from stimme.pbx.talking import Talking
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.fax import (
    UDPTL,
    ErrorCorrection,
    Fax,
    answer_fax,
    fax_of,
    write_fax_answer,
    write_fax_offer,
)
from stimme.sip.message import Request, Response
from stimme.sip.negotiation import DTMF, PCMA, PCMU, has_audio
from stimme.sip.sdp import SessionDescription

if TYPE_CHECKING:
    from stimme.pbx.call import Call

G711 = (PCMA, PCMU, DTMF)


@dataclass(frozen=True, slots=True)
class FaxChange:
    """A change to T.38 that one side asked for and the other has not answered yet."""

    asking: Leg
    asked: Leg
    offer: bytes
    fax: Fax


def offered_fax(description: bytes) -> Fax | None:
    """The fax stream of an offer or answer that is about fax alone. Raises SipParseError."""
    parsed = SessionDescription.parse(description)
    return None if has_audio(parsed) else fax_of(parsed)


async def offered(call: "Call", leg: Leg, offer: bytes, fax: Fax) -> None:
    """A side offers T.38 in the place of its audio. Raises SessionStateError, EngineError."""
    other = call.other(leg)
    session = leg.session
    if session is None:
        return
    if fax.protocol.lower() != UDPTL or not _can_fax(call, leg) or other is None or not _can_fax(call, other):
        session.refuse(488)
    elif call.fax_change is not None:
        session.refuse(491)
    elif leg.fax is not None or other.fax is not None or other.session is None:
        await _accept(call, leg, offer, fax, answer_fax(fax, _ours(leg, other.fax)))
    else:
        try:
            other.session.reinvite(_write_offer(other, fax))
        except SessionStateError:
            session.refuse(491)
            return
        session.working()
        call.fax_change = FaxChange(leg, other, offer, fax)


async def answered(call: "Call", leg: Leg, message: Request | Response | None) -> bool:
    """Takes the answer of the other side to T.38; False when the answer is to something else.

    Raises EngineError.
    """
    change = call.fax_change
    if change is None or change.asked is not leg:
        return False
    call.fax_change = None
    asking = change.asking
    taken = isinstance(message, Response) and message.status < 300
    theirs = _read(message.sdp) if taken and isinstance(message, Response) else None
    try:
        if theirs is not None:
            leg.fax = theirs
            await asyncio.gather(
                leg.connect_media(timeout=call.media_timeout),
                _accept(call, asking, change.offer, change.fax, _at(asking, theirs)),
            )
        else:
            if taken or not _speaks_g711(leg):
                _ask_for_audio(leg)
            await _accept(call, asking, change.offer, change.fax, answer_fax(change.fax, _ours(asking)))
    except SessionStateError:
        return True  # it hung up meanwhile: its own event says so
    return True


def went_back(call: "Call", leg: Leg) -> None:
    """A side has audio again: the other one is asked to follow."""
    other = call.other(leg)
    if other is not None and other.fax is not None:
        _ask_for_audio(other)


def abandon(call: "Call") -> None:
    """A side leaves while a change waits: whoever asked for it goes on as before."""
    change, call.fax_change = call.fax_change, None
    if change is not None and change.asking.session is not None:
        try:
            change.asking.session.refuse(488)
        except SessionStateError:
            return


async def _accept(call: "Call", leg: Leg, offer: bytes, theirs: Fax, answer: Fax) -> None:
    """Answers an offer of T.38, once the journal has it, and tells the engine.

    Raises SessionStateError, EngineError.
    """
    if leg.session is None or leg.endpoint is None:
        return
    address = leg.endpoint.local.address
    leg.sdp_version += 1
    body = write_fax_answer(offer, answer, session_id=leg.sdp_id, version=leg.sdp_version, address=address)
    with call.owner.held():
        leg.session.accept(body)
        leg.fax = replace(answer, address=theirs.address, port=theirs.port, max_datagram=theirs.max_datagram)
        call.confirm()
    await leg.connect_media(timeout=None)


def _write_offer(leg: Leg, fax: Fax) -> bytes:
    leg.sdp_version += 1
    return write_fax_offer(_at(leg, fax), session_id=leg.sdp_id, version=leg.sdp_version)


def _ask_for_audio(leg: Leg) -> None:
    if leg.session is None:
        return
    try:
        leg.session.reinvite(leg.write_offer(G711, only=G711))
    except SessionStateError:
        return  # it changes its media itself, or is ending


def _ours(leg: Leg, behind: Fax | None = None) -> Fax:
    """What the engine can: T.38 of 2002, V.17, every error correction.

    `behind` is the other side when it speaks T.38 as well: what it can take at once is said in its place.
    """
    return Fax(
        *_address(leg),
        version=3,
        bit_rate=FASTEST,
        fill_bit_removal=True,
        max_buffer=behind.max_buffer if behind is not None else 2000,
        max_datagram=behind.max_datagram if behind is not None else 400,
        error_correction=ErrorCorrection.FEC,
    )


def _at(leg: Leg, fax: Fax) -> Fax:
    """A stream as another side described it, at our address for this leg."""
    address, port = _address(leg)
    return replace(fax, address=address, port=port)


def _address(leg: Leg) -> tuple[str, int]:
    if leg.endpoint is None:
        raise ValueError("the leg has no endpoint")
    return leg.endpoint.local.address, leg.endpoint.local.port


def _can_fax(call: "Call", leg: Leg) -> bool:
    talks = call.stage.kind == Talking.kind and call.answered_at is not None
    plainly = not leg.webrtc and not leg.srtp.terms.required  # T.38 knows no SRTP
    return talks and leg.answered and plainly and leg.endpoint is not None


def _speaks_g711(leg: Leg) -> bool:
    return bool(leg.codecs) and any(leg.codecs[0].same(codec) for codec in (PCMA, PCMU))


def _read(body: bytes) -> Fax | None:
    try:
        return offered_fax(body)
    except SipParseError:
        return None
