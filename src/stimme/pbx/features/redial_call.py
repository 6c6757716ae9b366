"""Redial by code: the number that the user dialled last is called again.

Policy: every number counts, inside and outside; feature codes and emergency numbers do not. It is kept per
user, whichever telephone it was dialled at, and outlives a restart.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.model import User

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_KEY = "dialled:"


class LastDialled:
    """The last dialled number of every user of a tenant.

    Args:
        pbx: the tenant's actor.
        dialled: told of each number that a user dials.
    """

    def __init__(self, pbx: "Pbx", dialled: Callable[[str, str], None]) -> None:
        self._pbx = pbx
        self._dialled = dialled
        self._of: dict[str, str] = {}

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError for a damaged value."""
        for key, value in stored.items():
            if key.startswith(_KEY):
                self._of[key.removeprefix(_KEY)] = str(value["number"])

    def note(self, user_id: str, number: str) -> None:
        """A user dialled a number."""
        self._dialled(user_id, number)
        if self._of.get(user_id) != number:
            self._of[user_id] = number
            self._pbx.store.put(self._pbx.tenant.id, _KEY + user_id, {"number": number})

    def of(self, user_id: str) -> str | None:
        """What a user dialled last."""
        return self._of.get(user_id)


async def redial(pbx: "Pbx", call: Call, user: User, command: c.Redial) -> None:
    """Calls the last dialled number again."""
    number = pbx.features.last_dialled.of(user.id)
    if number is None:
        raise FeatureRefusedError("redial.nothing", 404)
    await pbx.directing.to_number(call, number, user)
