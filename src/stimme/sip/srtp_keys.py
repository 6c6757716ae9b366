"""Keys of SRTP in the SDP: `crypto` of offers and answers (SDES, RFC 4568; suites of RFC 6188, RFC 7714).

Policy:
    * Who reads the signalling can decrypt the speech: keys are told and taken where the next hop is TLS or
      WSS, and nowhere else (RFC 4568 §8).
    * Every suite that the engine knows is taken, in the order of who offers (§5.1.2). Our offers begin with
      the strongest; those with a tag of 32 bits are not offered.
    * An attribute that is damaged, or asks for what is not spoken here, is passed over (§5.1.2): a master key
      identifier, several keys, a key derivation rate, streams that are not encrypted or not authenticated,
      mandatory parameters that are not known. How long a key may be used is watched by whom it belongs to.
    * A stream is secured where its protocol says so (`RTP/SAVP`), and also as `RTP/AVP` with keys: so offer
      telephones whose encryption is optional, and an answer without keys takes it unsecured.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

SUITES: Mapping[str, int] = MappingProxyType(
    {
        "AEAD_AES_256_GCM": 44,
        "AEAD_AES_128_GCM": 28,
        "AES_256_CM_HMAC_SHA1_80": 46,
        "AES_CM_128_HMAC_SHA1_80": 30,
        "AES_256_CM_HMAC_SHA1_32": 46,
        "AES_CM_128_HMAC_SHA1_32": 30,
    }
)
"""Bytes of key and salt together, by suite."""
_OFFERED = tuple(suite for suite in SUITES if not suite.endswith("_32"))
_MOST_ATTRIBUTES = 32
_PROTECTED = ("tls", "wss")
_ATTRIBUTE = re.compile(r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]+)[ \t]+(\S+)(?:[ \t]+(.*))?")
_INLINE = re.compile(r"inline:([A-Za-z0-9+/]+={0,2})(?:\|(2\^[0-9]{1,2}|[0-9]{1,19}))?", re.IGNORECASE)
_HARMLESS = re.compile(r"WSH=[0-9]+|-.*", re.IGNORECASE)
"""Session parameters that ask nothing of us: the peer's window, and what it marks as optional (§6.3.7)."""


class Srtp(StrEnum):
    """What a telephone or trunk is to do about SRTP.

    `ACCEPT` takes keys that are offered, `PREFER` offers them as well, `REQUIRE` has no speech without them.
    """

    ACCEPT = "accept"
    PREFER = "prefer"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class SrtpTerms:
    """What holds for the streams of one leg.

    Attributes:
        wanted: as its telephone or trunk is configured.
        protected: its signalling is, so that keys may be told and taken.
    """

    wanted: Srtp = Srtp.ACCEPT
    protected: bool = False

    @classmethod
    def over(cls, wanted: Srtp, transport: str) -> "SrtpTerms":
        """The terms for a peer that is reached by `udp`, `tcp`, `tls`, `ws` or `wss`."""
        protected = transport in _PROTECTED
        return cls(wanted, protected) if protected or wanted is Srtp.REQUIRE else PLAIN

    @property
    def offers(self) -> bool:
        """Whether our first offer has keys."""
        return self.protected and self.wanted is not Srtp.ACCEPT

    @property
    def required(self) -> bool:
        """Whether a stream without keys is refused."""
        return self.wanted is Srtp.REQUIRE

    @property
    def possible(self) -> bool:
        """False where keys are a must and cannot be told."""
        return self.protected or not self.required


PLAIN = SrtpTerms()
"""Where there is nothing to do about SRTP."""
ANYHOW = SrtpTerms(Srtp.ACCEPT, protected=True)
"""For an emergency call: whatever is offered is taken, be it readable by others or not encrypted at all."""


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """One `crypto` attribute: what the side that wrote it encrypts with. `key` is key and salt in base64."""

    tag: int
    suite: str
    key: str = field(repr=False)

    @classmethod
    def parse(cls, value: str) -> "SrtpKey | None":
        """Reads an attribute's value; None for one that is passed over (see the module)."""
        match = _ATTRIBUTE.fullmatch(value.strip())
        inline = _INLINE.fullmatch(match[3]) if match is not None else None
        if match is None or inline is None:
            return None
        suite = match[2].upper()
        if not all(_HARMLESS.fullmatch(each) for each in (match[4] or "").split()):
            return None
        if not 0 < _length(inline[1]) == SUITES.get(suite):
            return None
        return cls(int(match[1]), suite, inline[1])

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{self.key}"

    def belongs_to(self, other: "SrtpKey") -> bool:
        """Whether one of them answers the other (§5.1.3): the same tag and suite."""
        return (self.tag, self.suite) == (other.tag, other.suite)


def _length(text: str) -> int:
    """Bytes that base64 stands for; SDP may leave out its padding. 0 when it is none."""
    try:
        return len(base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True))
    except binascii.Error:
        return 0


def read_keys(values: Iterable[str]) -> tuple[SrtpKey, ...]:
    """The attributes that can be used, in their order; of several with one tag the first (§4.1)."""
    found: dict[int, SrtpKey] = {}
    for value in list(values)[:_MOST_ATTRIBUTES]:
        key = SrtpKey.parse(value)
        if key is not None:
            found.setdefault(key.tag, key)
    return tuple(found.values())


def new_key(suite: str) -> str:
    """Key and salt in base64. Raises KeyError for a suite that is not known."""
    return base64.b64encode(secrets.token_bytes(SUITES[suite])).decode("ascii")


def new_offer() -> tuple[SrtpKey, ...]:
    """What an offer of ours carries: one key for each suite."""
    return tuple(SrtpKey(tag, suite, new_key(suite)) for tag, suite in enumerate(_OFFERED, start=1))
