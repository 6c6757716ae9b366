"""Reading the providers' files. `generic.toml` names and explains every value; the others add to it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from stimme.trunks.numbers import NumberFormat

_FOLDER = Path(__file__).parent
_GENERIC = "generic"
_FORMS = {form.name.lower(): form for form in NumberFormat}
NetworkIn = Literal["ppi", "pai", "both", "from"]
DivertedBy = Literal["diversion", "history_info", "both", "none"]
Transport = Literal["udp", "tcp", "tls"]
Kind = Literal["register", "static"]
Encryption = Literal["none", "sdes"]
Fax = Literal["t38", "g711"]


class ProfileError(ValueError):
    """A provider's file that cannot be used, with its name and the reason."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider; the meaning of every value stands in `generic.toml`."""

    id: str
    name: str
    host: str
    port: int
    transport: Transport
    srv: bool
    outbound_proxy: str
    kind: Kind
    expires: int
    options_interval: int
    numbers_out: NumberFormat
    numbers_in: NumberFormat
    network_in: NetworkIn
    clip_no_screening: bool
    anonymous_from: bool
    diverted_by: DivertedBy
    codecs: tuple[str, ...]
    encryption: Encryption
    fax: Fax
    session_timer: int
    redirect: bool
    refer: bool
    largest_udp: int
    short_numbers_as_dialled: bool
    sources: str

    def proxy_of(self, user: str) -> str:
        """The outbound proxy of an account, empty for none."""
        return self.outbound_proxy.replace("{user}", user)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "transport": get_args(Transport),
    "kind": get_args(Kind),
    "network_in": get_args(NetworkIn),
    "diverted_by": get_args(DivertedBy),
    "encryption": get_args(Encryption),
    "fax": get_args(Fax),
}


@cache
def profiles() -> Mapping[str, Profile]:
    """Every provider that is known, by the name of its file. Raises ProfileError for a faulty file."""
    generic = _read(_GENERIC)
    found = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        values = generic if path.stem == _GENERIC else _read(path.stem)
        found[path.stem] = make_profile(path.stem, generic, values)
    return found


def make_profile(profile_id: str, generic: Mapping[str, Any], values: Mapping[str, Any]) -> Profile:
    """A profile of the generic values and those of one provider.

    Raises:
        ProfileError: for a value that the generic file does not know, or of another kind.
    """
    for name, value in values.items():
        if name not in generic:
            raise ProfileError(f"{profile_id}: {name} is unknown")
        if type(value) is not type(generic[name]):
            raise ProfileError(f"{profile_id}: {name} is not a {type(generic[name]).__name__}")
    merged: dict[str, Any] = {**generic, **values}
    for name, choices in _CHOICES.items():
        if merged[name] not in choices:
            raise ProfileError(f"{profile_id}: {name} is one of {', '.join(choices)}")
    for name in ("numbers_out", "numbers_in"):
        if merged[name] not in _FORMS:
            raise ProfileError(f"{profile_id}: {name} is one of {', '.join(_FORMS)}")
        merged[name] = _FORMS[merged[name]]
    merged["codecs"] = tuple(merged["codecs"])
    return Profile(id=profile_id, **merged)


def _read(profile_id: str) -> dict[str, Any]:
    try:
        return tomllib.loads((_FOLDER / f"{profile_id}.toml").read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{profile_id}: {error}") from error
