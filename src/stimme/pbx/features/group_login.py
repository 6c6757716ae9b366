"""Taking part in hunt groups: log in and out by key or code, for one group or all of one's own."""

from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.groups.group import Group
from stimme.pbx.model import User
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


async def log_in(pbx: "Pbx", call: Call, user: User, command: c.LoginGroup) -> Say:
    """Takes part again."""
    for group in _groups(pbx, user, command.extension):
        pbx.groups.log_in(group, user.id)
    if command.extension is None:
        return Say("group.all_in")
    return Say("group.logged_in", {"group": command.extension})


async def log_out(pbx: "Pbx", call: Call, user: User, command: c.LogoutGroup) -> Say:
    """Takes part no longer."""
    for group in _groups(pbx, user, command.extension):
        pbx.groups.log_out(group, user.id)
    if command.extension is None:
        return Say("group.all_out")
    return Say("group.logged_out", {"group": command.extension})


def _groups(pbx: "Pbx", user: User, extension: str | None) -> list[Group]:
    groups = [
        group
        for group in pbx.tenant.groups.values()
        if user.id in group.members and extension in (None, group.extension)
    ]
    if not groups:
        raise FeatureRefusedError("group.not_member", 404)
    return groups
