"""A user's function keys as they are set up: which key is where, and what it is called.

Policy: each position holds one key. The keys are the user's: at whatever telephone the user is logged in,
the telephone's key 3 is the user's third key (``stimme.pbx.features.keys``). What a key names must be there
when it is set up; what is taken away later leaves a key that is dark and does nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from stimme.pbx.apps.attendant import Position
from stimme.pbx.apps.fields import FieldError, Fields
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.keys import (
    MOST_KEYS,
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
from stimme.sentences import Sentence

LONGEST_LABEL = 40
_LONGEST_NUMBER = 40
_DIALLED = frozenset("0123456789*#+")


class Kind(Enum):
    """What a key is for."""

    LINE = "line"
    DIAL = "dial"
    GROUP = "group"
    PARK = "park"
    NIGHT = "night"
    DIVERSION = "diversion"
    DND = "dnd"
    PICKUP = "pickup"


class _Night(Enum):
    FIRST = "1"
    SECOND = "2"


_NIGHTS = {_Night.FIRST: Position.NIGHT_1, _Night.SECOND: Position.NIGHT_2}


def read_keys(values: Iterable[Any]) -> tuple[FunctionKey, ...]:
    """Reads keys as they are stored or sent, in that order.

    Raises:
        FieldError: for a key that cannot be, with its place in the list.
    """
    found: dict[int, FunctionKey] = {}
    for place, value in enumerate(values):
        fields = Fields(value, f"keys.{place}")
        position = fields.whole("position")
        if not 1 <= position <= MOST_KEYS:
            raise FieldError(
                fields.path("position"),
                Sentence("out-of-range", "is not from {least} to {most}", least=1, most=MOST_KEYS),
            )
        if position in found:
            raise FieldError(
                fields.path("position"), Sentence("key-twice", "{position} is there twice", position=position)
            )
        label = fields.text("label", "").strip()
        if len(label) > LONGEST_LABEL:
            raise FieldError(
                fields.path("label"),
                Sentence("too-long", "is longer than {count} characters", count=LONGEST_LABEL),
            )
        found[position] = FunctionKey(position, _read_key(fields), label)
        fields.done()
    return tuple(found.values())


def _read_key(fields: Fields) -> Key:
    return _READ[fields.one_of("kind", Kind)](fields)


def _diversion(fields: Fields) -> DiversionKey:
    kind, number = fields.one_of("target", DiversionKind), _number(fields, "number")
    if emergency_number(number) is not None:
        raise FieldError(
            fields.path("number"),
            Sentence("diversion-emergency", "calls cannot be diverted to an emergency number"),
        )
    return DiversionKey(kind, number)


_READ: Mapping[Kind, Callable[[Fields], Key]] = {
    Kind.LINE: lambda fields: LineKey(_number(fields, "target", plain=True)),
    Kind.DIAL: lambda fields: DialKey(_number(fields, "target")),
    Kind.GROUP: lambda fields: GroupKey(_number(fields, "target", plain=True)),
    Kind.PARK: lambda fields: ParkKey(_number(fields, "target", plain=True)),
    Kind.NIGHT: lambda fields: NightKey(_NIGHTS[fields.one_of("target", _Night)]),
    Kind.DIVERSION: _diversion,
    Kind.DND: lambda fields: DndKey(),
    Kind.PICKUP: lambda fields: PickupKey(),
}


def _number(fields: Fields, name: str, *, plain: bool = False) -> str:
    text = "".join(char for char in fields.text(name) if char not in " -()/.")
    if not text or len(text) > _LONGEST_NUMBER:
        raise FieldError(
            fields.path(name),
            Sentence("number-length", "is empty, or longer than {count} characters", count=_LONGEST_NUMBER),
        )
    if not set(text) <= _DIALLED or (plain and not text.isdigit()):
        raise FieldError(
            fields.path(name), Sentence("not-dialled", "{text} cannot be dialled", text=repr(text))
        )
    return text


def write_keys(keys: Iterable[FunctionKey]) -> list[dict[str, Any]]:
    """The keys as they are stored and told: in the order of their positions."""
    ordered = sorted(keys, key=lambda each: each.position)
    return [{"position": each.position, **_written(each.key), "label": each.label} for each in ordered]


def _written(key: Key) -> dict[str, Any]:
    match key:
        case LineKey(target):
            kind, number = Kind.LINE, None
        case DialKey(target):
            kind, number = Kind.DIAL, None
        case GroupKey(target):
            kind, number = Kind.GROUP, None
        case ParkKey(target):
            kind, number = Kind.PARK, None
        case NightKey(position):
            kind, target, number = Kind.NIGHT, "2" if position is Position.NIGHT_2 else "1", None
        case DiversionKey(diversion, number):
            kind, target = Kind.DIVERSION, diversion.value
        case DndKey():
            return {"kind": Kind.DND.value}
        case PickupKey():
            return {"kind": Kind.PICKUP.value}
        case _:
            raise ValueError(f"{key} is no key of a plan")
    written = {"kind": kind.value, "target": target}
    return written if number is None else {**written, "number": number}


def check_keys(tenant: Tenant, user_id: str, keys: Iterable[FunctionKey]) -> None:
    """Refuses what is not there.

    Raises:
        FieldError: with the key's place in the list.
    """
    for place, each in enumerate(keys):
        fault = _fault(tenant, user_id, each.key)
        if fault is not None:
            raise FieldError(f"keys.{place}.target", fault)


def _fault(tenant: Tenant, user_id: str, key: Key) -> Sentence | None:
    attendant, fault = tenant.attendant, None
    match key:
        case LineKey(extension):
            if tenant.by_extension(extension) is None and not tenant.is_service(extension):
                fault = Sentence(
                    "nobody-has-extension", "nobody has the extension {extension}", extension=extension
                )
        case GroupKey(extension):
            group = tenant.groups.get(extension)
            if group is None or user_id not in group.members:
                fault = Sentence(
                    "no-member-of-group", "the user is no member of a group {extension}", extension=extension
                )
        case ParkKey(slot):
            if slot not in tenant.park_slots:
                fault = Sentence("no-such-slot", "there is no slot {slot}", slot=slot)
        case NightKey(position):
            if attendant is None or attendant.target(position) is None:
                fault = Sentence("no-night-target", "the attendant has no such night target")
        case PickupKey():
            if not any(user_id in group for group in tenant.pickup_groups):
                fault = Sentence("no-pickup-group", "the user is in no pick-up group")
    return fault
