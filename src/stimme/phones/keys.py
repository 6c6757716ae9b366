"""A user's function keys as they are written into a telephone.

Policy: the telephone gets the addresses of positions (``sip:key.3@…``), not of what they stand for: what a
key does is decided when it is pressed, so that a changed plan needs no new settings and a guest who logs in
at the telephone has the own keys there. Only keys that dial a number are written with it, for the telephone
to dial it in its own way (an emergency number above all).
"""

from collections.abc import Callable, Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from stimme.pbx.apps.attendant import Position
from stimme.pbx.features.keys import (
    DialKey,
    DiversionKey,
    DndKey,
    FunctionKey,
    GroupKey,
    Key,
    LineKey,
    NightKey,
    ParkKey,
    PickupKey,
)
from stimme.pbx.model import Tenant

_SPEED_DIAL, _BLF = 13, 16
"""Yealink's numbers of kinds of keys."""


def address_of(position: int, domain: str) -> str:
    """What a telephone watches and dials for a key."""
    return f"sip:key.{position}@{domain}"


def label_of(tenant: Tenant, each: FunctionKey) -> str:
    """What a telephone shows beside a key: its own text, else the name of what it stands for."""
    return each.label or _name(tenant, each.key)


def _name(tenant: Tenant, key: Key) -> str:
    german = tenant.language == "de"
    name = ""
    match key:
        case LineKey(extension) | GroupKey(extension):
            user, group = tenant.by_extension(extension), tenant.groups.get(extension)
            name = user.name if user is not None else group.name if group is not None else extension
        case DialKey(number):
            name = number
        case ParkKey(slot):
            name = f"{'Parken' if german else 'Park'} {slot}"
        case NightKey(position):
            name = f"{'Nacht' if german else 'Night'} {2 if position is Position.NIGHT_2 else 1}"
        case DiversionKey(_, number):
            name = f"{'Umleitung' if german else 'Diversion'} {number or ''}".strip()
        case DndKey():
            name = "Anrufschutz" if german else "Do not disturb"
        case PickupKey():
            name = "Heranholen" if german else "Pick up"
    return name


def yealink(tenant: Tenant, keys: Iterable[FunctionKey]) -> str:
    """Lines for the configuration file of a Yealink telephone; account 1."""
    lines = []
    for each in keys:
        dials = isinstance(each.key, DialKey)
        value = each.key.number if isinstance(each.key, DialKey) else f"key.{each.position}"
        settings = {
            "type": str(_SPEED_DIAL if dials else _BLF),
            "line": "1",
            "value": value,
            "label": _one_line(label_of(tenant, each)),
        }
        lines += [f"linekey.{each.position}.{name} = {text}" for name, text in settings.items()]
    return "".join(f"{line}\n" for line in lines)


def snom(tenant: Tenant, keys: Iterable[FunctionKey]) -> str:
    """The element `functionKeys` of the settings of a Snom telephone; identity 1."""
    lines = []
    for each in keys:
        address = address_of(each.position, tenant.domain)
        does = f"speed {each.key.number}" if isinstance(each.key, DialKey) else f"blf {address}"
        label = quoteattr(_one_line(label_of(tenant, each)))
        lines.append(
            f'  <fkey idx="{each.position - 1}" context="1" label={label} perm="">{escape(does)}</fkey>\n'
        )
    return f"<functionKeys>\n{''.join(lines)}</functionKeys>\n"


def _one_line(text: str) -> str:
    """Without what would begin another setting."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


TEXTS: Mapping[str, Callable[[Tenant, Iterable[FunctionKey]], str]] = {"yealink": yealink, "snom": snom}
"""Texts for telephones, by maker."""
