"""Who takes part in which group at the moment: logged in or out, idle since when; outlives a restart."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stimme.pbx.groups.group import Group
from stimme.pbx.groups.membership import Member, Membership
from stimme.pbx.ports import StateStore

_KEY = "member:"


class Memberships:
    """The memberships of all groups of a tenant.

    Args:
        tenant_id: whose.
        store: keeps them.
        line: a user's reachability, engagement and do not disturb, as `Member` has them.
        changed: called with a group's extension when somebody logged in or out.
    """

    def __init__(
        self,
        tenant_id: str,
        store: StateStore,
        line: Callable[[str], tuple[bool, bool, bool]],
        changed: Callable[[str, str], None],
    ) -> None:
        self._tenant_id = tenant_id
        self._store = store
        self._line = line
        self._changed = changed
        self._of: dict[str, Membership] = {}

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Times of another boot mean nothing: everybody is idle since now."""
        now = time.monotonic()
        for key, value in stored.items():
            if key.startswith(_KEY):
                kept = Membership.from_json(value)
                self._of[key.removeprefix(_KEY)] = replace(kept, idle_since=now, wrap_up_until=0.0)

    def member(self, group: Group, user_id: str) -> Member:
        """A member as the distribution sees it now."""
        reachable, busy, silent = self._line(user_id)
        return Member(user_id, self._get(group, user_id), reachable, busy, silent)

    def log_in(self, group: Group, user_id: str) -> None:
        """Takes part again."""
        self._set(group, user_id, self._get(group, user_id).log_in(time.monotonic()))

    def log_out(self, group: Group, user_id: str) -> None:
        """Takes part no longer."""
        self._set(group, user_id, self._get(group, user_id).log_out())

    def logged_in(self, group: Group, user_id: str) -> bool:
        """Whether a member takes part."""
        return self._get(group, user_id).logged_in

    def call_ended(self, group: Group, user_id: str) -> None:
        """A member has finished a call: idle from now on, spared for the wrap-up time."""
        membership = self._get(group, user_id).call_ended(time.monotonic(), group.wrap_up_seconds)
        self._of[f"{group.id}/{user_id}"] = membership

    def _get(self, group: Group, user_id: str) -> Membership:
        return self._of.get(f"{group.id}/{user_id}", _NEW)

    def _set(self, group: Group, user_id: str, membership: Membership) -> None:
        key = f"{group.id}/{user_id}"
        self._of[key] = membership
        self._store.put(self._tenant_id, _KEY + key, membership.to_json())
        self._changed(group.extension, user_id)


_NEW = Membership()
