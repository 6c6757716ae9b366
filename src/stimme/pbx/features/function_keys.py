"""Function keys at work: how they light, whose they are, and what happens when a telephone dials one.

Policy: pressing a key does what its code or the client would do, with everything that the user may and may
not. A key whose position holds a number dials it as if it had been keyed in; an emergency number behind a
key is an emergency call. A key that is dark because nothing is set up tells the caller so. Group log-ins,
diversions and do not disturb light for the user of the telephone, park slots and the night switch for
everybody alike.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features.keys import (
    DialKey,
    DiversionKey,
    DndKey,
    GroupKey,
    Key,
    KeyPlan,
    Lamp,
    LineKey,
    NightKey,
    OwnKey,
    ParkKey,
    PickupKey,
    parse_key,
    press,
)
from stimme.pbx.features.pickup import RingingCall, pickup_from_groups
from stimme.pbx.model import User
from stimme.pbx.ringing import Ringing
from stimme.pbx.saying import say_and_end
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_NO_PLAN = KeyPlan()


class FunctionKeys:
    """The keys of all users of a tenant."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx

    def behind(self, key: Key, user_id: str) -> Key | None:
        """What a key stands for at a user's telephone; None for a position that holds nothing."""
        return self._plan(user_id).at(key.position) if isinstance(key, OwnKey) else key

    def dialled(self, user_id: str | None, address: str) -> str:
        """The number behind the address of a key that dials one; any other address as it is."""
        key = parse_key(address)
        found = self.behind(key, user_id) if isinstance(key, OwnKey) and user_id is not None else None
        return found.number if isinstance(found, DialKey) else address

    def lamp(self, key: Key | None, user_id: str) -> Lamp:
        """How a key lights at a user's telephone."""
        match key:
            case LineKey(extension):
                colleague = self._pbx.tenant.by_extension(extension)
                return self._line(colleague) if colleague is not None else Lamp.OFF
            case PickupKey():
                return Lamp.BLINKING if self._to_be_picked_up(user_id) else Lamp.OFF
            case None:
                return Lamp.OFF
            case _:
                return Lamp.ON if self._lit(key, user_id) else Lamp.OFF

    def _lit(self, key: Key, user_id: str) -> bool:
        pbx = self._pbx
        match key:
            case ParkKey(slot):
                return pbx.lot.at(slot) is not None
            case NightKey(position):
                attendant = pbx.features.reception.attendant
                return attendant is not None and attendant.position(datetime.now(UTC)) is position
            case GroupKey(extension):
                group = pbx.tenant.groups.get(extension)
                return group is not None and user_id in group.members and pbx.groups.logged_in(group, user_id)
            case DiversionKey(kind, number):
                found = pbx.settings.of(user_id).diversions.entries
                return any(each.kind is kind and number in (None, each.number) for each in found)
            case DndKey():
                return pbx.settings.of(user_id).dnd
            case _:
                return False

    def _line(self, user: User) -> Lamp:
        if self._rings_at(user.id):
            return Lamp.BLINKING
        return Lamp.ON if self._pbx.line_state(user.id) in ("busy", "ringing") else Lamp.OFF

    def _rings_at(self, user_id: str) -> list[RingingCall]:
        return [
            RingingCall(call.id, called, call.started_at.timestamp())
            for call in self._pbx.calls_of(user_id)
            if user_id in (called := _rung(call))
        ]

    def _to_be_picked_up(self, user_id: str) -> bool:
        groups = self._pbx.tenant.pickup_groups
        ringing = [call for member in self.colleagues(user_id) for call in self._rings_at(member)]
        return pickup_from_groups(user_id, groups, ringing) is not None

    def colleagues(self, user_id: str) -> frozenset[str]:
        """Whose calls the user's pick-up key takes."""
        groups = self._pbx.tenant.pickup_groups
        return frozenset(member for group in groups if user_id in group for member in group) - {user_id}

    async def pressed(self, call: Call, user: User, key: Key) -> None:
        """A telephone has dialled a key."""
        found = self.behind(key, user.id)
        holding, _ = self._pbx.conversation_of(user.id, besides=call)
        does = None
        if found is not None:
            plan, lamp = self._plan(user.id), self.lamp(found, user.id)
            remembered = plan.diversion(found.kind) if isinstance(found, DiversionKey) else None
            does = press(found, lamp, holding=holding is not None, remembered=remembered)
        match does:
            case None if isinstance(found, ParkKey):
                await say_and_end(self._pbx, call, Say("park.empty"), 404)
            case None:
                await say_and_end(self._pbx, call, Say("code.refused"), 480)
            case str(number):
                await self._pbx.directing.dial(call, number, user)
            case command:
                await self._pbx.features.perform(call, user, command, None)

    def _plan(self, user_id: str) -> KeyPlan:
        return self._pbx.tenant.keys.get(user_id, _NO_PLAN)


def _rung(call: Call) -> frozenset[str]:
    """At whom a call rings that nobody has taken yet."""
    stage = call.stage
    if not isinstance(stage, Ringing) or call.partner is not None:
        return frozenset()
    return frozenset(leg.user_id for leg in stage.called.values() if leg.user_id is not None)
