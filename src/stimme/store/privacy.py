"""Personal data: what is known of a user, forgetting it, and shortening what has grown old.

Policy (GDPR articles 15, 17 and 5(1)(e)): a user's data can be handed over as one JSON document. Forgetting a
user deletes it with devices, account, settings, call list and the recordings that it made or is on, and takes
name and number out of the records and lists of others; that a call took place stays. Old calls to and from
outside lose their names and the last three digits of outside numbers after a set time; a shortened call stays
as it is. Invoices hold no calls.
"""

import datetime
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Update, case, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.packages import Package
from stimme.store.accounts import utc_now
from stimme.store.book_models import PhoneBookEntryRow, PhoneBookRow
from stimme.store.changes import Authority, Expectation, changing, delete_row, need
from stimme.store.credential_models import ApiToken, Passkey
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.key_models import KeyPlanRow
from stimme.store.licences import change_licences, lock_licences
from stimme.store.models import (
    Account,
    CallListEntry,
    CallRecordRow,
    Device,
    Organisation,
    Session,
    User,
)
from stimme.store.service_models import CallNoteRow, TenantState
from stimme.store.sign_on_models import ExternalIdentity
from stimme.store.sound_models import CallRecordingRow

SHORTENED = "xxx"
_DIGITS = len(SHORTENED)
_SECRET = frozenset({"secret", "password_hash", "token_hash", "public_key"})
_SECRET_STATES = ("pin:",)
_OF_ACCOUNTS: dict[str, Any] = {
    "sessions": Session,
    "tokens": ApiToken,
    "passkeys": Passkey,
    "single_sign_on": ExternalIdentity,
}
"""What goes with an account, by its name in the document."""


class Privacy:
    """Hands over, forgets and shortens personal data."""

    def __init__(self, database: Database, *, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def find(self, text: str, customer: str | None = None) -> str:
        """Find a user of the whole node by id, login or number, inside a customer also by extension.

        Args:
            customer: Id, domain or name of the customer; its users only.

        Raises:
            NotFoundError: When there is none, or more than one.
        """
        fits = [User.id == text, User.number == text, Account.login == text.strip().lower()]
        statement = select(User.id).outerjoin(Account, Account.user_id == User.id)
        if customer is not None:
            fits.append(User.extension == text)
            named = or_(
                Organisation.id == customer,
                Organisation.domain == customer.lower(),
                Organisation.name == customer,
            )
            customers = select(Organisation.id).where(Organisation.kind == "customer", named)
            statement = statement.where(User.customer_id.in_(customers))
        async with self._database.system() as session:
            found = (await session.scalars(statement.where(or_(*fits)))).all()
        if len(found) != 1:
            many = "There is more than one" if found else "There is no"
            raise NotFoundError(f"{many} user '{text}'.")
        return found[0]

    async def personal_data(self, scope: Scope, user_id: str) -> dict[str, Any]:
        """Return everything that is kept about a user; secrets are left out.

        Raises:
            NotFoundError: When there is no such user inside the scope.
        """
        async with self._database.scoped(scope) as session:
            user = await need(session, User, user_id)
            devices = await session.scalars(select(Device).where(Device.user_id == user_id))
            account = await session.scalar(select(Account).where(Account.user_id == user_id))
            keys = await session.get(KeyPlanRow, user_id)
            lines = await session.scalars(
                select(CallListEntry)
                .where(CallListEntry.user_id == user_id)
                .order_by(CallListEntry.started_at, CallListEntry.id)
            )
            calls = await session.scalars(
                select(CallRecordRow)
                .where(or_(CallRecordRow.caller_user_id == user_id, CallRecordRow.callee_user_id == user_id))
                .order_by(CallRecordRow.started_at, CallRecordRow.id)
            )
            recordings = await session.scalars(
                select(CallRecordingRow)
                .where(_heard(user_id))
                .order_by(CallRecordingRow.started_at, CallRecordingRow.id)
            )
            notes = await session.scalars(
                select(CallNoteRow).where(CallNoteRow.user_id == user_id).order_by(CallNoteRow.noted_at)
            )
            return {
                "user": _plain(user),
                "account": None if account is None else _plain(account),
                **{name: await _of_account(session, model, account) for name, model in _OF_ACCOUNTS.items()},
                "settings": {
                    row.key.replace(user_id, "").rstrip(":/"): row.value
                    for row in await session.scalars(select(TenantState).where(_about(user_id)))
                    if not row.key.startswith(_SECRET_STATES)
                },
                "devices": [_plain(one) for one in devices],
                "phone_books": await _books(session, user_id),
                "function_keys": [] if keys is None else keys.keys,
                "call_list": [_plain(one) for one in lines],
                "call_records": [_plain(one) for one in calls],
                "call_notes": [_plain(one) for one in notes],
                "call_recordings": [_plain(one) for one in recordings],
            }

    async def forget(self, who: Authority, user_id: str, expected: Expectation) -> User:
        """Delete a user, and its name and number wherever calls of others name it.

        Raises:
            NotFoundError: When there is no such user inside the scope.
            StaleError: When the version is not the newest.
        """
        async with changing(self._database, who) as session:
            user = await need(session, User, user_id)
            await lock_licences(session, user.customer_id)
            await self._forget_calls(session, user_id)
            await session.execute(delete(TenantState).where(_about(user_id)))
            await delete_row(session, User, user_id, expected)
            package = Package(user.package)
            await change_licences(
                session,
                user.customer_id,
                lambda held: held.without_user(package),
                cause="user forgotten",
                now=self._now(),
            )
        return user

    async def shorten_calls(self, before: datetime.datetime) -> int:
        """Take names and the last digits of outside numbers out of calls that ended before a time.

        Returns:
            How many call records were shortened.
        """
        old = CallRecordRow.ended_at < before
        full = or_(_is_full(CallRecordRow.caller_number), _is_full(CallRecordRow.callee_number))
        async with self._database.system() as session, session.begin():
            lines = select(CallRecordRow.id).where(old, full)
            await session.execute(
                _quietly(update(CallListEntry).where(CallListEntry.call_id.in_(lines))).values(
                    number=_shorter(CallListEntry.number), name=None
                )
            )
            done = await session.scalars(
                _quietly(update(CallRecordRow).where(old, full))
                .values(
                    caller_number=_shorter(CallRecordRow.caller_number),
                    callee_number=_shorter(CallRecordRow.callee_number),
                    caller_name=None,
                    callee_name=None,
                )
                .returning(CallRecordRow.id)
            )
            return len(done.all())

    @staticmethod
    async def _forget_calls(session: AsyncSession, user_id: str) -> None:
        await session.execute(delete(CallRecordingRow).where(_heard(user_id)))
        await session.execute(delete(CallNoteRow).where(CallNoteRow.user_id == user_id))
        nothing = {"user_id": None, "number": None, "name": None}
        for side in ("caller", "callee"):
            of_user = getattr(CallRecordRow, f"{side}_user_id") == user_id
            values = {f"{side}_{name}": value for name, value in nothing.items()}
            await session.execute(_quietly(update(CallRecordRow).where(of_user)).values(values))
        await session.execute(
            _quietly(update(CallRecordRow).where(CallRecordRow.answered_by == user_id)).values(
                answered_by=None
            )
        )
        await session.execute(
            _quietly(update(CallListEntry).where(CallListEntry.peer_user_id == user_id)).values(
                peer_user_id=None, number=None, name=None
            )
        )


async def _books(session: AsyncSession, user_id: str) -> list[dict[str, Any]]:
    """The private phone books of a user, with their entries."""
    found = []
    for book in await session.scalars(select(PhoneBookRow).where(PhoneBookRow.owner_id == user_id)):
        entries = await session.scalars(
            select(PhoneBookEntryRow)
            .where(PhoneBookEntryRow.book_id == book.id)
            .order_by(PhoneBookEntryRow.place)
        )
        found.append({**_plain(book), "entries": [_plain(entry) for entry in entries]})
    return found


async def _of_account(session: AsyncSession, model: Any, account: Account | None) -> list[dict[str, Any]]:
    if account is None:
        return []
    rows = await session.scalars(
        select(model).where(model.account_id == account.id).order_by(model.created_at)
    )
    return [_plain(row) for row in rows]


def _about(user_id: str) -> ColumnElement[bool]:
    """Settings of a user: diversions, group log-ins, the number last dialled."""
    return TenantState.key.contains(user_id, autoescape=True)


def _heard(user_id: str) -> ColumnElement[bool]:
    """Recordings on which a user is, or that the user has made."""
    row = CallRecordingRow
    return or_(row.user_id == user_id, row.caller_user_id == user_id, row.callee_user_id == user_id)


def _is_full(number: Any) -> ColumnElement[bool]:
    """Outside numbers in full length: E.164 with plus, not shortened yet."""
    result: ColumnElement[bool] = number.like("+%") & number.not_like(f"%{SHORTENED}")
    return result


def _shorter(number: Any) -> ColumnElement[Any]:
    shortened = func.substr(number, 1, func.length(number) - _DIGITS).concat(literal(SHORTENED))
    return case((_is_full(number), shortened), else_=number)


def _quietly(statement: Update) -> Update:
    return statement.execution_options(synchronize_session=False)


def _plain(row: Any) -> dict[str, Any]:
    shown = {}
    for column in row.__table__.columns:
        value = getattr(row, column.key)
        if column.key not in _SECRET:
            shown[column.key] = value.isoformat() if isinstance(value, datetime.datetime) else value
    return shown
