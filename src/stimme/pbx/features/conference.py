"""Conference: three parties or more hear each other in a room of the engine.

Policy: whoever has two conversations joins them (code, or the telephone's own mixing, which needs nothing
of us). Each participant's call goes on by itself in the room; the conference lives as long as two are in
it, whoever began it.
"""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import structlog

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.model import User
from stimme.pbx.placing import party_of
from stimme.pbx.records import HangupBy, Party
from stimme.pbx.stages import Stage

if TYPE_CHECKING:
    from stimme.media import Room
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")


class Conference:
    """One conference: the room, made when the first comes, and who is in it."""

    def __init__(self, pbx: "Pbx", name: str) -> None:
        self._pbx = pbx
        self._room: Room | None = None
        self._engine = ""
        self._opening = asyncio.Lock()
        self.name = name
        self.calls: dict[str, Call] = {}

    async def enter(self, call: Call, leg: Leg) -> None:
        """A participant comes. Raises EngineError."""
        async with self._opening:
            # A room of an engine that died is no room: everybody comes again, into a new one.
            if self._room is None or self._engine != self._pbx.switch.instance:
                self._room, self._engine = await self._pbx.switch.room(self.name), self._pbx.switch.instance
        self.calls[call.id] = call
        if leg.endpoint is not None:
            await self._room.add(leg.endpoint)

    async def leave(self, call: Call, leg: Leg | None) -> None:
        """A participant goes; the last one is not left alone."""
        if self.calls.pop(call.id, None) is None or self._room is None:
            return
        try:
            if leg is not None and leg.endpoint is not None:
                await self._room.remove(leg.endpoint)
            if len(self.calls) < 2:
                await self._room.delete()
        except EngineError as error:
            log.info("the room is gone", error=str(error))
        if len(self.calls) == 1:
            (last,) = self.calls.values()
            last.hang_up()


class InConference(Stage):
    """The anchor is in a conference."""

    kind: ClassVar[str] = "conference"

    def __init__(self, call: Call, conference: Conference) -> None:
        super().__init__(call)
        self._conference = conference

    @property
    def conference(self) -> Conference:
        """Where the anchor is."""
        return self._conference

    async def begin(self) -> None:
        """Into the room."""
        if self.call.anchor is not None:
            await self._conference.enter(self.call, self.call.anchor)

    async def leave(self) -> None:
        """Out of it."""
        await self._conference.leave(self.call, self.call.anchor)

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """Hung up."""
        self.call.end(self.call.status, "system" if event.kind == "ended" else "caller")

    async def restored(self) -> None:
        """Into the new room."""
        await self.begin()

    def snapshot(self) -> dict[str, Any] | None:
        """By its name everybody finds the others again."""
        return {"kind": self.kind, "name": self._conference.name}


async def join_all(pbx: "Pbx", call: Call, user: User, command: c.Conference) -> None:
    """All conversations of a user become one conference; the call that asked is the user's own place."""
    conversations = pbx.conversations_of(user.id, besides=call)
    if len(conversations) < 2:
        raise FeatureRefusedError("code.refused")
    conference = Conference(pbx, pbx.new_id())
    for conversation, own in conversations:
        _move(pbx, conference, conversation, own)
    call.callee = Party("conference")
    if await call.answer():
        await call.become(InConference(call, conference))


def join_two(pbx: "Pbx", user: User, first: tuple[Call, Leg], second: tuple[Call, Leg]) -> Call:
    """Two conversations of a user become one conference, in which the user's leg of the second stays.

    Gives the call of that leg.
    """
    conference = Conference(pbx, pbx.new_id())
    _move(pbx, conference, *first)
    return _stay(pbx, user, conference, *second)


def join_held(pbx: "Pbx", user: User, held: Call, second: tuple[Call, Leg]) -> Call:
    """A conversation of a user, and the party of a call that the same leg has on hold, become a conference.

    Gives the call of that leg.
    """
    conference = Conference(pbx, pbx.new_id())
    by: HangupBy = "callee" if held.anchor is not None else "caller"
    _go_in(pbx, conference, held, held.sides[0])
    held.end(200, by)
    return _stay(pbx, user, conference, *second)


def _stay(pbx: "Pbx", user: User, conference: Conference, conversation: Call, own: Leg) -> Call:
    other = conversation.other(own)
    own.held = False
    mine = pbx.new_call("internal", party_of(user), Party("conference"))
    unread = conversation.release(own)
    if other is not None:
        _go_in(pbx, conference, conversation, other)
    conversation.end(200, "caller")
    pbx.go_on(mine, own, unread, lambda: _enter(mine, own, conference))
    return mine


async def join_in(pbx: "Pbx", call: Call, conversation: Call, own: Leg) -> None:
    """A user's other telephone comes into the user's conversation (RFC 3911), which becomes a conference."""
    stage = conversation.stage
    if isinstance(stage, InConference):
        conference = stage.conference
    elif conversation.other(own) is None or conversation.answered_at is None:
        await call.fail(481)
        return
    else:
        conference = _conference_of(pbx, conversation, own)
    call.callee = Party("conference")
    if await call.answer():
        await call.become(InConference(call, conference))


def _conference_of(pbx: "Pbx", conversation: Call, own: Leg) -> Conference:
    """Both sides of a conversation go into a conference."""
    conference = Conference(pbx, pbx.new_id())
    other = conversation.other(own)
    by: HangupBy = "caller" if own is conversation.anchor else "callee"
    for side in (other, own):
        if side is not None:
            _go_in(pbx, conference, conversation, side)
    conversation.end(200, by)
    return conference


async def _enter(call: Call, leg: Leg, conference: Conference) -> None:
    await leg.connect_media(timeout=call.media_timeout)
    await call.become(InConference(call, conference))


def _move(pbx: "Pbx", conference: Conference, conversation: Call, own: Leg) -> None:
    """The other side of a conversation goes into the conference; the user's leg in it ends."""
    other = conversation.other(own)
    if other is None:
        return
    by: HangupBy = "caller" if own is conversation.anchor else "callee"
    _go_in(pbx, conference, conversation, other)
    conversation.end(200, by)


def _go_in(pbx: "Pbx", conference: Conference, conversation: Call, other: Leg) -> None:
    """A side of a conversation leaves it for the conference."""
    party = conversation.party_of(other)
    following = pbx.new_call(conversation.direction, party, Party("conference"), conversation.trunk_id)
    unread = conversation.release(other)
    pbx.go_on(following, other, unread, lambda: following.become(InConference(following, conference)))
