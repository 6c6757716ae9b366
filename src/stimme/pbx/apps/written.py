"""Calendars, menus, the attendant, groups and queues as JSON: as the store keeps them and the API shows them.

Reading gives the value or raises `FieldError` with the path of the field; writing what was read gives the
same JSON. Fields that are not known are refused, so that a misspelt one is noticed.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import available_timezones

from stimme.pbx.apps.attendant import Attendant, Override, Position
from stimme.pbx.apps.calendar import Calendar, Hours, SpecialDays
from stimme.pbx.apps.fields import FieldError, Fields
from stimme.pbx.apps.menu import Back, ByName, Choice, ConnectTo, GoTo, HangUp, Menu, Repeat
from stimme.pbx.apps.paging import Multicast, PageGroup
from stimme.pbx.features.hotdesk import AutoLogout
from stimme.pbx.groups.group import CallWaiting, Group, Strategy
from stimme.pbx.groups.queue import QueueSettings
from stimme.prompts.say import Say
from stimme.sentences import Sentence, sentence_of

T = TypeVar("T")


def _made(path: str, make: Callable[[], T]) -> T:
    """Values check themselves; what they refuse is told with the path of the whole."""
    try:
        return make()
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(path, sentence_of(error)) from error


# -- calendars ----------------------------------------------------------------------------------------------


def read_calendar(value: Any, path: str = "") -> Calendar:
    """A calendar. Raises FieldError."""
    fields = Fields(value, path)
    week = {}
    for day, hours in fields.items("week"):
        if day not in "0123456" or len(day) != 1:
            raise FieldError(
                fields.path(f"week.{day}"), Sentence("not-a-weekday", "a weekday is 0 (Monday) to 6 (Sunday)")
            )
        week[int(day)] = _read_hours({"hours": hours}, fields.path(f"week.{day}"))
    special = tuple(_read_days(item, where) for where, item in fields.list("special"))
    name, region = fields.text("name"), fields.optional_text("region")
    zone = fields.text("zone", "Europe/Berlin")
    fields.done()
    return _made(path, lambda: Calendar(name, week, region, special, zone))


def write_calendar(calendar: Calendar) -> dict[str, Any]:
    """A calendar as JSON."""
    return {
        "name": calendar.name,
        "week": {str(day): [_write_hours(item) for item in hours] for day, hours in calendar.week.items()},
        "region": calendar.region,
        "special": [
            {
                "first": days.first.isoformat(),
                "last": days.last.isoformat(),
                "name": days.name,
                "hours": [_write_hours(item) for item in days.hours],
            }
            for days in calendar.special
        ],
        "zone": calendar.zone,
    }


def _read_days(value: Any, path: str) -> SpecialDays:
    fields = Fields(value, path)
    first, last, name = fields.date("first"), fields.date("last"), fields.text("name", "")
    hours = _read_hours({"hours": [item for _, item in fields.list("hours")]}, path)
    fields.done()
    return SpecialDays(first, last, name, hours)


def _read_hours(value: Any, path: str) -> tuple[Hours, ...]:
    found = []
    for where, item in Fields(value, path).list("hours"):
        fields = Fields(item, where)
        found.append(Hours(fields.time("start"), fields.time("end")))
        fields.done()
    return tuple(found)


def _write_hours(hours: Hours) -> dict[str, str]:
    return {"start": hours.start.isoformat("minutes"), "end": hours.end.isoformat("minutes")}


# -- what is said -------------------------------------------------------------------------------------------


def _read_words(fields: Fields, name: str) -> tuple[Say, ...]:
    """Prompts are kept by their ids; those of an administrator have no values."""
    return tuple(Say(prompt) for prompt in fields.texts(name))


def _write_words(words: tuple[Say, ...]) -> list[str]:
    return [say.prompt for say in words]


# -- menus --------------------------------------------------------------------------------------------------

_PLAIN_CHOICES: Mapping[str, Choice] = {
    "back": Back(),
    "repeat": Repeat(),
    "by_name": ByName(),
    "hang_up": HangUp(),
}
_PLAIN_NAMES = {type(choice): name for name, choice in _PLAIN_CHOICES.items()}


def read_menu(value: Any, calendars: Mapping[str, Calendar], path: str = "") -> Menu:
    """A menu; calendars are named by their id. Raises FieldError."""
    fields = Fields(value, path)
    choices = {
        key: _read_choice(item, fields.path(f"choices.{key}")) for key, item in fields.items("choices")
    }
    made: dict[str, Any] = {
        "id": fields.text("id"),
        "extension": fields.optional_text("extension"),
        "name": fields.text("name"),
        "greeting": _read_words(fields, "greeting"),
        "choices": choices,
        "dial_extensions": fields.flag("dial_extensions", False),
        "timeout": fields.number("timeout", 6.0),
        "digit_timeout": fields.number("digit_timeout", 3.0),
        "attempts": fields.whole("attempts", 3),
        "on_failure": fields.optional_text("on_failure"),
        "calendar": _calendar_of(fields, calendars),
        "closed": fields.optional_text("closed"),
    }
    fields.done()
    return _made(path, lambda: Menu(**made))


def write_menu(menu: Menu, calendar_id: str | None = None) -> dict[str, Any]:
    """A menu as JSON; `calendar_id` names its calendar."""
    return {
        "id": menu.id,
        "extension": menu.extension,
        "name": menu.name,
        "greeting": _write_words(menu.greeting),
        "choices": {key: _write_choice(choice) for key, choice in menu.choices.items()},
        "dial_extensions": menu.dial_extensions,
        "timeout": menu.timeout,
        "digit_timeout": menu.digit_timeout,
        "attempts": menu.attempts,
        "on_failure": menu.on_failure,
        "calendar": calendar_id,
        "closed": menu.closed,
    }


def _read_choice(value: Any, path: str) -> Choice:
    fields = Fields(value, path)
    kind = fields.text("kind")
    choice: Choice | None = _PLAIN_CHOICES.get(kind)
    if kind == "connect":
        choice = ConnectTo(fields.text("to"))
    elif kind == "menu":
        choice = GoTo(fields.text("menu"))
    if choice is None:
        known = ", ".join(("connect", "menu", *_PLAIN_CHOICES))
        raise FieldError(
            fields.path("kind"),
            Sentence("none-of", "{text} is none of {known}", text=repr(kind), known=known),
        )
    fields.done()
    return choice


def _write_choice(choice: Choice) -> dict[str, str]:
    match choice:
        case ConnectTo(to):
            return {"kind": "connect", "to": to}
        case GoTo(menu_id):
            return {"kind": "menu", "menu": menu_id}
        case _:
            return {"kind": _PLAIN_NAMES[type(choice)]}


def _calendar_of(fields: Fields, calendars: Mapping[str, Calendar]) -> Calendar | None:
    name = fields.optional_text("calendar")
    if name is None:
        return None
    if name not in calendars:
        raise FieldError(
            fields.path("calendar"),
            Sentence("no-such-calendar", "there is no calendar {name}", name=repr(name)),
        )
    return calendars[name]


# -- the attendant ------------------------------------------------------------------------------------------


def read_attendant(value: Any, calendars: Mapping[str, Calendar], path: str = "") -> Attendant:
    """The attendant, without what a key has set (`Override`, which is kept apart). Raises FieldError."""
    fields = Fields(value, path)
    nights = [fields.optional_text("night_1"), fields.optional_text("night_2")]
    made: dict[str, Any] = {
        "extension": fields.text("extension", "0"),
        "to": fields.text("to"),
        "calendar": _calendar_of(fields, calendars),
        "nights": (nights[0], nights[1]),
        "on_holidays": fields.one_of("on_holidays", Position, Position.NIGHT_1),
        "hold_until_pressed": fields.flag("hold_until_pressed", False),
        "announcement": _read_words(fields, "announcement"),
        "menu": fields.optional_text("menu"),
        "recall_seconds": fields.number("recall_seconds", 30.0),
    }
    fields.done()
    return _made(path, lambda: Attendant(**made))


def write_attendant(attendant: Attendant, calendar_id: str | None = None) -> dict[str, Any]:
    """The attendant as JSON; `calendar_id` names its calendar."""
    return {
        "extension": attendant.extension,
        "to": attendant.to,
        "calendar": calendar_id,
        "night_1": attendant.nights[0],
        "night_2": attendant.nights[1],
        "on_holidays": attendant.on_holidays.value,
        "hold_until_pressed": attendant.hold_until_pressed,
        "announcement": _write_words(attendant.announcement),
        "menu": attendant.menu,
        "recall_seconds": attendant.recall_seconds,
    }


def read_override(value: Any, path: str = "") -> Override:
    """A position set by key. Raises FieldError."""
    try:
        return Override.from_json(value)
    except (KeyError, TypeError, ValueError) as error:
        raise FieldError(
            path,
            Sentence(
                "night-switch-position", "is not a position of the night switch: {reason}", reason=str(error)
            ),
        ) from error


# -- groups and queues --------------------------------------------------------------------------------------


def read_group(value: Any, path: str = "") -> Group:
    """A hunt group. Raises FieldError."""
    fields = Fields(value, path)
    made: dict[str, Any] = {
        "id": fields.text("id"),
        "extension": fields.text("extension"),
        "name": fields.text("name"),
        "members": fields.texts("members"),
        "strategy": fields.one_of("strategy", Strategy, Strategy.PARALLEL),
        "ring_seconds": fields.number("ring_seconds", 15.0),
        "timeout_seconds": fields.number("timeout_seconds", 60.0),
        "wrap_up_seconds": fields.number("wrap_up_seconds", 0.0),
        "call_waiting": fields.one_of("call_waiting", CallWaiting, CallWaiting.NEVER),
        "overflow": fields.optional_text("overflow"),
        "display": fields.text("display", ""),
    }
    fields.done()
    return _made(path, lambda: Group(**made))


def write_group(group: Group) -> dict[str, Any]:
    """A hunt group as JSON."""
    return {
        "id": group.id,
        "extension": group.extension,
        "name": group.name,
        "members": list(group.members),
        "strategy": group.strategy.value,
        "ring_seconds": group.ring_seconds,
        "timeout_seconds": group.timeout_seconds,
        "wrap_up_seconds": group.wrap_up_seconds,
        "call_waiting": group.call_waiting.value,
        "overflow": group.overflow,
        "display": group.display,
    }


def read_page_group(value: Any, path: str = "") -> PageGroup:
    """A group for announcements. Raises FieldError."""
    fields = Fields(value, path)
    made: dict[str, Any] = {
        "id": fields.text("id"),
        "extension": fields.text("extension"),
        "name": fields.text("name"),
        "members": fields.texts("members"),
        "multicast": _read_multicast(fields),
        "longest_seconds": fields.number("longest_seconds", 60.0),
    }
    fields.done()
    return _made(path, lambda: PageGroup(**made))


def _read_multicast(fields: Fields) -> Multicast | None:
    if not fields.has("multicast"):
        return None
    path = fields.path("multicast")
    inner = Fields(dict(fields.items("multicast")), path)
    address, port, codec = inner.text("address"), inner.whole("port"), inner.text("codec", "G722")
    inner.done()
    return _made(path, lambda: Multicast(address, port, codec))


def write_page_group(group: PageGroup) -> dict[str, Any]:
    """A group for announcements as JSON."""
    multicast = group.multicast
    return {
        "id": group.id,
        "extension": group.extension,
        "name": group.name,
        "members": list(group.members),
        "multicast": None
        if multicast is None
        else {"address": multicast.address, "port": multicast.port, "codec": multicast.codec},
        "longest_seconds": group.longest_seconds,
    }


def read_queue(value: Any, path: str = "") -> QueueSettings:
    """A wait queue with its group. Raises FieldError."""
    fields = Fields(value, path)
    answer, when_empty = fields.text("answer", "connected"), fields.text("when_empty", "overflow")
    if answer not in ("connected", "alerting"):
        raise FieldError(
            fields.path("answer"),
            Sentence("none-of", "{text} is none of {known}", text=repr(answer), known="connected, alerting"),
        )
    if when_empty not in ("wait", "overflow"):
        raise FieldError(
            fields.path("when_empty"),
            Sentence("none-of", "{text} is none of {known}", text=repr(when_empty), known="wait, overflow"),
        )
    exits = {}
    for key, to in fields.items("exits"):
        if not isinstance(to, str):
            raise FieldError(fields.path(f"exits.{key}"), Sentence("not-a-text", "is not a text"))
        exits[key] = to
    made: dict[str, Any] = {
        "group": read_group(dict(fields.items("group")), fields.path("group")),
        "answer": answer,
        "announcement_1": fields.text("announcement_1", "queue.please_wait"),
        "announcement_2": fields.text("announcement_2", "queue.still_waiting"),
        "first_after": fields.number("first_after", 2.0),
        "repeat_after": fields.number("repeat_after", 30.0),
        "say_position": fields.flag("say_position", True),
        "say_wait": fields.flag("say_wait", True),
        "exits": exits,
        "max_waiting": fields.whole("max_waiting", 50),
        "max_wait": fields.number("max_wait", 600.0),
        "when_empty": when_empty,
        "music": fields.text("music", "hold"),
    }
    fields.done()
    return _made(path, lambda: QueueSettings(**made))


def write_queue(queue: QueueSettings) -> dict[str, Any]:
    """A wait queue as JSON."""
    return {
        "group": write_group(queue.group),
        "answer": queue.answer,
        "announcement_1": queue.announcement_1,
        "announcement_2": queue.announcement_2,
        "first_after": queue.first_after,
        "repeat_after": queue.repeat_after,
        "say_position": queue.say_position,
        "say_wait": queue.say_wait,
        "exits": dict(queue.exits),
        "max_waiting": queue.max_waiting,
        "max_wait": queue.max_wait,
        "when_empty": queue.when_empty,
        "music": queue.music,
    }


# -- hot desking ---------------------------------------------------------------------------------------------


def read_hot_desking(value: Any, path: str = "") -> AutoLogout:
    """When guests are logged out by themselves. Raises FieldError."""
    fields = Fields(value, path)
    hours = fields.number("logout_after_hours") if fields.has("logout_after_hours") else None
    if hours is not None and not 0 < hours <= 24 * 31:
        raise FieldError(
            fields.path("logout_after_hours"),
            Sentence("out-of-range", "is not from {least} to {most}", least=0, most=744),
        )
    made = AutoLogout(
        fields.time("logout_at") if fields.has("logout_at") else None,
        hours,
        fields.text("zone", "Europe/Berlin"),
    )
    if made.zone not in available_timezones():
        raise FieldError(
            fields.path("zone"), Sentence("no-time-zone", "{zone} is no time zone", zone=repr(made.zone))
        )
    fields.done()
    return made
