"""What one customer holds, and what may become of it.

Policy (the service description's chapter 2): a customer holds exactly one base licence, plain, extended (with
a rented gateway) or demo, and nothing without one. It includes one trunk; up to fifteen more are licensed one
by one. A demo is for a new customer, assigned by the provider's own staff only, for four weeks, with at most
three users and one trunk; it is never billed and may be converted into a paid licence, which keeps
everything. When it runs out, only emergency calls are possible; thirty days later the data may go. Trunk and
package licences are not ordered apart: they follow what is set up.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from stimme.licensing.errors import (
    LicenceChangeError,
    LicenceLimitError,
    LicenceMissingError,
    LicenceRightError,
)
from stimme.licensing.packages import LicenceKind, Package
from stimme.sentences import Sentence

Role = Literal["provider", "reseller", "customer", "user"]

MAX_TRUNKS = 16
DEMO_USERS = 3
DEMO_TRUNKS = 1
DEMO_LIFE = datetime.timedelta(weeks=4)
DEMO_DATA_KEPT = datetime.timedelta(days=30)

_STAFF = frozenset[Role]({"provider"})
_SALES = frozenset[Role]({"provider", "reseller"})

# Which base licence may become which, and who may do it. What is not here is refused.
_BASE_CHANGES: dict[tuple[LicenceKind | None, LicenceKind | None], frozenset[Role]] = {
    (None, LicenceKind.BASE): _SALES,
    (None, LicenceKind.EXTENDED_BASE): _SALES,
    (None, LicenceKind.DEMO): _STAFF,
    (LicenceKind.DEMO, LicenceKind.BASE): _SALES,
    (LicenceKind.DEMO, LicenceKind.EXTENDED_BASE): _SALES,
    (LicenceKind.BASE, LicenceKind.EXTENDED_BASE): _SALES,
    (LicenceKind.EXTENDED_BASE, LicenceKind.BASE): _SALES,
    (LicenceKind.BASE, None): _SALES,
    (LicenceKind.EXTENDED_BASE, None): _SALES,
    (LicenceKind.DEMO, None): _STAFF,
}
_PAID = frozenset({LicenceKind.BASE, LicenceKind.EXTENDED_BASE})


class Standing(StrEnum):
    """Whether a customer's PBX serves calls."""

    LICENSED = "licensed"
    DEMO = "demo"
    EXPIRED = "expired"
    """The demo has run out: emergency calls only, everything is kept."""
    UNLICENSED = "unlicensed"
    """No base licence: emergency calls only."""

    def allows_calls(self, *, emergency: bool = False) -> bool:
        """Tell whether a call may be placed or taken; 110 and 112 always may."""
        return emergency or self in (Standing.LICENSED, Standing.DEMO)


@dataclass(frozen=True, slots=True)
class Holding:
    """The licences of a customer at one moment.

    Attributes:
        base: The one base licence.
        trunks: All trunks set up, the included one among them.
        users: Users by package.
        demo_ends: When the demo ends or ended; kept after conversion, as a customer gets one demo only.
    """

    base: LicenceKind | None = None
    trunks: int = 0
    users: Mapping[Package, int] = field(default_factory=dict)
    demo_ends: datetime.datetime | None = None

    def licences(self) -> dict[LicenceKind, int]:
        """Return how many of each kind are provided; kinds that are not are left out."""
        counts = {LicenceKind.TRUNK: max(0, self.trunks - 1)}
        counts |= {LicenceKind(package.value): self.users.get(package, 0) for package in Package}
        if self.base is not None:
            counts[self.base] = 1
        return {kind: count for kind, count in counts.items() if count}

    def standing(self, now: datetime.datetime) -> Standing:
        """Tell whether the PBX serves calls at ``now``."""
        if self.base is None:
            return Standing.UNLICENSED
        if self.base in _PAID:
            return Standing.LICENSED
        return Standing.EXPIRED if self.demo_ends is not None and now >= self.demo_ends else Standing.DEMO

    def erasable_from(self) -> datetime.datetime | None:
        """Return when the data of an unconverted demo may be deleted; ``None`` for everybody else."""
        if self.base is not LicenceKind.DEMO or self.demo_ends is None:
            return None
        return self.demo_ends + DEMO_DATA_KEPT

    def with_base(self, kind: LicenceKind | None, *, by: Role, now: datetime.datetime) -> "Holding":
        """Assign, exchange, convert or (``None``) end the base licence.

        Raises:
            LicenceChangeError: When this licence cannot become that one.
            LicenceRightError: When ``by`` may not do it.
        """
        allowed = _BASE_CHANGES.get((self.base, kind))
        if allowed is None:
            raise LicenceChangeError(self._refusal(kind))
        if by not in allowed:
            raise LicenceRightError(_right_refusal(kind))
        if kind is not LicenceKind.DEMO:
            return replace(self, base=kind)
        if self.demo_ends is not None:
            raise LicenceChangeError(Sentence("demo-had", "This customer has had its demo licence."))
        demo = replace(self, base=kind, demo_ends=now + DEMO_LIFE)
        demo._check_demo()
        return demo

    def with_user(self, package: Package) -> "Holding":
        """Provide one more user.

        Raises:
            LicenceMissingError: Without a base licence.
            LicenceLimitError: For the fourth user of a demo.
        """
        return self._with_users(package, 1)

    def without_user(self, package: Package) -> "Holding":
        """Provide one user less."""
        return self._with_users(package, -1)

    def with_package(self, old: Package, new: Package) -> "Holding":
        """Change a user's package; allowed at any time.

        Raises:
            LicenceMissingError: Without a base licence.
        """
        return self.without_user(old).with_user(new)

    def with_trunk(self) -> "Holding":
        """Provide one more trunk.

        Raises:
            LicenceMissingError: Without a base licence.
            LicenceLimitError: For the seventeenth trunk, or the second of a demo.
        """
        self._need_base("A trunk")
        if self.trunks >= MAX_TRUNKS:
            raise LicenceLimitError(
                Sentence("trunk-limit", "A customer has at most {count} trunks.", count=MAX_TRUNKS)
            )
        more = replace(self, trunks=self.trunks + 1)
        more._check_demo()
        return more

    def without_trunk(self) -> "Holding":
        """Provide one trunk less."""
        return replace(self, trunks=self.trunks - 1)

    def _with_users(self, package: Package, change: int) -> "Holding":
        if change > 0:
            self._need_base("A user")
        counts = {**self.users, package: self.users.get(package, 0) + change}
        changed = replace(self, users={key: count for key, count in counts.items() if count})
        changed._check_demo()
        return changed

    def _need_base(self, what: str) -> None:
        if self.base is None:
            raise LicenceMissingError(
                Sentence("base-licence-needed", "{what} needs the customer's base licence first.", what=what)
            )

    def _check_demo(self) -> None:
        if self.base is not LicenceKind.DEMO:
            return
        if sum(self.users.values()) > DEMO_USERS:
            raise LicenceLimitError(
                Sentence("demo-users", "A demo licence has at most {count} users.", count=DEMO_USERS)
            )
        if self.trunks > DEMO_TRUNKS:
            raise LicenceLimitError(
                Sentence("demo-trunks", "A demo licence has at most {count} trunk.", count=DEMO_TRUNKS)
            )

    def _refusal(self, kind: LicenceKind | None) -> Sentence:
        if self.base is None:
            return Sentence("no-base-licence", "This customer has no base licence that could be ended.")
        if kind is LicenceKind.DEMO:
            return Sentence(
                "demo-not-new", "A demo licence is for a new customer; this one has a base licence."
            )
        return Sentence("one-base-licence", "A customer has exactly one base licence, and this one has it.")


def _right_refusal(kind: LicenceKind | None) -> Sentence:
    if kind is LicenceKind.DEMO or kind is None:
        return Sentence("demo-by-provider", "Only the provider's own staff assigns and ends demo licences.")
    return Sentence("base-by-reseller", "Base licences are ordered by the reseller or the provider.")
