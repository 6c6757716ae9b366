"""Mail through a real SMTP server with TLS: invitation, new password, invoice; refusals and distrust."""

import asyncio
import datetime
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.unit.api.world import PASSWORD, World, build_world

from stimme.demo.certificates import ensure_certificates
from stimme.licensing.printing import Printer
from stimme.licensing.usage import Month
from stimme.messaging.letters import Template
from stimme.messaging.sending import Sending
from stimme.store.audit import Actor
from stimme.store.billing import Billing
from stimme.store.database import Scope
from stimme.store.letters import Letters

ROOT = "root@provider.example"


@dataclass
class Postman:
    """What the SMTP server does with what comes: keeps it, or answers as it was told to."""

    received: list[EmailMessage] = field(default_factory=list)
    answer: str = ""

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert session.ssl is not None
        if self.answer:
            return self.answer
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        return "250 OK"


def _sign_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = LoginPassword(b"pbx", b"secret of the server")
    return AuthResult(success=data == right, handled=False)


@dataclass
class Office:
    """The API's world, a mail server and what sends to it."""

    world: World
    postman: Postman
    port: int
    sending: Sending
    letters: Letters
    now: list[datetime.datetime]

    async def send(self) -> datetime.datetime | None:
        return await self.sending.run(self.now[0])

    async def set_up(self, **changes: Any) -> None:
        body = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "starttls",
            "username": "pbx",
            "password": "secret of the server",
            "sender": "pbx@provider.example",
            "web_address": "https://pbx.example/",
            **changes,
        }
        async with await self.world.signed_in(ROOT) as provider:
            found = await provider.get("/api/v1/mail-server")
            tag = {"If-Match": found.headers["ETag"]} if found.status_code == 200 else {}
            answer = await provider.put("/api/v1/mail-server", json=body, headers=tag)
            assert answer.status_code in (200, 201), answer.text
            assert "secret" not in answer.text

    async def states(self) -> list[tuple[str, int]]:
        async with await self.world.signed_in(ROOT) as provider:
            items = (await provider.get("/api/v1/letters")).json()["items"]
        return [(item["state"], item["attempts"]) for item in items]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    now = [datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)]
    files = ensure_certificates(tmp_path / "tls", "pbx.example", datetime.datetime.now(datetime.UTC))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate, files.key)
    postman = Postman()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postman, tls_context=tls, authenticator=_sign_in, auth_required=True), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    async for world in build_world(tmp_path):
        services = world.services
        trust = ssl.create_default_context(cafile=str(files.ca))
        letters = Letters(services.database, services.vault, now=lambda: now[0])
        billing = Billing(services.database, now=lambda: now[0])
        yield Office(world, postman, port, Sending(letters, billing, Printer().pdf, trust), letters, now)
    server.close()


def _token(letter: EmailMessage, page: str) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https://pbx\.example/{page}#([\w-]+)", body.get_content())
    assert found is not None, body.get_content()
    return found[1]


async def test_an_invitation_by_mail_becomes_an_account(office: Office) -> None:
    await office.set_up()
    north = office.world.customers["north"]
    body = {
        "organisation_id": north.id,
        "role": "customer",
        "login": "new@north.example",
        "language": "de",
        "mail": True,
    }
    async with await office.world.signed_in("admin@north.example") as admin:
        answer = await admin.post("/api/v1/invitations", json=body)
        assert (answer.status_code, answer.json()["mailed"]) == (201, True)
        refused = await admin.post("/api/v1/invitations", json={**body, "login": "nomail"})
        assert refused.status_code == 422
    await office.send()
    (letter,) = office.postman.received
    assert letter["To"] == "new@north.example"
    assert letter["From"] == "pbx@provider.example"
    assert "North" in letter["Subject"]
    async with office.world.client() as stranger:
        new = {"token": _token(letter, "invitation"), "password": PASSWORD}
        accepted = await stranger.post("/api/v1/invitations/accept", json=new)
        assert accepted.json() == {"login": "new@north.example"}
    async with await office.world.signed_in("new@north.example") as account:
        assert (await account.get("/api/v1/session")).json()["role"] == "customer"


async def test_a_forgotten_password_is_replaced_by_mail_once(office: Office) -> None:
    await office.set_up()
    signed_in = await office.world.signed_in("anna@north.example")
    async with office.world.client() as stranger:
        for login in ("anna@north.example", "unknown@north.example"):
            answer = await stranger.post("/api/v1/password-resets", json={"login": login})
            assert (answer.status_code, answer.text) == (202, "null")
        await office.send()
        (letter,) = office.postman.received
        assert letter["To"] == "anna@north.example"
        new = {"token": _token(letter, "reset"), "password": "an entirely new one"}
        accepted = await stranger.post("/api/v1/password-resets/accept", json=new)
        assert accepted.json() == {"login": "anna@north.example"}
        again = await stranger.post("/api/v1/password-resets/accept", json=new)
        assert again.status_code == 404
        old = {"login": "anna@north.example", "password": PASSWORD}
        assert (await stranger.post("/api/v1/session", json=old)).status_code == 401
        right = {**old, "password": "an entirely new one"}
        assert (await stranger.post("/api/v1/session", json=right)).status_code == 200
    async with signed_in:
        assert (await signed_in.get("/api/v1/session")).status_code == 401


async def test_an_invoice_is_sent_once_with_its_pdf(office: Office) -> None:
    await office.set_up()
    world, north = office.world, office.world.customers["north"]
    address = {"name": "N", "street": "Weg 1", "postcode": "10115", "city": "Berlin"}
    seller = {
        **address,
        "vat_id": "DE136695976",
        "iban": "DE02120300000000202051",
        "email": "p@provider.example",
    }
    now = datetime.datetime.now(datetime.UTC)
    later = now + datetime.timedelta(days=32)
    month = str(Month.of(now))
    async with await world.signed_in(ROOT) as provider:
        me = (await provider.get("/api/v1/session")).json()["organisation"]["id"]
        for organisation, body in ((me, seller), *((c.id, address) for c in world.customers.values())):
            mail = {"email": "books@north.example"} if organisation == north.id else {}
            path = f"/api/v1/organisations/{organisation}/billing-address"
            assert (await provider.put(path, json={**body, **mail})).status_code == 201
    billing = Billing(world.services.database, now=lambda: later)
    await billing.close(Scope("provider", me), Actor("root", "provider"), Month.parse(month))
    office.now[0] = later
    await office.send()
    await office.send()
    (letter,) = office.postman.received
    assert letter["To"] == "books@north.example"
    (file,) = letter.iter_attachments()
    assert file.get_content().startswith(b"%PDF-")
    assert str(file.get_filename()).endswith(".pdf")
    assert (await office.states()) == [("sent", 0)]


async def test_what_is_refused_for_good_is_not_tried_again_and_the_rest_is(office: Office) -> None:
    await office.set_up()
    async with await office.world.signed_in(ROOT) as provider:
        path = "/api/v1/mail-server/test"
        assert (await provider.post(path, json={"recipient": "nobody@north.example"})).status_code == 202
        await office.send()
        assert await office.states() == [("failed", 1)]
        office.postman.answer = "451 4.3.0 try again later"
        assert (await provider.post(path, json={"recipient": "anna@north.example"})).status_code == 202
    due = await office.send()
    assert (await office.states())[0] == ("waiting", 1)
    assert due is not None
    office.postman.answer = ""
    await office.send()
    assert office.postman.received == []
    office.now[0] = due
    await office.send()
    assert len(office.postman.received) == 1
    assert (await office.states())[0] == ("sent", 1)


async def test_a_server_that_cannot_be_trusted_gets_nothing(office: Office) -> None:
    await office.set_up()
    stranger = Sending(
        office.letters,
        Billing(office.world.services.database),
        Printer().pdf,
        ssl.create_default_context(),
    )
    assert await office.letters.post(Template.TEST, "de", "anna@north.example", {})
    await stranger.run(office.now[0])
    assert office.postman.received == []
    assert await office.states() == [("waiting", 1)]
    await office.set_up(password="a wrong one")
    office.now[0] += datetime.timedelta(hours=1)
    await office.send()
    assert office.postman.received == []
    assert await office.states() == [("waiting", 2)]


async def test_without_a_server_nobody_is_promised_a_letter(office: Office) -> None:
    north = office.world.customers["north"]
    body = {"organisation_id": north.id, "role": "customer", "login": "new@north.example", "mail": True}
    async with await office.world.signed_in("admin@north.example") as admin:
        answer = await admin.post("/api/v1/invitations", json=body)
        assert (answer.status_code, answer.json()["mailed"]) == (201, False)
    async with await office.world.signed_in(ROOT) as provider:
        path = "/api/v1/mail-server/test"
        assert (await provider.post(path, json={"recipient": "a@b.example"})).status_code == 404
    assert await office.send() is None
