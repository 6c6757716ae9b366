"""Sends the letters that wait, one after the other; a job of the node.

Policy: as ``stimme.messaging.delivery`` says of refusals. A letter that cannot be written (its invoice
cannot be drawn now) is tried again like one that the server did not take.
"""

import datetime
import ssl
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any, cast

import structlog

from stimme.licensing.errors import LicensingError
from stimme.licensing.invoices import Invoice
from stimme.messaging.delivery import DeliveryError, MailServer, deliver, next_try
from stimme.messaging.letters import Attachment, Template, write_letter
from stimme.store.billing import Billing
from stimme.store.database import Scope
from stimme.store.letters import Letters
from stimme.store.mail_models import LetterRow, MailServerRow

_log = structlog.get_logger(__name__)


class Sending:
    """Empties the outbox.

    Args:
        letters: The outbox.
        billing: Where invoices are found.
        draw: Makes the PDF of an invoice.
        tls: Trusts the authorities of mail servers.
    """

    def __init__(
        self,
        letters: Letters,
        billing: Billing,
        draw: Callable[[Invoice], Awaitable[bytes]],
        tls: ssl.SSLContext,
    ) -> None:
        self._letters = letters
        self._billing = billing
        self._draw = draw
        self._tls = tls

    async def run(self, now: datetime.datetime) -> datetime.datetime | None:
        """Send what is due; returns when the next letter is."""
        row = await self._letters.server()
        if row is None:
            return None
        await self._letters.post_invoices()
        server = _server(row, self._letters.password(row))
        while claimed := await self._letters.claim():
            for letter in claimed:
                await self._send(row, server, letter, now)
        await self._letters.forget_old(now)
        return await self._letters.next_due()

    async def _send(
        self, row: MailServerRow, server: MailServer, letter: LetterRow, now: datetime.datetime
    ) -> None:
        try:
            await deliver(server, await self._write(row, letter), self._tls)
        except DeliveryError as error:
            again = None if error.final else next_try(letter.attempts + 1, now)
            _log.warning("letter not sent", letter=letter.id, reason=str(error), final=again is None)
            await self._letters.failed(letter.id, str(error), again)
        except LicensingError as error:
            await self._letters.failed(letter.id, str(error), next_try(letter.attempts + 1, now))
        except ValueError as error:
            await self._letters.failed(letter.id, f"address: {error}", None)
        else:
            await self._letters.sent(letter.id)

    async def _write(self, row: MailServerRow, letter: LetterRow) -> EmailMessage:
        attachments = []
        if letter.invoice is not None:
            invoice = await self._billing.invoice(Scope("provider", row.organisation_id), letter.invoice)
            drawn = await self._draw(invoice)
            attachments.append(Attachment(f"{letter.invoice}.pdf", "application/pdf", drawn))
        return write_letter(
            Template(letter.template),
            letter.language,
            self._letters.values(letter),
            sender=row.sender,
            recipient=letter.recipient,
            message_id=letter.id,
            at=letter.created_at,
            attachments=attachments,
        )


def _server(row: MailServerRow, password: str) -> MailServer:
    return MailServer(
        row.host,
        row.port,
        cast(Any, row.security),
        username=row.username,
        password=password,
        sender=row.sender,
    )
