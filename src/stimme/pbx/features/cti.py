"""Calls driven from outside: what a program or a client button does to a call of its user (3PCC, CTI).

Policy:
    * Whoever drives is a user of the customer and acts as that user's telephone would: on the user's own leg
      of a call that the user takes part in. A ringing call of a colleague can be picked up.
    * Hold needs nothing of the telephone: the engine silences the user's leg and the other party hears music,
      with no re-INVITE on either side. A telephone that retrieves by its own key ends that hold as well.
    * Answering asks the telephone by NOTIFY with `Event: talk`, which most desk telephones understand; one
      that does not rings on.
    * Transfer, park and conference end in the same states as by key or code.
    * An emergency call can only be hung up.
    * All of it is part of the package with CTI; calling the emergency services is not asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stimme.licensing.packages import Feature, require
from stimme.pbx.call import Call
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.features import conference, park_call, pickup_call, recording, transfer
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.auto_answer import auto_answer_headers
from stimme.pbx.leg import Leg
from stimme.pbx.model import User
from stimme.pbx.records import Party
from stimme.pbx.ringing import Ringing
from stimme.pbx.ringing_first import call_for, call_with
from stimme.sip.session_states import SessionState

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call that rings at one's telephones."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the call, or (`on` is false) go on with it."""

    on: bool


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Connect the other party to a number, without asking there first."""

    number: str


@dataclass(frozen=True, slots=True)
class JoinWith:
    """Connect the other party with that of another call of one's own, and leave."""

    call_id: str


@dataclass(frozen=True, slots=True)
class ParkIn:
    """Park the other party, in a slot or in the first free one."""

    slot: str | None


@dataclass(frozen=True, slots=True)
class PickUp:
    """Take a call that rings at a colleague, with all one's telephones or one that answers by itself."""

    device_id: str | None


@dataclass(frozen=True, slots=True)
class ConferWith:
    """Make a conference of this call and another of one's own."""

    call_id: str


@dataclass(frozen=True, slots=True)
class RecordIt:
    """Record the conversation, or (`on` is false) end that."""

    on: bool


Order = Answer | Hold | TransferTo | JoinWith | ParkIn | PickUp | ConferWith | RecordIt


def carry_out(pbx: "Pbx", call: Call, user: User, order: Order) -> Call:
    """Does to a call what a user wants; gives the call that the user (or the parked party) has then.

    Raises FeatureRefusedError, and PackageRequiredError without CTI.
    """
    require(user.package, Feature.CTI)
    if isinstance(order, PickUp):
        return _pick_up(pbx, call, user, order.device_id)
    if isinstance(order, Answer):
        return _answer(call, user)
    own = _own_leg(call, user)
    match order:
        case Hold(on):
            hold(call, own, on=on)
            following = call
        case TransferTo(number):
            following = _transfer(pbx, call, own, user, number)
        case JoinWith(call_id):
            following = _other_call(pbx, call, call_id)
            transfer.attended(pbx, call, own, following, _own_leg(following, user, ringing=True))
        case ParkIn(slot):
            following = park_call.put_away(pbx, call, own, slot, user)
        case RecordIt(on):
            if on:
                recording.start(pbx, call, own, user)
            else:
                recording.stop(pbx, call, own)
            following = call
        case ConferWith(call_id):
            other = _other_call(pbx, call, call_id)
            following = conference.join_two(pbx, user, (call, own), (other, _own_leg(other, user)))
    return following


def dial(pbx: "Pbx", user: User, number: str, device_id: str | None) -> Call | None:
    """Calls for a user, whose telephone rings first; None when it, or none of them, can ring.

    Raises PackageRequiredError without CTI.
    """
    if emergency_number(number) is None:
        require(user.package, Feature.CTI)
    headers = tuple(auto_answer_headers(pbx.tenant.domain)) if device_id is not None else ()
    legs = pbx.placing.to_user(user, headers, device_id=device_id)
    return call_for(pbx, user, legs, Party(number), seconds=pbx.ring_timeout) if legs else None


def _transfer(pbx: "Pbx", call: Call, own: Leg, user: User, number: str) -> Call:
    if number == user.extension:
        raise FeatureRefusedError("code.refused")
    if emergency_number(number) is not None:
        raise FeatureRefusedError("code.refused", 403)
    return transfer.blind(pbx, call, own, user, number)


def hold(call: Call, own: Leg, *, on: bool) -> None:
    """Holds a call for the user of a leg, or goes on; see the module's docstring."""
    if own.held is on:
        return
    own.held = on

    async def work() -> None:
        await own.connect_media(timeout=call.media_timeout)
        await call.stage.changed(own)
        call.owner.call_changed(call)
        call.confirm()

    call.ask(work)


def _own_leg(call: Call, user: User, *, ringing: bool = False) -> Leg:
    if call.direction == "emergency":
        raise FeatureRefusedError("code.refused", 403)
    own = next((leg for leg in call.sides if leg.user_id == user.id), None)
    waits = ringing and isinstance(call.stage, Ringing)
    if own is None or not (waits or (call.answered_at is not None and call.other(own) is not None)):
        raise FeatureRefusedError("code.refused")
    return own


def _other_call(pbx: "Pbx", call: Call, call_id: str) -> Call:
    other = pbx.calls.get(call_id)
    if other is None or other is call:
        raise FeatureRefusedError("code.refused", 404)
    return other


def _ringing_legs(call: Call) -> Sequence[Leg]:
    return list(call.stage.called.values()) if isinstance(call.stage, Ringing) else ()


def _answer(call: Call, user: User) -> Call:
    legs = [leg for leg in _ringing_legs(call) if leg.user_id == user.id and leg.device_id is not None]
    if not legs:
        raise FeatureRefusedError("code.refused")
    for leg in legs:
        if leg.session is not None and leg.session.state is SessionState.RINGING:
            leg.session.notify_event("talk")
    return call


def _pick_up(pbx: "Pbx", call: Call, user: User, device_id: str | None) -> Call:
    """The user's telephone rings (or answers by itself), then it has the colleague's call."""
    colleagues = {leg.user_id for leg in _ringing_legs(call)} - {None, user.id}
    if call.direction == "emergency" or not colleagues:
        raise FeatureRefusedError("pickup.nothing", 404)
    headers = tuple(auto_answer_headers(pbx.tenant.domain)) if device_id is not None else ()
    legs = pbx.placing.to_user(user, headers, device_id=device_id)
    if not legs:
        raise FeatureRefusedError("code.refused")

    async def take(asking: Call) -> None:
        try:
            await pickup_call.take(pbx, asking, call)
        except FeatureRefusedError as refusal:
            await asking.fail(refusal.status)

    return call_with(pbx, user, legs, call.caller, seconds=pbx.ring_timeout, then=take)
