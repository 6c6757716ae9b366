"""Noting a malicious call (P2): the present call, or the last one that came, is marked in its record.

Policy: by `*39#` while or after one speaks, or by `**9` within the call, of which nobody hears anything. The
note says who noted it and when; the record that it belongs to has what the network said of the caller. It is
made once for each call and user, and stays. Only calls that came to the user can be noted. After a restart
the last call is the newest in the user's call list.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.model import User
from stimme.pbx.records import CallNote, CallRecord
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


class LastCalls:
    """The last call that came to each user of a tenant."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def call_over(self, call: Call, record: CallRecord | None) -> None:
        """A call has ended."""
        if record is not None:
            for user_id in {*call.called_user_ids, record.answered_by} - {None, record.caller.user_id}:
                self._of[str(user_id)] = record.id

    def of(self, user_id: str) -> str | None:
        """The id of the last call that came to a user."""
        return self._of.get(user_id)


async def note_malicious(pbx: "Pbx", call: Call, user: User, command: c.NoteMaliciousCall) -> Say:
    """Notes the user's other call, else the last one."""
    present = next(iter(pbx.conversations_of(user.id, besides=call)), None)
    on_hold = pbx.features.hand_sets.held_by(user.id)
    going_on = present[0] if present is not None else on_hold
    if going_on is not None and going_on.caller.user_id != user.id:
        note(pbx, going_on, user)
        return Say("call.noted")
    last = pbx.features.last_calls.of(user.id) or await pbx.last_call_to(user.id)
    if last is None:
        raise FeatureRefusedError("code.refused", 404)
    _write(pbx, last, user)
    return Say("call.noted")


def note(pbx: "Pbx", call: Call, user: User) -> None:
    """Notes a call that goes on. Raises FeatureRefusedError for one that the user has placed."""
    if call.caller.user_id == user.id:
        raise FeatureRefusedError("code.refused")
    _write(pbx, call.id, user)


def _write(pbx: "Pbx", call_id: str, user: User) -> None:
    pbx.note_call(CallNote(pbx.tenant.id, call_id, user.id, "malicious", datetime.now(UTC)))
