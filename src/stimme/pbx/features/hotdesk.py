"""Hot desking (K6): any telephone becomes one's own by extension and PIN.

Policy:
    * A telephone has a home user, or none. A guest who logs in takes it over: identity, number, trunk,
      lists, also for emergency calls, which then carry the number of the guest's site.
    * The earlier user of that telephone, home user or guest, loses this telephone and nothing else; a user
      may be at several telephones at once.
    * Logging out gives the telephone back to its home user. A guest is logged out by itself at a time of
      day, or after a number of hours, when that is set.
    * After five wrong PINs for an extension within a quarter of an hour, nobody logs in with it for as long.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WRONG_PINS = 5
PIN_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class AutoLogout:
    """When a guest is logged out by itself: at a time of day of the zone, after so many hours, or both."""

    at: time | None = None
    after_hours: float | None = None
    zone: str = "Europe/Berlin"

    def due(self, since: datetime) -> datetime | None:
        """When a guest who logged in at `since` is logged out; None: never."""
        times: list[datetime] = []
        if self.after_hours is not None:
            times.append(since + timedelta(hours=self.after_hours))
        if self.at is not None:
            local = since.astimezone(ZoneInfo(self.zone))
            today = datetime.combine(local.date(), self.at, ZoneInfo(self.zone))
            tomorrow = datetime.combine(local.date() + timedelta(days=1), self.at, ZoneInfo(self.zone))
            times.append(today if today > local else tomorrow)
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is logged in at a telephone, since when, and until when."""

    user_id: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """A telephone changed hands: from whom, to whom; None is nobody."""

    device_id: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class HotDesks:
    """Who is at which telephone.

    Args:
        homes: the home user of every telephone, None for one that has none.
    """

    homes: Mapping[str, str | None]
    auto_logout: AutoLogout = AutoLogout()
    guests: dict[str, Guest] = field(default_factory=dict)

    def user_of(self, device_id: str) -> str | None:
        """Whose telephone it is now."""
        guest = self.guests.get(device_id)
        return guest.user_id if guest is not None else self.homes.get(device_id)

    def devices_of(self, user_id: str) -> list[str]:
        """Every telephone that is the user's now: where calls to the user ring."""
        return [device_id for device_id in self.homes if self.user_of(device_id) == user_id]

    def log_in(self, device_id: str, user_id: str, now: datetime) -> Change | None:
        """A user takes a telephone; None when nothing changes. Raises KeyError for an unknown telephone."""
        if device_id not in self.homes:
            raise KeyError(device_id)
        before = self.user_of(device_id)
        if self.homes[device_id] == user_id:
            self.guests.pop(device_id, None)
        else:
            self.guests[device_id] = Guest(user_id, now, self.auto_logout.due(now))
        return Change(device_id, before, user_id) if before != user_id else None

    def log_out(self, device_id: str) -> Change | None:
        """The guest leaves; None when there is none."""
        guest = self.guests.pop(device_id, None)
        return None if guest is None else Change(device_id, guest.user_id, self.homes.get(device_id))

    def run(self, now: datetime) -> list[Change]:
        """Logs out whose time is up."""
        due = [
            device_id
            for device_id, guest in self.guests.items()
            if guest.until is not None and guest.until <= now
        ]
        return [change for device_id in due if (change := self.log_out(device_id)) is not None]

    def next_wakeup(self) -> datetime | None:
        """When `run` has something to do."""
        return min((guest.until for guest in self.guests.values() if guest.until is not None), default=None)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Who is logged in, for the store."""
        return {
            device_id: {
                "user_id": guest.user_id,
                "since": guest.since.isoformat(),
                "until": guest.until.isoformat() if guest.until is not None else None,
            }
            for device_id, guest in self.guests.items()
        }

    def restore(self, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """Takes back who was logged in, where the telephone is still there. Raises KeyError or ValueError."""
        self.guests = {
            device_id: Guest(
                str(item["user_id"]),
                datetime.fromisoformat(item["since"]),
                datetime.fromisoformat(item["until"]) if item["until"] is not None else None,
            )
            for device_id, item in snapshot.items()
            if device_id in self.homes
        }


@dataclass(slots=True)
class PinGuard:
    """Slows down guessing of PINs, by extension.

    Args:
        verify: whether a PIN is the one of an extension; False for an extension that does not exist.
    """

    verify: Callable[[str, str], bool]
    _wrong: dict[str, list[datetime]] = field(default_factory=dict)

    def check(self, extension: str, pin: str, now: datetime) -> str | None:
        """The prompt that says why not, None when the PIN is right. Locked extensions are not looked at."""
        recent = [at for at in self._wrong.get(extension, []) if at > now - PIN_WINDOW]
        if len(recent) >= WRONG_PINS:
            return "hotdesk.locked"
        if self.verify(extension, pin):
            self._wrong.pop(extension, None)
            return None
        self._wrong[extension] = [*recent, now]
        self._forget(now)
        return "hotdesk.wrong"

    def _forget(self, now: datetime) -> None:
        for extension, times in list(self._wrong.items()):
            if times[-1] <= now - PIN_WINDOW:
                del self._wrong[extension]
