"""From a customer's stored services to what the PBX works with; see ``stimme.pbx.apps.written``."""

from collections.abc import Iterable, Mapping
from typing import Any

from stimme.pbx.apps.calendar import Calendar
from stimme.pbx.apps.fields import FieldError, Fields
from stimme.pbx.apps.menu import MenuError, check_menus
from stimme.pbx.apps.written import (
    read_attendant,
    read_calendar,
    read_group,
    read_hot_desking,
    read_menu,
    read_page_group,
    read_queue,
)
from stimme.pbx.model import Tenant
from stimme.pbx.recording_policy import read_recording
from stimme.sentences import Sentence, sentence_of
from stimme.trunks.rules import read_rules

Stored = tuple[str, dict[str, Any]]
"""The kind of a service and its value."""


def add_services(tenant: Tenant, services: Iterable[Stored]) -> list[str]:
    """Put the services into a tenant; calendars count before those who use them.

    Returns:
        One sentence for each that cannot be used; the others are there all the same.
    """
    rows = list(services)
    calendars, faults = calendars_of(rows)
    for kind, value in rows:
        try:
            _add(tenant, kind, value, calendars)
        except (FieldError, KeyError) as error:
            faults.append(f"{kind}: {error}")
    try:
        check_menus(tenant.menus)
    except MenuError as error:
        # A menu without its way out would be a trap: none answers until all are right.
        tenant.menus.clear()
        faults.append(f"menu: {error}")
    return faults


def calendars_of(services: Iterable[Stored]) -> tuple[dict[str, Calendar], list[str]]:
    """The calendars by their ids, and a sentence for each that cannot be used."""
    calendars: dict[str, Calendar] = {}
    faults: list[str] = []
    for kind, value in services:
        try:
            if kind == "calendar":
                calendars[str(value["id"])] = read_calendar(value["calendar"], "calendar")
        except (FieldError, KeyError) as error:
            faults.append(f"calendar: {error}")
    return calendars, faults


def check_service(
    tenant: Tenant,
    kind: str,
    value: dict[str, Any],
    others: Iterable[Stored],
    calendars: Mapping[str, Calendar],
) -> str | None:
    """Read one service beside the others of a tenant, which is only there for the check.

    Returns:
        The extension that the service answers at, if it has one.

    Raises:
        FieldError: When it cannot be used; the path is that of the field.
    """
    rows = list(others)
    add_services(tenant, rows)
    if kind == "calendar":
        fields = Fields(value)
        fields.text("id")
        read_calendar(dict(fields.items("calendar")), "calendar")
        fields.done()
        return None
    _add(tenant, kind, value, calendars)
    if kind == "menu":
        try:
            check_menus(tenant.menus)
        except MenuError as error:
            raise FieldError("choices", sentence_of(error)) from error
    place = value.get("group", {}) if kind == "queue" else value
    default = "0" if kind == "attendant" else None
    return place.get("extension", default)


def _add(tenant: Tenant, kind: str, value: dict[str, Any], calendars: Mapping[str, Calendar]) -> None:
    match kind:
        case "group":
            group = read_group(value)
            tenant.groups[group.extension] = group
        case "queue":
            queue = read_queue(value)
            tenant.queues[queue.group.extension] = queue
            tenant.groups[queue.group.extension] = queue.group
        case "menu":
            menu = read_menu(value, calendars)
            tenant.menus[menu.id] = menu
        case "attendant":
            tenant.attendant = read_attendant(value, calendars)
        case "pickup_group":
            tenant.pickup_groups.append(frozenset(Fields(value).texts("members")))
        case "parking":
            tenant.park_slots = _park_slots(Fields(value))
        case "paging":
            page = read_page_group(value)
            tenant.pages[page.extension] = page
        case _:
            _add_rules(tenant, kind, value)


def _add_rules(tenant: Tenant, kind: str, value: dict[str, Any]) -> None:
    """What holds for the whole house."""
    match kind:
        case "barring":
            tenant.rules = read_rules(value)
        case "recording":
            tenant.recording = read_recording(value)
        case "hot_desking":
            tenant.hot_desk_logout = read_hot_desking(value)
        case "codes":
            tenant.code_changes = value["changes"]


def _park_slots(fields: Fields) -> tuple[str, ...]:
    slots = fields.texts("slots")
    for place, slot in enumerate(slots):
        if not (slot.isascii() and slot.isdigit()):
            raise FieldError(
                fields.path(f"slots.{place}"),
                Sentence("slot-of-digits", "a slot is dialled: it is made of digits"),
            )
    return slots
