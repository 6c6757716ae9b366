"""Pickup carried out: taking a call that rings at somebody else's telephone.

Policy: by the group's key or code, any member of a pick-up group takes the call that rings longest at
another member; by the selective code or a BLF key (INVITE with Replaces, RFC 3891) anybody takes the call
of one colleague. The telephones that rang are told that the call was completed elsewhere; the call is in
the list of who took it. Whoever comes too late is told that there is nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.pickup import RingingCall, pickup_from_groups, pickup_of
from stimme.pbx.leg import Leg
from stimme.pbx.model import User
from stimme.pbx.ringing import Ringing

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


async def pick_up(pbx: "Pbx", call: Call, user: User, command: c.Pickup) -> None:
    """Takes the call of the group that rings longest."""
    await _take(pbx, call, pickup_from_groups(user.id, pbx.tenant.pickup_groups, _ringing(pbx)))


async def pick_up_of(pbx: "Pbx", call: Call, user: User, command: c.PickupOf) -> None:
    """Takes the call that rings at an extension."""
    colleague = pbx.tenant.by_extension(command.extension)
    if colleague is None:
        raise FeatureRefusedError("pickup.nothing", 404)
    found = pickup_of(user.id, colleague.id, pbx.tenant.pickup_groups, _ringing(pbx), open_to_all=True)
    await _take(pbx, call, found)


def _ringing(pbx: "Pbx") -> Iterator[RingingCall]:
    for call in pbx.calls.values():
        if isinstance(call.stage, Ringing):
            users = frozenset(leg.user_id for leg in call.stage.called.values() if leg.user_id is not None)
            yield RingingCall(call.id, users, call.started_at.timestamp())


async def _take(pbx: "Pbx", asking: Call, found: RingingCall | None) -> None:
    await take(pbx, asking, pbx.calls.get(found.call_id) if found is not None else None)


async def take(pbx: "Pbx", asking: Call, target: Call | None) -> None:
    """The caller of one call takes another call, which rings. Raises FeatureRefusedError."""
    leg = asking.anchor
    if target is None or leg is None:
        raise FeatureRefusedError("pickup.nothing", 404)
    unread = asking.release(leg)
    pbx.discard(asking)

    async def work() -> None:
        for event in unread:
            target.report(event)
        await answer_with(pbx, target, leg)

    target.ask(work)


async def answer_with(pbx: "Pbx", call: Call, leg: Leg) -> None:
    """A leg that called us, or was called to take it, becomes the partner of a call that rings.

    Too late, it is refused with 404.
    """
    session = leg.session
    if session is None or session.ended:
        return
    if not isinstance(call.stage, Ringing) or call.anchor is None:
        session.end(404)
        return
    call.take_in(leg)
    if not await call.open([*call.sides, leg]) or session.ended:
        return
    if leg.user_id is not None and leg.user_id not in call.called_user_ids:
        call.called_user_ids = (*call.called_user_ids, leg.user_id)
    anchor = call.anchor
    if leg.incoming:  # both wait for our answer: the caller's codecs decide what both speak
        session.answer(leg.write_answer(anchor.codecs) if leg.remote else leg.write_offer(anchor.codecs))
    await call.talk_with(leg)
