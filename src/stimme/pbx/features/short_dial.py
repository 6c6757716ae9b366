"""Dialling a number of the phone book by a short one: `*70*short#`.

Policy: the user's own books count before the shared ones; the number is called as if it had been dialled,
with everything that the user may and may not call.
"""

from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.model import User

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


async def dial_short(pbx: "Pbx", call: Call, user: User, command: c.ShortDial) -> None:
    """Calls the number behind a short one."""
    number = pbx.tenant.phone_books.number_behind(command.short, user.id)
    if number is None:
        raise FeatureRefusedError("call.unknown", 404)
    pbx.features.last_dialled.note(user.id, number)
    await pbx.directing.to_number(call, number, user)
