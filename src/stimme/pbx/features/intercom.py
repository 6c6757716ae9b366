"""Intercom: a colleague's telephone answers by itself, and one speaks to whoever is in the room.

Policy: only to a colleague whose line is free and who may be disturbed; it follows no diversion, because
the voice must come out where it was meant to. The headers are those of
``stimme.pbx.features.auto_answer``; a telephone that knows none of them rings.
"""

from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.auto_answer import auto_answer_headers
from stimme.pbx.model import User
from stimme.pbx.placing import party_of
from stimme.pbx.ringing import Ringing

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


async def speak_to(pbx: "Pbx", call: Call, user: User, command: c.Intercom) -> None:
    """Calls a colleague's telephones, which answer by themselves."""
    callee = pbx.tenant.by_extension(command.extension)
    if callee is None or callee.id == user.id:
        raise FeatureRefusedError("code.refused", 404)
    if pbx.line_state(callee.id) != "free" or pbx.settings.of(callee.id).dnd:
        raise FeatureRefusedError("code.refused", 486)
    legs = pbx.placing.to_user(callee, tuple(auto_answer_headers(pbx.tenant.domain)))
    if not legs:
        raise FeatureRefusedError("code.refused", 480)
    call.callee = party_of(callee)
    call.called_user_ids = (callee.id,)
    await call.become(Ringing(call, legs, seconds=pbx.ring_timeout))
