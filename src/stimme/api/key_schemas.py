"""The wire format of function keys."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from stimme.api.schemas import Input
from stimme.pbx.features.key_plan import LONGEST_LABEL
from stimme.pbx.features.keys import MOST_KEYS

KeyKind = Literal["line", "dial", "group", "park", "night", "diversion", "dnd", "pickup"]


class KeyBody(Input):
    """A key: ``target`` is an extension, number, group, slot, night position or kind of diversion."""

    position: Annotated[int, Field(ge=1, le=MOST_KEYS)]
    kind: KeyKind
    target: Annotated[str | None, Field(max_length=60, examples=["12"])] = None
    number: Annotated[str | None, Field(max_length=60, description="Where a diversion leads to.")] = None
    label: Annotated[str, Field(max_length=LONGEST_LABEL)] = ""


class KeysBody(Input):
    """Body of ``PUT /users/{id}/keys``: all keys of the user."""

    keys: Annotated[list[KeyBody], Field(max_length=MOST_KEYS)]


class KeyItem(KeyBody):
    """A key as telephones have it: ``shown`` beside it, ``address`` to watch and to dial."""

    shown: str
    address: str


class KeyList(BaseModel):
    """A user's keys; ``version`` is 0 until some are set up. ``phone_settings`` by maker of telephones."""

    user_id: str
    items: list[KeyItem]
    version: int
    phone_settings: dict[str, str]
