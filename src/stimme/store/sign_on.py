"""Single sign-on of customers: where their people sign in, and which account a stranger's proof is for.

Policy: a customer has at most one identity provider, and it speaks for accounts of that customer only,
whatever it says of others. Who comes for the first time is found by the verified mail address, which must be
the login of an account; from then on the subject that the provider named counts, so a changed mail address
changes nothing, and who is given the former mail address of a colleague is not let in as that colleague until
an administrator has taken the link away. Another issuer or client ends all links. Nobody gets an account by
signing in: accounts are invited. A customer may have its accounts (nobody else's) sign in there only, once
somebody has: a provider that does not work would lock everybody out. Staff above the customer can end that.
"""

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.holding import Role
from stimme.sentences import Sentence
from stimme.store.accounts import utc_now
from stimme.store.audit import Actor
from stimme.store.changes import Authority, Expectation, Put, change_row, changing, delete_row, need
from stimme.store.database import Database, Scope
from stimme.store.errors import FieldRefusedError, NotFoundError, StaleError
from stimme.store.models import Account, Organisation
from stimme.store.secrets import Vault
from stimme.store.sign_on_models import ExternalIdentity, IdentityProvider


class Stranger(StrEnum):
    """Why nobody here is meant."""

    MAIL_MISSING = "mail-missing"
    """The provider told no mail address, or one that nobody has verified."""
    NO_ACCOUNT = "no-account"
    """No account of this customer has the mail address as its login."""
    LINKED_OTHERWISE = "linked-otherwise"
    """The account belongs to another person at the provider."""


class StrangerError(Exception):
    """The identity is proved, but there is no account for it."""

    def __init__(self, reason: Stranger) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is at an identity provider; ``mail`` is ``None`` unless it is known to be the person's."""

    subject: str
    mail: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """An account and who it is at the identity provider."""

    login: str
    identity: ExternalIdentity


class SignOn:
    """Identity providers and links."""

    def __init__(
        self, database: Database, vault: Vault, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def get(self, scope: Scope, customer_id: str) -> IdentityProvider:
        """Return a customer's identity provider.

        Raises:
            NotFoundError: When there is none inside the scope.
        """
        async with self._database.scoped(scope) as session:
            return await _of(session, customer_id)

    async def check_customer(self, scope: Scope, customer_id: str) -> None:
        """Do nothing when there is such a customer.

        Raises:
            NotFoundError: When there is none inside the scope.
        """
        async with self._database.scoped(scope) as session:
            await _customer(session, customer_id)

    async def put(
        self,
        who: Authority,
        customer_id: str,
        *,
        values: Mapping[str, Any],
        secret: str | None,
        expected: Expectation,
    ) -> Put[IdentityProvider]:
        """Set a customer's identity provider; without a secret the one that is there stays.

        Raises:
            StoreError: As ``changes`` says.
        """
        async with changing(self._database, who) as session:
            await _customer(session, customer_id)
            row = await _find(session, customer_id)
            if values.get("required"):
                await _refuse_untried(session, row, values)
            if row is None:
                if expected.version is not None:
                    raise StaleError("There is nothing to change.")
                row = IdentityProvider(
                    id=str(uuid.uuid4()),
                    customer_id=customer_id,
                    secret=self._vault.encrypt(secret or ""),
                    **values,
                )
                session.add(row)
                await session.flush()
                return Put(row, created=True, changed=True)
            if expected.absent:
                raise StaleError("It exists already.")
            wanted = dict(values)
            if secret is not None and secret != self.secret(row):
                wanted["secret"] = self._vault.encrypt(secret)
            before = (row.issuer, row.client_id)
            put = await change_row(session, row, wanted, expected)
            if (row.issuer, row.client_id) != before:
                await session.execute(delete(ExternalIdentity).where(ExternalIdentity.provider_id == row.id))
            return put

    async def delete(self, who: Authority, customer_id: str, expected: Expectation) -> None:
        """Go back to passwords; the links go, too."""
        async with changing(self._database, who) as session:
            row = await _of(session, customer_id)
            await delete_row(session, IdentityProvider, row.id, expected)

    async def links(self, scope: Scope, customer_id: str) -> Sequence[Link]:
        """List who is linked, by login."""
        async with self._database.scoped(scope) as session:
            row = await _of(session, customer_id)
            statement = (
                select(Account.login, ExternalIdentity)
                .join(Account, Account.id == ExternalIdentity.account_id)
                .where(ExternalIdentity.provider_id == row.id)
                .order_by(Account.login)
            )
            return [Link(login, identity) for login, identity in await session.execute(statement)]

    async def unlink(self, who: Authority, customer_id: str, account_id: str) -> None:
        """Take a link away: the next sign-in finds its account by mail again.

        Raises:
            NotFoundError: When there is no such link inside the scope.
        """
        async with changing(self._database, who) as session:
            row = await _of(session, customer_id)
            wanted = select(ExternalIdentity).where(
                ExternalIdentity.provider_id == row.id, ExternalIdentity.account_id == account_id
            )
            link = (await session.scalars(wanted)).one_or_none()
            if link is None:
                raise NotFoundError("There is no such link.")
            await session.delete(link)

    async def by_domain(self, domain: str) -> IdentityProvider | None:
        """Find the identity provider of the customer with a domain."""
        statement = (
            select(IdentityProvider)
            .join(Organisation, Organisation.id == IdentityProvider.customer_id)
            .where(Organisation.domain == domain.strip().lower())
        )
        async with self._database.system() as session:
            return (await session.scalars(statement)).one_or_none()

    async def by_id(self, provider_id: str) -> IdentityProvider | None:
        """Find an identity provider by its id."""
        async with self._database.system() as session:
            return await session.get(IdentityProvider, provider_id)

    async def required_by(self, organisation_id: str) -> IdentityProvider | None:
        """Return where the people of an organisation have to sign in; ``None`` when passwords are good."""
        statement = select(IdentityProvider).where(
            IdentityProvider.customer_id == organisation_id, IdentityProvider.required
        )
        async with self._database.system() as session:
            return (await session.scalars(statement)).one_or_none()

    def secret(self, provider: IdentityProvider) -> str:
        """Return the client's secret; empty for a public client."""
        return self._vault.decrypt(provider.secret)

    async def account_for(self, provider: IdentityProvider, proof: Proof) -> str:
        """Return the id of the account that a proved identity is for, linking it at the first time.

        Raises:
            StrangerError: When there is none.
        """
        try:
            async with self._database.system() as session, session.begin():
                found = await session.get(ExternalIdentity, (provider.id, proof.subject))
                if found is None:
                    account = await _by_mail(session, provider, proof)
                    session.sync_session.info["actor"] = Actor(
                        account.login, cast(Role, account.role), account.id
                    )
                    found = ExternalIdentity(
                        provider_id=provider.id,
                        subject=proof.subject,
                        account_id=account.id,
                        created_at=self._now(),
                    )
                    session.add(found)
                found.used_at = self._now()
                await session.flush()
                return found.account_id
        except IntegrityError as error:
            raise StrangerError(Stranger.LINKED_OTHERWISE) from error


async def _by_mail(session: AsyncSession, provider: IdentityProvider, proof: Proof) -> Account:
    if proof.mail is None:
        raise StrangerError(Stranger.MAIL_MISSING)
    wanted = select(Account).where(
        Account.login == proof.mail.strip().lower(), Account.organisation_id == provider.customer_id
    )
    account = (await session.scalars(wanted)).one_or_none()
    if account is None:
        raise StrangerError(Stranger.NO_ACCOUNT)
    return account


async def _refuse_untried(
    session: AsyncSession, row: IdentityProvider | None, values: Mapping[str, Any]
) -> None:
    same = row is not None and (row.issuer, row.client_id) == (values["issuer"], values["client_id"])
    if row is not None and same:
        linked = select(ExternalIdentity.subject).where(ExternalIdentity.provider_id == row.id).limit(1)
        if row.required or await session.scalar(linked) is not None:
            return
    raise FieldRefusedError(
        "required",
        Sentence(
            "sign-on-untried",
            "Somebody has to sign in with the company account first, so that nobody is locked out.",
        ),
    )


async def _customer(session: AsyncSession, customer_id: str) -> None:
    organisation = await need(session, Organisation, customer_id)
    if organisation.kind != "customer":
        raise NotFoundError("There is no such customer.")


async def _find(session: AsyncSession, customer_id: str) -> IdentityProvider | None:
    statement = select(IdentityProvider).where(IdentityProvider.customer_id == customer_id)
    return (await session.scalars(statement)).one_or_none()


async def _of(session: AsyncSession, customer_id: str) -> IdentityProvider:
    row = await _find(session, customer_id)
    if row is None:
        raise NotFoundError("There is no single sign-on of such a customer.")
    return row
