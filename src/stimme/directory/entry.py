"""What stands in a phone book."""

from dataclasses import dataclass
from enum import Enum


class NumberKind(Enum):
    """What a number of an entry is for."""

    WORK = "work"
    MOBILE = "mobile"
    HOME = "home"
    FAX = "fax"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class EntryNumber:
    """A number of an entry: E.164, or the digits of an internal or service number."""

    number: str
    kind: NumberKind = NumberKind.OTHER


@dataclass(frozen=True, slots=True)
class Entry:
    """A person or a company.

    Attributes:
        name: how lists show it.
        sort: what they are ordered by, the name when empty.
        short: one to four digits by which its first number is dialled; empty for none.
    """

    id: str
    name: str
    numbers: tuple[EntryNumber, ...] = ()
    company: str = ""
    email: str = ""
    sort: str = ""
    short: str = ""

    @property
    def key(self) -> str:
        """What lists are ordered by."""
        return self.sort or self.name or self.company
