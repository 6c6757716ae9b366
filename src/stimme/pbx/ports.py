"""What the PBX needs from the store. Every method but `load` returns at once; the store batches."""

from collections.abc import Sequence
from typing import Any, Protocol

from stimme.pbx.records import CallListEntry, CallRecord


class BindingStore(Protocol):
    """Registrations that outlive a restart."""

    def save(self, key: str, tenant_id: str, value: dict[str, Any]) -> None:
        """Keeps a binding under its key."""

    def remove(self, key: str) -> None:
        """Forgets a binding."""

    async def load(self, tenant_id: str) -> dict[str, dict[str, Any]]:
        """The bindings of a tenant by key."""


class Journal(Protocol):
    """What is needed to go on with the confirmed calls after a crash."""

    def put(self, call_id: str, value: dict[str, Any]) -> None:
        """Keeps the state of a call, in place of what was there."""

    def delete(self, call_id: str) -> None:
        """The call has ended."""

    async def load(self) -> dict[str, dict[str, Any]]:
        """Every call that had not ended, by id."""


class CallRecords(Protocol):
    """Where finished calls go."""

    def add(self, record: CallRecord, entries: Sequence[CallListEntry]) -> None:
        """Writes a call and its call list lines, once per call id."""
