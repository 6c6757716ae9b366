"""Ways to a new password for those who have forgotten theirs.

Policy: good for one hour and once. Using one ends all sessions of the account and voids its other ways; the
second factor stays. Only the hash of its token is kept.
"""

import datetime
from collections.abc import Callable
from typing import cast

from sqlalchemy import delete, select

from stimme.licensing.holding import Role
from stimme.store.accounts import utc_now
from stimme.store.audit import Actor
from stimme.store.database import Database
from stimme.store.errors import NotFoundError
from stimme.store.mail_models import PasswordReset
from stimme.store.models import Account, Session
from stimme.store.secrets import new_token, token_hash

RESET_LIFE = datetime.timedelta(hours=1)


class PasswordResets:
    """Makes and takes them."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def begin(self, account_id: str) -> str:
        """Make a way to a new password; returns its token."""
        token = new_token()
        now = self._now()
        async with self._database.system() as session, session.begin():
            await session.execute(delete(PasswordReset).where(PasswordReset.expires_at <= now))
            session.add(
                PasswordReset(
                    token_hash=token_hash(token), account_id=account_id, expires_at=now + RESET_LIFE
                )
            )
        return token

    async def accept(self, token: str, password_hash: str) -> str:
        """Set the password; returns the account's login.

        Raises:
            NotFoundError: When the token is unknown, used or too old.
        """
        living = select(PasswordReset.account_id).where(
            PasswordReset.token_hash == token_hash(token), PasswordReset.expires_at > self._now()
        )
        async with self._database.system() as session, session.begin():
            used = delete(PasswordReset).where(PasswordReset.account_id == living.scalar_subquery())
            gone = await session.scalars(used.returning(PasswordReset.account_id))
            account_id = next(iter(gone.all()), None)
            if account_id is None:
                raise NotFoundError("This link is not good any more.")
            account = await session.get_one(Account, account_id)
            session.sync_session.info["actor"] = Actor(account.login, cast(Role, account.role), account.id)
            account.password_hash = password_hash
            await session.execute(delete(Session).where(Session.account_id == account_id))
        return account.login
