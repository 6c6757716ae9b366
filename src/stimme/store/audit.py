"""The audit log: who changed what, when, with what was there before and what is there after.

Policy: it is written by the database session itself, in the transaction of the change, for every row of the
configuration; no repository has to remember it. Secrets are named, never shown. Bindings, call records and
sessions are no changes by people and are left out. Nobody can change an entry (migration 0003).
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import event, insert, inspect, select
from sqlalchemy.orm import Session, UOWTransaction

from stimme.licensing.holding import Role
from stimme.store.credential_models import ApiToken, Invitation, Passkey, TotpSecret
from stimme.store.customer_models import BillingAddress, CustomerLicence, Gateway, Site
from stimme.store.key_models import KeyPlanRow
from stimme.store.ledger_models import AuditEntry, InvoiceRow, MonthClosing, PriceRow, VatRateRow
from stimme.store.mail_models import MailServerRow
from stimme.store.models import (
    Account,
    Base,
    CustomerOwned,
    Device,
    Historic,
    NumberBlock,
    Organisation,
    OrganisationOwned,
    Trunk,
    User,
)
from stimme.store.rights import Right
from stimme.store.service_models import Service
from stimme.store.sign_on_models import ExternalIdentity, IdentityProvider
from stimme.store.sound_models import CallRecordingRow, OwnSound

_SECRET = frozenset({"secret", "password_hash", "token_hash", "public_key"})
_LEFT_OUT = frozenset({"version", "changes", "document", "content", "last_step", "used_at", "sign_count"})
_SUBJECTS: dict[type[Base], str] = {
    Account: "account",
    ApiToken: "api-token",
    BillingAddress: "billing-address",
    CallRecordingRow: "call-recording",
    CustomerLicence: "licence",
    Device: "device",
    ExternalIdentity: "external-identity",
    Gateway: "gateway",
    IdentityProvider: "identity-provider",
    Invitation: "invitation",
    InvoiceRow: "invoice",
    KeyPlanRow: "function-keys",
    MailServerRow: "mail-server",
    MonthClosing: "month",
    NumberBlock: "number-block",
    Organisation: "organisation",
    OwnSound: "recording",
    Passkey: "passkey",
    PriceRow: "price",
    Service: "service",
    Site: "site",
    TotpSecret: "totp",
    Trunk: "trunk",
    User: "user",
    VatRateRow: "vat-rate",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, or (without one) the system or the command line; ``rights`` None for all."""

    name: str
    role: Role
    account_id: str | None = None
    rights: frozenset[Right] | None = None


SYSTEM = Actor("system", "provider")


class RecordedSession(Session):
    """A session that writes the audit log; ``info["actor"]`` says who acts, ``info["now"]`` when."""


@event.listens_for(RecordedSession, "after_flush")
def _record(session: Session, _context: UOWTransaction) -> None:
    changes = [
        *_entries(session, "create", session.new),
        *_entries(session, "change", session.dirty),
        *_entries(session, "delete", session.deleted),
    ]
    if not changes:
        return
    actor: Actor = session.info.get("actor", SYSTEM)
    at = datetime.datetime.now(datetime.UTC)
    session.connection().execute(
        insert(AuditEntry),
        [{"at": at, "actor_id": actor.account_id, "actor": actor.name, **change} for change in changes],
    )


def record_change(
    session: Session,
    subject: str,
    subject_id: str,
    *,
    owners: tuple[str | None, str | None],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Write down a change that was made past the session's rows; ``owners`` are customer and reseller."""
    actor: Actor = session.info.get("actor", SYSTEM)
    session.add(
        AuditEntry(
            at=datetime.datetime.now(datetime.UTC),
            actor_id=actor.account_id,
            actor=actor.name,
            action="change",
            subject=subject,
            subject_id=subject_id,
            customer_id=owners[0],
            reseller_id=owners[1],
            before=before,
            after=after,
        )
    )


def _entries(session: Session, action: str, rows: Iterable[object]) -> Iterable[dict[str, Any]]:
    for row in rows:
        subject = _SUBJECTS.get(type(row))  # type: ignore[arg-type]
        if subject is None:
            continue
        before, after = _difference(row, action)
        if action == "change" and not after:
            continue
        customer, reseller = _owners(session, row)
        yield {
            "action": action,
            "subject": subject,
            "subject_id": _identity(row),
            "customer_id": customer,
            "reseller_id": reseller,
            "before": None if action == "create" else before,
            "after": None if action == "delete" else after,
        }


def _difference(row: object, action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    if state is None:
        return before, after
    for attribute in state.attrs:
        name = attribute.key
        history = attribute.history
        if name in _LEFT_OUT or (action == "change" and not history.has_changes()):
            continue
        old = history.deleted[0] if history.deleted else None
        before[name] = _shown(name, old if history.deleted else attribute.value)
        after[name] = _shown(name, attribute.value)
    return before, after


def _shown(name: str, value: Any) -> Any:
    if name in _SECRET:
        return None if value is None else "(secret)"
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def _identity(row: object) -> str:
    state = inspect(row)
    identity = None if state is None else state.mapper.primary_key_from_instance(row)
    return "" if identity is None else ":".join(str(part) for part in identity)[:100]


def _owners(session: Session, row: object) -> tuple[str | None, str | None]:
    """Return the customer and the reseller that a row belongs to."""
    if isinstance(row, Historic):
        return row.customer_id, row.reseller_id
    organisation_id: str | None = None
    match row:
        case Organisation():
            return _of_organisation(row.id, row.kind, row.parent_id, _kind_of(session, row.parent_id))
        case CustomerOwned() | Gateway():
            organisation_id = row.customer_id
        case OrganisationOwned():
            organisation_id = row.organisation_id
        case PriceRow():
            organisation_id = row.reseller_id
        case ApiToken() | ExternalIdentity() | Passkey() | TotpSecret():
            accounts = Account.__table__
            organisation_id = session.connection().scalar(
                select(accounts.c.organisation_id).where(accounts.c.id == row.account_id)
            )
    if organisation_id is None:
        return None, None
    table = Organisation.__table__
    found = (
        session.connection()
        .execute(select(table.c.kind, table.c.parent_id).where(table.c.id == organisation_id))
        .one_or_none()
    )
    if found is None:
        return None, None
    return _of_organisation(organisation_id, found.kind, found.parent_id, _kind_of(session, found.parent_id))


def _kind_of(session: Session, organisation_id: str | None) -> str | None:
    table = Organisation.__table__
    return session.connection().scalar(select(table.c.kind).where(table.c.id == organisation_id))


def _of_organisation(
    organisation_id: str, kind: str, parent_id: str | None, parent_kind: str | None
) -> tuple[str | None, str | None]:
    match kind:
        case "customer":
            return organisation_id, parent_id if parent_kind == "reseller" else None
        case "reseller":
            return None, organisation_id
        case _:
            return None, None
