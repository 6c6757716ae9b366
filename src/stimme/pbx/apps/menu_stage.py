"""A caller in an IVR menu (K9): what ``MenuRun`` decides is said and done here.

Policy: the caller is answered, hears the greeting and chooses by keys (RFC 4733, or INFO). Whoever is
connected leaves the menu for good; a call that leads nowhere ends with a tone. A menu outlives the engine's
death (it says again what it said) and a restart of call control (it begins anew).
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import EngineError
from stimme.pbx.apps.menu import Menu
from stimme.pbx.apps.menu_run import Action, Connect, Goodbye, MenuRun, Play, Stop
from stimme.pbx.call import Call
from stimme.pbx.leg import Leg
from stimme.pbx.saying import sound_of
from stimme.pbx.stages import Playing, Stage
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


class InMenu(Stage):
    """The anchor is in a menu."""

    kind: ClassVar[str] = "menu"

    def __init__(self, call: Call, pbx: "Pbx", menu: Menu) -> None:
        super().__init__(call)
        self._pbx = pbx
        self._playing = Playing()
        self._said: Sequence[Say] = ()
        self._armed: float | None = None
        self._leaving = False
        tenant = pbx.tenant
        users = tenant.users.values()
        self._run = MenuRun(
            tenant.menus,
            menu.id,
            extensions={*(user.extension for user in users), *tenant.groups},
            people=sorted((user.name, user.extension) for user in users),
        )

    async def begin(self) -> None:
        """The call is answered, and the greeting begins."""
        if await self.call.answer():
            await self._carry_out(self._run.begin(datetime.now(UTC)))

    async def leave(self) -> None:
        """Silence."""
        await self._playing.stop()

    async def digit(self, leg: Leg, digit: str) -> None:
        """The caller chooses."""
        if leg is self.call.anchor and not self._leaving:
            await self._carry_out(self._run.digit(digit, time.monotonic(), datetime.now(UTC)))

    async def played(self, leg: Leg) -> None:
        """What was said was heard to its end."""
        if self._leaving:
            self.call.end(self.call.status, "system")
        else:
            await self._carry_out(self._run.spoken(time.monotonic()))

    async def restored(self) -> None:
        """Said again: the engine may have died in the middle of it."""
        await self._say(self._said)

    async def _time_is_up(self) -> None:
        self._armed = None
        if not self._leaving:
            await self._carry_out(self._run.timeout(time.monotonic(), datetime.now(UTC)))

    async def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Play(words):
                    await self._say(words)
                case Stop():
                    await self._playing.stop()
                case Goodbye(words):
                    self._leaving = True
                    await self._say(words)
                case Connect(to):
                    await self._pbx.directing.to_internal(self.call, to)
                    return
        self._arm()

    def _arm(self) -> None:
        due = self._run.next_wakeup()
        if due is not None and due != self._armed:
            self._armed = due
            self.call.after(max(0.0, due - time.monotonic()), self._time_is_up)

    async def _say(self, words: Sequence[Say]) -> None:
        self._said = words
        sound = sound_of(self._pbx, self.call, words) if words else None
        anchor = self.call.anchor
        try:
            if sound is not None and anchor is not None:
                await self._playing.start(anchor, sound)
                return
        except EngineError as error:
            self.call.log.info("a menu cannot be heard", error=str(error))
        if anchor is not None:
            await self.played(anchor)

    def snapshot(self) -> dict[str, Any] | None:
        """A restarted call control begins at the menu that was called."""
        return {"kind": self.kind}
