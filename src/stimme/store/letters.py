"""The provider's mail server, and the letters on their way to it.

Policy: without a mail server there are no letters; whoever would have got one is told otherwise. A letter is
written down first and sent by a job (``stimme.messaging.sending``), so that nothing is lost when the server
is away. Who works on a letter has it for ten minutes; if the node dies meanwhile, another sends it. A new
invoice is sent once, to the address of its buyer, whichever process closed the month. Letters are kept for
thirty days.
"""

import datetime
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from stimme.licensing.archive import from_document
from stimme.licensing.invoices import DocumentKind, Invoice
from stimme.messaging.letters import Template
from stimme.store.accounts import utc_now
from stimme.store.changes import Authority, Expectation, Put, change_row, changing
from stimme.store.database import Database, Scope
from stimme.store.errors import NotFoundError
from stimme.store.ledger_models import InvoiceRow
from stimme.store.mail_models import LetterRow, MailServerRow
from stimme.store.models import Organisation
from stimme.store.secrets import Vault

LEASE = datetime.timedelta(minutes=10)
KEPT = datetime.timedelta(days=30)
_INVOICES_OF = datetime.timedelta(days=3)
"""Older invoices than these are not sent any more: somebody has set up mail later."""
_TITLES = {
    ("de", DocumentKind.INVOICE): "Rechnung",
    ("de", DocumentKind.CREDIT_NOTE): "Rechnungskorrektur",
    ("en", DocumentKind.INVOICE): "Invoice",
    ("en", DocumentKind.CREDIT_NOTE): "Credit note",
}


class Letters:
    """Mail server and outbox."""

    def __init__(
        self, database: Database, vault: Vault, *, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def server(self) -> MailServerRow | None:
        """Return the provider's mail server, if it has one."""
        async with self._database.system() as session:
            return (await session.scalars(select(MailServerRow))).one_or_none()

    def password(self, server: MailServerRow) -> str:
        """Return the server's password."""
        return self._vault.decrypt(server.secret)

    async def put_server(
        self, who: Authority, values: Mapping[str, Any], password: str | None, expected: Expectation
    ) -> Put[MailServerRow]:
        """Set the mail server; without a password the one that is there stays.

        Raises:
            NotFoundError: When the scope is not the provider's.
            StaleError: When the version is not the newest.
            VersionMissingError: When something would change and no version was given.
        """
        if who.scope.kind != "provider":
            raise NotFoundError("There is no such setting.")
        async with changing(self._database, who) as session:
            row = await session.get(MailServerRow, who.scope.organisation_id)
            if row is None:
                secret = self._vault.encrypt(password or "")
                row = MailServerRow(organisation_id=who.scope.organisation_id, secret=secret, **values)
                session.add(row)
                await session.flush()
                return Put(row, created=True, changed=True)
            wanted = dict(values)
            if password is not None and password != self._vault.decrypt(row.secret):
                wanted["secret"] = self._vault.encrypt(password)
            return await change_row(session, row, wanted, expected)

    async def post(
        self, template: Template, language: str, recipient: str, values: Mapping[str, str], *, page: str = ""
    ) -> bool:
        """Write a letter down; tells whether there is a server that it can go to.

        Args:
            template: What it is about.
            language: Its reader's.
            recipient: Mail address.
            values: What its text names.
            page: Where the web client shows what it is about, put behind its address as ``link``.
        """
        server = await self.server()
        if server is None:
            return False
        link = {"link": f"{server.web_address.rstrip('/')}{page}"}
        async with self._database.system() as session, session.begin():
            session.add(self._letter(str(uuid.uuid4()), template, language, recipient, {**values, **link}))
        return True

    async def post_invoices(self) -> int:
        """Write down letters for new documents whose buyers have an address; returns how many."""
        since = self._now().date() - _INVOICES_OF
        posted = select(LetterRow.invoice).where(LetterRow.invoice.is_not(None))
        new = (
            select(InvoiceRow, Organisation.language)
            .outerjoin(Organisation, Organisation.id == InvoiceRow.customer_id)
            .where(InvoiceRow.issued_on >= since, InvoiceRow.number.not_in(posted))
            .order_by(InvoiceRow.number)
        )
        count = 0
        async with self._database.system() as session, session.begin():
            for row, language in (await session.execute(new)).all():
                invoice = from_document(row.document)
                if invoice.buyer.email is None:
                    continue
                # Its id follows from the number: two nodes cannot both write it down.
                letter_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:stimme:invoice:{row.number}"))
                if await session.get(LetterRow, letter_id) is None:
                    session.add(self._invoice_letter(letter_id, invoice, language or "de"))
                    count += 1
        return count

    async def claim(self, limit: int = 20) -> Sequence[LetterRow]:
        """Take letters that are due, so that nobody else sends them; the oldest first."""
        now = self._now()
        due = select(LetterRow.id).where(LetterRow.state == "waiting", LetterRow.due_at <= now)
        async with self._database.system() as session, session.begin():
            taken = await session.scalars(
                update(LetterRow)
                .where(
                    LetterRow.id.in_(due.order_by(LetterRow.created_at).limit(limit)),
                    LetterRow.state == "waiting",
                    LetterRow.due_at <= now,
                )
                .values(due_at=now + LEASE)
                .returning(LetterRow)
                .execution_options(synchronize_session=False)
            )
            return sorted(taken.all(), key=lambda row: (row.created_at, row.id))

    def values(self, letter: LetterRow) -> dict[str, str]:
        """Return what the letter's text names."""
        found: dict[str, str] = json.loads(self._vault.decrypt(letter.secret))
        return found

    async def sent(self, letter_id: str) -> None:
        """The server has taken a letter; the token in it is forgotten."""
        await self._set(letter_id, state="sent", error=None, secret=self._vault.encrypt("{}"))

    async def failed(self, letter_id: str, reason: str, again: datetime.datetime | None) -> None:
        """The server has not taken a letter; ``None``: it will not be tried again."""
        values: dict[str, Any] = {"error": reason[:500], "attempts": LetterRow.attempts + 1}
        if again is None:
            values |= {"state": "failed", "secret": self._vault.encrypt("{}")}
        else:
            values["due_at"] = again
        await self._set(letter_id, **values)

    async def next_due(self) -> datetime.datetime | None:
        """Return when the next letter is due."""
        soonest = select(func.min(LetterRow.due_at)).where(LetterRow.state == "waiting")
        async with self._database.system() as session:
            return await session.scalar(soonest)

    async def recent(self, scope: Scope, limit: int) -> Sequence[LetterRow]:
        """List letters, newest first.

        Raises:
            NotFoundError: When the scope is not the provider's.
        """
        if scope.kind != "provider":
            raise NotFoundError("There are no such letters.")
        newest = select(LetterRow).order_by(LetterRow.created_at.desc(), LetterRow.id).limit(limit)
        async with self._database.system() as session:
            return (await session.scalars(newest)).all()

    async def forget_old(self, now: datetime.datetime) -> None:
        """Delete letters whose time for being kept is over."""
        old = delete(LetterRow).where(LetterRow.created_at <= now - KEPT, LetterRow.state != "waiting")
        async with self._database.system() as session, session.begin():
            await session.execute(old)

    def _letter(
        self, letter_id: str, template: Template, language: str, recipient: str, values: Mapping[str, str]
    ) -> LetterRow:
        now = self._now()
        return LetterRow(
            id=letter_id,
            template=template.value,
            language=language,
            recipient=recipient,
            secret=self._vault.encrypt(json.dumps(dict(values))),
            state="waiting",
            attempts=0,
            created_at=now,
            due_at=now,
        )

    def _invoice_letter(self, letter_id: str, invoice: Invoice, language: str) -> LetterRow:
        values = {
            "title": _TITLES[language, invoice.kind],
            "number": invoice.number,
            "month": str(invoice.month),
            "gross": f"{invoice.gross:.2f}",
            "seller": invoice.seller.name,
        }
        row = self._letter(letter_id, Template.INVOICE, language, invoice.buyer.email or "", values)
        row.invoice = invoice.number
        return row

    async def _set(self, letter_id: str, **values: Any) -> None:
        async with self._database.system() as session, session.begin():
            await session.execute(update(LetterRow).where(LetterRow.id == letter_id).values(**values))
