"""Every route of the API by every role by own and foreign things, generated from the API's own description.

Whoever is not signed in gets 401, whoever's role is too low 403, and what belongs to somebody else is not
there: 404, or 422 naming the field when the request's body mentions it. Nothing is ever answered 500.
"""

import datetime
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from stimme.licensing.usage import Month
from stimme.store.audit import SYSTEM
from stimme.store.billing import Billing
from stimme.store.book_models import PhoneBookEntryRow, PhoneBookRow
from stimme.store.credential_models import Invitation
from stimme.store.customer_models import BillingAddress, Gateway, Site
from stimme.store.database import Scope
from stimme.store.ledger_models import PriceRow
from stimme.store.mail_models import MailServerRow
from stimme.store.models import NumberBlock, Organisation
from stimme.store.rights import Right
from stimme.store.service_models import Service
from stimme.store.sign_on_models import ExternalIdentity, IdentityProvider
from stimme.store.sound_models import CallRecordingRow, OwnSound

from .identity import ISSUER
from .world import PASSWORD, World, build_world

RANKS = {"user": 0, "customer": 1, "reseller": 2, "provider": 3}
LOGINS = {
    "anna@north.example": ("user", {"north"}),
    "admin@north.example": ("customer", {"north"}),
    "home@reseller.example": ("reseller", {"north", "south"}),
    "root@provider.example": ("provider", {"north", "south", "other"}),
}
LEAST = {name: next(login for login, (role, _own) in LOGINS.items() if role == name) for name in RANKS}
OPEN = "open"
# Who may at least call a route; "open" needs no sign-in. Routes of /me are for accounts with an extension.
LOWEST: dict[tuple[str, str], str] = {
    ("GET", "/health"): OPEN,
    ("POST", "/session"): OPEN,
    ("GET", "/session"): "user",
    ("DELETE", "/session"): "user",
    ("PATCH", "/me"): "user",
    ("GET", "/me/softphone"): "user",
    ("GET", "/me/settings"): "user",
    ("PUT", "/me/settings"): "user",
    ("GET", "/me/keys"): "user",
    ("PUT", "/me/keys"): "user",
    ("PUT", "/me/pin"): "user",
    ("DELETE", "/me/pin"): "user",
    ("GET", "/me/calls"): "user",
    ("POST", "/me/calls/seen"): "user",
    ("PUT", "/me/password"): "user",
    ("GET", "/me/totp"): "user",
    ("POST", "/me/totp"): "user",
    ("POST", "/me/totp/confirmation"): "user",
    ("POST", "/me/totp/removal"): "user",
    ("GET", "/me/passkeys"): "user",
    ("POST", "/me/passkeys/options"): "user",
    ("POST", "/me/passkeys"): "user",
    ("DELETE", "/me/passkeys/{passkey_id}"): "user",
    ("POST", "/session/passkey/options"): OPEN,
    ("POST", "/session/passkey"): OPEN,
    ("GET", "/me/sessions"): "user",
    ("DELETE", "/me/sessions/{session_id}"): "user",
    ("GET", "/me/tokens"): "user",
    ("POST", "/me/tokens"): "user",
    ("DELETE", "/me/tokens/{token_id}"): "user",
    ("GET", "/single-sign-on/{customer_id}"): "customer",
    ("PUT", "/single-sign-on/{customer_id}"): "customer",
    ("DELETE", "/single-sign-on/{customer_id}"): "customer",
    ("GET", "/single-sign-on/{customer_id}/links"): "customer",
    ("DELETE", "/single-sign-on/{customer_id}/links/{account_id}"): "customer",
    ("GET", "/session/single-sign-on/{domain}"): OPEN,
    ("GET", "/session/callback"): OPEN,
    ("GET", "/accounts"): "customer",
    ("PUT", "/accounts/{account_id}/rights"): "customer",
    ("DELETE", "/accounts/{account_id}"): "customer",
    ("GET", "/invitations"): "customer",
    ("POST", "/invitations"): "customer",
    ("DELETE", "/invitations/{invitation_id}"): "customer",
    ("POST", "/invitations/accept"): OPEN,
    ("POST", "/password-resets"): OPEN,
    ("POST", "/password-resets/accept"): OPEN,
    ("GET", "/mail-server"): "provider",
    ("PUT", "/mail-server"): "provider",
    ("POST", "/mail-server/test"): "provider",
    ("GET", "/letters"): "provider",
    ("GET", "/directory"): "user",
    ("GET", "/phone-books"): "user",
    ("GET", "/phone-books/search"): "user",
    ("PUT", "/phone-books/{book_id}"): "user",
    ("DELETE", "/phone-books/{book_id}"): "user",
    ("GET", "/phone-books/{book_id}/entries"): "user",
    ("PUT", "/phone-books/{book_id}/entries/{entry_id}"): "user",
    ("DELETE", "/phone-books/{book_id}/entries/{entry_id}"): "user",
    ("POST", "/phone-books/{book_id}/import"): "user",
    ("GET", "/calls"): "user",
    ("POST", "/calls"): "user",
    ("DELETE", "/calls/{call_id}"): "user",
    ("POST", "/calls/{call_id}/answer"): "user",
    ("PUT", "/calls/{call_id}/hold"): "user",
    ("DELETE", "/calls/{call_id}/hold"): "user",
    ("PUT", "/calls/{call_id}/recording"): "user",
    ("DELETE", "/calls/{call_id}/recording"): "user",
    ("GET", "/call-recordings"): "user",
    ("GET", "/call-recordings/{recording_id}"): "user",
    ("GET", "/call-recordings/{recording_id}/audio"): "user",
    ("DELETE", "/call-recordings/{recording_id}"): "user",
    ("POST", "/calls/{call_id}/transfer"): "user",
    ("POST", "/calls/{call_id}/park"): "user",
    ("POST", "/calls/{call_id}/pickup"): "user",
    ("POST", "/calls/{call_id}/conference"): "user",
    ("GET", "/calls/{call_id}/trace"): "customer",
    ("PUT", "/calls/{call_id}/trace"): "customer",
    ("POST", "/events/ticket"): "user",
    ("GET", "/users"): "customer",
    ("GET", "/users/{user_id}"): "customer",
    ("PUT", "/users/{user_id}"): "customer",
    ("DELETE", "/users/{user_id}"): "customer",
    ("GET", "/users/{user_id}/settings"): "customer",
    ("PUT", "/users/{user_id}/settings"): "customer",
    ("GET", "/users/{user_id}/personal-data"): "customer",
    ("GET", "/users/{user_id}/keys"): "customer",
    ("PUT", "/users/{user_id}/keys"): "customer",
    ("PUT", "/users/{user_id}/pin"): "customer",
    ("DELETE", "/users/{user_id}/pin"): "customer",
    ("POST", "/customers/{customer_id}/user-import"): "customer",
    ("GET", "/devices"): "customer",
    ("GET", "/devices/{device_id}"): "customer",
    ("PUT", "/devices/{device_id}"): "customer",
    ("DELETE", "/devices/{device_id}"): "customer",
    ("POST", "/devices/{device_id}/password"): "customer",
    ("GET", "/trunks"): "customer",
    ("GET", "/trunks/{trunk_id}"): "customer",
    ("PUT", "/trunks/{trunk_id}"): "customer",
    ("DELETE", "/trunks/{trunk_id}"): "customer",
    ("GET", "/trunks/{trunk_id}/health"): "customer",
    ("POST", "/trunks/{trunk_id}/test"): "customer",
    ("GET", "/numbers/{block_id}"): "customer",
    ("PUT", "/numbers/{block_id}"): "customer",
    ("DELETE", "/numbers/{block_id}"): "customer",
    ("GET", "/sites"): "customer",
    ("GET", "/sites/{site_id}"): "customer",
    ("PUT", "/sites/{site_id}"): "customer",
    ("DELETE", "/sites/{site_id}"): "customer",
    ("GET", "/prompts"): "customer",
    ("GET", "/customers/{customer_id}/recordings"): "customer",
    ("GET", "/customers/{customer_id}/recordings/{folder}/{name}"): "customer",
    ("PUT", "/customers/{customer_id}/recordings/{folder}/{name}"): "customer",
    ("DELETE", "/customers/{customer_id}/recordings/{folder}/{name}"): "customer",
    ("GET", "/services"): "customer",
    ("GET", "/services/{service_id}"): "customer",
    ("PUT", "/services/{service_id}"): "customer",
    ("DELETE", "/services/{service_id}"): "customer",
    ("GET", "/feature-codes"): "user",
    ("GET", "/search"): "customer",
    ("GET", "/sip-access"): "user",
    ("GET", "/call-records"): "customer",
    ("GET", "/resellers"): "provider",
    ("GET", "/resellers/{reseller_id}"): "provider",
    ("PUT", "/resellers/{reseller_id}"): "provider",
    ("DELETE", "/resellers/{reseller_id}"): "provider",
    ("GET", "/customers"): "customer",
    ("GET", "/customers/{customer_id}"): "customer",
    ("PUT", "/customers/{customer_id}"): "reseller",
    ("DELETE", "/customers/{customer_id}"): "reseller",
    ("PUT", "/customers/{customer_id}/licence"): "reseller",
    ("GET", "/customers/{customer_id}/licence-events"): "customer",
    ("GET", "/organisations/{organisation_id}/billing-address"): "customer",
    ("PUT", "/organisations/{organisation_id}/billing-address"): "customer",
    ("GET", "/gateways"): "customer",
    ("PUT", "/gateways/{gateway_id}"): "provider",
    ("DELETE", "/gateways/{gateway_id}"): "provider",
    ("GET", "/prices"): "reseller",
    ("PUT", "/prices"): "provider",
    ("DELETE", "/prices/{price_id}"): "provider",
    ("GET", "/vat-rates"): "reseller",
    ("PUT", "/vat-rates"): "provider",
    ("GET", "/months"): "provider",
    ("GET", "/months/{month}"): "customer",
    ("PUT", "/months/{month}/closing"): "provider",
    ("GET", "/months/{month}/summary"): "reseller",
    ("GET", "/months/{month}/invoices.csv"): "reseller",
    ("GET", "/months/{month}/datev.csv"): "provider",
    ("GET", "/invoices"): "customer",
    ("GET", "/invoices/{number}"): "customer",
    ("GET", "/invoices/{number}/pdf"): "customer",
    ("GET", "/invoices/{number}/xml"): "customer",
    ("PUT", "/invoices/{number}/credit-notes/{request_id}"): "provider",
    ("GET", "/audit"): "customer",
}
# Routes about things of no single customer: there is no foreign one to try.
UNOWNED = {"reseller_id", "gateway_id", "price_id", "month", "folder", "name"}
# What needs something made a moment before; ``test_credentials`` does that.
CEREMONIAL = {
    ("POST", "/me/totp/confirmation"),
    ("POST", "/me/passkeys"),
    ("DELETE", "/me/passkeys/{passkey_id}"),
    ("DELETE", "/me/sessions/{session_id}"),
    ("DELETE", "/me/tokens/{token_id}"),
}
MAIL_SERVER = {
    "host": "mail.example",
    "port": 465,
    "security": "tls",
    "username": "",
    "sender": "a@b.example",
    "web_address": "https://pbx.example",
}


@dataclass
class Estate:
    """What each customer has, by the name of the path parameter."""

    world: World
    things: dict[str, dict[str, str]]

    def path(self, path: str, owner: str) -> str:
        return path.format(**self.things[owner])

    def body(self, method: str, path: str, owner: str) -> Any:
        own = self.things[owner]
        customer = {"customer_id": own["customer_id"]}
        address = {"street": "S", "postcode": "1", "city": "C"}
        bodies: dict[tuple[str, str], Any] = {
            ("POST", "/session"): {"login": "x", "password": "y"},
            ("PATCH", "/me"): {"language": "de"},
            ("PUT", "/me/settings"): {"dnd": False},
            ("PUT", "/me/pin"): {"pin": "4711"},
            ("PUT", "/me/keys"): {"keys": [{"position": 1, "kind": "dnd"}]},
            ("PUT", "/users/{user_id}/keys"): {"keys": [{"position": 1, "kind": "dnd"}]},
            ("PUT", "/users/{user_id}/pin"): {"pin": "4711"},
            ("PUT", "/users/{user_id}/settings"): {"dnd": True},
            ("PUT", "/phone-books/{book_id}"): {"name": "B"},
            ("PUT", "/phone-books/{book_id}/entries/{entry_id}"): {
                "name": "Oma",
                "numbers": [{"number": "030 901820"}],
            },
            ("POST", "/calls"): {"number": "11"},
            ("POST", "/calls/{call_id}/transfer"): {"number": "11"},
            ("POST", "/calls/{call_id}/park"): {"slot": "701"},
            ("POST", "/calls/{call_id}/pickup"): {},
            ("POST", "/calls/{call_id}/conference"): {"call_id": "x"},
            ("PUT", "/me/password"): {"current": PASSWORD, "new": PASSWORD},
            ("POST", "/me/totp/confirmation"): {"code": "000000"},
            ("POST", "/me/totp/removal"): {"current": PASSWORD},
            ("POST", "/me/passkeys"): {"ceremony": "x", "name": "x", "credential": {"id": "x"}},
            ("POST", "/session/passkey"): {"ceremony": "x", "credential": {"id": "x"}},
            ("POST", "/me/tokens"): {"name": "x", "scopes": ["calls:read"]},
            ("POST", "/invitations"): {
                "organisation_id": own["customer_id"],
                "role": "customer",
                "login": f"{uuid.uuid4()}@new.example",
            },
            ("PUT", "/single-sign-on/{customer_id}"): {"name": "N", "issuer": ISSUER, "client_id": "c"},
            ("PUT", "/accounts/{account_id}/rights"): {"rights": ["billing"]},
            ("POST", "/invitations/accept"): {"token": "x", "password": "a long password"},
            ("PUT", "/users/{user_id}"): {**customer, "extension": "10", "name": "A", "package": "klare"},
            ("POST", "/customers/{customer_id}/user-import"): {
                "csv": "extension,name,package\n55,A,klare",
                "apply": True,
            },
            ("PUT", "/devices/{device_id}"): {"user_id": own["user_id"], "name": "New"},
            ("PUT", "/trunks/{trunk_id}"): {**customer, "name": "T", "kind": "static", "host": "h"},
            ("PUT", "/numbers/{block_id}"): {
                "trunk_id": own["trunk_id"],
                "head": own["head"],
                "extension_digits": 3,
            },
            ("PUT", "/sites/{site_id}"): {**customer, "name": "X", "trunk_id": own["trunk_id"], **address},
            ("PUT", "/services/{service_id}"): {
                **customer,
                "kind": "parking",
                "settings": {"slots": ["701", "702"]},
            },
            ("PUT", "/resellers/{reseller_id}"): {"name": "R"},
            ("PUT", "/customers/{customer_id}"): {"name": "C", "domain": f"{owner}.example"},
            ("PUT", "/customers/{customer_id}/licence"): {"base": "base"},
            ("PUT", "/organisations/{organisation_id}/billing-address"): {"name": "N", **address},
            ("PUT", "/gateways/{gateway_id}"): {"serial": "S1", "model": "IP411"},
            ("PUT", "/prices"): {"kind": "klare", "valid_from": "2031-01-01", "amount": "1.00"},
            ("PUT", "/vat-rates"): {"valid_from": "2031-01-01", "percent": "19"},
            ("PUT", "/mail-server"): MAIL_SERVER,
            ("POST", "/mail-server/test"): {"recipient": "a@b.example"},
            ("PUT", "/invoices/{number}/credit-notes/{request_id}"): {"reason": "X"},
        }
        return bodies.get((method, path))


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async for world in build_world(tmp_path):
        yield await _settle(world)


async def _settle(world: World) -> Estate:
    database = world.services.database
    address = {"name": "N", "street": "S", "postcode": "1", "city": "C"}
    async with database.system() as session, session.begin():
        provider = (await session.scalars(select(Organisation).where(Organisation.kind == "provider"))).one()
        resellers = {
            row.name: row.id
            for row in await session.scalars(select(Organisation).where(Organisation.kind == "reseller"))
        }
        session.add(
            BillingAddress(
                organisation_id=provider.id, **address, vat_id="DE1", iban="DE02120300000000202051"
            )
        )
        session.add(Gateway(id=str(uuid.uuid4()), serial="S1", model="IP411"))
        secret = world.services.vault.encrypt("")
        session.add(MailServerRow(organisation_id=provider.id, secret=secret, **MAIL_SERVER))
        for name, customer in world.customers.items():
            session.add(BillingAddress(organisation_id=customer.id, **address))
            session.add(
                Service(
                    id=str(uuid.uuid4()),
                    customer_id=customer.id,
                    kind="parking",
                    value={"slots": ["701"]},
                )
            )
            session.add(
                OwnSound(
                    id=f"{customer.id}/de/queue.please_wait",
                    customer_id=customer.id,
                    folder="de",
                    name="queue.please_wait",
                    seconds=1.0,
                    size=1,
                    sha256="",
                    changed_at=datetime.datetime.now(datetime.UTC),
                    content=b"x",
                )
            )
            session.add(
                CallRecordingRow(
                    id=f"recording-{name}",
                    customer_id=customer.id,
                    call_id=customer.call_id,
                    user_id=customer.user_id,
                    started_at=datetime.datetime.now(datetime.UTC),
                )
            )
            session.add(
                Site(
                    id=str(uuid.uuid4()),
                    customer_id=customer.id,
                    trunk_id=customer.trunk_id,
                    **{**address, "name": "Home"},
                )
            )
    now = datetime.datetime.now(datetime.UTC)
    month = Month.of(now)
    billing = Billing(database, now=lambda: month.end + datetime.timedelta(days=1))
    await billing.close(Scope("provider", provider.id), SYSTEM, month)
    things = {}
    invited = {name: str(uuid.uuid4()) for name in world.customers}
    async with database.system() as session, session.begin():
        for name, customer in world.customers.items():
            session.add(
                Invitation(
                    id=invited[name],
                    organisation_id=customer.id,
                    login=f"new@{name}.example",
                    role="customer",
                    token_hash=name,
                    created_at=now,
                    expires_at=now,
                )
            )
    linked = await _sign_on(world)
    books = {name: await _private_book(world, name) for name in world.customers}
    async with database.system() as session:
        gateway = (await session.scalars(select(Gateway.id))).one()
        price = (await session.scalars(select(PriceRow.id))).first()
        for name, customer in world.customers.items():
            scope = Scope("customer", customer.id)
            (invoice,) = await billing.invoices(scope)
            block = (
                await session.scalars(select(NumberBlock).where(NumberBlock.customer_id == customer.id))
            ).one()
            service = (
                await session.scalars(select(Service.id).where(Service.customer_id == customer.id))
            ).one()
            site = (await session.scalars(select(Site.id).where(Site.customer_id == customer.id))).one()
            things[name] = {
                "customer_id": customer.id,
                "organisation_id": customer.id,
                "user_id": customer.user_id,
                "device_id": customer.device_id,
                "trunk_id": customer.trunk_id,
                "block_id": block.id,
                "head": block.head,
                "site_id": site,
                "book_id": books[name][0],
                "entry_id": books[name][1],
                "service_id": service,
                "number": invoice.number,
                "request_id": str(uuid.uuid4()),
                "call_id": f"live-{customer.call_id}",
                "recording_id": f"recording-{name}",
                "folder": "de",
                "name": "queue.please_wait",
                "passkey_id": "somebody-elses",
                "session_id": "0123456789abcdef",
                "token_id": str(uuid.uuid4()),
                "invitation_id": invited[name],
                "account_id": linked[name],
                "domain": f"{name}.example",
                "reseller_id": resellers["Home"],
                "gateway_id": gateway,
                "price_id": str(price),
                "month": str(month),
            }
    return Estate(world, things)


async def _private_book(world: World, name: str) -> tuple[str, str]:
    """The customer's first user has a phone book with an entry; gives the ids."""
    customer, book, entry = world.customers[name], str(uuid.uuid4()), str(uuid.uuid4())
    async with world.services.database.system() as session, session.begin():
        session.add(PhoneBookRow(id=book, customer_id=customer.id, owner_id=customer.user_id, name="B"))
        await session.flush()
        session.add(
            PhoneBookEntryRow(
                id=entry,
                customer_id=customer.id,
                book_id=book,
                name="Oma",
                place="oma",
                numbers=[{"number": "+4930901820", "kind": "home"}],
            )
        )
    return book, entry


async def _sign_on(world: World) -> dict[str, str]:
    """Each customer has single sign-on, and one account is linked there; gives whose."""
    linked = {
        name: await world.provisioning.create_account(
            customer.id, "customer", f"staff@{name}.example", PASSWORD, rights=[Right.SUPPORT]
        )
        for name, customer in world.customers.items()
    }
    async with world.services.database.system() as session, session.begin():
        for name, customer in world.customers.items():
            provider = IdentityProvider(
                id=str(uuid.uuid4()),
                customer_id=customer.id,
                name="N",
                issuer=ISSUER,
                client_id="c",
                secret=world.services.vault.encrypt(""),
                trust_mail=False,
            )
            session.add(provider)
            await session.flush()
            now = datetime.datetime.now(datetime.UTC)
            session.add(
                ExternalIdentity(
                    provider_id=provider.id, subject="a", account_id=linked[name], created_at=now, used_at=now
                )
            )
    return linked


def routes(world: World) -> list[tuple[str, str]]:
    described = world.app.openapi()["paths"]
    return [
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in described.items()
        for method in methods
    ]


def test_the_table_knows_every_route(estate: Estate) -> None:
    assert set(routes(estate.world)) == set(LOWEST)


def parameters(path: str) -> set[str]:
    return {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def call(estate: Estate, login: str | None, route: tuple[str, str], owner: str) -> tuple[int, str]:
    method, path = route
    client = estate.world.client() if login is None else await estate.world.signed_in(login)
    async with client:
        answer = await client.request(
            method, f"/api/v1{estate.path(path, owner)}", json=estate.body(method, path, owner)
        )
    if route == ("DELETE", "/session") and login is not None:
        estate.world.tokens.pop(login)
    if answer.is_error:
        assert answer.headers["content-type"] == "application/problem+json", (login, route, answer.text)
    assert answer.status_code < 500, (login, route, owner, answer.text)
    return answer.status_code, f"{login} {method} {path} {owner}: {answer.status_code} {answer.text[:300]}"


async def test_nobody_gets_nothing(estate: Estate) -> None:
    for route, lowest in LOWEST.items():
        status, what = await call(estate, None, route, "north")
        if lowest != OPEN:
            assert status == 401, what


@pytest.mark.feature("L8")
async def test_a_role_too_low_is_refused(estate: Estate) -> None:
    for route, lowest in LOWEST.items():
        for login, (role, own) in LOGINS.items():
            if lowest != OPEN and RANKS[role] < RANKS[lowest]:
                for owner in estate.things:
                    status, what = await call(estate, login, route, owner)
                    assert status == 403, (what, own)


@pytest.mark.feature("L8")
async def test_what_is_somebody_elses_is_not_there(estate: Estate) -> None:
    tried = 0
    for route, lowest in LOWEST.items():
        if lowest == OPEN or not parameters(route[1]) - UNOWNED - {"request_id"}:
            continue
        for login, (role, own) in LOGINS.items():
            for owner in estate.things.keys() - own:
                if RANKS[role] >= RANKS[lowest]:
                    status, what = await call(estate, login, route, owner)
                    assert status in ((404, 422) if route[0] == "PUT" else (404,)), what
                    tried += 1
    assert tried > 60


async def test_what_is_ones_own_is_there(estate: Estate) -> None:
    """The least of those who may gets through; deleting comes last, for it takes things away."""
    last = [("DELETE", "/session"), ("DELETE", "/users/{user_id}")]
    order = sorted(
        LOWEST.items(),
        key=lambda item: (
            last.index(item[0]) if item[0] in last else -1,
            item[0][0] == "DELETE",
            -len(item[0][1]),
        ),
    )
    for route, lowest in order:
        if lowest == OPEN or route in CEREMONIAL:
            continue
        status, what = await call(estate, LEAST[lowest], route, "north")
        assert status not in (401, 403, 404, 422), what


async def test_bodies_cannot_reach_into_other_customers(estate: Estate) -> None:
    """A new id of one's own with somebody else's customer, user, trunk or site in the body."""
    before = await _rows(estate)
    north, other = estate.things["north"], estate.things["other"]
    for route in (
        ("PUT", "/users/{user_id}"),
        ("PUT", "/devices/{device_id}"),
        ("PUT", "/trunks/{trunk_id}"),
        ("PUT", "/numbers/{block_id}"),
        ("PUT", "/sites/{site_id}"),
    ):
        path = route[1]
        name = next(iter(parameters(path)))
        fresh = Estate(estate.world, {**estate.things, "other": {**other, name: str(uuid.uuid4())}})
        for login in ("admin@north.example", "home@reseller.example"):
            status, what = await call(fresh, login, route, "other")
            assert status in (404, 422), what
    async with await estate.world.signed_in("admin@north.example") as client:
        body = {"customer_id": north["customer_id"], "extension": "77", "name": "A", "package": "klare"}
        answer = await client.put(f"/api/v1/users/{uuid.uuid4()}", json={**body, "site_id": other["site_id"]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "site_id")
    async with await estate.world.signed_in("home@reseller.example") as client:
        answer = await client.put(
            f"/api/v1/customers/{uuid.uuid4()}",
            json={"name": "C", "domain": "c.example", "reseller_id": estate.things["other"]["customer_id"]},
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reseller_id")
    assert await _rows(estate) == before


async def _rows(estate: Estate) -> dict[str, int]:
    counts = {}
    async with await estate.world.signed_in("root@provider.example") as client:
        for path in ("users", "devices", "trunks", "sites", "customers"):
            counts[path] = len((await client.get(f"/api/v1/{path}")).json()["items"])
    return counts


async def test_lists_hold_own_things_only(estate: Estate) -> None:
    for login, (role, own) in LOGINS.items():
        if role == "user":
            continue
        async with await estate.world.signed_in(login) as client:
            ids = {estate.things[name]["customer_id"] for name in own}
            customers = (await client.get("/api/v1/customers")).json()["items"]
            assert {one["id"] for one in customers} == ids
            for path in ("sites", "invoices"):
                items = (await client.get(f"/api/v1/{path}")).json()["items"]
                assert {one["customer_id"] for one in items} == ids, (login, path)
            entries = (await client.get("/api/v1/audit")).json()["items"]
            seen = {one["customer_id"] for one in entries} - {None}
            assert seen <= ids, login
            report = (await client.get(f"/api/v1/months/{estate.things['north']['month']}")).json()
            assert {one["customer_id"] for one in report["usage"]} == ids
