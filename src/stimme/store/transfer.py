"""One customer as one readable file, out of a node and into one.

Policy: the file holds the customer's whole configuration with its ids, so that exporting, importing and
exporting again gives the same file, on the same node or another one. Secrets (SIP passwords in the clear,
hashes of people's passwords) are written only when asked for; without them an import keeps the secrets that
are there and makes new ones for what is new. An import makes the customer what the file says: it creates,
changes and deletes, all or nothing; ``plan`` tells beforehand what it would do. Calls, books and rented
gateways are no configuration and stay where they are.
"""

import dataclasses
import datetime
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import inspect, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.holding import Holding
from stimme.licensing.packages import LicenceKind, Package
from stimme.store.accounts import utc_now
from stimme.store.audit import SYSTEM, Actor
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.database import Database
from stimme.store.errors import ConflictError, NotFoundError
from stimme.store.licences import change_licences, lock_licences, open_licences
from stimme.store.models import Account, Device, Organisation, Trunk, User, UtcDateTime
from stimme.store.secrets import Vault
from stimme.store.transfer_file import (
    ENCRYPTED,
    FORMAT,
    HASHED,
    Change,
    TransferError,
    Wanted,
    checked,
    columns,
    compare,
    compare_plain,
    empty,
    plain,
    sections,
)

_NO_PASSWORD = "!"  # noqa: S105  # no argon2 hash: nobody signs in until a password is set


class CustomerTransfer:
    """Exports and imports customers."""

    def __init__(
        self, database: Database, vault: Vault, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def find(self, text: str) -> str:
        """Find a customer by id, domain, number or name.

        Raises:
            NotFoundError: When there is none, or more than one of that name.
        """
        wanted = [Organisation.id == text, Organisation.domain == text.lower(), Organisation.name == text]
        if text.isascii() and text.isdigit():
            wanted.append(CustomerLicence.number == int(text))
        statement = (
            select(Organisation.id)
            .join(CustomerLicence, CustomerLicence.customer_id == Organisation.id)
            .where(or_(*wanted))
        )
        async with self._database.system() as session:
            found = (await session.scalars(statement)).all()
        if len(found) != 1:
            many = "There is more than one" if found else "There is no"
            raise NotFoundError(f"{many} customer '{text}'.")
        return found[0]

    async def export(self, customer_id: str, *, with_secrets: bool = False) -> dict[str, Any]:
        """Write a customer down.

        Raises:
            NotFoundError: When there is no such customer.
        """
        async with self._database.system() as session:
            row = await session.get(Organisation, customer_id)
            licence = await session.get(CustomerLicence, customer_id)
            if row is None or licence is None or row.kind != "customer":
                raise NotFoundError("There is no such customer.")
            address = await session.get(BillingAddress, customer_id)
            document: dict[str, Any] = {
                "format": FORMAT,
                "customer": {
                    "id": row.id,
                    "name": row.name,
                    "domain": row.domain,
                    "language": row.language,
                },
                "licence": {"base": licence.base, "demo_ends": plain(licence.demo_ends)},
                "billing_address": None if address is None else self._fields(address, with_secrets=False),
            }
            for name, model in sections().items():
                rows = await session.scalars(_of(model, customer_id))
                document[name] = [self._fields(one, with_secrets=with_secrets) for one in rows]
        return document

    async def plan(self, document: Mapping[str, Any]) -> list[Change]:
        """Tell what an import would do, without doing it.

        Raises:
            TransferError: When the file has mistakes.
        """
        wanted = checked(document)
        customer_id = wanted.customer["id"]
        async with self._database.system() as session:
            exists = await session.get(Organisation, customer_id) is not None
        current = await self.export(customer_id, with_secrets=True) if exists else empty()
        changes = [] if exists else [Change("create", "customer", customer_id, wanted.customer["name"])]
        if exists:
            changes += compare("customer", [current["customer"]], [wanted.customer])
            changes += compare_plain("licence", customer_id, current["licence"], wanted.licence)
        address, old_address = wanted.address or {}, current["billing_address"] or {}
        changes += compare_plain("billing_address", customer_id, old_address, address)
        for name in sections():
            changes += compare(name, current[name], wanted.rows[name])
        return changes

    async def apply(
        self, document: Mapping[str, Any], *, parent_id: str | None = None, actor: Actor = SYSTEM
    ) -> list[Change]:
        """Make the customer what the file says.

        Args:
            document: What ``read_file`` returned.
            parent_id: The reseller of a customer that is new here; the provider's own without.
            actor: Who is named in the audit log.

        Raises:
            TransferError: When the file has mistakes, or contradicts what is there.
            LicensingError: When the licence does not allow it.
        """
        changes = await self.plan(document)
        if not changes:
            return changes
        wanted = checked(document)
        try:
            async with self._database.system(actor) as session, session.begin():
                await self._apply(session, wanted, parent_id)
        except IntegrityError as error:
            raise TransferError(f"the file contradicts what is there: {error.orig}") from error
        except ConflictError as error:
            raise TransferError(str(error)) from error
        return changes

    async def _apply(self, session: AsyncSession, wanted: Wanted, parent_id: str | None) -> None:
        customer_id = wanted.customer["id"]
        row = await session.get(Organisation, customer_id)
        if row is None:
            row = Organisation(
                id=customer_id,
                kind="customer",
                created_at=self._now(),
                parent_id=await _parent(session, parent_id),
            )
            _assign(row, wanted.customer)
            session.add(row)
            await session.flush()
            await open_licences(session, customer_id)
        else:
            _assign(row, wanted.customer)
        await lock_licences(session, customer_id)
        await self._put_address(session, customer_id, wanted.address)
        order = sections()
        current = {
            name: {one.id: one for one in await session.scalars(_of(model, customer_id))}
            for name, model in order.items()
        }
        for name in order:
            for fields in wanted.rows[name]:
                if (existing := current[name].get(fields["id"])) is not None:
                    _assign(existing, self._stored(fields))
        await session.flush()
        for name in reversed(order):
            kept = {fields["id"] for fields in wanted.rows[name]}
            for row_id, gone in current[name].items():
                if row_id not in kept:
                    await session.delete(gone)
            await session.flush()
        for name, model in order.items():
            for fields in wanted.rows[name]:
                if fields["id"] not in current[name]:
                    session.add(self._made(model, customer_id, fields))
            await session.flush()
        await self._license(session, customer_id, wanted)

    async def _license(self, session: AsyncSession, customer_id: str, wanted: Wanted) -> None:
        now = self._now()
        base = wanted.licence.get("base")
        ends = wanted.licence.get("demo_ends")
        users = [Package(fields["package"]) for fields in wanted.rows[User.__tablename__]]

        def become(held: Holding) -> Holding:
            kind = None if base is None else LicenceKind(base)
            if held.base is not kind:
                held = held.with_base(kind, by="provider", now=now)
            if kind is LicenceKind.DEMO and ends is not None:
                held = dataclasses.replace(held, demo_ends=datetime.datetime.fromisoformat(ends))
            held = dataclasses.replace(held, users={}, trunks=0)
            for package in users:
                held = held.with_user(package)
            for _trunk in wanted.rows[Trunk.__tablename__]:
                held = held.with_trunk()
            return held

        await change_licences(session, customer_id, become, cause="imported", now=now)

    async def _put_address(
        self, session: AsyncSession, customer_id: str, wanted: Mapping[str, Any] | None
    ) -> None:
        row = await session.get(BillingAddress, customer_id)
        if wanted is None:
            if row is not None:
                await session.delete(row)
        elif row is None:
            session.add(BillingAddress(organisation_id=customer_id, **wanted))
        else:
            _assign(row, wanted)
        await session.flush()

    def _fields(self, row: Any, *, with_secrets: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name in columns(type(row)):
            value = getattr(row, name)
            if name in ENCRYPTED:
                if with_secrets:
                    fields[ENCRYPTED[name]] = self._vault.decrypt(value)
            elif name != HASHED or with_secrets:
                fields[name] = plain(value)
        return fields

    def _stored(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        stored = {name: value for name, value in fields.items() if name not in ENCRYPTED.values()}
        for column, name in ENCRYPTED.items():
            if name in fields:
                stored[column] = self._vault.encrypt(fields[name])
        return stored

    def _made(self, model: type[Any], customer_id: str, fields: Mapping[str, Any]) -> Any:
        stored = self._stored(fields)
        if model in (Device, Trunk) and "secret" not in stored:
            stored["secret"] = self._vault.encrypt(secrets.token_urlsafe(18))
        if model is Account:
            stored.setdefault(HASHED, _NO_PASSWORD)
        owner = "organisation_id" if model is Account else "customer_id"
        made = model(**{owner: customer_id})
        _assign(made, stored)
        return made


def _of(model: type[Any], customer_id: str) -> Any:
    owner = model.organisation_id if model is Account else model.customer_id
    return select(model).where(owner == customer_id).order_by(model.id)


async def _parent(session: AsyncSession, parent_id: str | None) -> str:
    wanted = Organisation.kind == "provider" if parent_id is None else Organisation.id == parent_id
    parent = (await session.scalars(select(Organisation).where(wanted))).one_or_none()
    if parent is None or parent.kind == "customer":
        raise TransferError("there is no such provider or reseller")
    return parent.id


def _assign(row: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        kept = getattr(row, name, None)
        column: Any = inspect(type(row)).columns[name]
        parsed = _parsed(column, value)
        if kept != parsed:
            setattr(row, name, parsed)


def _parsed(column: Any, value: Any) -> Any:
    if isinstance(value, str) and isinstance(column.type, UtcDateTime):
        return datetime.datetime.fromisoformat(value)
    return value
