"""The digest secrets of a device (RFC 8760 §2.1), made from its stored password when first asked for.

Policy: a node starts with thousands of devices, and most of them ask for nothing in the first seconds. Once
made, only the hashes are kept. A password that does not fit the node's key leaves its device without secrets,
so that nobody gets in as it; the others go on.
"""

from collections.abc import Iterator, Mapping

import structlog

from stimme.sip.auth import ALGORITHMS, ha1
from stimme.store.secrets import SecretKeyError, Vault

_log = structlog.get_logger("stimme.store")


class DigestHashes(Mapping[str, str]):
    """Digest secrets by algorithm.

    Args:
        vault: Decrypts the password.
        stored: The password as the database has it.
        sip_user, realm: What the device authenticates as.
    """

    __slots__ = ("_hashes", "_realm", "_sip_user", "_stored", "_vault")

    def __init__(self, vault: Vault, stored: str, sip_user: str, realm: str) -> None:
        self._vault = vault
        self._stored = stored
        self._sip_user = sip_user
        self._realm = realm
        self._hashes: dict[str, str] | None = None

    def __getitem__(self, algorithm: str) -> str:
        """Raises KeyError for an algorithm that we do not use, or when the password cannot be read."""
        return self._made()[algorithm]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def _made(self) -> dict[str, str]:
        if self._hashes is None:
            self._hashes = self._make()
            self._stored = ""
        return self._hashes

    def _make(self) -> dict[str, str]:
        try:
            password = self._vault.decrypt(self._stored)
        except SecretKeyError as error:
            _log.error("a device's password cannot be read", user=self._sip_user, fault=str(error))
            return {}
        return {each: ha1(self._sip_user, self._realm, password, each) for each in ALGORITHMS}
