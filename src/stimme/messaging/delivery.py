"""Hands letters to the provider's mail server (RFC 6409), and says what its refusal means.

Policy: with TLS unless it was switched off for a server on the same machine; a server whose certificate does
not fit gets nothing. A refusal of the letter or its recipient (5xx) is final; everything else, a refused
sign-in too, may be mended: the letter is tried again, later each time, for about three days.
"""

import datetime
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

import aiosmtplib

Security = Literal["tls", "starttls", "none"]
PATIENCE_SECONDS = 30.0
_MINUTES = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out.

    Attributes:
        security: TLS from the first byte (port 465), STARTTLS (587), or none.
        username: Signs in when it is not empty.
        sender: The address that letters come from.
    """

    host: str
    port: int
    security: Security
    username: str
    password: str
    sender: str


class DeliveryError(Exception):
    """The letter was not taken; ``final`` when trying again is of no use."""

    def __init__(self, reason: str, *, final: bool) -> None:
        self.final = final
        super().__init__(reason)


def next_try(attempts: int, now: datetime.datetime) -> datetime.datetime | None:
    """Return when a letter is tried again after so many failed attempts; ``None``: not any more."""
    return now + datetime.timedelta(minutes=_MINUTES[attempts - 1]) if attempts <= len(_MINUTES) else None


async def deliver(server: MailServer, message: EmailMessage, tls: ssl.SSLContext) -> None:
    """Give a letter to the server.

    Raises:
        DeliveryError: When the server did not take it.
    """
    try:
        await aiosmtplib.send(
            message,
            sender=server.sender,
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "none" else tls,
            timeout=PATIENCE_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        reasons = "; ".join(f"{one.code} {one.message}" for one in error.recipients)
        raise DeliveryError(reasons, final=all(one.code >= 500 for one in error.recipients)) from error
    except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPRecipientRefused) as error:
        raise DeliveryError(f"{error.code} {error.message}", final=error.code >= 500) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryError(str(error) or type(error).__name__, final=False) from error
