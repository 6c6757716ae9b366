"""What happens in a call at the moment: each activity is a stage, and a call has one at a time.

A stage hears what its call does not settle by itself. It leaves nothing behind when the call goes on to
another: no player, no ringing leg, no timer.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import EngineError, Player
from stimme.media.types import Source
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.records import HangupBy

if TYPE_CHECKING:
    from stimme.pbx.call import Call


class Stage:
    """Base of all stages: the defaults of a stage in which nothing is expected."""

    kind: ClassVar[str] = "stage"

    def __init__(self, call: "Call") -> None:
        self.call = call

    async def begin(self) -> None:
        """The call has come to this stage."""

    async def leave(self) -> None:
        """The call goes on to another stage, or is over."""

    async def hear(self, event: LegEvent) -> None:
        """A leg that is being called rings, answers or fails."""

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """A leg hung up or was lost: by default the call is over."""
        side: HangupBy = "caller" if leg is self.call.anchor else "callee"
        self.call.end(self.call.status, "system" if event.kind == "ended" else side)

    async def changed(self, leg: Leg) -> None:
        """A leg's media was negotiated anew: hold, retrieve, another codec."""

    async def taken_up(self) -> None:
        """Call control was restarted; what the engine does goes on."""

    async def digit(self, leg: Leg, digit: str) -> None:
        """A key was pressed on a leg."""

    async def keyed(self, leg: Leg, keys: str) -> None:
        """Keys of a leg that the engine told to us alone, and that are no function of ours."""

    async def played(self, leg: Leg) -> None:
        """What was played to a leg has come to its end."""

    async def replaced(self, old: Leg, new: Leg) -> None:
        """Another leg has taken the place of one."""

    async def restored(self) -> None:
        """The media of the legs has been brought back after the engine died."""

    def snapshot(self) -> dict[str, Any] | None:
        """What the journal keeps of the stage; None when it cannot go on after a crash."""
        return None


class Over(Stage):
    """The call has ended: nothing is expected any more, and the call is not held by its last stage.

    They hold each other: without this only the garbage collector could take them away.
    """

    def __init__(self) -> None:
        """It belongs to no call."""

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """There is nothing left to end."""


OVER = Over()


class Playing:
    """Something that plays to a leg until it is stopped; starting another ends the one before."""

    def __init__(self) -> None:
        self._player: Player | None = None

    async def start(self, leg: Leg, source: Source, *, loop: bool = False) -> None:
        """Plays to a leg. Raises EngineError."""
        await self.stop()
        if leg.endpoint is not None:
            self._player = await leg.endpoint.play(source, loop=loop)

    async def stop(self) -> None:
        """Silence; an engine that is gone has stopped already."""
        player, self._player = self._player, None
        if player is not None:
            try:
                await player.stop()
            except EngineError:
                return
