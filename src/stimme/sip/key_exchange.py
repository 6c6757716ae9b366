"""The keys of one leg's SRTP through its offers and answers (RFC 4568 §5.1, §7.1), without I/O.

States: a leg is `OPEN` until the first answer, then `PLAIN` or `SECURED`. In `SECURED` its key stays through
every later offer and answer (hold, another address, the refresh of a session timer) as long as the suite
does: there are telephones that take no other key within a call.

When the engine dies, the endpoint that follows numbers its packets anew with the same key. Nothing is
encrypted twice alike by that: its SSRC is another one, drawn at random, and part of what each packet is
encrypted with (RFC 3711 §4.1.1, §9.1). How far the peer has counted it has to find out (`Agreed.late`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    """The keys in use: what we encrypt with, and what the peer does.

    `late`: the peer has sent with its key before our endpoint was made.
    """

    ours: SrtpKey
    theirs: SrtpKey
    late: bool = False


class KeyExchange:
    """See the module's docstring.

    Attributes:
        terms: what holds for this leg.
        state: how far it has come.
        agreed: the keys in use; None without SRTP.
    """

    __slots__ = ("_said", "agreed", "state", "terms")

    def __init__(self, terms: SrtpTerms = PLAIN) -> None:
        self.terms = terms
        self.state = Securing.OPEN
        self.agreed: Agreed | None = None
        self._said: tuple[SrtpKey, ...] = ()

    @property
    def secured(self) -> bool:
        """Whether speech is encrypted."""
        return self.state is Securing.SECURED

    def offer(self) -> tuple[SrtpKey, ...]:
        """What our offer carries; nothing for a stream that is not to be secured."""
        if self.agreed is not None:
            self._said = (self.agreed.ours,)
        elif self.state is Securing.OPEN and self.terms.offers:
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
        before = self.agreed
        if agreed is not None and before is not None and before.theirs.key == agreed.theirs.key:
            agreed = replace(agreed, late=before.late)
        self.agreed = agreed
        self.state = Securing.PLAIN if agreed is None else Securing.SECURED

    def begin_anew(self) -> None:
        """The leg gets another endpoint."""
        if self.agreed is not None:
            self.agreed = replace(self.agreed, late=True)

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
