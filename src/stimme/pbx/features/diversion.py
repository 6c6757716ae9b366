"""Diversions (S3, P2): where a call goes on, user by user, as a pure function.

Policy:
    * Always comes first; then not registered, when no telephone of the user is; then busy, also under do
      not disturb; no reply comes after ringing. A diversion may be for calls from inside, from outside, or
      for both.
    * A call is diverted five times at most, and never to somebody whom it has passed (a loop). The
      diversion that would break either rule is not carried out: the call stays where it is, and rings there
      when it can.
    * The attendant's calls do not follow the diversion of the telephone that answers for the attendant.
    * Nobody can divert to an emergency number, to themselves, or to where they may not call: the one who
      diverts pays.
    * A user without any telephone and without a diversion is answered for by the attendant (K6).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.features.commands import DiversionKind
from stimme.sentences import Sentence

MOST_HOPS = 5
DEFAULT_SECONDS = 20
SHORTEST, LONGEST = 5, 120
Origin = Literal["any", "internal", "external"]


class DiversionError(ValueError):
    """A diversion that nobody may set, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """One diversion of a user; `seconds` counts for no reply only."""

    kind: DiversionKind
    number: str
    origin: Origin = "any"
    seconds: int = DEFAULT_SECONDS

    def __post_init__(self) -> None:
        if not SHORTEST <= self.seconds <= LONGEST:
            raise DiversionError(
                Sentence(
                    "diversion-time",
                    "a time before a diversion is {least} to {most} seconds",
                    least=SHORTEST,
                    most=LONGEST,
                )
            )
        if not self.number:
            raise DiversionError(Sentence("diversion-number", "a diversion needs a number"))
        if emergency_number(self.number) is not None:
            raise DiversionError(
                Sentence("diversion-emergency", "calls cannot be diverted to an emergency number")
            )


@dataclass(frozen=True, slots=True)
class Diversions:
    """Everything that a user has set: one for each kind and origin."""

    entries: tuple[Diversion, ...] = ()

    def set(self, diversion: Diversion, own_numbers: Iterable[str] = ()) -> "Diversions":
        """With this one in place of the former of its kind and origin.

        Raises:
            DiversionError: for a diversion to oneself.
        """
        if diversion.number in set(own_numbers):
            raise DiversionError(Sentence("diversion-to-oneself", "a diversion to oneself"))
        others = tuple(
            entry
            for entry in self.entries
            if (entry.kind, entry.origin) != (diversion.kind, diversion.origin)
        )
        return replace(self, entries=(*others, diversion))

    def clear(self, kind: DiversionKind | None, origin: Origin | None = None) -> "Diversions":
        """Without those of a kind (None: of any) and origin (None: of any)."""
        return replace(
            self,
            entries=tuple(
                entry
                for entry in self.entries
                if kind not in (None, entry.kind) or origin not in (None, entry.origin)
            ),
        )

    def find(self, kind: DiversionKind, *, internal: bool) -> Diversion | None:
        """The one that counts for a call: the more exact origin wins."""
        exact: Origin = "internal" if internal else "external"
        for origin in (exact, "any"):
            for entry in self.entries:
                if entry.kind is kind and entry.origin == origin:
                    return entry
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """What a user's line does at the moment when a call arrives.

    Attributes:
        busy: no further call may ring there.
        silent: do not disturb; `insistent` callers (attendants) may override it.
    """

    number: str
    diversions: Diversions = Diversions()
    registered: bool = True
    busy: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """A call was diverted: from whom, why, to which number."""

    number: str
    kind: DiversionKind
    to: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring at a number; `no_reply` is tried when nobody answers in its time."""

    number: str
    hops: tuple[Hop, ...] = ()
    no_reply: Diversion | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """The line is busy, or does not want to be disturbed, and nothing else is set."""

    number: str
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """No telephone is registered, and nothing else is set."""

    number: str
    hops: tuple[Hop, ...] = ()


Outcome = Ring | Busy | Absent


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a call brings along.

    Attributes:
        internal: the caller is a user of this customer.
        insistent: overrides do not disturb.
        follow: False for calls to the attendant: the first line's own diversions do not count.
        earlier: how often the call had been diverted before it came to us.
        attendant: the number of the attendant, for users without telephone.
    """

    internal: bool
    insistent: bool = False
    follow: bool = True
    earlier: int = 0
    attendant: str | None = None


Lookup = Callable[[str], Line | None]


def resolve(start: str, lookup: Lookup, circumstances: Circumstances, hops: tuple[Hop, ...] = ()) -> Outcome:
    """Where a call to a number rings.

    Args:
        start: the number that is called.
        lookup: the line behind a number; None for one that is no user's: it rings (group, menu, outside).
        hops: the diversions that the call has taken already.
    """
    way = _Way(start, lookup, circumstances)
    number, follow = start, circumstances.follow
    while True:
        line = lookup(number)
        if line is None:
            return Ring(number, hops)
        found = way.before_ringing(line) if follow else None
        if found is None or not way.open(found.number, line, hops):
            return way.stay(line, hops, follow=follow)
        silent = found.kind is DiversionKind.BUSY and line.silent and not line.busy
        hops = (*hops, Hop(line.number, found.kind, found.number, silent=silent))
        number, follow = found.number, True


def after_ringing(
    ring: Ring, kind: DiversionKind, start: str, lookup: Lookup, circumstances: Circumstances
) -> Outcome | None:
    """Where a call goes on that rang in vain (no reply) or was refused as busy; None: nowhere."""
    line = lookup(ring.number)
    if line is None:
        return None
    found = line.diversions.find(kind, internal=circumstances.internal)
    if found is None or not _Way(start, lookup, circumstances).open(found.number, line, ring.hops):
        return None
    hops = (*ring.hops, Hop(line.number, kind, found.number))
    return resolve(found.number, lookup, replace(circumstances, follow=True), hops)


@dataclass(frozen=True, slots=True)
class _Way:
    """The way of one call: where it began, and what it brings along."""

    start: str
    lookup: Lookup
    circumstances: Circumstances

    def open(self, to: str, line: Line, hops: tuple[Hop, ...]) -> bool:
        """True when a call at a line may be diverted on: not too often, and to nobody whom it has passed."""
        if self.circumstances.earlier + len(hops) >= MOST_HOPS:
            return False
        passed = {hop.number for hop in hops} | {line.number, self._key(self.start)}
        return self._key(to) not in passed

    def before_ringing(self, line: Line) -> Diversion | None:
        """The diversion that counts before any telephone rings."""
        internal = self.circumstances.internal
        always = line.diversions.find(DiversionKind.ALWAYS, internal=internal)
        if always is not None:
            return always
        if not line.registered:
            absent = line.diversions.find(DiversionKind.NOT_REGISTERED, internal=internal)
            return absent if absent is not None else self._to_attendant(line)
        if self._engaged(line):
            return line.diversions.find(DiversionKind.BUSY, internal=internal)
        return None

    def stay(self, line: Line, hops: tuple[Hop, ...], *, follow: bool) -> Outcome:
        """The call goes no further."""
        if not line.registered:
            return Absent(line.number, hops)
        if self._engaged(line):
            return Busy(line.number, hops)
        found = line.diversions.find(DiversionKind.NO_REPLY, internal=self.circumstances.internal)
        usable = found is not None and follow and self.open(found.number, line, hops)
        return Ring(line.number, hops, found if usable else None)

    def _engaged(self, line: Line) -> bool:
        return line.busy or (line.silent and not self.circumstances.insistent)

    def _to_attendant(self, line: Line) -> Diversion | None:
        attendant = self.circumstances.attendant
        if attendant is None or attendant == line.number:
            return None
        return Diversion(DiversionKind.NOT_REGISTERED, attendant)

    def _key(self, number: str) -> str:
        """One name for a user who has several numbers."""
        line = self.lookup(number)
        return line.number if line is not None else number
