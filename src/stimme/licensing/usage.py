"""How many licences were provided in a month: the maximum per kind, from the history of changes.

Policy: a month begins and ends at midnight in Berlin. Per licence kind the highest number provided at any
time in it counts, however short that time was; a number that was replaced at the same instant never was
provided. The plain and the extended base licence are two forms of one licence: a month that saw both counts
the extended one. Nothing counts while the customer has no paid base licence, so demos are free.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from stimme.licensing.errors import ClosingError
from stimme.licensing.packages import LicenceKind
from stimme.sentences import Sentence

BERLIN = ZoneInfo("Europe/Berlin")
_WRITTEN = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")
_BASES = (LicenceKind.BASE, LicenceKind.EXTENDED_BASE)


@dataclass(frozen=True, slots=True)
class LicenceEvent:
    """From ``at`` on, ``quantity`` licences of ``kind`` are provided."""

    at: datetime.datetime
    kind: LicenceKind
    quantity: int


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in Berlin."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read ``2026-11``.

        Raises:
            ClosingError: When it is not written so.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ClosingError(
                Sentence("not-a-month", "'{text}' is not a month; write it as 2026-11.", text=text)
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime.datetime) -> "Month":
        """Return the month that a moment lies in."""
        local = moment.astimezone(BERLIN)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first_day(self) -> datetime.date:
        """The first of the month."""
        return datetime.date(self.year, self.month, 1)

    @property
    def last_day(self) -> datetime.date:
        """The last of the month."""
        return self.following.first_day - datetime.timedelta(days=1)

    @property
    def following(self) -> "Month":
        """The month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def preceding(self) -> "Month":
        """The month before."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    @property
    def start(self) -> datetime.datetime:
        """The month's first instant, in UTC."""
        return datetime.datetime.combine(self.first_day, datetime.time(), BERLIN).astimezone(datetime.UTC)

    @property
    def end(self) -> datetime.datetime:
        """The first instant after the month, in UTC."""
        return self.following.start


def maxima(history: Iterable[LicenceEvent], month: Month) -> dict[LicenceKind, int]:
    """Count what a customer is billed for.

    Args:
        history: All of the customer's events up to the month's end or longer, in their order.
        month: What to count.

    Returns:
        The maximum per kind; kinds that were not provided are left out.
    """
    provided: dict[LicenceKind, int] = {}
    highest: dict[LicenceKind, int] = {}
    begun = False
    for at, changes in groupby(history, key=lambda event: event.at):
        if at >= month.end:
            break
        if at > month.start and not begun:
            _raise_to(highest, provided)
            begun = True
        provided |= {event.kind: event.quantity for event in changes}
        if at >= month.start:
            _raise_to(highest, provided)
            begun = True
    if not begun:
        _raise_to(highest, provided)
    if highest.get(LicenceKind.EXTENDED_BASE):
        highest.pop(LicenceKind.BASE, None)
    return {kind: highest[kind] for kind in LicenceKind if highest.get(kind)}


def _raise_to(highest: dict[LicenceKind, int], provided: Mapping[LicenceKind, int]) -> None:
    if not any(provided.get(base) for base in _BASES):
        return
    for kind, count in provided.items():
        if kind is not LicenceKind.DEMO:
            highest[kind] = max(highest.get(kind, 0), count)
