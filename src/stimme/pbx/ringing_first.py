"""The caller's own telephones ring first: callbacks, and calls that a program places for its user.

Policy: all telephones of the caller ring, or the one that was named; they show whom the call is for. The
first that answers becomes the call's anchor, the others are told that the call was taken elsewhere; then
the number is called as if it had been dialled there. Nobody answers: nobody else was disturbed, and no
record is left.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from stimme.media import EngineError
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.placing import party_of
from stimme.pbx.records import Party
from stimme.pbx.ringing import ELSEWHERE
from stimme.pbx.stages import Stage
from stimme.sip.errors import SipParseError
from stimme.sip.message import Response

if TYPE_CHECKING:
    from stimme.pbx.call import Call, Work
    from stimme.pbx.model import User
    from stimme.pbx.pbx import Pbx


class RingingFirst(Stage):
    """See the module's docstring.

    Args:
        call: has no anchor yet.
        called: legs to the caller's telephones.
        seconds: how long they ring.
        answered: goes on with the call.
        given_up: nobody answered.
    """

    kind: ClassVar[str] = "ringing first"

    def __init__(
        self, call: "Call", called: Sequence[Leg], *, seconds: float, answered: "Work", given_up: "Work"
    ) -> None:
        super().__init__(call)
        self._called = {leg.id: leg for leg in called}
        self._seconds = seconds
        self._answered = answered
        self._given_up = given_up
        self._over = False
        self._lifted = False

    async def begin(self) -> None:
        """The telephones ring."""
        call = self.call
        for leg in self._called.values():
            call.take_in(leg)
        if not await call.open(list(self._called.values())):
            return
        for leg in self._called.values():
            leg.session = call.owner.invite(call, leg, leg.write_offer(()))
        call.after(self._seconds, self._give_up)
        if not self._called:
            await self._give_up()

    async def leave(self) -> None:
        """Who still rings, rings no longer."""
        self._over = True
        for leg in self._called.values():
            if leg.alive and leg.session is not None:
                leg.session.end(480, [ELSEWHERE] if self._lifted else [])
            self.call.forget(leg)

    async def hear(self, event: LegEvent) -> None:
        """A telephone answers or refuses."""
        leg = event.leg
        if self._over or leg.id not in self._called:
            return
        if event.kind == "answer" and isinstance(event.message, Response):
            await self._taken(leg, event.message)
        elif event.kind == "failure":
            del self._called[leg.id]
            self.call.forget(leg)
            if not self._called or event.status >= 600:
                await self._give_up()

    async def _taken(self, leg: Leg, message: Response) -> None:
        self._over = True
        try:
            leg.take_answer(message.body)
            await leg.connect_media(timeout=self.call.media_timeout)
        except (SipParseError, ValueError, EngineError) as error:
            self.call.log.info("the answer cannot be used", error=str(error))
            self.call.end(488, "system")
            return
        self.call.anchor = self._called.pop(leg.id)  # wherever it goes from here, it rings no longer
        self._lifted = True
        await self._answered()

    async def _give_up(self) -> None:
        if self.call.anchor is None:
            self._over = True
            await self._given_up()


def call_for(
    pbx: "Pbx",
    user: "User",
    legs: Sequence[Leg],
    callee: Party,
    *,
    seconds: float,
    answered: "Work | None" = None,
) -> "Call":
    """Calls a number for a user: these telephones of the user's ring first.

    Args:
        pbx: the tenant's actor.
        user: the caller.
        legs: to the user's telephones.
        callee: whom it is for; shown on the telephones.
        seconds: how long they ring.
        answered: done when one of them is answered, before the number is called.
    """

    async def dial(call: "Call") -> None:
        call.caller, call.callee, call.called_user_ids = party_of(user), Party(callee.number), ()
        call.withheld = pbx.settings.of(user.id).clir
        if answered is not None:
            await answered()
        await pbx.directing.dial(call, callee.number, user)

    return call_with(pbx, user, legs, callee, seconds=seconds, then=dial)


def call_with(
    pbx: "Pbx",
    user: "User",
    legs: Sequence[Leg],
    shown: Party,
    *,
    seconds: float,
    then: "Callable[[Call], Awaitable[None]]",
) -> "Call":
    """These telephones of a user ring, showing a party; what follows the answer is given."""
    call = pbx.new_call("internal", Party(shown.number, shown.name), party_of(user))
    call.called_user_ids = (user.id,)

    async def answered() -> None:
        await then(call)

    async def nobody() -> None:
        pbx.discard(call)

    async def first() -> None:
        await call.become(RingingFirst(call, legs, seconds=seconds, answered=answered, given_up=nobody))

    pbx.begin(call, None, first)
    return call
