"""The attendant (Zentrale): where calls to the head number go, by day and by night.

Policy: by day to a telephone or a group, with an announcement before answering when there is one; by night
to one of two targets, switched by schedule or by key. A menu, when there is one, answers by day before
anybody. Calls to the attendant do not follow the telephone's
own diversion. The switch is a state that BLF keys show, also when the schedule moves it.
"""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from stimme.pbx.apps.attendant import Attendant, AttendantError, Override, Position
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.model import User
from stimme.pbx.saying import say_then
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

STATE = "attendant"
_LONGEST_SLEEP = 86_400.0


class Reception:
    """The attendant of one tenant, with the override that somebody has set by key."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._override: Override | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept."""
        value = stored.get(STATE)
        self._override = Override.from_json(value) if value else None

    def follow_schedule(self) -> None:
        """Lets the keys show what the schedule changes from now on; to be repeated when it was changed."""
        self.close()
        attendant, now = self.attendant, datetime.now(UTC)
        change = attendant.next_change(now) if attendant is not None else None
        if change is not None:
            seconds = min((change - now).total_seconds(), _LONGEST_SLEEP)
            self._alarm = asyncio.get_running_loop().call_later(seconds, self.changed)

    def close(self) -> None:
        """The keys show no changes any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def changed(self) -> None:
        """The switch, or what moves it, is other than before."""
        self._pbx.state_changed("night")
        self.follow_schedule()

    @property
    def attendant(self) -> Attendant | None:
        """The attendant as it stands now."""
        configured = self._pbx.tenant.attendant
        return None if configured is None else configured.with_override(self._override)

    def serves(self, user: User) -> bool:
        """True for who answers the head number: the telephone, or a member of the group."""
        attendant = self._pbx.tenant.attendant
        if attendant is None:
            return False
        group = self._pbx.tenant.groups.get(attendant.to)
        return attendant.to == user.extension or (group is not None and user.id in group.members)

    async def arrive(self, call: Call) -> None:
        """A call for the head number."""
        attendant = self.attendant
        if attendant is None:
            await call.fail(404)
            return
        target = attendant.destination(datetime.now(UTC))
        go_on = partial(self._connect, call, target)
        if attendant.announcement and call.anchor is not None and not call.anchor.answered:
            await say_then(self._pbx, call, attendant.announcement, go_on)
        else:
            await go_on()

    async def _connect(self, call: Call, target: str) -> None:
        attendant = self.attendant
        if attendant is not None and self._menu_answers(call, attendant, target):
            await self._pbx.directing.to_menu(call, attendant.menu or "")
            return
        user = self._pbx.tenant.by_extension(target)
        if user is not None:
            await self._pbx.directing.to_user(call, user, follow=False)
        else:
            await self._pbx.directing.to_internal(call, target)

    def _menu_answers(self, call: Call, attendant: Attendant, target: str) -> bool:
        """By day the menu is first, unless the caller comes from a menu: then it is people's turn."""
        by_day = target == attendant.to
        return by_day and attendant.menu in self._pbx.tenant.menus and call.stage.kind != "menu"

    def press(self, position: Position | None) -> None:
        """A key or code switches; None follows the schedule. Raises AttendantError without such a target."""
        attendant = self.attendant
        if attendant is None:
            raise AttendantError("there is no attendant")
        pressed = None if position is None else attendant.press(position, datetime.now(UTC))
        self._override = pressed.override if pressed is not None else None
        if self._override is None:
            self._pbx.store.delete(self._pbx.tenant.id, STATE)
        else:
            self._pbx.store.put(self._pbx.tenant.id, STATE, self._override.to_json())
        self.changed()


async def switch_night(pbx: "Pbx", call: Call, user: User, command: c.SwitchNight) -> Say:
    """Night service by code; for who answers the head number."""
    if not pbx.features.reception.serves(user):
        raise FeatureRefusedError("code.not_allowed", 403)
    try:
        pbx.features.reception.press(command.position)
    except AttendantError:
        raise FeatureRefusedError("code.refused") from None
    if command.position is None:
        return Say("night.schedule")
    return Say("night.off" if command.position is Position.DAY else "night.on")
