"""One side of a call waits with music while the other's telephone has gone on with another call.

Policy: the telephone that left comes back by its keys (``stimme.pbx.features.in_call``), or somebody else
takes its place. Whoever waits may hang up: the call is over then. Across a restart of call control the one
who waits is brought to the user who held it, as any caller.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from stimme.media import EngineError
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.stages import Playing, Stage
from stimme.pbx.talking import Talking

if TYPE_CHECKING:
    from stimme.pbx.call import Call


class OnHold(Stage):
    """See the module's docstring.

    Args:
        call: has one side.
        missing: which side the telephone that left had.
    """

    kind: ClassVar[str] = "on hold"

    def __init__(self, call: "Call", missing: Literal["anchor", "partner"]) -> None:
        super().__init__(call)
        self._missing = missing
        self._music = Playing()

    @property
    def waiting(self) -> Leg | None:
        """Who waits."""
        return next(iter(self.call.sides), None)

    async def begin(self) -> None:
        """Music."""
        waiting = self.waiting
        if waiting is None:
            return
        try:
            await self._music.start(waiting, await self.call.owner.music(), loop=True)
        except EngineError as error:
            self.call.log.info("no music on hold", error=str(error))

    async def restored(self) -> None:
        """Music of the new engine."""
        await self.begin()

    async def leave(self) -> None:
        """The music ends."""
        await self._music.stop()

    async def take_back(self, leg: Leg, unread: Sequence[LegEvent]) -> None:
        """The telephone that left is back. Raises EngineError when the two cannot be joined."""
        call = self.call
        call.take_in(leg)
        setattr(call, self._missing, leg)
        for event in unread:
            call.report(event)
        await call.join()
        await call.become(Talking(call))
        call.owner.call_changed(call)
        call.confirm()

    def snapshot(self) -> dict[str, Any] | None:
        """Who waits is in the legs."""
        return {"kind": self.kind}


async def put_on_hold(call: "Call", leg: Leg) -> list[LegEvent]:
    """Takes a leg out of its conversation; the other side waits with music.

    To be done by the call's own task. Gives what the leg has said and nobody has read.
    """
    missing: Literal["anchor", "partner"] = "anchor" if leg is call.anchor else "partner"
    await _separate(call)
    unread = call.release(leg)
    await call.become(OnHold(call, missing))
    call.owner.call_changed(call)
    call.confirm()
    return unread


async def _separate(call: "Call") -> None:
    try:
        if call.bridge is None:  # made before a restart: a new one takes its place, and that one is known
            await call.join()
        if call.bridge is not None:
            await call.bridge.delete()
    except EngineError as error:
        call.log.info("two sides cannot be separated", error=str(error))
