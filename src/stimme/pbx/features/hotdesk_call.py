"""Hot desking by code (K6): a user takes the telephone that is before them, by extension and PIN.

Policy: `*40*extension*PIN#` says at once what came of it; `*40#` asks for both by voice, three times at most,
with the telephone connected. `#40#` gives the telephone back to its home user. Nobody logs in at a browser,
nor without a PIN of their own (``stimme.pbx.features.pins``). What was dialled is shown and recorded without
the PIN.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.hotdesk import PinGuard
from stimme.pbx.features.hotdesk_dialogue import Action, Check, Finish, HotDeskDialogue, Speak
from stimme.pbx.features.pins import Pins
from stimme.pbx.leg import Leg
from stimme.pbx.model import Device, User
from stimme.pbx.saying import say_and_end, sound_of
from stimme.pbx.stages import Playing, Stage
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_REFUSED = 403


class LogIns:
    """Who may take a telephone: asks for the PIN, and slows down who guesses."""

    def __init__(self, pbx: "Pbx", pins: Pins) -> None:
        self._pbx = pbx
        self._pins = pins
        self._guard = PinGuard(self._fits)

    def log_in(self, device: Device, extension: str, pin: str) -> str | None:
        """A user takes a telephone; the prompt that says why not, else None."""
        refusal = self._guard.check(extension, pin, datetime.now(UTC))
        user = self._pbx.tenant.by_extension(extension)
        if refusal is None and user is not None:
            self._pbx.desks.log_in(device, user)
        return refusal

    def _fits(self, extension: str, pin: str) -> bool:
        user = self._pbx.tenant.by_extension(extension)
        return user is not None and self._pins.fits(user.id, pin)


class LoggingIn(Stage):
    """The anchor is asked who it is."""

    kind: ClassVar[str] = "hot desk"

    def __init__(self, call: Call, pbx: "Pbx", device: Device, dialogue: HotDeskDialogue) -> None:
        super().__init__(call)
        self._pbx = pbx
        self._device = device
        self._dialogue = dialogue
        self._playing = Playing()
        self._said: Sequence[Say] = ()
        self._armed: float | None = None

    async def begin(self) -> None:
        """The call is answered, and the first question asked."""
        if await self.call.answer():
            await self._carry_out(self._dialogue.begin(time.monotonic()))

    async def leave(self) -> None:
        """Silence."""
        await self._playing.stop()

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key of the answer; it ends the question."""
        await self._playing.stop()
        await self._carry_out(self._dialogue.digit(digit, time.monotonic()))

    async def restored(self) -> None:
        """Said again: the engine may have died in the middle of it."""
        await self._say(self._said)

    async def _time_is_up(self) -> None:
        self._armed = None
        await self._carry_out(self._dialogue.timeout(time.monotonic()))

    async def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Speak(words):
                    await self._say(words)
                case Check(extension, pin):
                    refusal = self._pbx.features.hot_desks.log_in(self._device, extension, pin)
                    await self._carry_out(self._dialogue.checked(refusal, time.monotonic()))
                case Finish((say, *_)):
                    await say_and_end(self._pbx, self.call, say, self.call.status)
                    return
        self._arm()

    def _arm(self) -> None:
        due = self._dialogue.next_wakeup()
        if due is not None and due != self._armed:
            self._armed = due
            self.call.after(max(0.0, due - time.monotonic()), self._time_is_up)

    async def _say(self, words: Sequence[Say]) -> None:
        self._said = words
        sound = sound_of(self._pbx, self.call, words)
        anchor = self.call.anchor
        try:
            if sound is not None and anchor is not None:
                await self._playing.start(anchor, sound)
        except EngineError as error:
            self.call.log.info("a question cannot be heard", error=str(error))


async def log_in(pbx: "Pbx", call: Call, user: User | None, command: c.HotDeskLogin) -> Say | None:
    """Makes the telephone that calls the user's who proves it."""
    device = _telephone(pbx, call)
    if command.extension is not None and command.pin is not None:
        refusal = pbx.features.hot_desks.log_in(device, command.extension, command.pin)
        if refusal is not None:
            raise FeatureRefusedError(refusal, _REFUSED)
        return Say("hotdesk.logged_in", {"extension": command.extension})
    await call.become(LoggingIn(call, pbx, device, HotDeskDialogue(command.extension)))
    return None


async def log_out(pbx: "Pbx", call: Call, user: User, command: c.HotDeskLogout) -> Say:
    """Gives the telephone back to its home user."""
    if not pbx.desks.log_out(_telephone(pbx, call)):
        raise FeatureRefusedError("hotdesk.not_logged_in", 404)
    return Say("hotdesk.logged_out")


def _telephone(pbx: "Pbx", call: Call) -> Device:
    device_id = call.anchor.device_id if call.anchor is not None else None
    device = pbx.tenant.devices.get(device_id or "")
    if device is None or device.kind != "phone":
        raise FeatureRefusedError("code.refused", _REFUSED)
    return device
