"""The guard against toll fraud at work (``stimme.trunks.fraud``): it hears of answers and ends, and cuts.

Policy: what is counted is a leg to an expensive zone, from its answer to its end, whichever call it belongs
to meanwhile: a transfer does not make it cheaper. Every few seconds the calls that have used up the minutes
are ended. Limits that are reached stand in the log as errors, for the operator's alarm.
"""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from stimme.pbx.call import Call
from stimme.pbx.leg import Leg
from stimme.trunks.barring import is_expensive
from stimme.trunks.fraud import FraudGuard, LimitReached

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.fraud")
CHECK_SECONDS = 5.0


class TollWatch:
    """The guard of one customer, told of what its legs do."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._guard = FraudGuard()
        self._expected: dict[str, str] = {}
        self._running: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def guard(self) -> FraudGuard:
        """The guard, with the limits as they are configured now."""
        self._guard.limits = self._pbx.tenant.rules.limits
        return self._guard

    def report(self, reached: LimitReached) -> None:
        """A limit was reached for the first time."""
        log.error(
            "a limit against toll fraud is reached",
            tenant=self._pbx.tenant.id,
            scope=reached.scope,
            user=reached.who,
            calls=reached.calls,
            minutes=round(reached.minutes, 1),
        )

    def expect(self, leg: Leg, user_id: str) -> None:
        """A leg to an expensive zone is placed; from its answer on it costs."""
        self._expected[leg.id] = user_id

    def restored(self, call: Call) -> None:
        """A call went on after a restart: what it costs counts from now."""
        leg = call.partner
        if leg is not None and call.direction == "outgoing" and is_expensive(call.callee.number):
            self._expected[leg.id] = call.caller.user_id or ""
            self.confirmed(call)

    def confirmed(self, call: Call) -> None:
        """A call is a conversation, perhaps since now."""
        for leg in call.talking_legs:
            user_id = self._expected.get(leg.id)
            if user_id is not None and leg.id not in self._running and leg.answered:
                self._running.add(leg.id)
                self._guard.answered(leg.id, user_id, time.monotonic())
                self._arm()

    def leg_ended(self, leg: Leg) -> None:
        """A leg is over."""
        if self._expected.pop(leg.id, None) is not None and leg.id in self._running:
            self._running.discard(leg.id)
            self._guard.ended(leg.id, time.monotonic())

    def close(self) -> None:
        """No more checks."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is None and self._running:
            self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check)

    def _check(self) -> None:
        self._timer = None
        cut, reports = self.guard.to_cut(time.monotonic())
        for reached in reports:
            self.report(reached)
        for leg, call in list(self._pbx.legs()):
            if leg.id in cut:
                call.log.warning("ended: its minutes are used up", leg=leg.id)
                call.hang_up()
        self._arm()
