"""Who may sign in, and who is signed in.

Policy: a login is compared without regard to case. A session ends at its expiry, at sign-out, or when the
password of its account changes. Only hashes of passwords and tokens are stored.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update

from stimme.store.database import Database, Scope
from stimme.store.models import Account, Organisation, Session, User
from stimme.store.secrets import new_token, token_hash

SESSION_HOURS = 12
REMEMBERED_DAYS = 30


def utc_now() -> datetime.datetime:
    """Return the time of day, aware, in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its organisation and, for a customer's user, the user."""

    account: Account
    organisation: Organisation
    user: User | None

    @property
    def scope(self) -> Scope:
        """What this account may see."""
        return Scope(self.organisation.kind, self.organisation.id)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made; the token is known here and to its holder only."""

    token: str
    expires_at: datetime.datetime


class Accounts:
    """Accounts and their sessions."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def by_login(self, login: str) -> Person | None:
        """Find an account by its login."""
        return await self._find(Account.login == login.strip().lower())

    async def by_token(self, token: str) -> Person | None:
        """Find the account of a living session."""
        living = select(Session.account_id).where(
            Session.token_hash == token_hash(token), Session.expires_at > self._now()
        )
        return await self._find(Account.id == living.scalar_subquery())

    async def open_session(self, account_id: str, *, remember: bool) -> NewSession:
        """Sign an account in, for hours or (``remember``) for weeks."""
        now = self._now()
        life = (
            datetime.timedelta(days=REMEMBERED_DAYS) if remember else datetime.timedelta(hours=SESSION_HOURS)
        )
        created = NewSession(new_token(), now + life)
        async with self._database.system() as session, session.begin():
            await session.execute(delete(Session).where(Session.expires_at <= now))
            session.add(
                Session(
                    token_hash=token_hash(created.token),
                    account_id=account_id,
                    created_at=now,
                    expires_at=created.expires_at,
                )
            )
        return created

    async def close_session(self, token: str) -> None:
        """Sign out; unknown tokens are no error."""
        async with self._database.system() as session, session.begin():
            await session.execute(delete(Session).where(Session.token_hash == token_hash(token)))

    async def set_language(self, account_id: str, language: str) -> None:
        """Change the language that an account is spoken to in."""
        async with self._database.system() as session, session.begin():
            await session.execute(update(Account).where(Account.id == account_id).values(language=language))

    async def set_password(self, login: str, password_hash: str) -> bool:
        """Give an account a new password and end its sessions; tells whether the account exists."""
        async with self._database.system() as session, session.begin():
            account = await session.scalar(select(Account).where(Account.login == login.strip().lower()))
            if account is None:
                return False
            account.password_hash = password_hash
            await session.execute(delete(Session).where(Session.account_id == account.id))
            return True

    async def _find(self, condition: ColumnElement[bool]) -> Person | None:
        query = (
            select(Account, Organisation, User)
            .join(Organisation, Organisation.id == Account.organisation_id)
            .outerjoin(User, User.id == Account.user_id)
            .where(condition)
        )
        async with self._database.system() as session:
            row = (await session.execute(query)).one_or_none()
        return None if row is None else Person(row[0], row[1], row[2])
