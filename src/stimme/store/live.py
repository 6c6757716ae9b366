"""Call control's side of the store: customers' configuration in; registrations, journal and records out.

Policy: what call control reports costs it a dictionary entry and is written soon after, in one transaction
with everything else that happened meanwhile (``stimme.store.writer``). Of a device's password only the digest
hashes go on (``stimme.store.digest_hashes``).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from sqlalchemy import Table, select

from stimme.licensing.packages import Package
from stimme.pbx.apps.fields import FieldError
from stimme.pbx.features.key_plan import read_keys
from stimme.pbx.features.keys import KeyPlan
from stimme.pbx.model import Device, NumberBlock, Tenant, TrunkConfig, User
from stimme.pbx.ports import Stored
from stimme.pbx.records import CallListEntry, CallNote, CallRecord
from stimme.sip.srtp_keys import Srtp
from stimme.store import models
from stimme.store.database import Database
from stimme.store.digest_hashes import DigestHashes
from stimme.store.key_models import KeyPlanRow
from stimme.store.live_business import load_business
from stimme.store.secrets import Vault
from stimme.store.service_models import CallNoteRow, Service, TenantState
from stimme.store.services import add_services
from stimme.store.writer import WriteBehind

_log = structlog.get_logger("stimme.store")
_BINDINGS = cast(Table, models.BindingRow.__table__)
_RECORDS = cast(Table, models.CallRecordRow.__table__)
_LISTS = cast(Table, models.CallListEntry.__table__)
_STATES = cast(Table, TenantState.__table__)
_NOTES = cast(Table, CallNoteRow.__table__)
_USER = ("id", "customer_id", "extension", "name", "package", "number", "language")
_DEVICE = ("id", "customer_id", "user_id", "site_id", "sip_user", "kind", "secret", "srtp")
LIVE_TABLES = (_BINDINGS, _STATES, _NOTES)
"""What is written within the fifth of a second that a killed process may lose."""
RECORD_TABLES = (_RECORDS, _LISTS)
"""What the journal has as well, so that it may wait for RECORD_SECONDS; in the order of foreign keys."""
RECORD_SECONDS = 1.0


class Bindings:
    """Registrations that outlive a restart (``stimme.pbx.ports.BindingStore``)."""

    def __init__(self, database: Database, writer: WriteBehind) -> None:
        self._database = database
        self._writer = writer

    def save(self, key: str, tenant_id: str, value: dict[str, Any]) -> None:
        """Keep a binding under its key."""
        self._writer.put(_BINDINGS, key, {"key": key, "tenant_id": tenant_id, "value": value})

    def remove(self, key: str) -> None:
        """Forget a binding."""
        self._writer.delete(_BINDINGS, key)

    async def load(self, only: str | None = None) -> dict[str, Stored]:
        """Return the bindings by key, of all tenants or ``only`` one, by tenant."""
        row = models.BindingRow
        return await _kept(self._database, row.tenant_id, row.key, row.value, only)


class States:
    """What people have set while the system runs (``stimme.pbx.ports.StateStore``)."""

    def __init__(self, database: Database, writer: WriteBehind) -> None:
        self._database = database
        self._writer = writer

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        """Keep a value, in place of what was there."""
        row_id = f"{tenant_id}|{key}"
        row = {"id": row_id, "customer_id": tenant_id, "key": key, "value": value}
        self._writer.put(_STATES, row_id, row)

    def delete(self, tenant_id: str, key: str) -> None:
        """Forget a value."""
        self._writer.delete(_STATES, f"{tenant_id}|{key}")

    async def load(self, only: str | None = None) -> dict[str, Stored]:
        """Return the values by key, of all tenants or ``only`` one, by tenant."""
        row = TenantState
        return await _kept(self._database, row.customer_id, row.key, row.value, only)


async def _kept(database: Database, tenant: Any, key: Any, value: Any, only: str | None) -> dict[str, Stored]:
    statement = select(tenant, key, value)
    if only is not None:
        statement = statement.where(tenant == only)
    found: dict[str, Stored] = {}
    async with database.system() as session:
        for tenant_id, name, kept in await session.execute(statement):
            found.setdefault(tenant_id, {})[name] = kept
    return found


class Records:
    """Finished calls and the call list lines they leave (``stimme.pbx.ports.CallRecords``)."""

    def __init__(self, database: Database, writer: WriteBehind, notes: WriteBehind) -> None:
        self._database = database
        self._writer = writer
        self._notes = notes

    def add(self, record: CallRecord, entries: Sequence[CallListEntry]) -> None:
        """Write a call and its lines, once for each call id."""
        self._writer.put(_RECORDS, record.id, _record_row(record))
        for entry in entries:
            row = _entry_row(entry, record.tenant_id)
            self._writer.put(_LISTS, row["id"], row)

    def note(self, note: CallNote) -> None:
        """Write what a user notes of a call, once for each call, user and kind."""
        row_id = f"{note.call_id}|{note.user_id}|{note.kind}"
        row = {
            "id": row_id,
            "customer_id": note.tenant_id,
            "call_id": note.call_id,
            "user_id": note.user_id,
            "kind": note.kind,
            "noted_at": note.noted_at,
        }
        self._notes.put(_NOTES, row_id, row)

    async def last_to(self, tenant_id: str, user_id: str) -> str | None:
        """Return the newest call that came to a user."""
        entry = models.CallListEntry
        newest = (
            select(entry.call_id)
            .where(entry.customer_id == tenant_id, entry.user_id == user_id, entry.direction == "incoming")
            .order_by(entry.started_at.desc(), entry.id.desc())
            .limit(1)
        )
        await self._writer.settle()
        async with self._database.system() as session:
            return await session.scalar(newest)


def _record_row(record: CallRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "customer_id": record.tenant_id,
        "direction": record.direction,
        "caller_number": record.caller.number,
        "caller_name": record.caller.name,
        "caller_user_id": record.caller.user_id,
        "callee_number": record.callee.number,
        "callee_name": record.callee.name,
        "callee_user_id": record.callee.user_id,
        "answered_by": record.answered_by,
        "started_at": record.started_at,
        "ringing_at": record.ringing_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "result": record.result,
        "sip_status": record.sip_status,
        "trunk_id": record.trunk_id,
        "hangup_by": record.hangup_by,
        "quality": record.quality,
    }


def _entry_row(entry: CallListEntry, tenant_id: str) -> dict[str, Any]:
    return {
        "id": entry.id,
        "customer_id": tenant_id,
        "user_id": entry.user_id,
        "call_id": entry.call_id,
        "direction": entry.direction,
        "result": entry.result,
        "number": entry.peer.number,
        "name": entry.peer.name,
        "peer_user_id": entry.peer.user_id,
        "started_at": entry.started_at,
        "answered_at": entry.answered_at,
        "duration_seconds": entry.duration_seconds,
        "seen": False,
    }


async def load_tenants(database: Database, vault: Vault, *, only: str | None = None) -> list[Tenant]:
    """Read the customers' telephone systems, all of them or ``only`` one.

    Raises:
        SecretKeyError: When a trunk's stored password does not fit the secret key.
    """
    customers = select(models.Organisation).where(models.Organisation.kind == "customer")
    if only is not None:
        customers = customers.where(models.Organisation.id == only)
    free: dict[str, list[tuple[str, str | None]]] = {}
    async with database.system() as session:
        tenants = {row.id: _tenant(row) for row in await session.scalars(customers)}
        # Columns instead of objects: there are many rows of these.
        for row in await session.execute(_rows(models.User, _USER, only).order_by(models.User.extension)):
            tenants[row.customer_id].users[row.id] = _user(row)
        for row in await session.execute(
            _rows(models.Device, _DEVICE, only).order_by(models.Device.sip_user)
        ):
            tenant = tenants[row.customer_id]
            tenant.devices[row.id] = _device(row, tenant.domain, vault)
            if row.user_id is None:
                free.setdefault(tenant.id, []).append((row.id, row.site_id))
        for trunk in await session.scalars(_of(models.Trunk, only).order_by(models.Trunk.name)):
            tenants[trunk.customer_id].trunks[trunk.id] = _trunk(trunk, vault)
        for block in await session.scalars(_of(models.NumberBlock, only).order_by(models.NumberBlock.head)):
            numbers = NumberBlock(block.trunk_id, block.head, block.extension_digits)
            tenants[block.customer_id].numbers.append(numbers)
        for plan in await session.scalars(_of(KeyPlanRow, only)):
            tenants[plan.customer_id].keys[plan.id] = _plan(plan)
        services: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for service in await session.scalars(_of(Service, only).order_by(Service.id)):
            services.setdefault(service.customer_id, []).append((service.kind, service.value))
    for tenant_id, business in (await load_business(database, datetime.now(UTC), only=only)).items():
        tenant = tenants[tenant_id]
        tenant.licensed, tenant.licensed_until = business.standing.allows_calls(), business.ends
        sites = {user_id: business.emergency_site(user_id) for user_id in business.site_of}
        tenant.site_of = {user_id: site for user_id, site in sites.items() if site is not None}
        desks = {device_id: business.desk_site(site_id) for device_id, site_id in free.get(tenant_id, ())}
        tenant.desk_sites = {device_id: site for device_id, site in desks.items() if site is not None}
    for tenant_id, stored in services.items():
        for fault in add_services(tenants[tenant_id], stored):
            _log.error("a service cannot be used", tenant=tenant_id, fault=fault)
    return list(tenants.values())


async def customer_ids(database: Database) -> set[str]:
    """Return the ids of all customers."""
    wanted = select(models.Organisation.id).where(models.Organisation.kind == "customer")
    async with database.system() as session:
        return set(await session.scalars(wanted))


def _of(model: Any, only: str | None) -> Any:
    statement = select(model)
    return statement if only is None else statement.where(model.customer_id == only)


def _rows(model: Any, names: Sequence[str], only: str | None) -> Any:
    statement = select(*(getattr(model, name) for name in names))
    return statement if only is None else statement.where(model.customer_id == only)


def _plan(row: KeyPlanRow) -> KeyPlan:
    try:
        return KeyPlan(read_keys(row.keys))
    except FieldError as error:
        _log.error("function keys cannot be used", user=row.id, fault=str(error))
        return KeyPlan()


def _tenant(row: models.Organisation) -> Tenant:
    return Tenant(id=row.id, name=row.name, domain=row.domain or "", language=row.language)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        extension=row.extension,
        name=row.name,
        package=Package(row.package),
        number=row.number,
        language=row.language,
    )


def _device(row: Any, realm: str, vault: Vault) -> Device:
    return Device(
        id=row.id,
        user_id=row.user_id,
        sip_user=row.sip_user,
        kind="web" if row.kind == "web" else "phone",
        ha1=DigestHashes(vault, row.secret, row.sip_user, realm),
        srtp=Srtp(row.srtp),
    )


def _trunk(row: models.Trunk, vault: Vault) -> TrunkConfig:
    return TrunkConfig(
        id=row.id,
        name=row.name,
        kind="static" if row.kind == "static" else "register",
        host=row.host,
        port=row.port,
        transport=cast(Any, row.transport),
        username=row.username,
        password=vault.decrypt(row.secret),
        realm=row.realm,
        expires=row.expires,
        srtp=Srtp(row.srtp),
    )
