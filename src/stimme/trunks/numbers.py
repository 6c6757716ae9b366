"""Number blocks (T2), and how providers write numbers.

Inside, every public number is E.164 with its plus. A block is a head number and what may follow it; a
single number (MSN) is a head that nothing may follow. Blocks never overlap, neither within a customer nor
between customers, so that a number always belongs to one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import phonenumbers

from stimme.pbx.emergency_numbers import emergency_number

_LONGEST_E164 = 15


class NumberError(ValueError):
    """A number or block that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Range:
    """Extensions of one length, from `first` to `last`: `00` to `49`."""

    first: str
    last: str

    def __post_init__(self) -> None:
        plain = self.first.isascii() and self.first.isdigit() and self.last.isascii() and self.last.isdigit()
        if not plain or len(self.first) != len(self.last) or self.last < self.first:
            raise NumberError(f"{self.first}–{self.last} is no range of extensions")

    def __contains__(self, extension: str) -> bool:
        return len(extension) == len(self.first) and self.first <= extension <= self.last


@dataclass(frozen=True, slots=True)
class Block:
    """A head number in E.164 with its extensions.

    Attributes:
        extension_digits: up to so many digits may follow.
        ranges: when given, only these extensions belong to the customer; the head number alone always does.
    """

    head: str
    extension_digits: int = 0
    ranges: tuple[Range, ...] = ()

    def __post_init__(self) -> None:
        digits = self.head[1:]
        if not self.head.startswith("+") or not (digits.isascii() and digits.isdigit()) or digits[:1] == "0":
            raise NumberError(f"{self.head} is not a number in E.164")
        if self.extension_digits < 0 or len(digits) + self.extension_digits > _LONGEST_E164:
            raise NumberError(f"{self.head} with {self.extension_digits} more digits is too long")
        if any(len(item.first) > self.extension_digits for item in self.ranges):
            raise NumberError(f"{self.head}: a range has more than {self.extension_digits} digits")

    def extension_of(self, number: str) -> str | None:
        """What follows the head number; empty for the head number itself, None for a number of others."""
        if not number.startswith(self.head):
            return None
        extension = number[len(self.head) :]
        if extension and not (extension.isascii() and extension.isdigit()):
            return None
        if len(extension) > self.extension_digits:
            return None
        if extension and self.ranges and not any(extension in item for item in self.ranges):
            return None
        return extension

    def overlaps(self, other: "Block") -> bool:
        """True when a number belongs to both."""
        shorter, longer = sorted((self, other), key=lambda block: len(block.head))
        if not longer.head.startswith(shorter.head):
            return False
        gap = longer.head[len(shorter.head) :]
        if len(gap) > shorter.extension_digits:
            return False
        return any(
            _meet(one, gap, another) for one in shorter._intervals() for another in longer._intervals()
        )

    def _intervals(self) -> list[tuple[str, str]]:
        """The extensions as intervals of one length each; the head number alone is the empty one."""
        if self.ranges:
            return [("", ""), *((item.first, item.last) for item in self.ranges)]
        return [("0" * length, "9" * length) for length in range(self.extension_digits + 1)]


def _meet(one: tuple[str, str], gap: str, another: tuple[str, str]) -> bool:
    """Whether two intervals share a number, the second one standing behind `gap`."""
    first, last = gap + another[0], gap + another[1]
    return len(first) == len(one[0]) and max(first, one[0]) <= min(last, one[1])


def check_blocks(blocks: Iterable[Block]) -> None:
    """Refuses blocks that overlap. Raises NumberError naming both."""
    taken: list[Block] = []
    for block in blocks:
        for other in taken:
            if block.overlaps(other):
                raise NumberError(f"{block.head} and {other.head} have numbers in common")
        taken.append(block)


class NumberFormat(Enum):
    """How a provider writes numbers."""

    E164 = "+493012345"
    E164_BARE = "493012345"
    INTERNATIONAL = "00493012345"
    NATIONAL = "03012345"


def to_provider(number: str, form: NumberFormat, country: int = 49) -> str:
    """A number as the provider wants it; emergency and service numbers as they are dialled.

    Args:
        country: the provider's country, whose numbers `NATIONAL` writes with a zero, all others with two.
    """
    if not number.startswith("+"):
        return number
    digits = number[1:]
    match form:
        case NumberFormat.E164:
            return number
        case NumberFormat.E164_BARE:
            return digits
        case NumberFormat.INTERNATIONAL:
            return f"00{digits}"
        case NumberFormat.NATIONAL:
            home = str(country)
            return f"0{digits[len(home) :]}" if digits.startswith(home) else f"00{digits}"


def from_provider(text: str, home: str, form: NumberFormat | None = None) -> str:
    """A number from a provider as E.164, whatever the form; what is none comes back as it is.

    Args:
        home: the head number of the trunk: its country, and its area for numbers without one.
        form: the provider's way; needed only for `E164_BARE`, which looks like a local number.
    """
    digits = "".join(char for char in text.partition(";")[0] if char not in " -()/.")
    if not digits.isascii() or not digits.removeprefix("+").isdigit():
        return text
    if emergency_number(digits) is not None:
        return digits
    try:
        base = phonenumbers.parse(home)
        if form is NumberFormat.E164_BARE and not digits.startswith(("0", "+")):
            digits = f"+{digits}"
        number = phonenumbers.parse(digits, phonenumbers.region_code_for_number(base) or "DE")
    except phonenumbers.NumberParseException:
        return text
    if not digits.startswith(("0", "+")):
        area = phonenumbers.national_significant_number(base)
        area = area[: phonenumbers.length_of_geographical_area_code(base)]
        local = f"+{base.country_code}{area}{digits}"
        return local if len(digits) >= 4 and area else text
    if not phonenumbers.is_possible_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
