"""Secrets at rest: the key file, encrypted SIP passwords, hashed people's passwords and session tokens."""

import hashlib
import os
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken

_TOKEN_BYTES = 32


class SecretKeyError(Exception):
    """The key file is unusable, or a stored secret was encrypted with another key."""


class Vault:
    """Encrypts and decrypts the secrets that must be readable again (devices, trunks, keys of speech)."""

    def __init__(self, key: bytes) -> None:
        """Take a Fernet key.

        Raises:
            SecretKeyError: When it is not one.
        """
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SecretKeyError("the secret key is not a Fernet key") from error

    def encrypt(self, text: str) -> str:
        """Encrypt a secret for the database."""
        return self.seal(text.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """Decrypt a secret from the database.

        Raises:
            SecretKeyError: When it was encrypted with another key or damaged.
        """
        return self.open(stored.encode()).decode()

    def seal(self, data: bytes) -> bytes:
        """Encrypt bytes."""
        return self._fernet.encrypt(data)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt bytes that were sealed.

        Raises:
            SecretKeyError: When that was done with another key, or they are damaged.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SecretKeyError("a stored secret does not fit the secret key") from error


def open_vault(path: Path) -> Vault:
    """Read the key file, making it (mode 0600) at the first start.

    Raises:
        SecretKeyError: When the file holds no key.
        OSError: When it can be neither read nor made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Vault(path.read_bytes().strip())
    with os.fdopen(descriptor, "wb") as file:
        key = Fernet.generate_key()
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return Vault(key)


class Passwords:
    """argon2id hashes of people's passwords. Each call costs tens of milliseconds: run it in a thread."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # Checked for unknown logins, so that they take as long as known ones.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(_TOKEN_BYTES))

    def hash(self, password: str) -> str:
        """Hash a new password."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Check a password; ``None`` (no such account) takes as long and is never right."""
        try:
            self._hasher.verify(stored or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def new_token() -> str:
    """Make a session token of 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()
