"""Globally routable UA URIs, the registrar's side (RFC 5627): an address for one device instance.

Policy:
    * A contact with an instance that registers with `Supported: gruu` gets two addresses: a public one, the
      address of record with the instance as `gr` (§3.1.1), always the same; and a temporary one, which says
      nothing of who it is and changes with every REGISTER (§3.1.2).
    * A temporary one is a random word and a keyed hash over it, the device, its instance and the Call-ID of
      its registration: nothing is stored, and all of them end when the device registers with another Call-ID
      or its registration ends (§4.2).
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from stimme.sip.uri import Params, SipUri

OPTION = "gruu"
_USER = "tgruu."
_WORD = 16
_HASH = 20


class Instance(Protocol):
    """A registered contact, as far as its addresses go."""

    device_id: str
    instance: str
    call_id: str


Found = TypeVar("Found", bound=Instance)


@dataclass(frozen=True, slots=True)
class GruuIssuer:
    """Makes and reads the addresses of one domain.

    Attributes:
        domain: of the addresses of record.
        key: secret of this server.
    """

    domain: str
    key: bytes

    def public(self, user: str, instance: str) -> SipUri:
        """The public address of an instance."""
        return SipUri(self.domain, user, params={"gr": instance.strip("<>")})

    def temporary(self, contact: Instance, word: str) -> SipUri:
        """A new temporary address; `word` is 16 random hexadecimal digits."""
        return SipUri(self.domain, f"{_USER}{word}{self._hash(contact, word)}", params={"gr": None})

    def find(self, uri: SipUri, user: str, contacts: Iterable[Found]) -> list[Found]:
        """The contacts, all of one instance, that an address leads to.

        Args:
            uri: the address.
            user: whose contacts these are.
            contacts: registered now.
        """
        value = uri.params.get("gr")
        if value:
            return [each for each in contacts if each.instance.strip("<>") == value and user == uri.user]
        word = temporary_word(uri)
        if word is None:
            return []
        given = (uri.user or "")[len(_USER) + _WORD :]
        return [each for each in contacts if hmac.compare_digest(self._hash(each, word), given)]

    def _hash(self, contact: Instance, word: str) -> str:
        text = f"{word}|{contact.device_id}|{contact.instance}|{contact.call_id}"
        return hmac.new(self.key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:_HASH]


def is_gruu(params: Params) -> bool:
    """Whether a URI with these parameters is for one instance of a device."""
    return "gr" in params


def temporary_word(uri: SipUri) -> str | None:
    """The random word of a temporary address, None for any other URI."""
    user = uri.user or ""
    if "gr" not in uri.params or uri.params["gr"] or not user.startswith(_USER) or not user.isascii():
        return None
    return user[len(_USER) : len(_USER) + _WORD] if len(user) == len(_USER) + _WORD + _HASH else None
