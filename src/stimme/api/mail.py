"""What requests about mail and forgotten passwords look like."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from stimme.api.credentials import Password
from stimme.api.schemas import Input, Language
from stimme.messaging.letters import ADDRESS_PATTERN

MailAddress = Annotated[str, Field(max_length=254, pattern=ADDRESS_PATTERN)]


class MailServerBody(Input):
    """Body of ``PUT /mail-server``; without ``password`` the one that is there stays."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 465
    security: Literal["tls", "starttls", "none"] = "tls"
    username: Annotated[str, Field(max_length=254)] = ""
    password: Annotated[str, Field(max_length=500)] | None = None
    sender: MailAddress
    web_address: Annotated[str, Field(max_length=300, pattern=r"^https://[A-Za-z0-9.:\[\]-]+/?$")]


class MailServerItem(BaseModel):
    """The provider's mail server; its password is never shown."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    sender: str
    web_address: str
    version: int


class TestLetterBody(Input):
    """Body of ``POST /mail-server/test``."""

    recipient: MailAddress
    language: Language = "de"


class LetterItem(BaseModel):
    """A letter on its way or sent; what its text names is not shown."""

    id: str
    template: Literal["invitation", "password_reset", "invoice", "test"]
    recipient: str
    invoice: str | None
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    created_at: datetime.datetime
    due_at: datetime.datetime
    error: str | None


class LetterList(BaseModel):
    """Letters of the last thirty days, newest first."""

    items: list[LetterItem]


class ForgottenPassword(Input):
    """Body of ``POST /password-resets``."""

    login: Annotated[str, Field(min_length=1, max_length=254)]


class NewPassword(Input):
    """Body of ``POST /password-resets/accept``."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password
