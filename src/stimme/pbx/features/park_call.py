"""Parking carried out: a call waits in a slot, with music, until somebody takes it from any telephone.

Policy: the call that the user has on hold (or talks in, from another device) is parked, in the slot that is
named or the first free one; whoever parked is free at once. Nobody takes it in time: it rings at who parked
it. An occupied slot, or no slot left, leaves everything as it was. A parked caller who hangs up frees the
slot. Slots are busy or free for BLF keys.
"""

import time
from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.park import ParkError
from stimme.pbx.leg import Leg
from stimme.pbx.model import User
from stimme.pbx.placing import party_of
from stimme.pbx.records import Party
from stimme.pbx.stages import Playing, Stage
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


class InSlot(Stage):
    """The anchor waits with music; see the module's docstring."""

    kind: ClassVar[str] = "parked"

    def __init__(self, call: Call, pbx: "Pbx", slot: str, parker: str) -> None:
        super().__init__(call)
        self.slot = slot
        self._pbx = pbx
        self._parker = parker
        self._music = Playing()

    async def begin(self) -> None:
        """Music, and the time until the recall."""
        self.call.confirm()
        self._pbx.state_changed(f"park:{self.slot}")
        self.call.after(self._pbx.lot.recall_seconds, self._recall)
        await self.restored()

    async def restored(self) -> None:
        """Music."""
        anchor = self.call.anchor
        if anchor is None:
            return
        try:
            await self._music.start(anchor, await self._pbx.music(), loop=True)
        except EngineError as error:
            self.call.log.info("no music for a parked call", error=str(error))

    async def leave(self) -> None:
        """The slot is free."""
        if self._pbx.lot.left(self.call.id) is not None:
            self._pbx.state_changed(f"park:{self.slot}")
        await self._music.stop()

    async def _recall(self) -> None:
        self.call.transferor = self._parker
        await self.call.fail(480)

    def snapshot(self) -> dict[str, Any] | None:
        """Where it is parked, and by whom."""
        return {"kind": self.kind, "slot": self.slot, "parker": self._parker}


async def park(pbx: "Pbx", call: Call, user: User, command: c.Park) -> Say:
    """Parks the other conversation of the user; the slot is said."""
    conversation, own = pbx.conversation_of(user.id, besides=call)
    if conversation is None or own is None:
        raise FeatureRefusedError("code.refused")
    parked = put_away(pbx, conversation, own, command.slot, user)
    return Say("park.parked", {"slot": parked.callee.number})


def put_away(pbx: "Pbx", conversation: Call, own: Leg, wanted: str | None, user: User) -> Call:
    """Takes the other side out of a conversation and parks it; the user's own leg ends.

    Gives the parked call, whose callee is the slot. Raises FeatureRefusedError.
    """
    parked = take_away(pbx, conversation, own, wanted, user)
    conversation.end(200, "caller" if own is conversation.anchor else "callee")
    return parked


def take_away(pbx: "Pbx", conversation: Call, own: Leg, wanted: str | None, user: User) -> Call:
    """Takes the other side out of a conversation and parks it; the user's own leg is left alone in it.

    Gives the parked call, whose callee is the slot. Raises FeatureRefusedError.
    """
    other = conversation.other(own)
    if other is None:
        raise FeatureRefusedError("code.refused")
    parked = pbx.new_call(
        conversation.direction, conversation.party_of(other), Party(""), conversation.trunk_id
    )
    try:
        slot = pbx.lot.park(parked.id, user.id, time.time(), wanted).slot
    except ParkError as error:
        raise FeatureRefusedError(error.prompt, 486) from None
    parked.callee = Party(slot)
    unread = conversation.release(other)
    pbx.go_on(parked, other, unread, lambda: parked.become(InSlot(parked, pbx, slot, user.id)))
    return parked


async def park_again(pbx: "Pbx", call: Call, slot: str, parker: str) -> None:
    """A call that was parked when call control died: in its slot, in a free one, or back at who parked it."""
    for wanted in (slot, None):
        try:
            taken = pbx.lot.park(call.id, parker, time.time(), wanted).slot
        except ParkError:
            continue
        call.callee = Party(taken)
        await call.become(InSlot(call, pbx, taken, parker))
        return
    call.transferor = parker
    await call.fail(480)


async def retrieve(pbx: "Pbx", call: Call, user: User, command: c.Retrieve) -> None:
    """Takes the call of a slot."""
    there = pbx.lot.at(command.slot)
    parked = pbx.calls.get(there.call_id) if there is not None else None
    leg = call.anchor
    if parked is None or leg is None:
        raise FeatureRefusedError("park.empty", 404)
    unread = call.release(leg)
    pbx.discard(call)

    async def work() -> None:
        for event in unread:
            parked.report(event)
        await _join(parked, leg, user)

    parked.ask(work)


async def _join(parked: Call, leg: Leg, user: User) -> None:
    session = leg.session
    if session is None or session.ended:
        return
    if not isinstance(parked.stage, InSlot) or parked.anchor is None:
        session.end(404)
        return
    parked.take_in(leg)
    if not await parked.open([*parked.sides, leg]) or session.ended:
        return
    parked.callee = party_of(user)
    codecs = parked.anchor.codecs
    session.answer(leg.write_answer(codecs) if leg.remote else leg.write_offer(codecs))
    await parked.talk_with(leg)
