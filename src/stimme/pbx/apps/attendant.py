"""The attendant (Zentrale, K12): where calls to the head number go, by day and by night.

Policy:
    * There are two diversion targets. The schedule switches to the first when the calendar is closed, and
      to the second on public holidays when that is set. A key switches to either by hand, or back to day.
    * A position set by key holds until the schedule next changes, or, when so set, until a key is pressed
      again. The key that shows the present position, pressed again, gives it back to the schedule.
    * The state of each key (its lamp) follows the position, whoever or whatever switched.
    * A call to the attendant rings at the attendant's own telephone or group although that has a diversion.
    * A call that the attendant passed on and nobody took comes back to the attendant, and says where it was.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from stimme.pbx.apps.calendar import Calendar
from stimme.prompts.say import Say
from stimme.sentences import Sentence


class Position(Enum):
    """What the night switch stands at."""

    DAY = "day"
    NIGHT_1 = "night_1"
    NIGHT_2 = "night_2"


class AttendantError(ValueError):
    """An attendant that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Override:
    """A position set by key; `until` None holds until a key is pressed."""

    position: Position
    until: datetime | None

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "position": self.position.value,
            "until": self.until.isoformat() if self.until is not None else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Override":
        """From the store. Raises KeyError or ValueError for a damaged row."""
        until = value["until"]
        return cls(Position(value["position"]), datetime.fromisoformat(until) if until is not None else None)


@dataclass(frozen=True, slots=True)
class Attendant:
    """The attendant of a customer or a site.

    Attributes:
        extension: the number behind the head number, usually 0; the bare head number goes here too.
        to: extension of the user or group that answers by day.
        nights: the two diversion targets, any number that could be dialled.
        on_holidays: the position on a public holiday.
        hold_until_pressed: a key's position outlasts the next change of the schedule.
        announcement: said before answering.
        menu: id of the menu that answers before anybody, None for none.
        recall_seconds: how long a transferred call may ring before it comes back.
    """

    extension: str
    to: str
    calendar: Calendar | None = None
    nights: tuple[str | None, str | None] = (None, None)
    on_holidays: Position = Position.NIGHT_1
    hold_until_pressed: bool = False
    announcement: tuple[Say, ...] = ()
    menu: str | None = None
    recall_seconds: float = 30.0
    override: Override | None = None

    def __post_init__(self) -> None:
        if self.extension in (self.to, *self.nights):
            raise AttendantError(
                Sentence(
                    "leads-to-itself", "the attendant {extension} leads to itself", extension=self.extension
                )
            )
        if self.recall_seconds <= 0:
            raise AttendantError(Sentence("recall-not-positive", "the time until a recall is not positive"))

    def with_override(self, override: Override | None) -> "Attendant":
        """The same with the position that somebody has set by key."""
        return replace(self, override=override)

    def position(self, at: datetime) -> Position:
        """Where the night switch stands at a moment."""
        override = self.override
        if override is not None and (override.until is None or at < override.until):
            return override.position
        return self.scheduled(at)

    def scheduled(self, at: datetime) -> Position:
        """Where the schedule alone would have it. A position without a target is day: no call is lost."""
        if self.calendar is None or self.calendar.is_open(at):
            return Position.DAY
        holiday = self.calendar.holiday(at.astimezone(self.calendar.time_zone).date()) is not None
        position = self.on_holidays if holiday else Position.NIGHT_1
        return position if position is Position.DAY or self.target(position) is not None else Position.DAY

    def press(self, position: Position, at: datetime) -> "Attendant":
        """A key was pressed. Raises AttendantError for a position that has no target."""
        pressed_before = self.override is not None and self.position(at) is position
        return self.switch(None if pressed_before else position, at)

    def switch(self, position: Position | None, at: datetime) -> "Attendant":
        """Sets a position, or gives it back to the schedule (None).

        Raises:
            AttendantError: for a position that has no target.
        """
        if position is None:
            return replace(self, override=None)
        if position is not Position.DAY and self.target(position) is None:
            raise AttendantError(f"{position.value} has no target")
        until = None
        if not self.hold_until_pressed and self.calendar is not None:
            until = self.calendar.next_change(at)
        return replace(self, override=Override(position, until))

    def target(self, position: Position) -> str | None:
        """The number that a position leads to."""
        match position:
            case Position.DAY:
                return self.to
            case Position.NIGHT_1:
                return self.nights[0]
            case Position.NIGHT_2:
                return self.nights[1]

    def destination(self, at: datetime) -> str:
        """The number that a call to the attendant goes to now."""
        return self.target(self.position(at)) or self.to

    def next_change(self, after: datetime) -> datetime | None:
        """When the position may change by itself, for the lamps of the keys."""
        times = [self.override.until] if self.override is not None and self.override.until else []
        change = self.calendar.next_change(after) if self.calendar is not None else None
        return min([item for item in [*times, change] if item is not None and item > after], default=None)
