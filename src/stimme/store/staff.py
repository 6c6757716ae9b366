"""Accounts of an organisation and those below it: who there is, what they may, and parting from them.

Policy: nobody changes his own rights or dismisses himself; nobody touches an account of a higher role or with
rights that he does not have; an organisation always keeps one account of its own role with all rights. What
is changed counts from the next request on, also for sessions and tokens that live.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.sentences import Sentence
from stimme.store.changes import Authority, changing, need
from stimme.store.database import Database, Scope
from stimme.store.errors import ConflictError, FieldRefusedError, NotFoundError
from stimme.store.models import Account, Organisation
from stimme.store.rights import Right, covers, rights_of

RANKS = {"user": 0, "customer": 1, "reseller": 2, "provider": 3}


class Staff:
    """Accounts inside a scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, scope: Scope, *, organisation_id: str | None, after: Sequence[str] | None, limit: int
    ) -> Sequence[Account]:
        """List accounts by organisation and login."""
        statement = select(Account).order_by(Account.organisation_id, Account.login).limit(limit)
        if organisation_id is not None:
            statement = statement.where(Account.organisation_id == organisation_id)
        if after is not None:
            organisation, login = after
            statement = statement.where(
                (Account.organisation_id > organisation)
                | ((Account.organisation_id == organisation) & (Account.login > login))
            )
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def set_rights(self, who: Authority, account_id: str, rights: frozenset[Right] | None) -> Account:
        """Cut an account down to some rights, or (``None``) give it all of its role.

        Raises:
            NotFoundError: When there is no such account inside the scope, or it is of a higher role.
            FieldRefusedError: When the account is a user's, or has or would get rights beyond one's own.
            ConflictError: For one's own account, and for the last with all rights.
        """
        async with changing(self._database, who) as session:
            account = await _of_others(session, who, account_id)
            if account.role == "user":
                raise FieldRefusedError(
                    "rights", Sentence("rights-of-user", "What users may is up to their package.")
                )
            if not covers(who.actor.rights, rights):
                raise FieldRefusedError(
                    "rights", Sentence("rights-beyond-own", "Nobody gives more rights than his own.")
                )
            if rights is not None:
                await _keep_one(session, account)
            account.rights = None if rights is None else sorted(rights)
        return account

    async def dismiss(self, who: Authority, account_id: str) -> None:
        """Delete an account with its sessions, tokens and passkeys; its user, if it has one, stays.

        Raises:
            NotFoundError: When there is no such account inside the scope, or it is of a higher role.
            FieldRefusedError: When it has rights beyond one's own.
            ConflictError: For one's own account, and for the last with all rights.
        """
        async with changing(self._database, who) as session:
            account = await _of_others(session, who, account_id)
            if account.role != "user":
                await _keep_one(session, account)
            await session.delete(account)


async def _of_others(session: AsyncSession, who: Authority, account_id: str) -> Account:
    account = await need(session, Account, account_id)
    if RANKS[account.role] > RANKS[who.actor.role]:
        raise NotFoundError("There is no such account.")
    if account.id == who.actor.account_id:
        raise ConflictError(Sentence("own-account", "This is your own account."))
    if account.role != "user" and not covers(who.actor.rights, rights_of(account.rights)):
        raise FieldRefusedError(
            "rights", Sentence("account-beyond-own", "This account has rights that you do not have.")
        )
    return account


async def _keep_one(session: AsyncSession, account: Account) -> None:
    """Refuse to take all rights from the last account that has them; two at once wait for each other."""
    locked = select(Organisation.id).where(Organisation.id == account.organisation_id).with_for_update()
    await session.execute(locked)
    others = select(Account.rights).where(
        Account.organisation_id == account.organisation_id,
        Account.role == account.role,
        Account.id != account.id,
    )
    if account.rights is None and all(rights is not None for rights in await session.scalars(others)):
        raise ConflictError(Sentence("last-account", "An organisation keeps one account with all rights."))
