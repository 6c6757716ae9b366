"""The PINs of a tenant's users: for hot desking, where keys are all that a telephone has.

Policy: four to twelve digits, set by the user or an administrator, none until then; without one nobody logs
in by it. Only a hash is kept, in the customer's state. It is a quick one, for call control must not stand
still: few digits can be tried out by whoever has the database, and who has only a telephone is slowed down by
``stimme.pbx.features.hotdesk.PinGuard``.
"""

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stimme.pbx.ports import StateStore

SHORTEST, LONGEST = 4, 12
_KEY = "pin:"
_HASHER = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


class PinError(ValueError):
    """What cannot be a PIN, with the reason in words."""


class Pins:
    """See the module's docstring.

    Args:
        tenant_id: whose.
        store: keeps the hashes.
    """

    def __init__(self, tenant_id: str, store: StateStore) -> None:
        self._tenant_id = tenant_id
        self._store = store
        self._hashes: dict[str, str] = {}

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError for a damaged value."""
        for key, value in stored.items():
            if key.startswith(_KEY):
                self._hashes[key.removeprefix(_KEY)] = str(value["hash"])

    def has(self, user_id: str) -> bool:
        """Whether a user has one."""
        return user_id in self._hashes

    def set(self, user_id: str, pin: str) -> None:
        """Gives a user a PIN in place of the one before. Raises PinError."""
        if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
            raise PinError(f"a PIN has {SHORTEST} to {LONGEST} digits")
        self._hashes[user_id] = _HASHER.hash(pin)
        self._store.put(self._tenant_id, _KEY + user_id, {"hash": self._hashes[user_id]})

    def clear(self, user_id: str) -> None:
        """Takes a user's PIN away."""
        if self._hashes.pop(user_id, None) is not None:
            self._store.delete(self._tenant_id, _KEY + user_id)

    def fits(self, user_id: str, pin: str) -> bool:
        """Whether this is the user's PIN."""
        known = self._hashes.get(user_id)
        if known is None:
            return False
        try:
            return _HASHER.verify(known, pin)
        except (VerificationError, InvalidHashError):
            return False
