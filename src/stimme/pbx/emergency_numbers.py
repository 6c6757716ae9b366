"""Emergency numbers, however they are dialled."""

import re
from collections.abc import Collection

EMERGENCY_NUMBERS = frozenset({"110", "112"})
_SEPARATORS = str.maketrans("", "", " -()/.")
# What people put before an emergency number: codes such as *31# (CLIR, also written *31*), the country, an
# older system's zero, a star pressed by mistake.
_BEFORE_EMERGENCY = re.compile(r"(?:[*#]\d{1,3}#|[*#]31\*)*[*#]?(?:\+49|0049|0)?", re.ASCII)


def emergency_number(dialled: str, numbers: Collection[str] = EMERGENCY_NUMBERS) -> str | None:
    """The emergency number that somebody dialled, however they dialled it; None when it was another number.

    Frightened people dial as they are used to: `0112` with the zero of an older system, `+49112`, `*31#112`,
    `112#`. None of these is anybody else's number, so all of them are 112.
    """
    digits = dialled.partition(";")[0].translate(_SEPARATORS).removesuffix("#")
    for number in numbers:
        if digits.endswith(number) and _BEFORE_EMERGENCY.fullmatch(digits.removesuffix(number)):
            return number
    return None
