"""Callback carried out (P3): who waits is kept by ``stimme.pbx.features.callback``, calls are placed here.

Policy: callbacks are for colleagues, by `*37*extension#` or, after a call that led nowhere, `*37#`. Whether
it was busy or unanswered follows from the colleague's line when it is in use, else from that call. A caller
who declines the recall has lost the callback; so has one whose colleague declines, though the telephone may
call it busy: the line is free. Requests outlive a restart; a recall that was going on begins anew.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.callback import RECALL_SECONDS, CallbackError, Callbacks, Ended, Kind, Recall
from stimme.pbx.model import User
from stimme.pbx.records import CallRecord, Party
from stimme.pbx.ringing_first import call_for
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")
STATE = "callbacks"
_BUSY = frozenset({486, 600})
_FAILED = frozenset({"busy", "no_answer", "declined", "cancelled", "missed"})


class CallingBack:
    """The callbacks of one tenant, and the calls that come of them."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._callbacks = Callbacks(self._is_free)
        self._going_on: dict[str, Recall] = {}
        self._failed: dict[str, tuple[str, Kind]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError or ValueError for a damaged value."""
        value = stored.get(STATE)
        if value:
            self._callbacks.restore(value["requests"])
            self._run_soon()

    def close(self) -> None:
        """No callback is begun any more; the requests stay in the store."""
        if self._alarm is not None:
            self._alarm.cancel()

    def request(self, user: User, callee: User, kind: Kind | None) -> None:
        """A user wants to be called back. Raises CallbackError."""
        if kind is None:
            kind = Kind.NO_REPLY if self._is_free(callee.id) else Kind.BUSY
        elif self._pbx.line_state(callee.id) in ("busy", "ringing"):
            kind = Kind.BUSY
        self._callbacks.request(self._pbx.new_id(), user.id, callee.id, kind, time.time())
        self._save()
        self._run_soon()

    def cancel(self, user_id: str) -> int:
        """Takes back all requests of a user; tells how many."""
        count = self._callbacks.cancel(user_id)
        self._save()
        return count

    def waiting(self, user_id: str) -> list[str]:
        """The users whom a user waits for, oldest request first."""
        return [each.callee for each in self._callbacks.list_of(user_id)]

    def last_failed(self, user_id: str) -> tuple[str, Kind] | None:
        """The colleague whom a user called in vain the last time, and why it was."""
        return self._failed.get(user_id)

    def line_changed(self, user_id: str) -> None:
        """A line became free, or is in use."""
        if self._callbacks.requests:
            self._callbacks.line_changed(user_id, free=self._is_free(user_id), now=time.time())
            self._run_soon()

    def call_over(self, call: Call, record: CallRecord | None) -> None:
        """A call has ended; without a record nobody had answered the recall."""
        recall = self._going_on.pop(call.id, None)
        if recall is not None:
            if record is None:
                self._callbacks.recall_failed(recall.request_id)
            else:
                busy = record.sip_status in _BUSY and not self._is_free(recall.callee)
                self._callbacks.call_over(recall.request_id, busy=busy)
            self._save()
            self._run_soon()
        if record is not None:
            self._note(record)

    def _note(self, record: CallRecord) -> None:
        caller, callee = record.caller.user_id, record.callee.user_id
        if caller is None or callee is None:
            return
        if record.answered_at is None and record.result in _FAILED:
            self._failed[caller] = (callee, Kind.BUSY if record.sip_status in _BUSY else Kind.NO_REPLY)
        elif record.answered_at is not None:
            self._failed.pop(caller, None)

    def _is_free(self, user_id: str) -> bool:
        return self._pbx.line_state(user_id) == "free" and not self._pbx.settings.of(user_id).dnd

    def _run_soon(self) -> None:
        """Not within what is going on: a line changes in the middle of other work."""
        self._wake_in(0.0)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._run)

    def _run(self) -> None:
        # One moment for both questions: what fell due between two would be asked for by nobody.
        now = time.time()
        actions = self._callbacks.run(now)
        for action in actions:
            match action:
                case Recall():
                    self._recall(action)
                case Ended(request_id, _, reason):
                    log.info("a callback is over", request=request_id, reason=reason)
        if actions:
            self._save()
        following = self._callbacks.next_wakeup(now)
        if following is not None:
            self._wake_in(following - now)

    def _recall(self, recall: Recall) -> None:
        users = self._pbx.tenant.users
        user, callee = users.get(recall.caller), users.get(recall.callee)
        if user is None or callee is None:
            self._callbacks.recall_failed(recall.request_id)
            return

        async def answered() -> None:
            self._callbacks.recall_answered(recall.request_id)

        call = call_for(
            self._pbx,
            user,
            self._pbx.placing.to_user(user),
            Party(callee.extension, callee.name),
            seconds=RECALL_SECONDS,
            answered=answered,
        )
        self._going_on[call.id] = recall

    def _save(self) -> None:
        requests = self._callbacks.snapshot()
        if requests:
            self._pbx.store.put(self._pbx.tenant.id, STATE, {"requests": requests})
        else:
            self._pbx.store.delete(self._pbx.tenant.id, STATE)


async def call_back(pbx: "Pbx", call: Call, user: User, command: c.Callback) -> Say:
    """Asks to be called back by a colleague, named or called last in vain."""
    callbacks = pbx.features.callbacks
    failed = callbacks.last_failed(user.id)
    if command.extension is not None:
        callee = pbx.tenant.by_extension(command.extension)
    else:
        callee = pbx.tenant.users.get(failed[0]) if failed is not None else None
    if callee is None:
        raise FeatureRefusedError("code.refused", 404)
    kind = failed[1] if failed is not None and failed[0] == callee.id else None
    try:
        callbacks.request(user, callee, kind)
    except CallbackError as error:
        raise FeatureRefusedError(error.prompt) from None
    return Say("callback.set")


async def cancel(pbx: "Pbx", call: Call, user: User, command: c.CallbackCancel) -> Say:
    """Takes back all callbacks of one's own."""
    return Say("callback.cleared" if pbx.features.callbacks.cancel(user.id) else "callback.none")


async def say_list(pbx: "Pbx", call: Call, user: User, command: c.CallbackList) -> Say:
    """Says whether a callback waits."""
    return Say("callback.set" if pbx.features.callbacks.waiting(user.id) else "callback.none")
