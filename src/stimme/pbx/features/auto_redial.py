"""Automatic redial carried out (P2): when to try is decided by ``stimme.pbx.features.redial``.

Policy: `*65#` after a call in vain begins it for the number that was dialled last, `#65#` ends it. One a
user; it outlives a restart.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.redial import PAUSE, AutoRedialing, State
from stimme.pbx.model import User
from stimme.pbx.records import CallRecord, Party
from stimme.pbx.ringing_first import call_for
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")
LIFT_SECONDS = 20.0
"""So long a user's telephones ring for an attempt."""
_KEY = "redialling:"
_IN_VAIN = frozenset({"busy", "no_answer", "missed", "cancelled"})


class AutoRedials:
    """The automatic redials of one tenant."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._of: dict[str, AutoRedialing] = {}
        self._going_on: dict[str, AutoRedialing] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError or ValueError for a damaged value."""
        for key, value in stored.items():
            if key.startswith(_KEY):
                user_id = key.removeprefix(_KEY)
                self._of[user_id] = AutoRedialing.from_json(user_id, value)
        if self._of:
            self._run_soon()

    def close(self) -> None:
        """No attempt is begun any more; what waits stays in the store."""
        if self._alarm is not None:
            self._alarm.cancel()

    def begin(self, user_id: str, number: str) -> None:
        """A number is to be called again and again, in place of the one before."""
        self.stop(user_id)
        self._of[user_id] = AutoRedialing(user_id, number, time.time() + PAUSE)
        self._save(self._of[user_id])
        self._run_soon()

    def stop(self, user_id: str) -> bool:
        """Ends a user's automatic redial; False when there is none. A call that goes on stays."""
        again = self._of.get(user_id)
        if again is None:
            return False
        again.end()
        self._save(again)
        return True

    def number_of(self, user_id: str) -> str | None:
        """What is called again for a user."""
        again = self._of.get(user_id)
        return again.number if again is not None else None

    def dialled(self, user_id: str, number: str) -> None:
        """A user calls a number: another one ends the automatic redial."""
        if self.number_of(user_id) not in (None, number):
            self.stop(user_id)

    def call_over(self, call: Call, record: CallRecord | None) -> None:
        """A call has ended; without a record the user did not lift."""
        again = self._going_on.pop(call.id, None)
        if again is None or again.state is not State.TRYING:
            return
        if record is not None and record.result in _IN_VAIN:
            again.in_vain(time.time())
        else:
            again.end()
        self._save(again)
        self._run_soon()

    def line_changed(self, user_id: str) -> None:
        """A line became free, or is in use."""
        if user_id in self._of:
            self._run_soon()

    def _save(self, again: AutoRedialing) -> None:
        tenant_id, key = self._pbx.tenant.id, _KEY + again.user_id
        if again.state is State.DONE:
            self._of.pop(again.user_id, None)
            self._pbx.store.delete(tenant_id, key)
        else:
            self._pbx.store.put(tenant_id, key, again.to_json())

    def _run_soon(self) -> None:
        self._wake_in(0.0)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self.run)

    def run(self) -> None:
        """Does what is due."""
        now = time.time()
        for again in list(self._of.values()):
            if again.due(now, line_free=self._pbx.line_state(again.user_id) == "free"):
                self._try(again, now)
                self._save(again)
        times = [again.next_at for again in self._of.values() if again.state is State.PAUSING]
        later = [at for at in times if at > now]
        if later:
            self._wake_in(min(later) - now)

    def _try(self, again: AutoRedialing, now: float) -> None:
        user = self._pbx.tenant.users.get(again.user_id)
        legs = self._pbx.placing.to_user(user) if user is not None else []
        if user is None or not legs:
            again.end()
            return
        colleague = self._pbx.tenant.by_extension(again.number)
        if colleague is not None and self._pbx.line_state(colleague.id) in ("busy", "ringing"):
            again.in_vain(now)
            return
        name = colleague.name if colleague is not None else ""
        call = call_for(self._pbx, user, legs, Party(again.number, name), seconds=LIFT_SECONDS)
        self._going_on[call.id] = again
        log.info("automatic redial", call=call.id, tenant=self._pbx.tenant.id, attempt=again.attempts)


async def auto_redial(pbx: "Pbx", call: Call, user: User, command: c.AutoRedial) -> Say:
    """Begins it for the number dialled last, or ends it."""
    if not command.on:
        return Say("redial.stopped" if pbx.features.auto_redials.stop(user.id) else "redial.nothing")
    number = pbx.features.last_dialled.of(user.id)
    if number is None:
        raise FeatureRefusedError("redial.nothing", 404)
    pbx.features.auto_redials.begin(user.id, number)
    return Say("redial.again")
