"""One-time codes, recovery codes and passkeys of accounts.

Policy: one-time codes (RFC 6238: 30 seconds, six digits, SHA-1, as every authenticator program understands)
count once they were confirmed with a first code. A code is good for its own step and the one before and after
it, and once. With the confirmation come ten recovery codes, each good once; only their hashes are kept. A
passkey is used with its device's own check of the person (user verification), so it stands for both factors.
"""

import datetime
import hashlib
import secrets
from collections.abc import Callable, Sequence

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.sentences import Sentence
from stimme.store.accounts import utc_now
from stimme.store.audit import Actor
from stimme.store.credential_models import Passkey, RecoveryCode, TotpSecret
from stimme.store.database import Database
from stimme.store.errors import ConflictError, FieldRefusedError, NotFoundError
from stimme.store.secrets import Vault

_STEP_SECONDS = 30
_RECOVERY_CODES = 10
_ISSUER = "stimme"


class SecondFactors:
    """One-time codes of accounts."""

    def __init__(
        self, database: Database, vault: Vault, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def is_on(self, account_id: str) -> bool:
        """Tell whether an account needs a second factor beside its password."""
        async with self._database.system() as session:
            row = await session.get(TotpSecret, account_id)
            return row is not None and row.confirmed_at is not None

    async def begin(self, actor: Actor, account_id: str) -> tuple[str, str]:
        """Make a secret that counts once confirmed; returns it in base32 and as an address for QR codes.

        Raises:
            ConflictError: When one-time codes are on already.
        """
        secret = pyotp.random_base32()
        async with self._database.system(actor) as session, session.begin():
            row = await session.get(TotpSecret, account_id)
            if row is not None and row.confirmed_at is not None:
                raise ConflictError(
                    Sentence("codes-on", "One-time codes are on already; switch them off first.")
                )
            if row is None:
                row = TotpSecret(account_id=account_id)
                session.add(row)
            row.secret = self._vault.encrypt(secret)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=actor.name, issuer_name=_ISSUER)

    async def confirm(self, actor: Actor, account_id: str, code: str) -> list[str]:
        """Switch one-time codes on with a first code; returns the recovery codes.

        Raises:
            ConflictError: When nothing was begun, or they are on already.
            FieldRefusedError: When the code is wrong.
        """
        async with self._database.system(actor) as session, session.begin():
            row = await session.get(TotpSecret, account_id)
            if row is None or row.confirmed_at is not None:
                raise ConflictError(Sentence("codes-not-begun", "There are no one-time codes to confirm."))
            if not await self._spend(session, row, code):
                raise FieldRefusedError("code", Sentence("code-wrong", "This code is wrong or too old."))
            row.confirmed_at = self._now()
            codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(_RECOVERY_CODES)]
            for one in codes:
                session.add(RecoveryCode(code_hash=_hash(account_id, one), account_id=account_id))
        return codes

    async def check(self, account_id: str, code: str) -> bool:
        """Tell whether a one-time or recovery code is right; a right one is spent."""
        code = code.strip().replace(" ", "")
        async with self._database.system() as session, session.begin():
            row = await session.get(TotpSecret, account_id)
            if row is None or row.confirmed_at is None:
                return False
            if await self._spend(session, row, code):
                return True
            spent = delete(RecoveryCode).where(RecoveryCode.code_hash == _hash(account_id, code.lower()))
            return (await session.scalars(spent.returning(RecoveryCode.code_hash))).first() is not None

    async def switch_off(self, actor: Actor, account_id: str) -> None:
        """Remove one-time and recovery codes; nothing to remove is no error."""
        async with self._database.system(actor) as session, session.begin():
            row = await session.get(TotpSecret, account_id)
            if row is not None:
                await session.delete(row)
            await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))

    async def _spend(self, session: AsyncSession, row: TotpSecret, code: str) -> bool:
        totp = pyotp.TOTP(self._vault.decrypt(row.secret))
        current = int(self._now().timestamp()) // _STEP_SECONDS
        for step in (current - 1, current, current + 1):
            if not secrets.compare_digest(totp.at(step * _STEP_SECONDS).encode(), code.encode()):
                continue
            spent = (
                update(TotpSecret)
                .where(TotpSecret.account_id == row.account_id, TotpSecret.last_step < step)
                .values(last_step=step)
                .returning(TotpSecret.account_id)
                .execution_options(synchronize_session=False)
            )
            return await session.scalar(spent) is not None
        return False


class Passkeys:
    """WebAuthn credentials of accounts."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def all(self, account_id: str) -> Sequence[Passkey]:
        """List an account's passkeys, oldest first."""
        statement = (
            select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at, Passkey.id)
        )
        async with self._database.system() as session:
            return (await session.scalars(statement)).all()

    async def find(self, passkey_id: str) -> Passkey | None:
        """Find a passkey by its credential id (base64url)."""
        async with self._database.system() as session:
            return await session.get(Passkey, passkey_id)

    async def add(
        self, actor: Actor, account_id: str, passkey_id: str, *, name: str, public_key: bytes, sign_count: int
    ) -> Passkey:
        """Keep a verified passkey."""
        row = Passkey(
            id=passkey_id,
            account_id=account_id,
            name=name,
            public_key=public_key,
            sign_count=sign_count,
            created_at=self._now(),
        )
        async with self._database.system(actor) as session, session.begin():
            if await session.get(Passkey, passkey_id) is not None:
                raise ConflictError(Sentence("passkey-known", "This passkey is known already."))
            session.add(row)
        return row

    async def used(self, passkey_id: str, sign_count: int) -> None:
        """Note a use."""
        async with self._database.system() as session, session.begin():
            row = await session.get(Passkey, passkey_id)
            if row is not None:
                row.sign_count = sign_count
                row.used_at = self._now()

    async def remove(self, actor: Actor, account_id: str, passkey_id: str) -> None:
        """Forget one of the account's passkeys.

        Raises:
            NotFoundError: When it has no such passkey.
        """
        async with self._database.system(actor) as session, session.begin():
            row = await session.get(Passkey, passkey_id)
            if row is None or row.account_id != account_id:
                raise NotFoundError("There is no such passkey.")
            await session.delete(row)


def _hash(account_id: str, code: str) -> str:
    return hashlib.sha256(f"{account_id}:{code}".encode()).hexdigest()
