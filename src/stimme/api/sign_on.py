"""The wire format of single sign-on."""

import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from stimme.api.schemas import Input

_Issuer = Annotated[
    str,
    Field(max_length=500, pattern=r"^https://[^\s?#@]+$", examples=["https://login.example/realms/muster"]),
]
_ClientId = Annotated[str, Field(min_length=1, max_length=255)]


class SignOnBody(Input):
    """Body of ``PUT /single-sign-on/{customer_id}``; a public client has no secret."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    """What the button says."""
    issuer: _Issuer
    client_id: _ClientId
    client_secret: Annotated[str, Field(max_length=500)] | None = None
    trust_mail: bool = False
    """Every mail address that the provider tells is verified, also where it does not say so."""
    required: bool = False
    """The customer's people sign in there and no other way; only once somebody has signed in there."""


class SignOnItem(BaseModel):
    """Where a customer's people sign in; ``redirect_uri`` is to be registered at the provider."""

    name: str
    issuer: str
    client_id: str
    trust_mail: bool
    required: bool
    version: int
    redirect_uri: str


class LinkItem(BaseModel):
    """An account and who it is at the identity provider."""

    account_id: str
    login: str
    subject: str
    created_at: datetime.datetime
    used_at: datetime.datetime


class LinkList(BaseModel):
    """Links by login."""

    items: list[LinkItem]
