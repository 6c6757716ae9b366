"""Users, devices, sites, trunks and numbers of customers: what an administrator sets up.

Policy: each method is one transaction inside the administrator's scope (``stimme.store.changes``). Users and
trunks are counted as licences in the same transaction, so that the licence model refuses what it does not
allow before anything is there. Passwords of devices and trunks go in and are never shown again.
"""

import datetime
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.packages import Package
from stimme.sentences import Sentence, no_such
from stimme.store.accounts import utc_now
from stimme.store.changes import Authority, Expectation, Put, changing, delete_row, need, put_row
from stimme.store.customer_models import Site
from stimme.store.database import Database, Scope
from stimme.store.errors import ConflictError, FieldRefusedError
from stimme.store.licences import change_licences, lock_licences, next_in_series
from stimme.store.models import Device, NumberBlock, Organisation, Trunk, User
from stimme.store.secrets import Vault

_SIP_USER_BYTES = 5
_FREE = "free"
_SIP_PASSWORD_BYTES = 18
_NUMBERS_LOCK = "numbers-lock"
_SRTP_WITHOUT_TLS = Sentence(
    "srtp-needs-tls", "Speech encryption can be required over TLS only: its keys are told there."
)


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device that was put; ``password`` is known only when it was made."""

    put: Put[Device]
    password: str | None


class TelephonyConfiguration:
    """Changes what the customers' telephone systems are made of."""

    def __init__(
        self, database: Database, vault: Vault, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def find(self, scope: Scope, model: type[Any], row_id: str) -> Any:
        """Return one row of the configuration.

        Raises:
            NotFoundError: When there is none inside the scope.
        """
        async with self._database.scoped(scope) as session:
            return await need(session, model, row_id)

    async def put_user(
        self,
        who: Authority,
        user_id: str,
        customer_id: str,
        *,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[User]:
        """Create or change a user; a change of ``package`` counts from now on.

        Raises:
            StoreError: As ``changes`` says.
            LicensingError: When the licence does not allow another user.
        """
        async with changing(self._database, who) as session:
            return await self.put_user_in(session, user_id, customer_id, values=values, expected=expected)

    async def put_user_in(
        self,
        session: AsyncSession,
        user_id: str,
        customer_id: str,
        *,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[User]:
        """Create or change a user in the caller's transaction; raises what ``put_user`` raises."""
        await lock_licences(session, customer_id)
        if values.get("site_id") is not None:
            await self._own(session, Site, values["site_id"], "site_id", customer_id)
        if values.get("number") is not None:
            await self._refuse_foreign_number(session, customer_id, values["number"])
        old = await session.get(User, user_id)
        before = None if old is None else Package(old.package)
        put = await put_row(
            session, User, user_id, fixed={"customer_id": customer_id}, values=values, expected=expected
        )
        package = Package(put.row.package)
        if before is None:
            await self._count(session, customer_id, lambda held: held.with_user(package), "new user")
        elif before is not package:
            was = before
            await self._count(
                session, customer_id, lambda held: held.with_package(was, package), "package changed"
            )
        return put

    async def delete_user(self, who: Authority, user_id: str, expected: Expectation) -> User:
        """Delete a user with its devices, account and call list."""
        async with changing(self._database, who) as session:
            user = await need(session, User, user_id)
            await lock_licences(session, user.customer_id)
            await delete_row(session, User, user_id, expected)
            package = Package(user.package)
            await self._count(
                session, user.customer_id, lambda held: held.without_user(package), "user deleted"
            )
        return user

    async def put_device(
        self, who: Authority, device_id: str, values: Mapping[str, Any], expected: Expectation
    ) -> NewDevice:
        """Create or change a phone; a new one gets a random password and, unless named, a SIP user.

        ``values`` has the ``user_id``, or None and the ``customer_id`` for a phone that is nobody's, which
        may have a ``site_id``.
        """
        async with changing(self._database, who) as session:
            wanted = dict(values)
            customer_id, prefix = await self._whose(session, wanted.pop("customer_id", None), wanted)
            old = await session.get(Device, device_id)
            if wanted.get("sip_user") is None:
                fresh = f"{prefix}-{secrets.token_hex(_SIP_USER_BYTES)}"
                wanted["sip_user"] = fresh if old is None else old.sip_user
            password = None
            fixed: dict[str, Any] = {"customer_id": customer_id, "kind": "phone"}
            if old is None:
                password = secrets.token_urlsafe(_SIP_PASSWORD_BYTES)
                wanted["secret"] = self._vault.encrypt(password)
            put = await put_row(session, Device, device_id, fixed=fixed, values=wanted, expected=expected)
        return NewDevice(put, password)

    async def _whose(
        self, session: AsyncSession, customer_id: str | None, values: Mapping[str, Any]
    ) -> tuple[str, str]:
        """Return the customer of a phone, and what its SIP user begins with."""
        if values["user_id"] is not None:
            if values.get("site_id") is not None:
                raise FieldRefusedError(
                    "site_id", Sentence("site-of-user", "The site of its user counts for this telephone.")
                )
            user = await need(session, User, values["user_id"], "user_id")
            if customer_id not in (None, user.customer_id):
                raise FieldRefusedError("user_id", no_such("user"))
            return user.customer_id, user.extension
        if customer_id is None:
            raise FieldRefusedError(
                "customer_id", Sentence("device-of-nobody", "A telephone belongs to a user or to a customer.")
            )
        customer = await need(session, Organisation, customer_id, "customer_id")
        if customer.kind != "customer":
            raise FieldRefusedError("customer_id", no_such("customer"))
        await lock_licences(session, customer_id)
        if values.get("site_id") is not None:
            await self._own(session, Site, values["site_id"], "site_id", customer_id)
        return customer_id, _FREE

    async def renew_device_password(self, who: Authority, device_id: str) -> tuple[Device, str]:
        """Give a device a new password; the old one ends with the next registration."""
        password = secrets.token_urlsafe(_SIP_PASSWORD_BYTES)
        async with changing(self._database, who) as session:
            device = await need(session, Device, device_id)
            device.secret = self._vault.encrypt(password)
        return device, password

    async def delete_device(self, who: Authority, device_id: str, expected: Expectation) -> Device:
        """Delete a device."""
        async with changing(self._database, who) as session:
            return await delete_row(session, Device, device_id, expected)

    async def put_trunk(
        self,
        who: Authority,
        trunk_id: str,
        customer_id: str,
        *,
        values: Mapping[str, Any],
        expected: Expectation,
        password: str | None,
    ) -> Put[Trunk]:
        """Create or change a trunk; ``None`` keeps the password.

        Keys of SRTP are told over TLS only: a trunk without it cannot require them.

        Raises:
            StoreError: As ``changes`` says.
            LicensingError: When the licence does not allow another trunk.
        """
        async with changing(self._database, who) as session:
            await lock_licences(session, customer_id)
            if values["srtp"] == "require" and values["transport"] != "tls":
                raise FieldRefusedError("srtp", _SRTP_WITHOUT_TLS)
            old = await session.get(Trunk, trunk_id)
            wanted = dict(values)
            if old is None or (password is not None and self._vault.decrypt(old.secret) != password):
                wanted["secret"] = self._vault.encrypt(password or "")
            put = await put_row(
                session, Trunk, trunk_id, fixed={"customer_id": customer_id}, values=wanted, expected=expected
            )
            if put.created:
                await self._count(session, customer_id, lambda held: held.with_trunk(), "new trunk")
        return put

    async def delete_trunk(self, who: Authority, trunk_id: str, expected: Expectation) -> Trunk:
        """Delete a trunk with its numbers; refused while a site uses it."""
        async with changing(self._database, who) as session:
            trunk = await need(session, Trunk, trunk_id)
            await lock_licences(session, trunk.customer_id)
            if await session.scalar(select(Site.id).where(Site.trunk_id == trunk_id).limit(1)) is not None:
                raise ConflictError(Sentence("trunk-of-site", "A site still uses this trunk."))
            await delete_row(session, Trunk, trunk_id, expected)
            await self._count(session, trunk.customer_id, lambda held: held.without_trunk(), "trunk deleted")
        return trunk

    async def put_numbers(
        self, who: Authority, block_id: str, values: Mapping[str, Any], expected: Expectation
    ) -> Put[NumberBlock]:
        """Create or change a number block; numbers that somebody has already are refused."""
        async with changing(self._database, who) as session:
            await next_in_series(session, _NUMBERS_LOCK)
            trunk = await need(session, Trunk, values["trunk_id"], "trunk_id")
            await self._refuse_overlap(session, block_id, values["head"], values["extension_digits"])
            return await put_row(
                session,
                NumberBlock,
                block_id,
                fixed={"customer_id": trunk.customer_id},
                values=values,
                expected=expected,
            )

    async def delete_numbers(self, who: Authority, block_id: str, expected: Expectation) -> NumberBlock:
        """Delete a number block."""
        async with changing(self._database, who) as session:
            return await delete_row(session, NumberBlock, block_id, expected)

    async def put_site(
        self,
        who: Authority,
        site_id: str,
        customer_id: str,
        *,
        values: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[Site]:
        """Create or change a site; its emergency number must be one of its own trunk's."""
        async with changing(self._database, who) as session:
            await lock_licences(session, customer_id)
            await self._own(session, Trunk, values["trunk_id"], "trunk_id", customer_id)
            number = values.get("emergency_number")
            if number is not None:
                blocks = await session.scalars(
                    select(NumberBlock).where(NumberBlock.trunk_id == values["trunk_id"])
                )
                if not any(_covers(block.head, block.extension_digits, number) for block in blocks):
                    raise FieldRefusedError(
                        "emergency_number",
                        Sentence("number-not-of-trunk", "This number is not one of the trunk's."),
                    )
            return await put_row(
                session, Site, site_id, fixed={"customer_id": customer_id}, values=values, expected=expected
            )

    async def delete_site(self, who: Authority, site_id: str, expected: Expectation) -> Site:
        """Delete a site; refused while users, telephones or a gateway are there."""
        async with changing(self._database, who) as session:
            await need(session, Site, site_id)
            if await session.scalar(select(User.id).where(User.site_id == site_id).limit(1)) is not None:
                raise ConflictError(Sentence("site-of-users", "Users still belong to this site."))
            if await session.scalar(select(Device.id).where(Device.site_id == site_id).limit(1)) is not None:
                raise ConflictError(Sentence("site-of-devices", "Telephones still belong to this site."))
            return await delete_row(session, Site, site_id, expected)

    async def _count(
        self, session: AsyncSession, customer_id: str, change: Callable[[Any], Any], cause: str
    ) -> None:
        await change_licences(session, customer_id, change, cause=cause, now=self._now())

    @staticmethod
    async def _own(
        session: AsyncSession, model: type[Any], row_id: str, field: str, customer_id: str
    ) -> None:
        row = await need(session, model, row_id, field)
        if row.customer_id != customer_id:
            raise FieldRefusedError(field, no_such(model.__name__.lower()))

    @staticmethod
    async def _refuse_foreign_number(session: AsyncSession, customer_id: str, number: str) -> None:
        """Look at everybody's numbers: calls to one of another customer's must stay with it."""
        table = NumberBlock.__table__
        prefixes = [number[:length] for length in range(2, len(number) + 1)]
        near = select(table.c.head, table.c.extension_digits).where(
            table.c.head.in_(prefixes), table.c.customer_id != customer_id
        )
        for head, digits in (await (await session.connection()).execute(near)).all():
            if _covers(head, digits, number):
                raise FieldRefusedError("number", Sentence("number-taken", "This number is taken."))

    @staticmethod
    async def _refuse_overlap(session: AsyncSession, block_id: str, head: str, digits: int) -> None:
        """Look at everybody's numbers, not only at those that the session sees."""
        table = NumberBlock.__table__
        prefixes = [head[:length] for length in range(2, len(head) + 1)]
        near = select(table.c.head, table.c.extension_digits).where(
            table.c.id != block_id, or_(table.c.head.in_(prefixes), table.c.head.like(f"{head}%"))
        )
        for other, other_digits in (await (await session.connection()).execute(near)).all():
            short, short_digits, long = (
                (other, other_digits, head) if len(other) <= len(head) else (head, digits, other)
            )
            if _covers(short, short_digits, long):
                raise FieldRefusedError("head", Sentence("numbers-taken", "Some of these numbers are taken."))


def _covers(head: str, digits: int, number: str) -> bool:
    return number.startswith(head) and len(number) - len(head) <= digits
