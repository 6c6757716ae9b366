"""Callers in a wait queue (K13): what ``WaitQueue`` decides is said, played and rung here.

Policy: a caller hears music, and announcements in between, until a member answers; the telephones of members
ring meanwhile without a ringing tone for the caller. Keys work all the time. The queue looks at its members
whenever a line, a registration, a setting or a log-in changes. After a restart of call control the callers
come in again, in the order of their calls.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import structlog

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.groups.distribution import Stage as Round
from stimme.pbx.groups.group import Group
from stimme.pbx.groups.membership import Member
from stimme.pbx.groups.queue import Action, Announce, Offer, QueueSettings, Refuse, SendOn, Take, WaitQueue
from stimme.pbx.leg import Leg
from stimme.pbx.records import Party
from stimme.pbx.ringing import Ringing
from stimme.pbx.saying import sound_of
from stimme.pbx.stages import Playing, Stage
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")


class Caller:
    """One caller in a queue, and what that caller hears."""

    def __init__(self, call: Call, room: "WaitingRoom", *, answered: bool) -> None:
        self.call = call
        self.room = room
        self._answered = answered
        self._playing = Playing()

    async def come(self) -> None:
        """The first stage: answered, or heard before the answer, and music."""
        await (self.call.answer() if self._answered else self.call.early())
        await self.music()

    async def music(self) -> None:
        """The music goes on."""
        anchor = self.call.anchor
        try:
            if anchor is not None:
                await self._playing.start(
                    anchor, await self.room.pbx.music(self.room.settings.music), loop=True
                )
        except EngineError as error:
            self.call.log.info("no music in a queue", error=str(error))

    async def announce(self, words: Sequence[Say]) -> None:
        """Something is said in place of the music."""
        sound = sound_of(self.room.pbx, self.call, words)
        anchor = self.call.anchor
        try:
            if sound is not None and anchor is not None:
                await self._playing.start(anchor, sound)
        except EngineError as error:
            self.call.log.info("no announcement in a queue", error=str(error))

    async def moved(self) -> None:
        """The call has gone on from one stage to another: perhaps out of the queue."""
        stage = self.call.stage
        stays = isinstance(stage, InQueue | Offered) and stage.caller is self
        if not stays or not self.call.alive:
            await self._playing.stop()
            self.room.gone(self)


class InQueue(Stage):
    """The anchor waits."""

    kind: ClassVar[str] = "queue"

    def __init__(self, caller: Caller, *, first: bool) -> None:
        super().__init__(caller.call)
        self.caller = caller
        self._first = first

    async def begin(self) -> None:
        """Music, when the caller comes in; it has gone on while members rang."""
        if self._first:
            await self.caller.come()

    async def leave(self) -> None:
        """On to a member, or away."""
        await self.caller.moved()

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key may lead out."""
        self.caller.room.digit(self.call, digit)

    async def played(self, leg: Leg) -> None:
        """After an announcement there is music again."""
        await self.caller.music()

    async def restored(self) -> None:
        """The music died with the engine."""
        await self.caller.music()

    def snapshot(self) -> dict[str, Any] | None:
        """A restarted call control lets the caller come in again."""
        return {"kind": self.kind}


class Offered(Ringing):
    """Members ring for the anchor, which goes on hearing the queue."""

    kind: ClassVar[str] = "offered"

    def __init__(self, caller: Caller, legs: Sequence[Leg], seconds: float) -> None:
        super().__init__(caller.call, legs, seconds=seconds, given_up=self._in_vain, quiet=True)
        self.caller = caller

    async def _in_vain(self, status: int) -> None:
        await self.call.become(InQueue(self.caller, first=False))
        self.call.owner.call_changed(self.call)
        self.caller.room.rang_in_vain(self.call)

    async def leave(self) -> None:
        """Taken, in vain, or the caller has gone."""
        await super().leave()
        await self.caller.moved()

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key may lead out, also while members ring."""
        if leg is self.call.anchor:
            self.caller.room.digit(self.call, digit)

    async def played(self, leg: Leg) -> None:
        """After an announcement there is music again."""
        if leg is self.call.anchor:
            await self.caller.music()

    async def restored(self) -> None:
        """The telephones that rang have lost their media: they ring again."""
        await self._in_vain(503)
        await self.caller.music()

    def snapshot(self) -> dict[str, Any] | None:
        """The caller comes in again; the telephones' transactions are lost."""
        return {"kind": InQueue.kind}


class WaitingRoom:
    """One queue with its callers. Its own state is changed at once, each call by its own task."""

    def __init__(self, pbx: "Pbx", settings: QueueSettings) -> None:
        self.pbx = pbx
        self._queue = WaitQueue(settings, rng=pbx.rng)
        self._callers: dict[str, Caller] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def settings(self) -> QueueSettings:
        """How the queue behaves now."""
        return self._queue.settings

    @settings.setter
    def settings(self, settings: QueueSettings) -> None:
        self._queue.settings = settings

    def position(self, call: Call) -> int | None:
        """1 for the caller in front; None for a call that does not wait here."""
        return self._queue.position(call.id)

    def arrive(self, call: Call) -> None:
        """A call comes in."""
        group = self.settings.group
        call.passed |= {group.extension}
        call.callee, call.display = Party(group.extension, group.name), group.display
        answered = self.settings.answer == "connected"
        self._callers[call.id] = Caller(call, self, answered=answered)
        self._perform(partial(self._queue.join, call.id))

    def digit(self, call: Call, digit: str) -> None:
        """A caller pressed a key."""
        self._perform(partial(self._queue.digit, call.id, digit))

    def rang_in_vain(self, call: Call) -> None:
        """Members rang, and none took the call."""
        if self._queue.position(call.id) is not None:
            self._perform(partial(self._queue.stage_over, call.id))

    def gone(self, caller: Caller) -> None:
        """A caller talks to a member, or has gone elsewhere."""
        call = caller.call
        if self._callers.get(call.id) is not caller:
            return
        del self._callers[call.id]
        call.declined_by = None
        if self._queue.position(call.id) is None:
            return
        taken = call.alive and call.partner is not None
        leave = self._queue.connected if taken else self._queue.left
        self._perform(partial(leave, call.id))

    def learn(self, seconds: float) -> None:
        """A conversation of the queue took this long, wrap-up included."""
        self._queue.estimate = self._queue.estimate.learn(seconds)

    def look(self) -> None:
        """Does what is due."""
        if self._queue.call_ids:
            self._perform(self._queue.run)

    def close(self) -> None:
        """No more wake-ups."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _members(self) -> list[Member]:
        group = self.settings.group
        return [self.pbx.groups.member(group, user_id) for user_id in group.members]

    def _perform(self, ask: Callable[[list[Member], float], Sequence[Action]]) -> None:
        # One moment for both questions: what fell due between two would be asked for by nobody.
        members, now = self._members(), time.monotonic()
        for action in ask(members, now):
            caller = self._callers.get(action.call_id)
            if caller is not None:
                caller.call.ask(partial(self._act, caller, action))
        self.close()
        due = self._queue.next_wakeup(members, now)
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.05, due - now), self.look)

    async def _act(self, caller: Caller, action: Action) -> None:
        call = caller.call
        match action:
            case Take():
                await call.become(InQueue(caller, first=True))
            case Announce(_, words):
                await caller.announce(words)
            case Offer(_, members):
                await self._offer(caller, members)
            case SendOn(_, to):
                call.group = None
                self._callers.pop(call.id, None)
                await self.pbx.directing.to_internal(call, to)
            case Refuse(_, status):
                self._callers.pop(call.id, None)
                await call.fail(status)

    async def _offer(self, caller: Caller, members: Round) -> None:
        call, tenant = caller.call, self.pbx.tenant
        users = [tenant.users[user_id] for user_id in members.user_ids if user_id in tenant.users]
        legs = [leg for user in users for leg in self.pbx.placing.to_user(user)]
        if not legs or not isinstance(call.stage, InQueue):
            self.rang_in_vain(call)
            return
        call.group = self.settings.group.extension
        call.declined_by = partial(self._declined, call)
        call.called_user_ids = tuple(dict.fromkeys((*call.called_user_ids, *members.user_ids)))
        await call.become(Offered(caller, legs, members.seconds))
        call.owner.call_changed(call)

    def _declined(self, call: Call, leg: Leg) -> None:
        if leg.user_id is not None:
            self._queue.declined(call.id, leg.user_id)


class Queues:
    """The queues of one customer, each made when its first caller comes."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._rooms: dict[str, WaitingRoom] = {}
        self._look: asyncio.Handle | None = None

    def room(self, settings: QueueSettings) -> WaitingRoom:
        """The room of a queue."""
        extension = settings.group.extension
        if extension not in self._rooms:
            self._rooms[extension] = WaitingRoom(self._pbx, settings)
        return self._rooms[extension]

    def reconfigured(self) -> None:
        """The queues are as the tenant has them now; who waits in one that is gone waits on as it was."""
        for extension, room in self._rooms.items():
            room.settings = self._pbx.tenant.queues.get(extension, room.settings)

    def changed(self) -> None:
        """Something about members changed: looked at once, after what happens now."""
        if self._rooms and self._look is None:
            self._look = asyncio.get_running_loop().call_soon(self._look_all)

    def _look_all(self) -> None:
        self._look = None
        for room in self._rooms.values():
            room.look()

    def conversation_ended(self, group: Group, call: Call) -> None:
        """A call of a group is over: its queue learns how long such calls take."""
        room = self._rooms.get(group.extension)
        if room is not None and call.talking_since is not None:
            talked = (datetime.now(UTC) - call.talking_since).total_seconds()
            room.learn(talked + group.wrap_up_seconds)

    def close(self) -> None:
        """No more wake-ups."""
        if self._look is not None:
            self._look.cancel()
        for room in self._rooms.values():
            room.close()
