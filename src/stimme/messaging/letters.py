"""The letters that the system sends, in the languages of their readers.

Policy: plain text, UTF-8, one link at most. A link carries its token behind ``#``, which browsers keep to
themselves. Letters of machines say so (``Auto-Submitted``, RFC 3834 section 5), so that nobody's absence
notice answers them. A retried letter keeps its Message-ID (RFC 5322 section 3.6.4).
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

ADDRESS_PATTERN = r"^[^@\s<>\",;:\\]+@[A-Za-z0-9.-]+$"
"""An address as it stands in an envelope: no name, no comment, a domain of ASCII letters."""
_ADDRESS = re.compile(ADDRESS_PATTERN)


class Template(StrEnum):
    """What a letter is about."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  a kind of letter
    INVOICE = "invoice"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body with ``{names}`` of values."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter; ``media_type`` is ``type/subtype``."""

    name: str
    media_type: str
    content: bytes


_TEXTS: dict[tuple[Template, str], Text] = {
    (Template.INVITATION, "de"): Text(
        "Einladung zur Telefonanlage von {organisation}",
        "Guten Tag,\n\n"
        "{inviter} hat Sie zur Telefonanlage von {organisation} eingeladen. Ihr Anmeldename ist\n\n"
        "    {login}\n\nBitte wählen Sie hier Ihr Passwort:\n\n    {link}\n\n"
        "Der Link gilt sieben Tage und einmal.\n"
        "Haben Sie keine Einladung erwartet, löschen Sie diese Nachricht.\n",
    ),
    (Template.INVITATION, "en"): Text(
        "Invitation to the telephone system of {organisation}",
        "Hello,\n\n"
        "{inviter} has invited you to the telephone system of {organisation}. Your login is\n\n"
        "    {login}\n\nPlease choose your password here:\n\n    {link}\n\n"
        "The link is good for seven days and once.\n"
        "If you did not expect an invitation, delete this message.\n",
    ),
    (Template.PASSWORD_RESET, "de"): Text(
        "Neues Passwort für {login}",
        "Guten Tag,\n\n"
        "jemand, vermutlich Sie, möchte ein neues Passwort für {login} wählen. Das geht hier:\n\n"
        "    {link}\n\nDer Link gilt eine Stunde und einmal. Waren Sie es nicht, ist nichts zu tun:\n"
        "Ihr Passwort bleibt, wie es ist.\n",
    ),
    (Template.PASSWORD_RESET, "en"): Text(
        "New password for {login}",
        "Hello,\n\nsomebody, probably you, wants to choose a new password for {login}. This is the place:\n\n"
        "    {link}\n\nThe link is good for one hour and once. If it was not you, there is nothing to do:\n"
        "your password stays as it is.\n",
    ),
    (Template.INVOICE, "de"): Text(
        "{title} {number} für {month}",
        "Guten Tag,\n\nanbei erhalten Sie die {title} {number} über {gross} EUR für {month}.\n"
        "Die PDF-Datei enthält sie auch als EN-16931-Datensatz (ZUGFeRD).\n\n{seller}\n",
    ),
    (Template.INVOICE, "en"): Text(
        "{title} {number} for {month}",
        "Hello,\n\nplease find attached: {title} {number}, EUR {gross}, {month}.\n"
        "The PDF file holds it as EN 16931 data, too (ZUGFeRD).\n\n{seller}\n",
    ),
    (Template.TEST, "de"): Text(
        "Testnachricht der Telefonanlage",
        "Guten Tag,\n\ndiese Nachricht zeigt, dass die Telefonanlage E-Mails versenden kann.\n",
    ),
    (Template.TEST, "en"): Text(
        "Test message of the telephone system",
        "Hello,\n\nthis message shows that the telephone system can send mail.\n",
    ),
}


def is_mail_address(text: str) -> bool:
    """Tell whether a text is an address that a letter can be sent to."""
    return _ADDRESS.fullmatch(text) is not None


def write_letter(
    template: Template,
    language: str,
    values: Mapping[str, str],
    *,
    sender: str,
    recipient: str,
    message_id: str,
    at: datetime.datetime,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """Write a letter.

    Args:
        template: What it is about.
        language: ``de`` or ``en``.
        values: What the text names.
        sender: Mail address that it comes from; its domain makes the Message-ID.
        recipient: Mail address that it goes to.
        message_id: The same word for each try.
        at: When it was written.
        attachments: Files.

    Raises:
        KeyError: When the text names a value that is not there.
        ValueError: When an address is none.
    """
    text = _TEXTS[template, language]
    sent_by = Address(addr_spec=sender)
    message = EmailMessage()
    message["From"] = sent_by
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = " ".join(text.subject.format_map(values).split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id}@{sent_by.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = language
    message.set_content(text.body.format_map(values))
    for file in attachments:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return message
