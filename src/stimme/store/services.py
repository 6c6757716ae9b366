"""From a customer's stored services to what the PBX works with; see ``stimme.pbx.apps.written``."""

from collections.abc import Iterable
from typing import Any

from stimme.pbx.apps.fields import FieldError, Fields
from stimme.pbx.apps.written import read_attendant, read_calendar, read_group
from stimme.pbx.model import Tenant

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
            match kind:
                case "group":
                    group = read_group(value)
                    tenant.groups[group.extension] = group
                case "attendant":
                    tenant.attendant = read_attendant(value, calendars)
                case "pickup_group":
                    tenant.pickup_groups.append(frozenset(Fields(value).texts("members")))
                case "parking":
                    tenant.park_slots = tuple(Fields(value).texts("slots"))
                case "codes":
                    tenant.code_changes = value["changes"]
        except (FieldError, KeyError) as error:
            faults.append(f"{kind}: {error}")
    return faults
