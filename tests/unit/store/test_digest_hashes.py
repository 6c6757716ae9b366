"""Digest secrets that are made when they are asked for."""

import pytest
from cryptography.fernet import Fernet

from stimme.sip.auth import ha1
from stimme.store.digest_hashes import DigestHashes
from stimme.store.secrets import Vault

VAULT = Vault(Fernet.generate_key())


def test_the_hashes_are_those_of_the_password() -> None:
    hashes = DigestHashes(VAULT, VAULT.encrypt("geheim"), "muster-10", "muster.example")
    assert hashes["MD5"] == ha1("muster-10", "muster.example", "geheim", "MD5")
    assert dict(hashes) == {each: hashes[each] for each in ("SHA-256", "MD5")}
    assert hashes.get("SHA-512-256") is None


@pytest.mark.parametrize(
    "stored",
    [Vault(Fernet.generate_key()).encrypt("geheim"), "damaged", ""],
    ids=["foreign", "damaged", "none"],
)
def test_a_password_that_cannot_be_read_lets_nobody_in(stored: str) -> None:
    hashes = DigestHashes(VAULT, stored, "muster-10", "muster.example")
    assert hashes.get("MD5") is None
    assert not hashes
