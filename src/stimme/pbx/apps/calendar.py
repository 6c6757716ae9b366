"""Opening hours: weekly times, public holidays of a federal state, days of one's own.

Policy:
    * Times are wall-clock times of the calendar's zone; the change to summer time and back moves nothing.
    * A time that ends before it begins goes over midnight, and belongs to the day on which it begins.
    * What is set for a date (closed, or other hours) wins over a public holiday, that over the week.
    * The federal state is given as `DE-BE`; `DE-BY+catholic` adds the days of communities with a catholic
      majority.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as public_holidays

from stimme.sentences import Sentence

_LOOK_AHEAD = 400
_MIDNIGHT = time(0)


class CalendarError(ValueError):
    """A calendar that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` to `end`, the end not included; an end of 00:00 is midnight."""

    start: time
    end: time

    @property
    def over_midnight(self) -> bool:
        """The hours reach into the following day."""
        return self.end <= self.start and self.end != _MIDNIGHT

    def contains(self, moment: time) -> bool:
        """True when these hours, begun on the same day, contain the moment."""
        return self.start <= moment and (self.end <= self.start or moment < self.end)

    def contains_next_day(self, moment: time) -> bool:
        """True when these hours, begun on the day before, contain the moment."""
        return self.over_midnight and moment < self.end


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """Dates from `first` to `last` with hours of their own; none at all is closed."""

    first: date
    last: date
    name: str = ""
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody is there.

    Attributes:
        week: hours by weekday, 0 is Monday.
        region: the federal state whose public holidays are closed; None: holidays are days like others.
    """

    name: str
    week: dict[int, tuple[Hours, ...]] = field(default_factory=dict)
    region: str | None = None
    special: tuple[SpecialDays, ...] = ()
    zone: str = "Europe/Berlin"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CalendarError(
                Sentence(
                    "no-time-zone",
                    "calendar {name}: there is no time zone {zone}",
                    name=self.name,
                    zone=repr(self.zone),
                )
            ) from error
        if any(day not in range(7) for day in self.week):
            raise CalendarError(
                Sentence(
                    "not-a-weekday", "calendar {name}: a weekday is 0 (Monday) to 6 (Sunday)", name=self.name
                )
            )
        if any(days.last < days.first for days in self.special):
            raise CalendarError(
                Sentence("days-backwards", "calendar {name}: days that end before they begin", name=self.name)
            )
        if self.region is not None:
            _holidays(self.region, 2026)

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of the calendar's times."""
        return ZoneInfo(self.zone)

    def is_open(self, at: datetime) -> bool:
        """Tells whether somebody is there. Raises CalendarError for a time without zone."""
        local = self._local(at)
        day, moment = local.date(), local.time()
        if any(hours.contains(moment) for hours in self.hours_of(day)):
            return True
        return any(hours.contains_next_day(moment) for hours in self.hours_of(day - timedelta(days=1)))

    def hours_of(self, day: date) -> tuple[Hours, ...]:
        """The hours that begin on a date."""
        for days in self.special:
            if days.first <= day <= days.last:
                return days.hours
        if self.holiday(day) is not None:
            return ()
        return self.week.get(day.weekday(), ())

    def holiday(self, day: date) -> str | None:
        """The German name of the public holiday on a date, None when it is none."""
        return None if self.region is None else _holidays(self.region, day.year).get(day)

    def next_change(self, after: datetime) -> datetime | None:
        """When the calendar next opens or closes (UTC); None when it does not within a year."""
        now_open = self.is_open(after)
        for change in self._edges(self._local(after).date()):
            if change > after and self.is_open(change) != now_open:
                return change
        return None

    def _edges(self, first: date) -> Iterator[datetime]:
        zone = self.time_zone
        edges: list[datetime] = []
        for offset in range(-1, _LOOK_AHEAD):
            day = first + timedelta(days=offset)
            following = day + timedelta(days=1)
            edges.append(datetime.combine(following, _MIDNIGHT, zone))
            for hours in self.hours_of(day):
                edges.append(datetime.combine(day, hours.start, zone))
                ends = following if hours.end <= hours.start else day
                edges.append(datetime.combine(ends, hours.end, zone))
            # Whatever begins later than tomorrow's midnight can wait for the next turn.
            ready = sorted(edge.astimezone(UTC) for edge in edges)
            limit = datetime.combine(following, _MIDNIGHT, zone).astimezone(UTC)
            yield from (edge for edge in ready if edge <= limit)
            edges = [edge for edge in edges if edge.astimezone(UTC) > limit]

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise CalendarError("a time without zone")
        return at.astimezone(self.time_zone)


@lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> dict[date, str]:
    country, _, rest = region.partition("-")
    state, _, category = rest.partition("+")
    categories = ("public", category) if category else ("public",)
    try:
        found = public_holidays.country_holidays(
            country, subdiv=state or None, years=year, language="de", categories=categories
        )
    except (NotImplementedError, ValueError) as error:
        raise CalendarError(
            Sentence(
                "no-region", "there is no region {region}: {reason}", region=repr(region), reason=str(error)
            )
        ) from error
    return dict(found)
