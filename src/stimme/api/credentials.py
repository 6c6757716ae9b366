"""The wire format of sign-ins: second factors, passkeys, tokens, sessions, invitations."""

import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from stimme.api.schemas import Input, Language, Role
from stimme.api.scopes import Scope
from stimme.store.rights import Right

Password = Annotated[str, Field(min_length=10, max_length=1024)]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
Code = Annotated[str, Field(min_length=1, max_length=20)]


class PasswordBody(Input):
    """Body of ``PUT /me/password``; the other sessions end."""

    current: Annotated[str, Field(min_length=1, max_length=1024)]
    new: Password


class TotpState(BaseModel):
    """Whether one-time codes are on."""

    on: bool


class TotpSecret(BaseModel):
    """A secret to put into an authenticator; counts once confirmed."""

    secret: str
    uri: str


class TotpConfirmation(Input):
    """A first code of the authenticator."""

    code: Code


class RecoveryCodes(BaseModel):
    """Codes that replace a one-time code, each once; shown now and never again."""

    codes: list[str]


class CurrentPassword(Input):
    """Whoever weakens a sign-in proves to be its owner."""

    current: Annotated[str, Field(min_length=1, max_length=1024)]


class PasskeyOptions(BaseModel):
    """What to hand to ``navigator.credentials``; ``ceremony`` comes back with the answer."""

    ceremony: str
    options: dict[str, Any]


class PasskeyBody(Input):
    """What the authenticator made, as ``PublicKeyCredential.toJSON()``."""

    ceremony: str
    name: Label
    credential: dict[str, Any]


class PasskeySignIn(Input):
    """What the authenticator signed, as ``PublicKeyCredential.toJSON()``."""

    ceremony: str
    credential: dict[str, Any]
    remember: bool = False


class PasskeyItem(BaseModel):
    """A passkey."""

    id: str
    name: str
    created_at: datetime.datetime
    used_at: datetime.datetime | None


class PasskeyList(BaseModel):
    """The account's passkeys."""

    items: list[PasskeyItem]


class TokenBody(Input):
    """Body of ``POST /me/tokens``."""

    name: Label
    scopes: Annotated[list[Scope], Field(min_length=1)]
    expires_at: datetime.datetime | None = None


class TokenItem(BaseModel):
    """A program's token."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime.datetime
    expires_at: datetime.datetime | None


class NewToken(TokenItem):
    """A token just made; ``token`` is shown now and never again."""

    token: str


class TokenList(BaseModel):
    """The account's tokens."""

    items: list[TokenItem]


class SessionItem(BaseModel):
    """A signed-in browser or program; ``current`` is the one that asks."""

    id: str
    created_at: datetime.datetime
    expires_at: datetime.datetime
    source: str | None
    agent: str | None
    current: bool


class SessionList(BaseModel):
    """The account's living sessions, newest first."""

    items: list[SessionItem]


class InvitationBody(Input):
    """Body of ``POST /invitations``; ``user_id`` for accounts of role ``user``."""

    organisation_id: str
    role: Role
    login: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^\S+$")]
    rights: list[Right] | None = None
    """Cuts staff down to some rights; ``null`` gives all of the role."""
    user_id: str | None = None
    language: Language = "de"
    mail: bool = False
    """Send the link to the login, which must be a mail address then."""


class InvitationItem(BaseModel):
    """An invitation that nobody has accepted yet."""

    id: str
    organisation_id: str
    role: Role
    login: str
    rights: list[Right] | None
    user_id: str | None
    created_at: datetime.datetime
    expires_at: datetime.datetime


class NewInvitation(InvitationItem):
    """An invitation just made; ``token`` is for whoever is invited, shown now and never again."""

    token: str
    mailed: bool = False
    """A letter with the link is on its way."""


class InvitationList(BaseModel):
    """Open invitations, newest first."""

    items: list[InvitationItem]


class AccountItem(BaseModel):
    """A sign-in, as those see it who administer the organisation; ``rights`` null for all of the role."""

    id: str
    organisation_id: str
    login: str
    role: Role
    rights: list[Right] | None
    user_id: str | None
    created_at: datetime.datetime


class AccountList(BaseModel):
    """A page of accounts by organisation and login."""

    items: list[AccountItem]
    next: str | None


class RightsBody(Input):
    """Body of ``PUT /accounts/{id}/rights``; ``null`` gives all rights of the role."""

    rights: list[Right] | None


class Acceptance(Input):
    """Body of ``POST /invitations/accept``."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password


class Accepted(BaseModel):
    """The login that can sign in now."""

    login: str
