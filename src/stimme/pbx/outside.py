"""Calls to the public network: what lets them out, which line they take, and those that nothing may stop.

Policy:
    * Every call but an emergency call passes ``permit`` (licence, barring, guard against toll fraud). Who is
      refused hears why before the answer, and gets 403.
    * A provider that is out of service, or silent, is left for the customer's next trunk.
    * A call in either direction takes a channel of its trunk, one for each of its legs there. When none is
      free the caller hears so and gets 503.
    * An emergency call takes a channel from another call, rings without end, and is placed by every trunk in
      turn, whatever the first ones say: "busy" may mean the provider's own lines. A trunk that shows no
      sign for `SIGN_SECONDS` is left for the next; the last one is waited for. When the media engine dies
      while it is set up, it is placed again as soon as there is another (docs/emergency.md).
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.features.channels import ChannelUse, Free, Full, take_channel
from stimme.pbx.features.emergency import Attempt, plan_emergency_call
from stimme.pbx.features.permission import Payer, Permitted, Refused, permit
from stimme.pbx.leg import Leg
from stimme.pbx.model import TrunkConfig, User
from stimme.pbx.records import Party
from stimme.pbx.ringing import Ringing
from stimme.pbx.routing import normalise
from stimme.pbx.saying import say_and_end
from stimme.pbx.toll_watch import TollWatch
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_NO_REPLY = 408
_PROVIDER_FAILED = frozenset({502, 503, 504})
"""A provider out of service: the next trunk is tried. Leg reports its silence as 503."""
ENGINE_SECONDS = 30.0
"""How long an emergency call waits for a media engine."""
SIGN_SECONDS = 10.0
"""How long the first sign of a control centre may take while there is another trunk to try."""


class Outside:
    """The way out of one customer's house."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self.watch = TollWatch(pbx)

    # -- ordinary calls -------------------------------------------------------------------------------------

    async def by_user(self, call: Call, user: User, trunk: TrunkConfig, number: str) -> None:
        """A call that a user places, or has diverted there."""
        if call.direction == "internal":
            call.direction = "outgoing"
        call.callee = Party(number, self._pbx.tenant.phone_books.name_of(number, user.id) or "")
        await self._place(call, user, trunk, number)

    async def by_house(self, call: Call, number: str) -> None:
        """A number outside that a service leads to (night service, overflow, menu): in the house's name."""
        public = normalise(number)
        trunk = self._pbx.tenant.trunk_for(None)
        if public is None or trunk is None or emergency_number(number) is not None:
            await call.fail(404)
            return
        await self._place(call, None, trunk, public)

    async def _place(self, call: Call, user: User | None, trunk: TrunkConfig, number: str) -> None:
        verdict = self._permit(user, trunk, number)
        if isinstance(verdict, Refused):
            if verdict.report is not None:
                self.watch.report(verdict.report)
            await say_and_end(self._pbx, call, Say(verdict.prompt), verdict.status)
            return
        ours, trunks = call.trunk_id is None, self._pbx.trunks_from(trunk)

        async def attempt(status: int) -> None:
            if status not in _PROVIDER_FAILED or not trunks:
                await call.fail(status, "system" if status == _NO_REPLY else "callee")
                return
            way = self._free(trunks)
            if way is None:
                await say_and_end(self._pbx, call, Say("call.no_line"), 503)
                return
            if ours:
                call.trunk_id = way.id
            leg = self._pbx.placing.to_trunk(user, way, number, withheld=call.withheld)
            if verdict.watched:
                self.watch.expect(leg, user.id if user is not None else "")
            await self._pbx.directing.ring(call, [leg], given_up=attempt)

        await attempt(503)

    def _free(self, trunks: list[TrunkConfig]) -> TrunkConfig | None:
        """The first trunk with a channel that is free; it and those before it are taken off the list."""
        while trunks:
            trunk = trunks.pop(0)
            if isinstance(self._channel(trunk, emergency=False), Free):
                return trunk
        return None

    def _permit(self, user: User | None, trunk: TrunkConfig, number: str) -> Permitted | Refused:
        tenant = self._pbx.tenant
        payer = Payer(
            user.id if user is not None else "",
            tenant.rules.of(user.id) if user is not None else tenant.rules.barring,
            next((block.head for block in tenant.numbers if block.trunk_id == trunk.id), ""),
            tenant.licensed_at(datetime.now(UTC)),
        )
        return permit(number, payer, self.watch.guard, time.monotonic())

    # -- channels -------------------------------------------------------------------------------------------

    def has_channel(self, trunk: TrunkConfig, leg: Leg) -> bool:
        """Whether the trunk has a channel for a call that has come in on it."""
        return isinstance(self._channel(trunk, emergency=False, besides=leg), Free)

    def _channel(self, trunk: TrunkConfig, *, emergency: bool, besides: Leg | None = None) -> Free | Full:
        limit = self._pbx.tenant.rules.channels.get(trunk.id)
        if limit is None:
            return Free()
        uses = [
            ChannelUse(
                call.id,
                call.started_at.timestamp(),
                call.answered_at is not None,
                call.direction == "emergency",
            )
            for leg, call in self._pbx.legs()
            if leg.trunk_id == trunk.id and leg is not besides and leg.alive
        ]
        return take_channel(limit, uses, emergency=emergency)

    def _make_room(self, trunk: TrunkConfig) -> None:
        found = self._channel(trunk, emergency=True)
        victim = self._pbx.calls.get(found.preempts) if isinstance(found, Free) and found.preempts else None
        if victim is not None:
            victim.log.warning("ended for an emergency call", trunk=trunk.name)
            victim.end(victim.status or 503, "system")

    # -- emergency calls ------------------------------------------------------------------------------------

    async def emergency(
        self, call: Call, user: User | None, number: str, device_id: str | None = None
    ) -> None:
        """By the trunk of the own site; should it fail, by the next: any address is better than no help.

        Args:
            device_id: the telephone, whose site counts when it is nobody's.
        """
        call.direction, call.callee = "emergency", Party(number)
        for leg in call.sides:
            leg.escape = None  # the control centre may ask for keys: no function stands between
        await _Emergency(self._pbx, self, call, user, number).begin(self._ways(user, device_id))

    def emergency_trunk(self, user: User | None, device_id: str | None = None) -> str | None:
        """The id of the trunk that is tried first."""
        ways = self._ways(user, device_id)
        return ways[0].trunk.id if ways else None

    def _ways(self, user: User | None, device_id: str | None) -> tuple[Attempt, ...]:
        tenant = self._pbx.tenant
        site = tenant.emergency_site(user, device_id)
        return plan_emergency_call(tenant, user, site).attempts

    def place_emergency(self, call: Call, user: User | None, attempt: Attempt, number: str) -> Leg:
        """The leg of one attempt, with a channel for it."""
        self._make_room(attempt.trunk)
        call.trunk_id = attempt.trunk.id
        return self._pbx.placing.to_trunk(user, attempt.trunk, number, identity=attempt.number)


class _Emergency:
    """One emergency call on its way out."""

    def __init__(self, pbx: "Pbx", outside: Outside, call: Call, user: User | None, number: str) -> None:
        self._pbx = pbx
        self._outside = outside
        self._call = call
        self._user = user
        self._number = number
        self._waiting: list[Attempt] = []
        self._last: Attempt | None = None
        self._engine = ""

    async def begin(self, attempts: tuple[Attempt, ...]) -> None:
        """The first attempt."""
        self._waiting = list(attempts)
        await self._next(503)

    async def _next(self, status: int) -> None:
        call, switch = self._call, self._pbx.switch
        await switch.wait(ENGINE_SECONDS)
        if self._last is not None and switch.instance != self._engine:
            self._waiting.insert(0, self._last)  # not the trunk failed, our media did
            call.forget_media()
        if not self._waiting or call.answered_at is not None:
            await call.fail(status)
            return
        self._engine, self._last = switch.instance, self._waiting.pop(0)
        leg = self._outside.place_emergency(call, self._user, self._last, self._number)
        patience = SIGN_SECONDS if self._waiting else None
        await call.become(Ringing(call, [leg], seconds=None, patience=patience, given_up=self._next))
