"""Call transfer, by the telephone (REFER, REFER with Replaces) or by a code.

Policy:
    * Blind: the other party rings on at the target; who transferred is free at once. When nobody takes the
      call it comes back to who transferred it, showing where it came from.
    * Attended: the two parties of a user are joined, whoever called whom, also while the second one still
      rings.
    * The parties see no re-INVITE: a pointer changes in the engine.
    * A transfer to oneself, or of a call that has no other party, is refused.
    * An emergency call cannot be transferred, nor can anything be transferred to an emergency number by
      REFER: the identity would be another's.
"""

from functools import partial
from typing import TYPE_CHECKING

import structlog

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.model import User
from stimme.pbx.records import Direction, HangupBy, Party
from stimme.pbx.ringing import Ringing
from stimme.sip.errors import SessionStateError
from stimme.sip.gruu import is_gruu
from stimme.sip.transfer import Referral
from stimme.sip.uri import SipUri

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")


async def refer(pbx: "Pbx", call: Call, leg: Leg, referral: Referral) -> None:
    """A telephone transfers its call."""
    user = pbx.tenant.users.get(leg.user_id or "")
    try:
        if user is None or call.direction == "emergency" or call.other(leg) is None:
            referral.refuse(403)
        elif referral.replaces is not None:
            dialog = referral.replaces
            second = pbx.leg_of_dialog(dialog.call_id, dialog.to_tag, dialog.from_tag)
            if second is None or second[1].user_id != leg.user_id:
                referral.refuse(481)
                return
            referral.accept()
            attended(pbx, call, leg, *second)
            referral.progress(200)
        else:
            uri = referral.target.uri
            number = getattr(uri, "user", "") or ""
            if not number or number == user.extension or emergency_number(number) is not None:
                referral.refuse(603)
                return
            referral.accept()
            referral.progress(200)
            instance = uri if isinstance(uri, SipUri) and is_gruu(uri.params) else None
            blind(pbx, call, leg, user, number, instance=instance)
    except SessionStateError:
        log.info("a REFER was answered already", call=call.id)


def blind(
    pbx: "Pbx", call: Call, own: Leg, user: User, number: str, *, instance: SipUri | None = None
) -> Call:
    """The other party of a conversation goes on to a number, or to one device; the user's own leg ends.

    Gives the call in which that party goes on. Raises FeatureRefusedError.
    """
    other = call.other(own)
    if other is None:
        raise FeatureRefusedError("code.refused")
    following, unread = take_out(pbx, call, other, Party(number))
    following.transferor = user.id
    first = partial(pbx.directing.to_number, following, number, user)
    if instance is not None:
        first = partial(pbx.directing.to_instance, following, instance)
    pbx.go_on(following, other, unread, first)
    return following


def take_out(pbx: "Pbx", call: Call, other: Leg, to: Party) -> tuple[Call, list[LegEvent]]:
    """A side leaves its call, which ends, for another, to be begun with what it has said meanwhile."""
    following = pbx.new_call(_direction(call, other), call.party_of(other), to, call.trunk_id)
    following.withheld = call.withheld and other is call.anchor
    by: HangupBy = "callee" if other is call.anchor else "caller"
    unread = call.release(other)
    call.end(200, by)
    return following, unread


def attended(pbx: "Pbx", first: Call, own_first: Leg, second: Call, own_second: Leg) -> None:
    """Joins the other parties of two calls of a user; both of the user's legs end."""
    if first is second:
        raise FeatureRefusedError("code.refused")
    other = first.other(own_first)
    if other is None:
        raise FeatureRefusedError("code.refused")
    hand_over(first, other, second, own_second)


def hand_over(first: Call, other: Leg, second: Call, own_second: Leg) -> None:
    """A side of one call takes the place of a user's leg in another; the first call and that leg end."""
    if second.other(own_second) is None and not isinstance(second.stage, Ringing):
        raise FeatureRefusedError("code.refused")
    party = first.party_of(other)
    by: HangupBy = "callee" if other is first.anchor else "caller"
    unread = first.release(other)
    first.end(200, by)

    async def work() -> None:
        try:
            await second.replace(own_second, other, party, unread)
        except EngineError as error:
            log.warning("parties cannot be joined", error=str(error))
            second.end(second.status or 503, "system")
        if own_second.alive and own_second.session is not None:
            own_second.session.end()

    second.direction = _joined_direction(first, second)
    second.trunk_id = second.trunk_id or first.trunk_id
    second.ask(work)


def _direction(call: Call, other: Leg) -> Direction:
    """The direction of a call whose caller is now `other`: outside parties came in."""
    return "internal" if other.user_id is not None else "incoming"


def _joined_direction(first: Call, second: Call) -> Direction:
    outside = [call.direction for call in (first, second) if call.direction != "internal"]
    return outside[0] if outside else "internal"


async def transfer_to(pbx: "Pbx", call: Call, user: User, command: c.TransferTo) -> None:
    """For telephones without a transfer key: the held conversation goes to a number."""
    conversation, own = pbx.conversation_of(user.id, besides=call)
    if conversation is None or own is None or command.number == user.extension:
        raise FeatureRefusedError("code.refused")
    if conversation.direction == "emergency" or emergency_number(command.number) is not None:
        raise FeatureRefusedError("code.refused", 403)
    blind(pbx, conversation, own, user, command.number)
    call.end(480, "system")


def _ringing_for(pbx: "Pbx", user: User, *, besides: Call) -> list[tuple[Call, Leg]]:
    """Calls that a user has placed and nobody has answered yet, with the user's leg."""
    return [
        (call, call.anchor)
        for call in pbx.calls_of(user.id)
        if call is not besides and call.answered_at is None and isinstance(call.stage, Ringing)
        if call.anchor is not None and call.anchor.user_id == user.id
    ]


async def transfer_both(pbx: "Pbx", call: Call, user: User, command: c.Transfer) -> None:
    """For telephones without a transfer key: both held conversations are joined.

    The second may still ring: the other party of the first waits for its answer then.
    """
    conversations = pbx.conversations_of(user.id, besides=call)
    both = [*conversations, *_ringing_for(pbx, user, besides=call)]
    if not conversations or len(both) < 2:
        raise FeatureRefusedError("code.refused")
    (first, own_first), (second, own_second) = both[0], both[1]
    attended(pbx, first, own_first, second, own_second)
    call.end(480, "system")
