"""What users set for themselves, by code, key, client or API: diversions, do not disturb, call waiting, CLIR.

Kept in memory, written to the store at each change; everybody is told by one event.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import Diversion, Diversions
from stimme.pbx.ports import StateStore

_KEY = "user:"


@dataclass(frozen=True, slots=True)
class UserSettings:
    """One user's own settings."""

    diversions: Diversions = field(default_factory=Diversions)
    dnd: bool = False
    call_waiting: bool = True
    clir: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the store and the API carry it."""
        return {
            "diversions": [
                {
                    "kind": each.kind.value,
                    "number": each.number,
                    "origin": each.origin,
                    "seconds": each.seconds,
                }
                for each in self.diversions.entries
            ],
            "dnd": self.dnd,
            "call_waiting": self.call_waiting,
            "clir": self.clir,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "UserSettings":
        """From the store. Raises KeyError or ValueError for a damaged value."""
        entries = tuple(
            Diversion(DiversionKind(item["kind"]), item["number"], item["origin"], item["seconds"])
            for item in value["diversions"]
        )
        return cls(Diversions(entries), bool(value["dnd"]), bool(value["call_waiting"]), bool(value["clir"]))


class Settings:
    """The settings of all users of a tenant.

    Args:
        tenant_id: whose.
        store: keeps them.
        changed: called with a user's id and the new settings.
    """

    def __init__(
        self, tenant_id: str, store: StateStore, changed: Callable[[str, UserSettings], None]
    ) -> None:
        self._tenant_id = tenant_id
        self._store = store
        self._changed = changed
        self._of: dict[str, UserSettings] = {}

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept of this tenant."""
        for key, value in stored.items():
            if key.startswith(_KEY):
                self._of[key.removeprefix(_KEY)] = UserSettings.from_json(value)

    def of(self, user_id: str) -> UserSettings:
        """A user's settings; the defaults until something was set."""
        return self._of.get(user_id, _DEFAULT)

    def set(self, user_id: str, settings: UserSettings) -> None:
        """Changes a user's settings."""
        if self.of(user_id) == settings:
            return
        self._of[user_id] = settings
        self._store.put(self._tenant_id, _KEY + user_id, settings.to_json())
        self._changed(user_id, settings)


_DEFAULT = UserSettings()
