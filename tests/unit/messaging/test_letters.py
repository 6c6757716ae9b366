"""Letters: what they say, and that nobody can write more into them."""

import datetime
import re
from email import message_from_bytes, policy

import pytest

from stimme.messaging.delivery import next_try
from stimme.messaging.letters import Attachment, Template, is_mail_address, write_letter

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
VALUES = {
    "organisation": "Müller {login} & Söhne",
    "inviter": "admin@north.example",
    "login": "anna@north.example",
    "link": "https://pbx.example/invitation#abc",
    "title": "Rechnung",
    "number": "2026-000001",
    "month": "2026-11",
    "gross": "41.53",
    "seller": "Provider",
}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("template", list(Template))
def test_every_letter_can_be_written_and_read(template: Template, language: str) -> None:
    message = write_letter(
        template,
        language,
        VALUES,
        sender="pbx@provider.example",
        recipient="anna@north.example",
        message_id="one",
        at=NOW,
        attachments=[Attachment("a.pdf", "application/pdf", b"%PDF")],
    )
    read = message_from_bytes(bytes(message), policy=policy.default)
    assert read["Message-ID"] == "<one@provider.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    body = read.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert not re.search(r"\{[a-z]+\}", text.replace("Müller {login}", ""))
    assert (VALUES["link"] in text) == (template in (Template.INVITATION, Template.PASSWORD_RESET))
    (file,) = read.iter_attachments()
    assert file.get_content() == b"%PDF"


def test_a_name_cannot_bring_a_header() -> None:
    message = write_letter(
        Template.INVITATION,
        "de",
        {**VALUES, "organisation": "A\r\nBcc: everybody@example.org"},
        sender="pbx@provider.example",
        recipient="anna@north.example",
        message_id="one",
        at=NOW,
    )
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("anna@north.example", True),
        ("a.b+c@example.org", True),
        ("anna", False),
        ("a@b@c.example", False),
        ("a@b.example\nBcc: c", False),
        ("Anna <a@b.example>", False),
        ("a@b.example,c", False),
    ],
)
def test_what_a_mail_address_is(text: str, good: bool) -> None:
    assert is_mail_address(text) is good


def test_a_letter_is_tried_for_about_three_days() -> None:
    now, tries = NOW, 0
    while (again := next_try(tries + 1, now)) is not None:
        assert again > now
        now, tries = again, tries + 1
    assert datetime.timedelta(days=2) < now - NOW < datetime.timedelta(days=4)
