"""The numbering plan of a customer: every extension, and what it stands for.

Policy: users, groups, queues, menus, the attendant, conference rooms, voicemail and park slots share one
plan, so that an extension means one thing. An extension is 1 to 12 digits. It does not begin with 0, which
leads outside (the attendant's own `0` excepted), and it is no number of the public network that is dialled
without an area code: emergency, authorities (115), help lines (116…), directory enquiries (118…).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from stimme.pbx.emergency_numbers import emergency_number

_LONGEST = 12
_SERVICES = ("115", "19222")
_SERVICE_STARTS = ("116", "118")


class NumberingError(ValueError):
    """An extension that cannot be, with the reason in words for the administrator."""


class Kind(Enum):
    """What an extension stands for."""

    USER = "user"
    GROUP = "group"
    QUEUE = "queue"
    MENU = "menu"
    ATTENDANT = "attendant"
    CONFERENCE = "conference"
    VOICEMAIL = "voicemail"
    PARK = "park"
    FAX = "fax"


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension; `id` is the user, group, … it stands for."""

    number: str
    kind: Kind
    id: str


class NumberingPlan:
    """The extensions of one customer.

    Raises:
        NumberingError: for an extension that cannot be, or that two things want.
    """

    def __init__(self, extensions: Iterable[Extension] = ()) -> None:
        self._extensions: dict[str, Extension] = {}
        for extension in extensions:
            self.add(extension)

    def add(self, extension: Extension) -> None:
        """Gives a number to something. Raises NumberingError."""
        check_extension(extension.number, extension.kind)
        taken = self._extensions.get(extension.number)
        if taken is not None and taken != extension:
            raise NumberingError(f"{extension.number} belongs to {taken.kind.value} {taken.id}")
        self._extensions[extension.number] = extension

    def remove(self, number: str) -> None:
        """Takes a number back; one that nobody has is no error."""
        self._extensions.pop(number, None)

    def find(self, number: str) -> Extension | None:
        """What a number stands for."""
        return self._extensions.get(number)

    def may_become(self, digits: str) -> bool:
        """True when further digits could make an extension of these (overlap dialling, RFC 3578)."""
        return any(len(number) > len(digits) and number.startswith(digits) for number in self._extensions)

    def of(self, *kinds: Kind) -> list[Extension]:
        """The extensions of some kinds, by number."""
        return sorted(
            (item for item in self._extensions.values() if item.kind in kinds), key=lambda item: item.number
        )


def check_extension(number: str, kind: Kind) -> None:
    """Refuses what cannot be an extension. Raises NumberingError."""
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST):
        raise NumberingError(f"{number!r} is not an extension of 1 to {_LONGEST} digits")
    if emergency_number(number) is not None:
        raise NumberingError(f"{number} is an emergency number")
    if number in _SERVICES or (len(number) >= 5 and number.startswith(_SERVICE_STARTS)):
        raise NumberingError(f"{number} is a number of the public network")
    if number.startswith("0") and not (number == "0" and kind is Kind.ATTENDANT):
        raise NumberingError(f"{number}: only the attendant begins with 0")
