"""What calls ask of the tenant that they belong to, and what they tell it (``stimme.pbx.owner.CallOwner``).

Policy: whatever a call does is noted in the journal before it is told to anybody, everybody concerned is told
of its changes, and what it leaves at its end is its record, whoever ended it.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import structlog

from stimme.media import MediaEvent
from stimme.media.types import Source
from stimme.pbx.call import Call
from stimme.pbx.events import CallChanged
from stimme.pbx.features import transfer
from stimme.pbx.journalling import Journalling
from stimme.pbx.leg import Leg
from stimme.pbx.occupancy import users_of
from stimme.pbx.pending_byes import PendingByes
from stimme.pbx.records import CallRecord, HangupBy
from stimme.pbx.sip_calls import SipCalls
from stimme.pbx.stages import Stage
from stimme.sip.session import Session
from stimme.sip.transfer import Referral

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")


class Owning:
    """See the module's docstring.

    Args:
        pbx: the tenant's actor.
        journalling: keeps what must outlive us.
        pending_byes: tells telephones that cannot be told now.
        sip_calls: told of every dialog and the call that it belongs to.
    """

    def __init__(
        self, pbx: "Pbx", journalling: Journalling, pending_byes: PendingByes, sip_calls: SipCalls
    ) -> None:
        self._pbx = pbx
        self._journalling = journalling
        self._pending_byes = pending_byes
        self._sip_calls = sip_calls
        self._legs: dict[str, tuple[Leg, Call]] = {}

    def legs(self) -> Iterable[tuple[Leg, Call]]:
        """Every leg with the call that it belongs to."""
        return self._legs.values()

    def leg_of(self, session: Session | None) -> tuple[Call, Leg] | None:
        """The leg whose session this is."""
        leg = session.handler if session is not None else None
        if not isinstance(leg, Leg):
            return None
        found = self._legs.get(leg.id)
        return (found[1], leg) if found is not None else None

    def media_event(self, event: MediaEvent) -> None:
        """Something happened at an endpoint."""
        found = self._legs.get(event.tag)
        if found is not None:
            found[0].hear_media(event)

    def invite(self, call: Call, leg: Leg, offer: bytes) -> Session:
        """Places the INVITE of a called leg."""
        with self._journalling.held():
            leg.session = self._pbx.placing.invite(call, leg, offer)
            self._journalling.invited(leg)
        self.note_dialog(call, leg)
        return leg.session

    def note_dialog(self, call: Call, leg: Leg) -> None:
        """A leg has a dialog, whose messages belong to the call."""
        if leg.session is not None:
            self._sip_calls.note(self._pbx.tenant.id, call.id, leg.session.call_id)

    def leg_joined(self, leg: Leg, call: Call) -> None:
        """A leg belongs to a call: what the engine says of its endpoint goes there."""
        self._legs[leg.id] = (leg, call)
        self.note_dialog(call, leg)
        self._journalling.joined(leg)

    def leg_ends(self, leg: Leg) -> None:
        """A leg is about to be ended: a telephone that cannot be told now is told later."""
        self._pending_byes.defer(leg)

    def leg_left(self, leg: Leg, call: Call) -> None:
        """A leg belongs to a call no longer."""
        found = self._legs.get(leg.id)
        if found is not None and found[1] is call:
            del self._legs[leg.id]
            self._pbx.directing.outside.watch.leg_ended(leg)
            self._pbx.features.hand_sets.leg_left(leg)
        self._journalling.left(leg)

    async def music(self) -> Source:
        """Music on hold. Raises EngineError."""
        return await self._pbx.music()

    async def key(self, call: Call, leg: Leg, digit: str) -> None:
        """A key was pressed within a conversation, or while somebody is called from one."""
        await self._pbx.features.hand_sets.key(call, leg, digit)

    def left_alone(self, call: Call, leg: Leg) -> None:
        """The other party of a leg has hung up."""
        self._pbx.features.hand_sets.left_alone(call, leg)

    async def declined(self, call: Call, leg: Leg, status: int) -> None:
        """A called device refused, or could not be reached."""
        if call.declined_by is not None:
            call.declined_by(leg)

    async def refer(self, call: Call, leg: Leg, referral: Referral) -> None:
        """A telephone wants its call to be transferred."""
        await transfer.refer(self._pbx, call, leg, referral)

    async def failed(self, call: Call, status: int, by: HangupBy | None) -> None:
        """The call leads nowhere."""
        if not await self._pbx.features.hand_sets.failed(call, status):
            await self._pbx.directing.failed(call, status, by)

    # -- what it is told ------------------------------------------------------------------------------------

    def call_changed(self, call: Call) -> None:
        """Tells everybody concerned."""
        users = users_of(call)
        concerned = self._pbx.occupancy.note(call, users)
        self._pbx.publish(
            CallChanged(
                self._pbx.tenant.id,
                call.id,
                call.shown_state,
                call.direction,
                call.caller,
                call.callee,
                call.started_at,
                call.answered_at,
                call.result,
                user_ids=users,
            )
        )
        self._pbx.lines_changed(concerned)

    def held(self) -> AbstractContextManager[None]:
        """What is sent within this block leaves at its end, after what was noted in it."""
        return self._journalling.held()

    def call_confirmed(self, call: Call, stage: Stage | None = None) -> None:
        """Writes the call's journal entry."""
        self._journalling.confirmed(call, stage)
        self._pbx.directing.outside.watch.confirmed(call)

    def call_ended(self, call: Call, record: CallRecord) -> None:
        """Takes the call off the books: record, call lists, journal, lines."""
        self._pbx.calls.pop(call.id, None)
        for leg in call.legs.values():
            self.leg_left(leg, call)
        self._journalling.ended(call, record)
        self._pbx.add_record(record, call.called_user_ids)
        self._journalling.recorded(call)
        if record.answered_at is not None:
            self._pbx.ways.answered(record.trunk_id)
        self._pbx.features.call_over(call, record)
        self._spare_member(call)
        self._pbx.lines_changed(tuple(dict.fromkeys((*self._pbx.occupancy.drop(call), *users_of(call)))))
        log.info(
            "call ended",
            call=call.id,
            tenant=self._pbx.tenant.id,
            direction=record.direction,
            result=record.result,
            status=record.sip_status,
            hangup_by=record.hangup_by,
            session_ids=[str(leg.session.ids) for leg in call.sides if leg.session is not None],
        )

    def _spare_member(self, call: Call) -> None:
        """Who took a call of a group is idle from now on, and spared for its wrap-up time."""
        group = self._pbx.tenant.groups.get(call.group or "")
        member = call.answered_by
        if group is not None and member is not None and member in group.members:
            self._pbx.groups.call_ended(group, member)
            self._pbx.queues.conversation_ended(group, call)
