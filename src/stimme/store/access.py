"""Programs' tokens and invitations.

Policy: a token acts for its account within its scopes, ends at its expiry or when revoked, and is shown once.
An invitation is good for seven days and once; whoever holds its token chooses the password of a new account,
whose role, organisation and user were set by whoever invited. Nobody invites above his own role, or
with rights that he does not have.
"""

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import or_, select

from stimme.licensing.holding import Role
from stimme.sentences import Sentence, no_such
from stimme.store.accounts import Accounts, Person, utc_now
from stimme.store.audit import Actor
from stimme.store.changes import Authority, changing
from stimme.store.credential_models import ApiToken, Invitation
from stimme.store.database import Database
from stimme.store.errors import ConflictError, FieldRefusedError, NotFoundError
from stimme.store.models import Account, Organisation, User
from stimme.store.rights import Right, covers
from stimme.store.secrets import new_token, token_hash
from stimme.store.staff import RANKS

TOKEN_PREFIX = "stimme_"  # noqa: S105
INVITATION_LIFE = datetime.timedelta(days=7)
_ROLES_OF = {"provider": {"provider"}, "reseller": {"reseller"}, "customer": {"customer", "user"}}


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Whom a token acts for, and within which scopes."""

    person: Person
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation just made; the token is known here and to whoever is invited only."""

    row: Invitation
    token: str
    organisation: str
    """The name of the organisation that it is for."""


class ApiTokens:
    """Tokens of programs."""

    def __init__(
        self, database: Database, accounts: Accounts, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._now = now

    async def create(
        self,
        actor: Actor,
        account_id: str,
        name: str,
        scopes: Sequence[str],
        *,
        expires_at: datetime.datetime | None,
    ) -> tuple[ApiToken, str]:
        """Make a token; its text is known here and to its holder only."""
        text = TOKEN_PREFIX + new_token()
        row = ApiToken(
            id=str(uuid.uuid4()),
            account_id=account_id,
            name=name,
            token_hash=token_hash(text),
            scopes=sorted(scopes),
            created_at=self._now(),
            expires_at=expires_at,
        )
        async with self._database.system(actor) as session, session.begin():
            session.add(row)
        return row, text

    async def all(self, account_id: str) -> Sequence[ApiToken]:
        """List an account's tokens, oldest first."""
        statement = select(ApiToken).where(ApiToken.account_id == account_id).order_by(ApiToken.created_at)
        async with self._database.system() as session:
            return (await session.scalars(statement)).all()

    async def revoke(self, actor: Actor, account_id: str, token_id: str) -> None:
        """End a token.

        Raises:
            NotFoundError: When the account has no such token.
        """
        async with self._database.system(actor) as session, session.begin():
            row = await session.get(ApiToken, token_id)
            if row is None or row.account_id != account_id:
                raise NotFoundError("There is no such token.")
            await session.delete(row)

    async def holder(self, text: str) -> TokenHolder | None:
        """Find whom a living token acts for."""
        now = self._now()
        statement = select(ApiToken).where(
            ApiToken.token_hash == token_hash(text),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
        )
        async with self._database.system() as session:
            row = (await session.scalars(statement)).one_or_none()
        if row is None:
            return None
        person = await self._accounts.by_id(row.account_id)
        return None if person is None else TokenHolder(person, frozenset(row.scopes))


class Invitations:
    """Ways to a first password."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def invite(
        self,
        who: Authority,
        organisation_id: str,
        role: Role,
        login: str,
        *,
        user_id: str | None,
        language: str,
        rights: frozenset[Right] | None = None,
    ) -> Invited:
        """Invite somebody.

        Raises:
            NotFoundError: When there is no such organisation inside the scope.
            FieldRefusedError: When role or user do not fit the organisation, or the login is taken.
        """
        login = login.strip().lower()
        text = new_token()
        now = self._now()
        if RANKS[role] > RANKS[who.actor.role]:
            raise FieldRefusedError("role", Sentence("role-too-high", "Nobody invites above his own role."))
        if role == "user" and rights is not None:
            raise FieldRefusedError(
                "rights", Sentence("rights-of-user", "What users may is up to their package.")
            )
        if role != "user" and not covers(who.actor.rights, rights):
            raise FieldRefusedError(
                "rights", Sentence("rights-beyond-own", "Nobody gives more rights than his own.")
            )
        async with changing(self._database, who) as session:
            organisation = await session.get(Organisation, organisation_id)
            if organisation is None:
                raise FieldRefusedError("organisation_id", no_such("organisation"))
            if role not in _ROLES_OF[organisation.kind]:
                raise FieldRefusedError(
                    "role",
                    Sentence(
                        "role-not-there", "A {kind} has no accounts of this role.", kind=organisation.kind
                    ),
                )
            if (role == "user") != (user_id is not None):
                raise FieldRefusedError(
                    "user_id",
                    Sentence("user-of-account", "Accounts of users, and only they, belong to a user."),
                )
            if user_id is not None:
                user = await session.get(User, user_id)
                if user is None or user.customer_id != organisation_id:
                    raise FieldRefusedError("user_id", no_such("user"))
            connection = await session.connection()
            if await connection.scalar(
                select(Account.__table__.c.id).where(Account.__table__.c.login == login)
            ):
                raise FieldRefusedError("login", Sentence("login-taken", "This login is taken."))
            row = Invitation(
                id=str(uuid.uuid4()),
                organisation_id=organisation_id,
                login=login,
                role=role,
                rights=None if rights is None else sorted(rights),
                user_id=user_id,
                language=language,
                token_hash=token_hash(text),
                created_at=now,
                expires_at=now + INVITATION_LIFE,
            )
            session.add(row)
        return Invited(row, text, organisation.name)

    async def open(self, who: Authority) -> Sequence[Invitation]:
        """List the invitations inside the scope that nobody has accepted, newest first."""
        statement = (
            select(Invitation).where(Invitation.accepted_at.is_(None)).order_by(Invitation.created_at.desc())
        )
        async with self._database.scoped(who.scope) as session:
            return (await session.scalars(statement)).all()

    async def withdraw(self, who: Authority, invitation_id: str) -> None:
        """Take an invitation back.

        Raises:
            NotFoundError: When there is none inside the scope.
        """
        async with changing(self._database, who) as session:
            row = await session.get(Invitation, invitation_id)
            if row is None or row.accepted_at is not None:
                raise NotFoundError("There is no such invitation.")
            await session.delete(row)

    async def accept(self, text: str, password_hash: str) -> str:
        """Turn an invitation into an account; returns its login.

        Raises:
            NotFoundError: When the token is unknown, used or too old.
            ConflictError: When the login or the user has an account meanwhile.
        """
        now = self._now()
        wanted = select(Invitation).where(
            Invitation.token_hash == token_hash(text),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now,
        )
        async with self._database.system() as session, session.begin():
            row = (await session.scalars(wanted)).one_or_none()
            if row is None:
                raise NotFoundError("This invitation is not good any more.")
            taken = or_(
                Account.login == row.login,
                (Account.user_id == row.user_id) if row.user_id is not None else Account.login == row.login,
            )
            if (await session.scalars(select(Account.id).where(taken))).first() is not None:
                raise ConflictError(Sentence("login-taken", "This login has an account already."))
            session.sync_session.info["actor"] = Actor(row.login, cast(Role, row.role))
            row.accepted_at = now
            session.add(
                Account(
                    id=str(uuid.uuid4()),
                    organisation_id=row.organisation_id,
                    user_id=row.user_id,
                    login=row.login,
                    password_hash=password_hash,
                    role=row.role,
                    rights=row.rights,
                    language=row.language,
                    created_at=now,
                )
            )
        return row.login
