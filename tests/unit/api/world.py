"""A world of two resellers and three customers behind a real API on a real database file."""

import asyncio
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from fastapi import FastAPI
from tests.migrated import fill_once
from tests.unit.api.identity import NOW, IdentityServer

from stimme.api.application import create_api
from stimme.api.openid.client import OpenIdClient
from stimme.api.ports import (
    LiveEvent,
    NoSuchCallError,
    NotReachableError,
    OrderRefusedError,
    SettingRefusedError,
)
from stimme.api.schemas import (
    LineState,
    LiveCall,
    Party,
    TrunkHealth,
    TrunkState,
    TrunkTestReport,
    UserSettings,
)
from stimme.api.services import Services
from stimme.pbx.features.cti import Order, TransferTo
from stimme.sip.trace import TraceEntry
from stimme.store import migrate
from stimme.store.accounts import Accounts
from stimme.store.calls import CallHistory
from stimme.store.database import Database
from stimme.store.directory import DirectoryRepository
from stimme.store.models import CallListEntry, CallRecordRow
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, Vault

PASSWORD = "correct horse battery"
START = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)


class FakeTelephony:
    """A node whose state the test sets."""

    def __init__(self) -> None:
        self.engine_up = True
        self.live: dict[str, list[LiveCall]] = {}
        self.hung_up: list[tuple[str, str]] = []
        self.reloaded: list[str] = []
        self.recorded: set[str] = set()
        self.tested: list[tuple[str, str, str]] = []
        self.trunks = (1, 1)
        self.orders: list[tuple[str, str, str, Order]] = []
        self.own_settings: dict[str, UserSettings] = {}
        self.pins: dict[str, str | None] = {}
        self.traces: dict[tuple[str, str], Sequence[TraceEntry]] = {}

    def line_state(self, tenant_id: str, user_id: str) -> LineState:
        return "free"

    def registered_devices(self, tenant_id: str) -> Collection[str]:
        return ()

    def calls(self, tenant_id: str) -> Sequence[LiveCall]:
        return self.live.get(tenant_id, [])

    def hang_up(self, tenant_id: str, call_id: str) -> None:
        if not any(call.call_id == call_id for call in self.calls(tenant_id)):
            raise NoSuchCallError(call_id)
        self.hung_up.append((tenant_id, call_id))

    def trace(self, tenant_id: str, call_id: str) -> Sequence[TraceEntry]:
        return self.traces.get((tenant_id, call_id), ())

    def dial(self, tenant_id: str, user_id: str, number: str, device_id: str | None) -> LiveCall:
        if device_id is not None:
            raise NotReachableError(device_id)
        call = LiveCall(
            call_id=f"dialled-{len(self.live.get(tenant_id, []))}",
            state="ringing",
            direction="internal",
            caller=Party(number=number),
            callee=Party(user_id=user_id),
            started_at=START,
        )
        self.live.setdefault(tenant_id, []).append(call)
        return call

    def order(self, tenant_id: str, user_id: str, call_id: str, order: Order) -> LiveCall:
        found = next((call for call in self.calls(tenant_id) if call.call_id == call_id), None)
        if found is None:
            raise NoSuchCallError(call_id)
        if order == TransferTo("112"):
            raise OrderRefusedError(403)
        self.orders.append((tenant_id, user_id, call_id, order))
        return found

    def settings(self, tenant_id: str, user_id: str) -> UserSettings:
        return self.own_settings.get(user_id, UserSettings())

    def set_settings(self, tenant_id: str, user_id: str, settings: UserSettings) -> None:
        if any(each.number == "112" for each in settings.diversions):
            raise SettingRefusedError("calls cannot be diverted to an emergency number")
        self.own_settings[user_id] = settings

    def set_pin(self, tenant_id: str, user_id: str, pin: str | None) -> None:
        self.pins[user_id] = pin

    def trunk_state(self, tenant_id: str, trunk_id: str) -> tuple[TrunkState, str]:
        return "registered", ""

    def recordings_under_way(self, tenant_id: str) -> Collection[str]:
        return self.recorded

    def trunk_health(self, tenant_id: str, trunk_id: str) -> TrunkHealth:
        return TrunkHealth(trunk_id=trunk_id, state="registered", detail="", provider=None, last_test=None)

    async def test_trunk(self, tenant_id: str, trunk_id: str, language: str) -> TrunkTestReport:
        self.tested.append((tenant_id, trunk_id, language))
        return TrunkTestReport(trunk_id=trunk_id, at=START, passed=True, steps=[], facts=[])

    def trunk_counts(self) -> tuple[int, int]:
        return self.trunks

    async def reload(self, tenant_id: str) -> None:
        self.reloaded.append(tenant_id)


@dataclass
class FakeEvent:
    tenant_id: str
    user_ids: frozenset[str] | None
    at: str
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"type": "call.changed", "at": self.at, "data": self.data}


class FakeEvents:
    """Replays its list, then waits until cancelled; says ``gap`` when ``since`` is older than the list."""

    def __init__(self) -> None:
        self.events: list[FakeEvent] = []
        self.subscribed = asyncio.Event()

    async def subscribe(
        self, visible: Callable[[LiveEvent], bool], *, since: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        self.subscribed.set()
        if since is not None and self.events and since < self.events[0].at:
            yield {"type": "events.gap", "at": self.events[0].at, "data": {}}
        for event in self.events:
            if (since is None or event.at > since) and visible(event):
                yield event.to_json()
        await asyncio.Event().wait()


class FakeSip:
    """Echoes frames."""

    def __init__(self) -> None:
        self.secure: list[bool] = []

    async def websocket(
        self,
        receive: Callable[[], Awaitable[bytes | str | None]],
        send: Callable[[bytes], Awaitable[None]],
        *,
        remote: tuple[str, int],
        local: tuple[str, int],
        secure: bool,
    ) -> None:
        self.secure.append(secure)
        while (frame := await receive()) is not None:
            await send(frame.encode() if isinstance(frame, str) else frame)


@dataclass
class Customer:
    id: str
    user_id: str
    colleague_id: str
    device_id: str
    trunk_id: str
    call_id: str


@dataclass
class World:
    app: FastAPI
    services: Services
    telephony: FakeTelephony
    events: FakeEvents
    sip: FakeSip
    provisioning: Provisioning
    customers: dict[str, Customer]
    clock: list[float]
    identity: IdentityServer
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url="https://pbx.example",
            headers=headers,
        )

    async def signed_in(self, login: str) -> httpx.AsyncClient:
        """A client with the bearer token of an account."""
        if login not in self.tokens:
            async with self.client() as client:
                answer = await client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
                self.tokens[login] = answer.json()["token"]
        return self.client(Authorization=f"Bearer {self.tokens[login]}")


async def _customer(provisioning: Provisioning, database: Database, parent: str, name: str) -> Customer:
    digit = {"north": "1", "south": "2", "other": "3"}[name]
    customer_id = await provisioning.create_customer(parent, name.title(), f"{name}.example")
    user_id = await provisioning.create_user(
        customer_id, "10", f"Anna {name}", package="volle", number=f"+49302312{digit}10"
    )
    colleague_id = await provisioning.create_user(customer_id, "11", f"Bert {name}", package="klare")
    device_id = await provisioning.create_device(user_id, f"{name}-10", password="sip-secret")
    trunk_id = await provisioning.create_trunk(
        customer_id,
        "Provider",
        kind="register",
        host="127.0.0.1",
        port=5060,
        transport="udp",
        username="trunk",
        password="trunk-secret",
    )
    await provisioning.add_numbers(trunk_id, f"+49302312{digit}", 2)
    await provisioning.create_account(customer_id, "customer", f"admin@{name}.example", PASSWORD)
    await provisioning.create_account(customer_id, "user", f"anna@{name}.example", PASSWORD, user_id=user_id)
    await provisioning.create_account(
        customer_id, "user", f"bert@{name}.example", PASSWORD, user_id=colleague_id
    )
    call_id = f"call-{name}"
    async with database.system() as session, session.begin():
        session.add(
            CallRecordRow(
                id=call_id,
                customer_id=customer_id,
                direction="internal",
                caller_number="10",
                callee_number="11",
                caller_user_id=user_id,
                callee_user_id=colleague_id,
                started_at=START,
                answered_at=START,
                ended_at=START,
                result="answered",
                quality={},
            )
        )
        await session.flush()
        session.add(
            CallListEntry(
                id=f"{call_id}:{user_id}",
                customer_id=customer_id,
                user_id=user_id,
                call_id=call_id,
                direction="outgoing",
                result="answered",
                number="11",
                started_at=START,
                answered_at=START,
                duration_seconds=0,
                seen=False,
            )
        )
    return Customer(customer_id, user_id, colleague_id, device_id, trunk_id, call_id)


def _passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def _inhabit(database: Database) -> dict[str, Any]:
    """Fills an empty database; gives the key of its secrets and who its customers are."""
    await migrate.upgrade(database.engine)
    key = Fernet.generate_key()
    provisioning = Provisioning(database, Vault(key), _passwords())
    provider = await provisioning.create_provider("Provider", "root@provider.example", PASSWORD)
    home = await provisioning.create_reseller(provider, "Home")
    away = await provisioning.create_reseller(provider, "Away")
    await provisioning.create_account(home, "reseller", "home@reseller.example", PASSWORD)
    await provisioning.create_account(away, "reseller", "away@reseller.example", PASSWORD)
    customers = {
        "north": await _customer(provisioning, database, home, "north"),
        "south": await _customer(provisioning, database, home, "south"),
        "other": await _customer(provisioning, database, away, "other"),
    }
    return {"key": key.decode(), "customers": {name: asdict(each) for name, each in customers.items()}}


async def build_world(tmp_path: Path, openid: OpenIdClient | None = None) -> AsyncIterator[World]:
    """Yield the world and close its database after use; identity providers are in memory by default."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/api.db")
    found = await fill_once(database, "world", _inhabit)
    vault, passwords = Vault(found["key"].encode()), _passwords()
    provisioning = Provisioning(database, vault, passwords)
    customers = {name: Customer(**ids) for name, ids in found["customers"].items()}
    telephony, events, sip = FakeTelephony(), FakeEvents(), FakeSip()
    for customer in customers.values():
        telephony.live[customer.id] = [
            LiveCall(
                call_id=f"live-{customer.call_id}",
                state="answered",
                direction="internal",
                caller=Party(number="10", user_id=customer.user_id),
                callee=Party(number="99"),
                started_at=START,
            )
        ]
        entry = TraceEntry(1.0, False, "udp", ("192.0.2.1", 5060), b"nonsense")
        telephony.traces[customer.id, f"live-{customer.call_id}"] = [entry]
    clock = [1000.0]
    identity = IdentityServer()
    static = tmp_path / "dist"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>stimme</title>")
    (static / "assets" / "app-123.js").write_text("export {}")
    services = Services(
        database=database,
        accounts=Accounts(database),
        passwords=passwords,
        directory=DirectoryRepository(database, vault),
        history=CallHistory(database),
        telephony=telephony,
        events=events,
        sip=sip,
        static=static,
        clock=lambda: clock[0],
        openid=openid or OpenIdClient(identity, clock=lambda: clock[0], now=lambda: NOW),
    )
    yield World(
        create_api(services), services, telephony, events, sip, provisioning, customers, clock, identity
    )
    await database.close()
