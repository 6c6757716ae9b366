"""How the configuration is changed: in one transaction, with a version, refusals that name the field.

Policy (RFC 9110 section 13): creating something chooses its id and may be repeated; what is the same stays
the same. Changing something that differs needs the version that was read; a version that is no longer the
newest is refused, so that nobody overwrites what somebody else has just done. Somebody else's rows are not
there.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from stimme.sentences import Sentence, no_such
from stimme.store.audit import Actor
from stimme.store.database import Database, Scope
from stimme.store.errors import (
    ConflictError,
    FieldRefusedError,
    NotFoundError,
    StaleError,
    StoreError,
    VersionMissingError,
)
from stimme.store.models import Versioned

Row = TypeVar("Row", bound=Versioned)
Some = TypeVar("Some")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who changes, and what it may see."""

    scope: Scope
    actor: Actor


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the client believes: a version (``If-Match``), or that there is nothing (``If-None-Match: *``)."""

    version: int | None = None
    absent: bool = False


ANY = Expectation()


@dataclass(frozen=True, slots=True)
class Put(Generic[Some]):
    """The row as it is now, and what the request did to it."""

    row: Some
    created: bool
    changed: bool


# What the database says when a constraint is broken (SQLite: columns, PostgreSQL: names), and what it means.
_CLASHES: tuple[tuple[tuple[str, ...], str, Sentence], ...] = (
    (
        ("users.extension", "uq_users_customer_id_extension"),
        "extension",
        Sentence("extension-taken", "This extension is taken."),
    ),
    (("users.number", "uq_users_number"), "number", Sentence("number-taken", "This number is taken.")),
    (
        ("devices.sip_user", "uq_devices_sip_user"),
        "sip_user",
        Sentence("sip-user-taken", "This SIP user is taken."),
    ),
    (
        ("trunks.name", "uq_trunks_customer_id_name"),
        "name",
        Sentence("name-taken", "There is a trunk of this name."),
    ),
    (
        ("sites.name", "uq_sites_customer_id_name"),
        "name",
        Sentence("name-taken", "There is a site of this name."),
    ),
    (
        ("number_blocks.head", "uq_number_blocks_head"),
        "head",
        Sentence("number-taken", "This number is taken."),
    ),
    (
        ("organisations.domain", "uq_organisations_domain"),
        "domain",
        Sentence("domain-taken", "This domain is taken."),
    ),
    (
        ("gateways.serial", "uq_gateways_serial"),
        "serial",
        Sentence("serial-taken", "There is a gateway of this serial number."),
    ),
    (
        ("services.extension", "uq_services_customer_extension"),
        "settings.extension",
        Sentence("extension-of-service", "Another service has this extension."),
    ),
    (("accounts.login", "uq_accounts_login"), "login", Sentence("login-taken", "This login is taken.")),
    (
        ("accounts.user_id", "uq_accounts_user_id"),
        "user_id",
        Sentence("account-of-user", "This user has an account."),
    ),
)


@contextlib.asynccontextmanager
async def changing(database: Database, who: Authority) -> AsyncIterator[AsyncSession]:
    """Open a session whose changes are one transaction.

    Raises:
        FieldRefusedError: When something that must be unique is taken.
        ConflictError: When rows refer to each other so that it cannot be.
        StaleError: When somebody else was quicker.
    """
    try:
        async with database.scoped(who.scope, who.actor) as session, session.begin():
            yield session
    except IntegrityError as error:
        raise clash(error) from error
    except StaleDataError as error:
        raise StaleError("Somebody else has changed it meanwhile.") from error


async def put_row(
    session: AsyncSession,
    model: type[Row],
    row_id: str,
    *,
    fixed: Mapping[str, Any],
    values: Mapping[str, Any],
    expected: Expectation,
) -> Put[Row]:
    """Create a row or change it; ``fixed`` is what can only be said at creation.

    Raises:
        NotFoundError: When the id is somebody else's.
        FieldRefusedError: When something fixed would change.
        StaleError: When the expectation is wrong.
        VersionMissingError: When something would change and no version was given.
    """
    row = await session.get(model, row_id)
    if row is None:
        if expected.version is not None:
            raise StaleError("There is nothing to change.")
        await _refuse_foreign_id(session, model, row_id)
        row = cast(Any, model)(id=row_id, **fixed, **values)
        session.add(row)
        await session.flush()
        return Put(row, created=True, changed=True)
    if expected.absent:
        raise StaleError("It exists already.")
    for name, value in fixed.items():
        if getattr(row, name) != value:
            raise FieldRefusedError(name, Sentence("fixed", "This cannot be changed any more."))
    return await change_row(session, row, values, expected)


async def change_row(
    session: AsyncSession, row: Row, values: Mapping[str, Any], expected: Expectation
) -> Put[Row]:
    """Change what differs in a row that is there.

    Raises:
        StaleError: When the expectation is wrong.
        VersionMissingError: When something would change and no version was given.
    """
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        _check_version(row, expected)
        for name, value in changed.items():
            setattr(row, name, value)
        await session.flush()
    return Put(row, created=False, changed=bool(changed))


async def delete_row(session: AsyncSession, model: type[Row], row_id: str, expected: Expectation) -> Row:
    """Delete a row and return what it was; without a version whatever is there is deleted.

    Raises:
        NotFoundError: When there is none inside the scope.
        StaleError: When the version is not the newest.
    """
    row = await need(session, model, row_id)
    if expected.version is not None and row.version != expected.version:
        raise StaleError("Somebody else has changed it meanwhile.")
    await session.delete(row)
    await session.flush()
    return row


async def need(session: AsyncSession, model: type[Some], row_id: str, field: str | None = None) -> Some:
    """Return a row that must be there and inside the scope.

    Raises:
        FieldRefusedError: When it is not, and ``field`` of the request named it.
        NotFoundError: When it is not, and the address named it.
    """
    row = await session.get(model, row_id)
    if row is None:
        sentence = no_such(model.__name__.lower())
        raise NotFoundError(sentence) if field is None else FieldRefusedError(field, sentence)
    return row


def _check_version(row: Versioned, expected: Expectation) -> None:
    if expected.version is None:
        raise VersionMissingError("Say which version you change: send If-Match with its ETag.")
    if row.version != expected.version:
        raise StaleError("Somebody else has changed it meanwhile.")


async def _refuse_foreign_id(session: AsyncSession, model: type[Row], row_id: str) -> None:
    connection = await session.connection()
    table = cast(Any, model).__table__
    if await connection.scalar(select(table.c.id).where(table.c.id == row_id)) is not None:
        raise NotFoundError(f"There is no such {model.__name__.lower()}.")


def clash(error: IntegrityError) -> StoreError:
    """Say what a broken constraint means."""
    said = str(error.orig)
    for marks, field, sentence in _CLASHES:
        if any(mark in said for mark in marks):
            return FieldRefusedError(field, sentence)
    return ConflictError(
        Sentence(
            "referred", "Something else still refers to it, or it refers to something that is not there."
        )
    )
