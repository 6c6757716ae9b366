"""What the PBX needs from the store. Every method but `load` returns at once; the store batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from stimme.pbx.records import CallListEntry, CallNote, CallRecord, Party
from stimme.prompts.say import Say

Stored = dict[str, dict[str, Any]]
"""JSON values by key."""


class BindingStore(Protocol):
    """Registrations that outlive a restart."""

    def save(self, key: str, tenant_id: str, value: dict[str, Any]) -> None:
        """Keeps a binding under its key."""

    def remove(self, key: str) -> None:
        """Forgets a binding."""

    async def load(self, only: str | None = None) -> dict[str, Stored]:
        """The bindings by key, of all tenants or ``only`` one, by tenant."""


class StateStore(Protocol):
    """What a tenant's people have set while it runs: JSON values by key."""

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        """Keeps a value, in place of what was there."""

    def delete(self, tenant_id: str, key: str) -> None:
        """Forgets a value."""

    async def load(self, only: str | None = None) -> dict[str, Stored]:
        """The values by key, of all tenants or ``only`` one, by tenant."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A recording that a user makes of a call: who, when, and between whom."""

    id: str
    tenant_id: str
    call_id: str
    user_id: str
    started_at: datetime
    caller: Party
    callee: Party


class RecordingStore(Protocol):
    """Where recordings of calls go."""

    def begin(self, recording: RecordedCall) -> Path:
        """Notes a recording; gives the file that is to be written. Raises OSError."""


class PhoneBooks(Protocol):
    """The phone books of a customer."""

    def name_of(self, number: str, user_id: str | None) -> str | None:
        """Who a number (E.164, or internal) belongs to, as a user's books have it; None: the shared ones."""

    def number_behind(self, short: str, user_id: str) -> str | None:
        """The number that a user dials by a short one."""


class NoPhoneBooks:
    """A customer without phone books."""

    def name_of(self, number: str, user_id: str | None) -> str | None:
        """Nobody is known."""
        return None

    def number_behind(self, short: str, user_id: str) -> str | None:
        """Nothing is behind it."""
        return None


class Sounds(Protocol):
    """What callers hear from us."""

    def file(self, words: Sequence[Say], language: str, customer: str | None = None) -> Path:
        """One file that says it all. Raises SpeechError when a sound is missing."""

    def music(self, customer: str | None = None, name: str = "hold") -> Path:
        """The music on hold."""


class Journal(Protocol):
    """What is needed after a crash to go on with confirmed calls, and to end what was open."""

    def put(self, key: str, value: dict[str, Any], *, voids: Sequence[str] = ()) -> None:
        """Keeps the state of a call or leg, in place of what was there and of the entries that it voids."""

    def drop(self, key: str) -> None:
        """Forgets an entry."""

    def settle(self, key: str) -> None:
        """Forgets an entry once everything reported to the store until now is safe there."""

    async def load(self) -> dict[str, dict[str, Any]]:
        """Every entry, by key."""


class CallRecords(Protocol):
    """Where finished calls go."""

    def add(self, record: CallRecord, entries: Sequence[CallListEntry]) -> None:
        """Writes a call and its call list lines, once per call id."""

    def note(self, note: CallNote) -> None:
        """Writes what a user notes of a call, once per call, user and kind."""

    async def last_to(self, tenant_id: str, user_id: str) -> str | None:
        """The id of the newest call that came to a user; None when there was none."""
