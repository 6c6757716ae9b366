"""Brings organisations, people, devices and trunks into being.

Policy: each method is one transaction and returns the new row's id. What the database forbids (a second
provider, an extension or number taken, a device of another customer's user) is refused with
``ConflictError``, what the licence model forbids (a fourth demo user, a seventeenth trunk) with
``LicensingError``; both change nothing.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.holding import Holding
from stimme.licensing.packages import LicenceKind, Package
from stimme.sentences import Sentence, no_such, sentence_of
from stimme.sip.srtp_keys import Srtp
from stimme.store.accounts import utc_now
from stimme.store.customer_models import BillingAddress, Site
from stimme.store.database import Database
from stimme.store.errors import ConflictError, NotFoundError
from stimme.store.licences import change_licences, open_licences
from stimme.store.models import Account, Base, Device, NumberBlock, Organisation, Trunk, User
from stimme.store.rights import Right
from stimme.store.secrets import Passwords, Vault
from stimme.store.service_models import Service

_SIP_PASSWORD_BYTES = 18
_MIN_PASSWORD_LENGTH = 10

__all__ = ["ConflictError", "Provisioning", "WeakPasswordError", "check_password", "new_id"]


class WeakPasswordError(Exception):
    """The password is too short."""


class Provisioning:
    """Creates what a provider sells."""

    def __init__(
        self, database: Database, vault: Vault, passwords: Passwords, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._passwords = passwords
        self._now = now

    async def create_provider(self, name: str, login: str, password: str) -> str:
        """Create the provider with its first account.

        Raises:
            ConflictError: When there is a provider already.
            WeakPasswordError: When the password has fewer than ten characters.
        """
        organisation = self._organisation("provider", None, name, None, "de")
        await self._add(organisation, self._account(organisation.id, "provider", login, password))
        return organisation.id

    async def create_reseller(self, parent_id: str, name: str) -> str:
        """Create a reseller below the provider."""
        organisation = self._organisation("reseller", parent_id, name, None, "de")
        await self._add(organisation)
        return organisation.id

    async def create_customer(
        self,
        parent_id: str,
        name: str,
        domain: str,
        language: str = "de",
        *,
        licence: Literal["base", "extended_base", "demo"] | None = "base",
    ) -> str:
        """Create a customer below a reseller or the provider, with its base licence."""
        organisation = self._organisation("customer", parent_id, name, domain.lower(), language)
        now = self._now()

        async def license_it(session: AsyncSession) -> None:
            await open_licences(session, organisation.id)
            if licence is not None:
                await change_licences(
                    session,
                    organisation.id,
                    lambda holding: holding.with_base(LicenceKind(licence), by="provider", now=now),
                    cause="new customer",
                    now=now,
                )

        await self._add(organisation, then=license_it)
        return organisation.id

    async def create_account(
        self,
        organisation_id: str,
        role: Literal["provider", "reseller", "customer", "user"],
        login: str,
        password: str,
        *,
        user_id: str | None = None,
        language: str = "de",
        rights: Collection[Right] | None = None,
    ) -> str:
        """Create a sign-in of an organisation; a user's needs ``user_id``, staff may be given some rights."""
        account = self._account(organisation_id, role, login, password, user_id=user_id, language=language)
        account.rights = None if rights is None else sorted(rights)
        await self._add(account)
        return account.id

    async def set_billing_address(self, organisation_id: str, **values: str) -> None:
        """Say who is billed, or (the provider's) who bills; ``values`` as ``BillingAddress`` has them."""
        await self._add(BillingAddress(organisation_id=organisation_id, **values))

    async def create_user(
        self,
        customer_id: str,
        extension: str,
        name: str,
        *,
        package: Literal["klare", "klingende", "volle"],
        number: str | None = None,
        language: str = "de",
        site_id: str | None = None,
    ) -> str:
        """Create a user; ``number`` is E.164 with plus."""
        user = User(
            id=new_id(),
            customer_id=customer_id,
            extension=extension,
            name=name,
            package=package,
            number=number,
            language=language,
            site_id=site_id,
        )
        await self._add(
            user, then=self._count(customer_id, lambda held: held.with_user(Package(package)), "new user")
        )
        return user.id

    async def create_device(
        self,
        user_id: str,
        sip_user: str,
        *,
        password: str | None = None,
        name: str = "",
        kind: str = "phone",
        srtp: Srtp = Srtp.PREFER,
    ) -> str:
        """Create a device of a user; without ``password`` a random one is made."""
        async with self._database.system() as session:
            customer_id = await session.scalar(select(User.customer_id).where(User.id == user_id))
        if customer_id is None:
            raise ConflictError(no_such("user"))
        device = Device(
            id=new_id(),
            customer_id=customer_id,
            user_id=user_id,
            kind=kind,
            name=name,
            sip_user=sip_user,
            secret=self._vault.encrypt(password or secrets.token_urlsafe(_SIP_PASSWORD_BYTES)),
            srtp=srtp.value,
        )
        await self._add(device)
        return device.id

    async def create_trunk(
        self,
        customer_id: str,
        name: str,
        *,
        kind: Literal["register", "static"],
        host: str,
        port: int,
        transport: Literal["udp", "tcp", "tls"],
        username: str,
        password: str,
        realm: str | None = None,
        expires: int = 600,
        srtp: Srtp = Srtp.ACCEPT,
    ) -> str:
        """Create a trunk; ``expires`` is the registration's life in seconds."""
        trunk = Trunk(
            id=new_id(),
            customer_id=customer_id,
            name=name,
            kind=kind,
            host=host,
            port=port,
            transport=transport,
            username=username,
            secret=self._vault.encrypt(password),
            realm=realm,
            expires=expires,
            srtp=srtp.value,
        )
        await self._add(trunk, then=self._count(customer_id, lambda held: held.with_trunk(), "new trunk"))
        return trunk.id

    async def add_numbers(self, trunk_id: str, head: str, extension_digits: int) -> str:
        """Give a trunk a head number (E.164) with up to ``extension_digits`` digits behind it."""
        async with self._database.system() as session:
            customer_id = await session.scalar(select(Trunk.customer_id).where(Trunk.id == trunk_id))
        if customer_id is None:
            raise ConflictError(no_such("trunk"))
        block = NumberBlock(
            id=new_id(),
            customer_id=customer_id,
            trunk_id=trunk_id,
            head=head,
            extension_digits=extension_digits,
        )
        await self._add(block)
        return block.id

    async def create_site(
        self,
        trunk_id: str,
        name: str,
        *,
        street: str,
        postcode: str,
        city: str,
        emergency_number: str | None = None,
    ) -> str:
        """Create a site of a trunk's customer; without ``emergency_number`` its users' own are shown."""
        async with self._database.system() as session:
            customer_id = await session.scalar(select(Trunk.customer_id).where(Trunk.id == trunk_id))
        if customer_id is None:
            raise ConflictError(no_such("trunk"))
        site = Site(
            id=new_id(),
            customer_id=customer_id,
            name=name,
            street=street,
            postcode=postcode,
            city=city,
            country="DE",
            trunk_id=trunk_id,
            emergency_number=emergency_number,
        )
        await self._add(site)
        return site.id

    async def create_service(
        self, customer_id: str, kind: str, extension: str | None, value: dict[str, Any]
    ) -> str:
        """Create a service of a customer (``stimme.store.services``).

        Raises:
            ConflictError: When the extension is another service's.
        """
        service = Service(id=new_id(), customer_id=customer_id, kind=kind, extension=extension, value=value)
        await self._add(service)
        return service.id

    def _organisation(
        self, kind: str, parent_id: str | None, name: str, domain: str | None, language: str
    ) -> Organisation:
        return Organisation(
            id=new_id(),
            kind=kind,
            parent_id=parent_id,
            name=name,
            domain=domain,
            language=language,
            created_at=self._now(),
        )

    def _account(
        self,
        organisation_id: str,
        role: str,
        login: str,
        password: str,
        *,
        user_id: str | None = None,
        language: str = "de",
    ) -> Account:
        check_password(password)
        return Account(
            id=new_id(),
            organisation_id=organisation_id,
            user_id=user_id,
            login=login.strip().lower(),
            password_hash=self._passwords.hash(password),
            role=role,
            language=language,
            created_at=self._now(),
        )

    def _count(
        self, customer_id: str, change: Callable[[Holding], Holding], cause: str
    ) -> Callable[[AsyncSession], Awaitable[object]]:
        def count(session: AsyncSession) -> Awaitable[object]:
            return change_licences(session, customer_id, change, cause=cause, now=self._now())

        return count

    async def _add(
        self, *rows: Base, then: Callable[[AsyncSession], Awaitable[object]] | None = None
    ) -> None:
        try:
            async with self._database.system() as session, session.begin():
                for row in rows:
                    session.add(row)
                    await session.flush()
                if then is not None:
                    await then(session)
        except NotFoundError as error:
            raise ConflictError(sentence_of(error)) from error
        except IntegrityError as error:
            raise ConflictError(Sentence("unfit", "{reason}", reason=str(error.orig))) from error


def check_password(password: str) -> None:
    """Refuse passwords that are too short.

    Raises:
        WeakPasswordError: Below ten characters.
    """
    if len(password) < _MIN_PASSWORD_LENGTH:
        raise WeakPasswordError(f"a password needs at least {_MIN_PASSWORD_LENGTH} characters")


def new_id() -> str:
    """Make the id of a new row."""
    return str(uuid.uuid4())
