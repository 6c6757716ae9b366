"""Function keys with lamps: what they watch, how they light, what pressing them does.

Policy: a key is an address like an extension: a telephone subscribes to it (dialog-info, RFC 4235) and
dials it when it is pressed. A plain extension is the line of a colleague: pressed while it rings it picks
up, otherwise it calls. The other keys switch: what is on goes off.

    12               line of extension 12
    group.30         log-in to group 30
    park.701         slot 701: retrieves, or parks the call that is held
    night.1          the attendant's first night position
    divert.always    the user's own diversion of this kind (busy, no_reply, not_registered)
    divert.always.12 the same, to this number
    dnd              do not disturb
    pickup           blinks while a call rings in one's pick-up groups; takes it
    key.3            whatever is the user's third key (``stimme.pbx.features.key_plan``): the same in every
                     telephone, so that a guest who logs in there has the own keys (hot desking)
"""

from dataclasses import dataclass
from enum import Enum

from stimme.pbx.apps.attendant import Position
from stimme.pbx.features import commands as c

MOST_KEYS = 120
"""Keys of a user; the largest telephones with all extension modules have that many."""


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
    number: str | None = None


@dataclass(frozen=True, slots=True)
class DndKey:
    """The own do not disturb."""


@dataclass(frozen=True, slots=True)
class PickupKey:
    """Calls that ring in one's pick-up groups."""


@dataclass(frozen=True, slots=True)
class DialKey:
    """A number or a code that is dialled; it has no lamp."""

    number: str


@dataclass(frozen=True, slots=True)
class OwnKey:
    """The user's own key at a position, whatever it is."""

    position: int


Key = LineKey | GroupKey | ParkKey | NightKey | DiversionKey | DndKey | PickupKey | DialKey | OwnKey


@dataclass(frozen=True, slots=True)
class FunctionKey:
    """A key of a user's plan; without a label the telephone shows what it stands for."""

    position: int
    key: Key
    label: str = ""


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """The keys of one user, in the order of their positions (``stimme.pbx.features.key_plan``)."""

    keys: tuple[FunctionKey, ...] = ()

    def at(self, position: int) -> Key | None:
        """What a position holds."""
        return next((each.key for each in self.keys if each.position == position), None)

    def diversion(self, kind: c.DiversionKind) -> str | None:
        """Where the first key of a kind of diversion leads to."""
        found = (each.key for each in self.keys)
        return next((key.number for key in found if isinstance(key, DiversionKey) and key.kind is kind), None)


_NIGHTS = {"1": Position.NIGHT_1, "2": Position.NIGHT_2}
_KINDS = {kind.value: kind for kind in c.DiversionKind}


def parse_key(address: str) -> Key | None:
    """The key that an address is; None for an address that is none."""
    name, dot, value = address.partition(".")
    plain = _digits(value)
    key: Key | None = None
    match name:
        case "group" if plain:
            key = GroupKey(value)
        case "park" if plain:
            key = ParkKey(value)
        case "night" if value in _NIGHTS:
            key = NightKey(_NIGHTS[value])
        case "divert":
            key = _parse_diversion(value)
        case "dnd" if not dot:
            key = DndKey()
        case "pickup" if not dot:
            key = PickupKey()
        case "key" if plain and len(value) <= len(str(MOST_KEYS)) and 1 <= int(value) <= MOST_KEYS:
            key = OwnKey(int(value))
        case extension if not dot and _digits(extension):
            key = LineKey(extension)
    return key


def _parse_diversion(value: str) -> DiversionKey | None:
    kind, dot, number = value.partition(".")
    if kind not in _KINDS or (dot and not _digits(number.removeprefix("+"))):
        return None
    return DiversionKey(_KINDS[kind], number or None)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def press(
    key: Key, lamp: Lamp, *, holding: bool = False, remembered: str | None = None
) -> c.Command | str | None:
    """What pressing a key does: a command, a number to be called, or nothing.

    Args:
        lamp: how the key lights at that moment.
        holding: the user has a call on hold (for park keys).
        remembered: where a key that names no number diverts to; None when nowhere: the key does nothing.
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
        case DiversionKey(kind, number):
            to = number or remembered
            does = c.ClearDiversion(kind) if lit else c.SetDiversion(kind, to) if to else None
        case DndKey():
            does = c.Dnd(on=not lit)
        case PickupKey():
            does = c.Pickup()
        case DialKey(number):
            does = number
    return does
