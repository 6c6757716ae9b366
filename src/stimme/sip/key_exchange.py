"""The keys of one leg's SRTP through its offers and answers (RFC 4568 §5.1, §7.1), without I/O.

States: a leg is `OPEN` until the first answer, then `PLAIN` or `SECURED`. In `SECURED` its key stays through
every later offer and answer (hold, another address, the refresh of a session timer), as long as the suite
does and its endpoint lives: a new endpoint counts its packets anew, and what is encrypted twice with the same
key and number is readable (RFC 3711 §9.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from stimme.sip.srtp_keys import PLAIN, Srtp, SrtpKey, SrtpTerms, new_key, new_offer


class Securing(Enum):
    """How far the keys of a leg are agreed on."""

    OPEN = auto()
    PLAIN = auto()
    SECURED = auto()


@dataclass(frozen=True, slots=True)
class Agreed:
    """The keys in use: what we encrypt with, and what the peer does."""

    ours: SrtpKey
    theirs: SrtpKey


class KeyExchange:
    """See the module's docstring.

    Attributes:
        terms: what holds for this leg.
        state: how far it has come.
        agreed: the keys in use; None without SRTP, and from a new endpoint until its first answer.
    """

    __slots__ = ("_said", "agreed", "state", "terms")

    def __init__(self, terms: SrtpTerms = PLAIN) -> None:
        self.terms = terms
        self.state = Securing.OPEN
        self.agreed: Agreed | None = None
        self._said: tuple[SrtpKey, ...] = ()

    @property
    def secured(self) -> bool:
        """Whether speech is encrypted, or will be again."""
        return self.state is Securing.SECURED

    def offer(self) -> tuple[SrtpKey, ...]:
        """What our offer carries; nothing for a stream that is not to be secured."""
        if self.agreed is not None:
            self._said = (self.agreed.ours,)
        elif self.secured or (self.state is Securing.OPEN and self.terms.offers):
            self._said = self._said or new_offer()
        else:
            self._said = ()
        return self._said

    def answer(self) -> tuple[SrtpKey, ...]:
        """What our answer carries, after `take_offer`."""
        return (self.agreed.ours,) if self.agreed is not None else ()

    def take_offer(self, theirs: Sequence[SrtpKey]) -> None:
        """The peer's offer has these keys: the suite in use is kept, else the peer's first is taken."""
        if not theirs:
            self._settle(None)
            return
        used = self.agreed.ours if self.agreed is not None else None
        chosen = next((each for each in theirs if used is not None and each.suite == used.suite), theirs[0])
        kept = used is not None and used.suite == chosen.suite
        key = used.key if used is not None and kept else new_key(chosen.suite)
        self._settle(Agreed(SrtpKey(chosen.tag, chosen.suite, key), chosen))
        self._said = self.answer()

    def take_answer(self, theirs: Sequence[SrtpKey]) -> None:
        """The peer's answer has these keys, or none. Raises ValueError when none answers one of ours."""
        if not theirs:
            self._settle(None)
            return
        for ours in self._said:
            for their in theirs:
                if their.belongs_to(ours) and their.key != ours.key:
                    self._settle(Agreed(ours, their))
                    return
        raise ValueError("the key of the answer fits none that was offered")

    def _settle(self, agreed: Agreed | None) -> None:
        self.agreed = agreed
        self.state = Securing.PLAIN if agreed is None else Securing.SECURED

    def begin_anew(self) -> None:
        """The leg gets another endpoint: no key of ours is used again."""
        self.agreed, self._said = None, ()

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any] | None:
        """As JSON types; None for a leg that has nothing to do with keys, which are secrets."""
        if self.terms == PLAIN:
            return None
        agreed = self.agreed
        return {
            "terms": [self.terms.wanted.value, self.terms.protected],
            "state": self.state.name,
            "keys": [str(agreed.ours), str(agreed.theirs)] if agreed is not None else None,
        }

    @classmethod
    def restored(cls, value: Mapping[str, Any] | None) -> "KeyExchange":
        """From a snapshot. Raises KeyError, TypeError or ValueError for a damaged one."""
        exchange = cls()
        if value is not None:
            wanted, protected = value["terms"]
            exchange.terms = SrtpTerms(Srtp(wanted), bool(protected))
            exchange.state = Securing[value["state"]]
            if value["keys"] is not None:
                ours, theirs = (SrtpKey.parse(each) for each in value["keys"])
                if ours is None or theirs is None:
                    raise ValueError("keys that cannot be read")
                exchange.agreed, exchange._said = Agreed(ours, theirs), (ours,)
        return exchange
