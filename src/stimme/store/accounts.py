"""Who may sign in, and who is signed in.

Policy: a login is compared without regard to case. A session ends at its expiry, at sign-out, or when the
password of its account changes. Only hashes of passwords and tokens are stored.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, delete, select, update

from stimme.licensing.holding import Role
from stimme.store.audit import Actor
from stimme.store.credential_models import Invitation
from stimme.store.database import Database, Scope
from stimme.store.models import Account, Organisation, Session, User
from stimme.store.rights import Right, rights_of
from stimme.store.secrets import new_token, token_hash

SESSION_HOURS = 12
HANDLE_LENGTH = 16
"""A session's handle is so much of the hash of its token: enough to name it, useless to sign in with."""
REMEMBERED_DAYS = 30
INVITATION_KEPT_DAYS = 30
"""So long an expired invitation can still be looked at by those who sent it."""


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
    def rights(self) -> frozenset[Right] | None:
        """What of its role this account may do; ``None`` for all of it."""
        return rights_of(self.account.rights)

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

    async def by_id(self, account_id: str) -> Person | None:
        """Find an account by its id."""
        return await self._find(Account.id == account_id)

    async def open_session(
        self, account_id: str, *, remember: bool, source: str = "", agent: str = ""
    ) -> NewSession:
        """Sign an account in, for hours or (``remember``) for weeks; ``source`` and ``agent`` say whence."""
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
                    source=source[:64] or None,
                    agent=agent[:200] or None,
                )
            )
        return created

    async def forget_expired(self, now: datetime.datetime) -> None:
        """Delete the sessions that have expired, and invitations that nobody took up for a month."""
        stale = now - datetime.timedelta(days=INVITATION_KEPT_DAYS)
        async with self._database.system() as session, session.begin():
            await session.execute(delete(Session).where(Session.expires_at <= now))
            await session.execute(delete(Invitation).where(Invitation.expires_at <= stale))

    async def close_session(self, token: str) -> None:
        """Sign out; unknown tokens are no error."""
        async with self._database.system() as session, session.begin():
            await session.execute(delete(Session).where(Session.token_hash == token_hash(token)))

    async def sessions(self, account_id: str) -> Sequence[Session]:
        """List the living sessions of an account, newest first."""
        living = (
            select(Session)
            .where(Session.account_id == account_id, Session.expires_at > self._now())
            .order_by(Session.created_at.desc(), Session.token_hash)
        )
        async with self._database.system() as session:
            return (await session.scalars(living)).all()

    async def revoke_session(self, account_id: str, handle: str) -> bool:
        """End one of the account's sessions by its handle; tells whether there was one."""
        statement = (
            delete(Session)
            .where(Session.account_id == account_id, Session.token_hash.startswith(handle, autoescape=True))
            .returning(Session.token_hash)
        )
        async with self._database.system() as session, session.begin():
            return (await session.scalars(statement)).first() is not None

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

    async def change_password(self, account_id: str, password_hash: str, *, keep: str) -> None:
        """Give an account a new password and end its sessions but that of the token ``keep``."""
        actor_known = select(Account).where(Account.id == account_id)
        async with self._database.system() as session, session.begin():
            account = (await session.scalars(actor_known)).one()
            session.sync_session.info["actor"] = Actor(account.login, cast(Role, account.role), account.id)
            account.password_hash = password_hash
            await session.execute(
                delete(Session).where(
                    Session.account_id == account_id, Session.token_hash != token_hash(keep)
                )
            )

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
