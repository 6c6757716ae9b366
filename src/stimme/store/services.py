"""From a customer's stored services to what the PBX works with; see ``stimme.pbx.apps.written``."""

from collections.abc import Iterable, Mapping
from typing import Any

from stimme.pbx.apps.calendar import Calendar
from stimme.pbx.apps.fields import FieldError, Fields
from stimme.pbx.apps.menu import MenuError, check_menus
from stimme.pbx.apps.written import read_attendant, read_calendar, read_group, read_menu, read_queue
from stimme.pbx.model import Tenant
from stimme.trunks.rules import read_rules

Stored = tuple[str, dict[str, Any]]
"""The kind of a service and its value."""


def add_services(tenant: Tenant, services: Iterable[Stored]) -> list[str]:
    """Put the services into a tenant; calendars count before those who use them.

    Returns:
        One sentence for each that cannot be used; the others are there all the same.
    """
    faults: list[str] = []
    calendars = {}
    rows = list(services)
    for kind, value in rows:
        try:
            if kind == "calendar":
                calendars[str(value["id"])] = read_calendar(value["calendar"], "calendar")
        except (FieldError, KeyError) as error:
            faults.append(f"calendar: {error}")
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
        case "barring":
            tenant.rules = read_rules(value)
        case "pickup_group":
            tenant.pickup_groups.append(frozenset(Fields(value).texts("members")))
        case "parking":
            tenant.park_slots = tuple(Fields(value).texts("slots"))
        case "codes":
            tenant.code_changes = value["changes"]
