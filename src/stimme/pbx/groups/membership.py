"""A user in a group: logged in or out, spared after a call, idle for how long.

Policy: who logs in begins at the end of the line of the longest idle, as if a call had just ended. Logging
out during a call changes nothing about that call. A group's log-in survives restarts; it is the user's own,
not the phone's.
"""

from dataclasses import dataclass, replace
from typing import Any

from stimme.pbx.groups.group import CallWaiting, Group


@dataclass(frozen=True, slots=True)
class Membership:
    """The state of one user in one group. Times are seconds of the wall clock, so that they can be kept."""

    logged_in: bool = True
    idle_since: float = 0.0
    wrap_up_until: float = 0.0

    def log_in(self, now: float) -> "Membership":
        """Takes calls from now on; a second log-in changes nothing."""
        return self if self.logged_in else replace(self, logged_in=True, idle_since=now)

    def log_out(self) -> "Membership":
        """Takes no further calls."""
        return replace(self, logged_in=False, wrap_up_until=0.0)

    def call_ended(self, now: float, wrap_up_seconds: float) -> "Membership":
        """A conversation of the group ended: the member is spared for a while, and idle from now."""
        return replace(self, idle_since=now, wrap_up_until=now + wrap_up_seconds)

    def ready(self, now: float) -> "Membership":
        """The member has finished before the time was up."""
        return replace(self, wrap_up_until=min(self.wrap_up_until, now))

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "logged_in": self.logged_in,
            "idle_since": self.idle_since,
            "wrap_up_until": self.wrap_up_until,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Membership":
        """From the store."""
        return cls(bool(value["logged_in"]), float(value["idle_since"]), float(value["wrap_up_until"]))


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the distribution sees it: the membership, and what the user's line does now.

    Attributes:
        reachable: a device is registered.
        busy: in a conversation, or rung by another call.
        silent: do not disturb.
    """

    user_id: str
    membership: Membership = Membership()
    reachable: bool = True
    busy: bool = False
    silent: bool = False

    def present(self, now: float) -> bool:
        """Could take a call if no conversation were in the way."""
        spared = self.membership.wrap_up_until > now
        return self.membership.logged_in and self.reachable and not self.silent and not spared


def eligible(group: Group, members: list[Member], now: float) -> list[Member]:
    """The members who may be rung now, by log-in, wrap-up and the group's call waiting rule."""
    present = [member for member in members if member.present(now)]
    free = [member for member in present if not member.busy]
    match group.call_waiting:
        case CallWaiting.NEVER:
            return free
        case CallWaiting.WHEN_ALL_BUSY:
            return free or present
        case CallWaiting.ALWAYS:
            return present
