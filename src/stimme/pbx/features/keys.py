"""Function keys with lamps: what they watch, how they light, what pressing them does.

Policy: a key is an address like an extension: a telephone subscribes to it (dialog-info, RFC 4235) and
dials it when it is pressed. A plain extension is the line of a colleague: pressed while it rings it picks
up, otherwise it calls. The other keys switch: what is on goes off.

    12            line of extension 12
    group.30      log-in to group 30
    park.701      slot 701: retrieves, or parks the call that is held
    night.1       the attendant's first night position
    divert.always the user's own diversion of this kind (busy, no_reply, not_registered)
    dnd           do not disturb
"""

from dataclasses import dataclass
from enum import Enum

from stimme.pbx.apps.attendant import Position
from stimme.pbx.features import commands as c


class Lamp(Enum):
    """How a key lights; the value is the state of the dialog that is reported (RFC 4235 §4.1.1)."""

    OFF = "terminated"
    BLINKING = "early"
    ON = "confirmed"


@dataclass(frozen=True, slots=True)
class LineKey:
    """The line of a user or group."""

    extension: str


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The own log-in to a group."""

    extension: str


@dataclass(frozen=True, slots=True)
class ParkKey:
    """A park slot."""

    slot: str


@dataclass(frozen=True, slots=True)
class NightKey:
    """A position of the attendant's night switch."""

    position: Position


@dataclass(frozen=True, slots=True)
class DiversionKey:
    """The own diversion of a kind; `number` is what it is set to when it is pressed."""

    kind: c.DiversionKind


@dataclass(frozen=True, slots=True)
class DndKey:
    """The own do not disturb."""


Key = LineKey | GroupKey | ParkKey | NightKey | DiversionKey | DndKey

_NIGHTS = {"1": Position.NIGHT_1, "2": Position.NIGHT_2}
_KINDS = {kind.value: kind for kind in c.DiversionKind}


def parse_key(address: str) -> Key | None:
    """The key that an address is; None for an address that is none."""
    name, dot, value = address.partition(".")
    plain = value.isascii() and value.isdigit()
    key: Key | None = None
    match name:
        case "group" if plain:
            key = GroupKey(value)
        case "park" if plain:
            key = ParkKey(value)
        case "night" if value in _NIGHTS:
            key = NightKey(_NIGHTS[value])
        case "divert" if value in _KINDS:
            key = DiversionKey(_KINDS[value])
        case "dnd" if not dot:
            key = DndKey()
        case extension if not dot and extension.isascii() and extension.isdigit():
            key = LineKey(extension)
    return key


def press(
    key: Key, lamp: Lamp, *, holding: bool = False, remembered: str | None = None
) -> c.Command | str | None:
    """What pressing a key does: a command, a number to be called, or nothing.

    Args:
        lamp: how the key lights at that moment.
        holding: the user has a call on hold (for park keys).
        remembered: where the user last diverted to with this kind; None when never: the key does nothing.
    """
    lit = lamp is not Lamp.OFF
    does: c.Command | str | None = None
    match key:
        case LineKey(extension):
            does = c.PickupOf(extension) if lamp is Lamp.BLINKING else extension
        case GroupKey(extension):
            does = c.LogoutGroup(extension) if lit else c.LoginGroup(extension)
        case ParkKey(slot) if lit or holding:
            does = c.Retrieve(slot) if lit else c.Park(slot)
        case NightKey(position):
            does = c.SwitchNight(Position.DAY if lit else position)
        case DiversionKey(kind) if lit:
            does = c.ClearDiversion(kind)
        case DiversionKey(kind) if remembered is not None:
            does = c.SetDiversion(kind, remembered)
        case DndKey():
            does = c.Dnd(on=not lit)
    return does
