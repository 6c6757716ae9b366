"""Who may record calls at a customer's, and what the parties hear of it."""

from dataclasses import dataclass
from typing import Any

from stimme.pbx.apps.fields import FieldError, Fields
from stimme.sentences import Sentence

_LONGEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class RecordingPolicy:
    """The rules of one customer. Without them nobody may record: it is a crime where a party does not know.

    Attributes:
        everybody: all users may.
        members: user ids of who may besides.
        announcement: both parties hear that the call is recorded, at its beginning.
        keep_days: after so many days a recording is deleted.
    """

    everybody: bool = False
    members: frozenset[str] = frozenset()
    announcement: bool = True
    keep_days: int = 90

    def allows(self, user_id: str) -> bool:
        """Whether a user may record the own calls."""
        return self.everybody or user_id in self.members


def read_recording(value: Any, path: str = "") -> RecordingPolicy:
    """The rules from JSON. Raises FieldError."""
    fields = Fields(value, path)
    everybody, members = fields.flag("everybody", False), frozenset(fields.texts("members"))
    announcement, days = fields.flag("announcement", True), fields.whole("keep_days", 90)
    if not 1 <= days <= _LONGEST_DAYS:
        raise FieldError(
            fields.path("keep_days"),
            Sentence("out-of-range", "is not from {least} to {most}", least=1, most=_LONGEST_DAYS),
        )
    fields.done()
    return RecordingPolicy(everybody, members, announcement, days)
