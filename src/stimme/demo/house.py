"""What the demo customer's house offers: groups, queue, menu, reception, park keys, who may call where."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from stimme.pbx.apps.attendant import Attendant
from stimme.pbx.apps.calendar import Calendar, Hours, SpecialDays
from stimme.pbx.apps.menu import ByName, ConnectTo, Menu, Repeat
from stimme.pbx.apps.paging import PageGroup
from stimme.pbx.apps.written import (
    write_attendant,
    write_calendar,
    write_group,
    write_menu,
    write_page_group,
    write_queue,
)
from stimme.pbx.groups.group import Group, Strategy
from stimme.pbx.groups.queue import QueueSettings
from stimme.prompts.say import Say
from stimme.trunks.barring import Barring, Reach
from stimme.trunks.rules import OutsideRules, write_rules

OPENING = "opening"
"""Id of the calendar that the reception follows."""
_DAY_AND_NIGHT = Hours(time(0), time(0))

Service = tuple[str, str | None, dict[str, Any]]


def services(users: Mapping[str, str]) -> list[Service]:
    """Kind, extension and value of each service.

    Args:
        users: Ids of the users by extension.
    """
    purchasing = Group("purchasing", "30", "Einkauf", (users["11"], users["12"]), display="Einkauf")
    sales = Group(
        "sales",
        "31",
        "Vertrieb",
        (users["13"], users["14"], users["15"]),
        strategy=Strategy.ROUND_ROBIN,
        ring_seconds=10.0,
        overflow=purchasing.extension,
        display="Vertrieb",
    )
    support = QueueSettings(
        Group("support", "32", "Support", (users["13"], users["14"]), display="Support"),
        exits={"9": purchasing.extension},
    )
    menu = Menu(
        "main",
        "40",
        "Begrüßung",
        (Say("attendant.welcome"),),
        {
            "1": ConnectTo(sales.extension),
            "2": ConnectTo(support.group.extension),
            "5": ByName(),
            "9": Repeat(),
        },
        dial_extensions=True,
    )
    page = PageGroup("page", "33", "Durchsage", tuple(users[each] for each in ("11", "12", "13", "14", "15")))
    return [
        ("group", purchasing.extension, write_group(purchasing)),
        ("group", sales.extension, write_group(sales)),
        ("queue", support.group.extension, write_queue(support)),
        ("menu", menu.extension, write_menu(menu)),
        ("paging", page.extension, write_page_group(page)),
        *_reception(),
        ("barring", None, write_rules(OutsideRules(barring_of={users["19"]: Barring(Reach.INTERNAL)}))),
        ("pickup_group", None, {"members": [users["10"], users["11"], users["12"]]}),
        ("parking", None, {"slots": [str(number) for number in range(701, 706)]}),
    ]


def _reception() -> list[Service]:
    """Night service by the calendar on public holidays and over Christmas; by key whenever it is pressed.

    On other days the reception is open day and night, so that the demo works at every hour alike.
    """
    christmas = [
        SpecialDays(date(year, 12, 24), date(year + 1, 1, 1), "Betriebsferien") for year in range(2026, 2036)
    ]
    calendar = Calendar(
        "Öffnungszeiten",
        dict.fromkeys(range(7), (_DAY_AND_NIGHT,)),
        region="DE-BE",
        special=tuple(christmas),
    )
    attendant = Attendant("0", "10", calendar, nights=("11", "30"), recall_seconds=15.0)
    return [
        ("calendar", None, {"id": OPENING, "calendar": write_calendar(calendar)}),
        ("attendant", "0", write_attendant(attendant, OPENING)),
    ]
