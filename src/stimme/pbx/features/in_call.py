"""Functions by keys during a conversation (`**` and a digit): for telephones that have no keys for them.

Policy:
    * `**` alone holds the other party, who hears music; the telephone has a dial tone and calls somebody
      else. While that one rings, or talks: `**1` ends it and goes back, `**2` swaps, `**3` joins all three,
      `**4` connects the two others and leaves, also while it still rings (a blind transfer). Somebody who is
      busy or does not answer, or hangs up, leads back to who is held.
    * Without anybody held so, `**3` and `**4` concern another conversation that the user has at a telephone.
    * `**5` parks the other party in the first free slot, which is said.
    * `**9` notes the call as malicious (``stimme.pbx.features.malicious``).
    * `**0` refuses a call that waits, `**1` ends the conversation and takes it.
    * Whoever hangs up with somebody on hold is called back by who waits.
    * What cannot be done leaves everything as it is. Within an emergency call no key is a function.
"""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import structlog

from stimme.media import EngineError
from stimme.media.tones import tones_of
from stimme.pbx.announcing import Tone
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features import conference, malicious, park_call, pickup_call, transfer
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.codes import InCallKeys
from stimme.pbx.features.dialled_keys import DialledKeys
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.model import User
from stimme.pbx.on_hold import OnHold, put_on_hold
from stimme.pbx.placing import party_of
from stimme.pbx.records import Party
from stimme.pbx.ringing import BUSY, Ringing
from stimme.pbx.saying import say_and_end
from stimme.pbx.stages import Playing, Stage
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")
FIRST_KEY_SECONDS = 15.0
NEXT_KEY_SECONDS = 4.0
REFUSED_SECONDS = 3.0
"""How long the tone of a failed call is heard before it goes back to who is held."""
_CANCELLED = 487


class Dialling(Stage):
    """The anchor has a dial tone, and dials."""

    kind: ClassVar[str] = "dialling"

    def __init__(self, call: Call, pbx: "Pbx", user: User) -> None:
        super().__init__(call)
        self._pbx = pbx
        self._user = user
        self._tone = Playing()
        self._pressed = 0
        tenant = pbx.tenant
        services = (menu.extension for menu in tenant.menus.values() if menu.extension is not None)
        self._keys = DialledKeys(
            pbx.codes, {*(each.extension for each in tenant.users.values()), *tenant.groups, *services}
        )

    async def begin(self) -> None:
        """The dial tone."""
        self.call.after(FIRST_KEY_SECONDS, partial(self._pause, 0))
        try:
            if self.call.anchor is not None:
                await self._tone.start(self.call.anchor, tones_of("DE").dial, loop=True)
        except EngineError as error:
            self.call.log.info("no dial tone", error=str(error))

    async def leave(self) -> None:
        """Silence."""
        await self._tone.stop()

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key of the number, or a function."""
        await self.call.owner.key(self.call, leg, digit)

    async def keyed(self, leg: Leg, keys: str) -> None:
        """Keys of the number."""
        await self._tone.stop()
        self._pressed += 1
        for key in keys:
            number = self._keys.key(key)
            if number is not None:
                await self._dial(number)
                return
        self.call.after(NEXT_KEY_SECONDS, partial(self._pause, self._pressed))

    async def _pause(self, pressed: int) -> None:
        if pressed != self._pressed or self.call.stage is not self:
            return
        number = self._keys.pause()
        if number is None:
            await self.call.fail(_CANCELLED)
        else:
            await self._dial(number)

    async def _dial(self, number: str) -> None:
        self.call.callee = Party(self._pbx.codes.shown(number))
        await self._pbx.directing.dial(self.call, number, self._user)


@dataclass(slots=True)
class _HandSet:
    """The keys of one leg, whose it is, and the call that it has on hold."""

    keys: InCallKeys
    user_id: str | None
    held: Call | None = field(default=None)


class HandSets:
    """See the module's docstring."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._of: dict[str, _HandSet] = {}

    # -- keys -----------------------------------------------------------------------------------------------

    async def key(self, call: Call, leg: Leg, digit: str) -> None:
        """A key was pressed at a leg whose keys the engine tells to us alone."""
        if leg.escape is None:
            return
        hand_set = self._of.setdefault(leg.id, _HandSet(InCallKeys(leg.escape), leg.user_id))
        await self._pause(call, leg, hand_set)
        await self._take(call, leg, hand_set, hand_set.keys.key(digit, time.monotonic()))

    async def _pause(self, call: Call, leg: Leg, hand_set: _HandSet) -> None:
        await self._take(call, leg, hand_set, hand_set.keys.timeout(time.monotonic()))

    async def _take(
        self, call: Call, leg: Leg, hand_set: _HandSet, taken: tuple[c.Command | None, str]
    ) -> None:
        command, passed_on = taken
        if passed_on:
            await call.stage.keyed(leg, passed_on)
        if command is not None:
            await self.perform(call, leg, command)
        due = hand_set.keys.next_wakeup()
        if due is not None:
            call.after(max(0.0, due - time.monotonic()), partial(self._pause, call, leg, hand_set))

    async def perform(self, call: Call, leg: Leg, command: c.Command) -> None:
        """Does what the keys of a leg ask for, by the task of its call; passes over what is not possible."""
        user = self._pbx.tenant.users.get(leg.user_id or "")
        if user is None or leg.escape is None or leg not in call.sides or call.direction == "emergency":
            return
        hand_set = self._of.setdefault(leg.id, _HandSet(InCallKeys(leg.escape), leg.user_id))
        try:
            match command:
                case c.Hold():
                    await self._hold(call, leg, hand_set, user)
                case c.EndAndTakeHeld():
                    self._end_and_take(call, leg, hand_set, user)
                case c.Swap():
                    await self._swap(call, leg, hand_set)
                case c.Conference():
                    self._join(call, leg, hand_set, user)
                case c.Transfer():
                    self._connect(call, leg, hand_set, user)
                case c.Park():
                    self._park(call, leg, user)
                case c.NoteMaliciousCall():
                    malicious.note(self._pbx, call, user)
                case c.RejectWaiting():
                    self._refuse_waiting(user)
        except FeatureRefusedError:
            call.log.info("a function by keys is not possible now", function=type(command).__name__)

    # -- functions ------------------------------------------------------------------------------------------

    async def _hold(self, call: Call, leg: Leg, hand_set: _HandSet, user: User) -> None:
        if call.stage.kind != "talking" or _held(hand_set) is not None:
            raise FeatureRefusedError("code.refused")
        unread = await put_on_hold(call, leg)
        hand_set.held = call
        consulting = self._pbx.new_call("internal", party_of(user), Party(""))
        consulting.withheld = self._pbx.settings.of(user.id).clir
        self._pbx.begin(consulting, leg, lambda: consulting.become(Dialling(consulting, self._pbx, user)))
        for event in unread:
            consulting.report(event)

    def _end_and_take(self, call: Call, leg: Leg, hand_set: _HandSet, user: User) -> None:
        held, waiting = _held(hand_set), self._waiting(user, call)
        if held is not None:
            unread = self._leave(call, leg)
            self._take_back(held, leg, hand_set, unread)
        elif waiting is not None and call.stage.kind == "talking":
            unread = self._leave(call, leg)

            async def work() -> None:
                for event in unread:
                    waiting.report(event)
                await pickup_call.answer_with(self._pbx, waiting, leg)

            waiting.ask(work)
        else:
            raise FeatureRefusedError("code.refused")

    async def _swap(self, call: Call, leg: Leg, hand_set: _HandSet) -> None:
        held = _held(hand_set)
        if held is None or call.stage.kind != "talking":
            raise FeatureRefusedError("code.refused")
        unread = await put_on_hold(call, leg)
        self._take_back(held, leg, hand_set, unread)
        hand_set.held = call

    def _join(self, call: Call, leg: Leg, hand_set: _HandSet, user: User) -> None:
        held = _held(hand_set)
        if call.stage.kind != "talking":
            raise FeatureRefusedError("code.refused")
        if held is not None:
            hand_set.held = None
            conference.join_held(self._pbx, user, held, (call, leg))
            return
        others = self._pbx.conversations_of(user.id, besides=call)
        if not others or others[0][0].direction == "emergency":
            raise FeatureRefusedError("code.refused")
        conference.join_two(self._pbx, user, others[0], (call, leg))

    def _connect(self, call: Call, leg: Leg, hand_set: _HandSet, user: User) -> None:
        held = _held(hand_set)
        if held is not None:
            transfer.hand_over(held, held.sides[0], call, leg)
            hand_set.held = None
            return
        others = self._pbx.conversations_of(user.id, besides=call)
        if not others or others[0][0].direction == "emergency":
            raise FeatureRefusedError("code.refused")
        transfer.attended(self._pbx, *others[0], call, leg)

    def _park(self, call: Call, leg: Leg, user: User) -> None:
        if call.stage.kind != "talking":
            raise FeatureRefusedError("code.refused")
        parked = park_call.take_away(self._pbx, call, leg, None, user)
        telling = self._pbx.new_call("internal", party_of(user), Party(parked.callee.number))
        unread = call.release(leg)
        call.end(200, "system")
        say = Say("park.parked", {"slot": parked.callee.number})
        self._pbx.go_on(telling, leg, unread, lambda: say_and_end(self._pbx, telling, say, 200))

    def _refuse_waiting(self, user: User) -> None:
        for call in self._pbx.calls_of(user.id):
            stage = call.stage
            if isinstance(stage, Ringing) and call.direction != "emergency":
                call.ask(partial(stage.refuse, user.id))

    # -- going back -----------------------------------------------------------------------------------------

    async def failed(self, call: Call, status: int) -> bool:
        """A call leads nowhere; True when its caller goes back to who is held."""
        leg = call.anchor
        hand_set = self._of.get(leg.id) if leg is not None else None
        held = _held(hand_set)
        if leg is None or hand_set is None or held is None or call is held:
            return False

        async def back() -> None:
            now_held = _held(hand_set)
            if now_held is not None and call.anchor is leg:
                self._take_back(now_held, leg, hand_set, self._leave(call, leg, status))
            else:
                call.end(status, "system")

        tones = tones_of("DE")
        tone = tones.busy if status in BUSY else tones.congestion
        await call.become(Tone(call, tone, REFUSED_SECONDS, status, then=back))
        return True

    def left_alone(self, call: Call, leg: Leg) -> None:
        """The other party of a leg has hung up: it goes back to who is held, if there is somebody."""
        hand_set = self._of.get(leg.id)
        held = _held(hand_set)
        if hand_set is not None and held is not None and held is not call:
            self._take_back(held, leg, hand_set, call.release(leg))

    def leg_left(self, leg: Leg) -> None:
        """A leg has ended: who was held by it calls back."""
        held = _held(self._of.pop(leg.id, None))
        if held is not None:
            self._call_back(held, leg.user_id)

    def _leave(self, call: Call, leg: Leg, status: int = _CANCELLED) -> list[LegEvent]:
        unread = call.release(leg)
        call.end(call.status if call.answered_at is not None else status, "caller")
        return unread

    def _take_back(self, held: Call, leg: Leg, hand_set: _HandSet, unread: list[LegEvent]) -> None:
        hand_set.held = None

        async def work() -> None:
            stage = held.stage
            try:
                if isinstance(stage, OnHold):
                    await stage.take_back(leg, unread)
                    return
            except EngineError as error:
                held.log.warning("a call on hold cannot be taken back", error=str(error))
                held.end(held.status, "system")
            if leg.session is not None:
                leg.session.end()

        held.ask(work)

    def _call_back(self, held: Call, user_id: str | None) -> None:
        user = self._pbx.tenant.users.get(user_id or "")
        (waiting,) = held.sides
        if user is None:
            held.hang_up()
            return
        following, unread = transfer.take_out(self._pbx, held, waiting, party_of(user))
        following.display = "↩"
        following.called_user_ids = (user.id,)
        self._pbx.go_on(following, waiting, unread, partial(self._ring, following, user))

    async def _ring(self, call: Call, user: User) -> None:
        await self._pbx.directing.ring(call, self._pbx.placing.to_user(user))

    def held_by(self, user_id: str) -> Call | None:
        """A call that a leg of a user's has on hold."""
        hand_sets = (each for each in self._of.values() if each.user_id == user_id)
        return next((held for each in hand_sets if (held := _held(each)) is not None), None)

    def _waiting(self, user: User, besides: Call) -> Call | None:
        return next(
            (
                call
                for call in self._pbx.calls_of(user.id)
                if call is not besides and isinstance(call.stage, Ringing)
                if any(leg.user_id == user.id for leg in call.stage.called.values())
            ),
            None,
        )


def _held(hand_set: _HandSet | None) -> Call | None:
    """The call that is on hold, if its party still waits."""
    held = hand_set.held if hand_set is not None else None
    waits = held is not None and held.alive and isinstance(held.stage, OnHold) and len(held.sides) == 1
    return held if waits else None
