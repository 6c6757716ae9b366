"""Two people talk: hold with music, and what each of their telephones asks for meanwhile."""

from typing import Any, ClassVar

from stimme.media import EngineError
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.stages import Playing, Stage


class Talking(Stage):
    """The anchor and its partner hear each other.

    Policy: whoever is held hears music, from the moment the other's telephone says hold until it retrieves;
    the held side sees no re-INVITE. When either hangs up, the call is over.
    """

    kind: ClassVar[str] = "talking"

    def __init__(self, call: Any) -> None:
        super().__init__(call)
        self._music: dict[str, Playing] = {}

    async def begin(self) -> None:
        """Both are joined already; a telephone may have held the call before."""
        for leg in self.call.talking_legs:
            if leg.holds:
                await self.changed(leg)

    async def leave(self) -> None:
        """The music ends."""
        for music in self._music.values():
            await music.stop()
        self._music.clear()

    async def changed(self, leg: Leg) -> None:
        """Music to the other side while this one holds."""
        other = self.call.other(leg)
        if other is None:
            return
        playing = self._music.pop(other.id, None)
        if playing is not None and not leg.holds:
            await playing.stop()
        elif leg.holds:
            await self._play(other, playing or Playing())

    async def _play(self, other: Leg, playing: Playing) -> None:
        try:
            await playing.start(other, await self.call.owner.music(), loop=True)
        except EngineError as error:
            self.call.log.info("no music on hold", error=str(error))
            return
        self._music[other.id] = playing

    async def digit(self, leg: Leg, digit: str) -> None:
        """Keys within a conversation may be functions of the system."""
        await self.call.owner.key(self.call, leg, digit)

    async def keyed(self, leg: Leg, keys: str) -> None:
        """They are the other party's."""
        other = self.call.other(leg)
        try:
            if other is not None and other.endpoint is not None:
                await other.endpoint.send_dtmf(keys)
        except EngineError as error:
            self.call.log.info("keys cannot be passed on", error=str(error))

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """One has hung up: the call is over; the other may have somebody else on hold."""
        stays = self.call.other(leg)
        if stays is not None:
            self.call.owner.left_alone(self.call, stays)
        await super().gone(leg, event)

    async def replaced(self, old: Leg, new: Leg) -> None:
        """The newcomer is joined with who stays; music of the past is over."""
        await self.leave()
        await self.call.join()
        await self.begin()

    async def restored(self) -> None:
        """The players died with the engine."""
        self._music.clear()
        await self.begin()

    async def taken_up(self) -> None:
        """Music of before the restart cannot be stopped any more: it is played anew in its place."""
        await self.begin()

    def snapshot(self) -> dict[str, Any] | None:
        """Everything is in the legs."""
        return {"kind": self.kind}
