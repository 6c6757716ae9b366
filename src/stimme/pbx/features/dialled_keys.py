"""Keys that come one by one behind a dial tone, until they are a number (overlap dialling, RFC 3578).

Policy: `#` ends a number. It is complete without that when it is an emergency number, or an extension with
which no other and no emergency number begins; a code when its last key has come. Otherwise a pause completes
it.
"""

from collections.abc import Collection

from stimme.pbx.emergency_numbers import EMERGENCY_NUMBERS, emergency_number
from stimme.pbx.features.codes import CodeTable, Dialled

_LONGEST = 40


class DialledKeys:
    """See the module's docstring.

    Args:
        codes: the customer's feature codes.
        extensions: of users and services.
    """

    def __init__(self, codes: CodeTable, extensions: Collection[str]) -> None:
        self._codes = codes
        self._extensions = extensions
        self.keys = ""

    def key(self, key: str) -> str | None:
        """A key was pressed; the number when it is complete."""
        if key == "#" and self.keys and self.keys[0] not in "*#":
            return self.keys
        self.keys = (self.keys + key)[:_LONGEST]
        if emergency_number(self.keys) is not None or self._is_code() or self._is_extension():
            return self.keys
        return None

    def pause(self) -> str | None:
        """No key came for a while; None when none had come at all."""
        return self.keys or None

    def _is_code(self) -> bool:
        if self.keys[0] not in "*#" or not self.keys.endswith("#"):
            return False
        found = self._codes.parse(self.keys, overlap=True)
        return isinstance(found, Dialled) or (found is None and len(self.keys) > 1)

    def _is_extension(self) -> bool:
        longer = any(
            each.startswith(self.keys)
            for each in (*self._extensions, *EMERGENCY_NUMBERS)
            if len(each) > len(self.keys)
        )
        return self.keys in self._extensions and self.keys[0] != "0" and not longer
