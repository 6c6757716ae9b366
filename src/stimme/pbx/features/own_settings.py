"""What users set for themselves by a code: diversions (GSM style), do not disturb, call waiting, CLIR.

The same settings as the client and the API change (``stimme.pbx.settings``).
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.diversion import DEFAULT_SECONDS, Diversion, DiversionError
from stimme.pbx.model import User
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


async def set_diversion(pbx: "Pbx", call: Call, user: User, command: c.SetDiversion) -> Say:
    """Diverts one's calls."""
    settings = pbx.settings.of(user.id)
    own = (user.extension, *([user.number] if user.number else []))
    try:
        wanted = Diversion(command.kind, command.number, seconds=command.seconds or DEFAULT_SECONDS)
        diversions = settings.diversions.set(wanted, own)
    except DiversionError:
        raise FeatureRefusedError("diversion.refused") from None
    pbx.settings.set(user.id, replace(settings, diversions=diversions))
    return Say(f"diversion.{command.kind.value}_set", {"number": command.number})


async def clear_diversion(pbx: "Pbx", call: Call, user: User, command: c.ClearDiversion) -> Say:
    """Diverts no longer."""
    settings = pbx.settings.of(user.id)
    pbx.settings.set(user.id, replace(settings, diversions=settings.diversions.clear(command.kind)))
    return Say("diversion.all_cleared" if command.kind is None else f"diversion.{command.kind.value}_cleared")


async def say_diversion(pbx: "Pbx", call: Call, user: User, command: c.SayDiversion) -> Say:
    """Says what is set."""
    found = pbx.settings.of(user.id).diversions.find(command.kind, internal=True)
    if found is None:
        return Say("diversion.none_set")
    return Say(f"diversion.{command.kind.value}_set", {"number": found.number})


async def set_dnd(pbx: "Pbx", call: Call, user: User, command: c.Dnd) -> Say:
    """Do not disturb."""
    pbx.settings.set(user.id, replace(pbx.settings.of(user.id), dnd=command.on))
    return Say("dnd.on" if command.on else "dnd.off")


async def set_call_waiting(pbx: "Pbx", call: Call, user: User, command: c.CallWaiting) -> Say:
    """Whether a second call may ring."""
    pbx.settings.set(user.id, replace(pbx.settings.of(user.id), call_waiting=command.on))
    return Say("waiting.on" if command.on else "waiting.off")


async def set_clir(pbx: "Pbx", call: Call, user: User, command: c.Clir) -> Say:
    """Hides one's number in every call."""
    pbx.settings.set(user.id, replace(pbx.settings.of(user.id), clir=command.on))
    return Say("clir.on" if command.on else "clir.off")


async def clir_once(pbx: "Pbx", call: Call, user: User, command: c.ClirOnce) -> None:
    """Calls a number, hidden or shown, whatever is set."""
    call.withheld = command.hidden
    await pbx.directing.to_number(call, command.number, user)


async def call_through(pbx: "Pbx", call: Call, user: User, command: c.CallThrough) -> None:
    """Rings in spite of do not disturb: for who sits at the attendant's desk."""
    if not pbx.features.reception.serves(user):
        raise FeatureRefusedError("code.not_allowed", 403)
    call.insistent = True
    await pbx.directing.to_number(call, command.extension, user)


async def say_own_number(pbx: "Pbx", call: Call, user: User, command: c.SayOwnNumber) -> Say:
    """Says the extension."""
    return Say("own.extension", {"extension": user.extension})


async def say_time(pbx: "Pbx", call: Call, user: User, command: c.SayTime) -> Say:
    """Says what time it is here."""
    return Say("clock.now", {"at": datetime.now(pbx.time_zone).time()})
