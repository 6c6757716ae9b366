"""Pickup (K7): which ringing call somebody takes who presses the key.

Policy:
    * The key of a group takes the call that has rung longest at any other member of one of the user's
      pickup groups.
    * Directed pickup takes the call that has rung longest at one user; it is open to the members of a
      common group, or to everybody when the customer has it so.
    * A call that rings at several users (hunt group) is one call; nobody picks up what rings at the own
      telephone: that is answered, not picked up.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RingingCall:
    """A call that rings: at which users, since when (seconds of any clock)."""

    call_id: str
    user_ids: frozenset[str]
    since: float


def pickup_from_groups(
    user_id: str, groups: Iterable[Collection[str]], ringing: Iterable[RingingCall]
) -> RingingCall | None:
    """The call that the group key takes; None when nothing rings."""
    others = {member for group in groups if user_id in group for member in group} - {user_id}
    found = [call for call in ringing if call.user_ids & others and user_id not in call.user_ids]
    return min(found, key=lambda call: call.since, default=None)


def pickup_of(
    user_id: str,
    of: str,
    groups: Iterable[Collection[str]],
    ringing: Iterable[RingingCall],
    *,
    open_to_all: bool = False,
) -> RingingCall | None:
    """The call that rings at a user; None when none does.

    Raises:
        PermissionError: when the two share no pickup group.
    """
    if not open_to_all and not any(user_id in group and of in group for group in groups):
        raise PermissionError(f"{user_id} and {of} share no pickup group")
    found = [call for call in ringing if of in call.user_ids and user_id not in call.user_ids]
    return min(found, key=lambda call: call.since, default=None)
