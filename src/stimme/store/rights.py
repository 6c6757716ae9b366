"""Named rights of staff: what of its role an account may do.

Policy: an account without a list has all rights of its role, as the first of every organisation. One with a
list has those and no others, and passes on no right that it does not have.
"""

from collections.abc import Collection
from enum import StrEnum


class Right(StrEnum):
    """What staff is there for."""

    PROVISIONING = "provisioning"
    """Set customers up: organisations, licences, users, telephones, trunks, numbers, services, sounds."""
    BILLING = "billing"
    """Prices, months, invoices, billing addresses."""
    SUPPORT = "support"
    """See how things are set up and what becomes of calls: records, traces, tests, calls going on."""
    ACCOUNTS = "accounts"
    """Invite and dismiss people, say what they may, read the audit log, hand over personal data."""


def rights_of(stored: Collection[str] | None) -> frozenset[Right] | None:
    """Return an account's rights; ``None`` for all of them."""
    return None if stored is None else frozenset(Right(name) for name in stored)


def covers(own: frozenset[Right] | None, wanted: frozenset[Right] | None) -> bool:
    """Tell whether somebody with rights of his own may give others."""
    return own is None or (wanted is not None and wanted <= own)
