"""A caller hears an announcement, before or after the answer, or a tone that says why it goes no further."""

from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import EngineError
from stimme.media.types import Source
from stimme.pbx.leg import Leg
from stimme.pbx.stages import Playing, Stage

if TYPE_CHECKING:
    from stimme.pbx.call import Call, Work


class Announcing(Stage):
    """Plays to the caller, then goes on.

    Policy: a call that was not answered stays so, the caller hears it as early media (183) and is charged
    nothing. Where early media is not possible, or cannot be played, the call goes on at once.
    """

    kind: ClassVar[str] = "announcing"

    def __init__(self, call: "Call", source: Source, then: "Work", *, answered: bool = False) -> None:
        super().__init__(call)
        self._source = source
        self._then = then
        self._answered = answered
        self._playing = Playing()
        self._over = False

    async def begin(self) -> None:
        """The caller hears it from its beginning."""
        call = self.call
        ready = await call.answer() if self._answered else await call.early()
        anchor = call.anchor
        if not ready or anchor is None:
            if anchor is not None and anchor.alive:
                await self._go_on()
            return
        try:
            await self._playing.start(anchor, self._source)
        except EngineError as error:
            call.log.info("an announcement cannot be played", error=str(error))
            await self._go_on()

    async def played(self, leg: Leg) -> None:
        """It was heard to its end."""
        await self._go_on()

    async def _go_on(self) -> None:
        if not self._over:
            self._over = True
            await self._then()

    async def leave(self) -> None:
        """Silence."""
        self._over = True
        await self._playing.stop()

    async def restored(self) -> None:
        """The engine died in the middle: what follows is more important than the rest of it."""
        await self._go_on()

    def snapshot(self) -> dict[str, Any] | None:
        """An answered call goes on with whom it called."""
        return {"kind": self.kind}


class Tone(Stage):
    """A caller whose call was answered before hears by a tone that it leads nowhere; then it ends.

    Or it goes on, when there is something that follows.
    """

    kind: ClassVar[str] = "tone"

    def __init__(
        self, call: "Call", source: Source, seconds: float, status: int, *, then: "Work | None" = None
    ) -> None:
        super().__init__(call)
        self._then = then
        self._source = source
        self._seconds = seconds
        self._status = status
        self._playing = Playing()

    async def begin(self) -> None:
        """The tone begins."""
        anchor = self.call.anchor
        if anchor is None:
            self.call.end(self._status, "system")
            return
        self.call.after(self._seconds, self._end)
        try:
            await self._playing.start(anchor, self._source, loop=True)
        except EngineError:
            await self._end()

    async def _end(self) -> None:
        if self._then is not None:
            await self._then()
        else:
            self.call.end(self._status, "system")

    async def digit(self, leg: Leg, digit: str) -> None:
        """Who has somebody on hold need not hear it to its end."""
        await self.call.owner.key(self.call, leg, digit)

    async def leave(self) -> None:
        """Silence."""
        await self._playing.stop()
