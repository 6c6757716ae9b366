"""Plans of function keys: read, written, checked against the house, written into telephones."""

from typing import Any
from xml.etree import ElementTree

import pytest
from tests.unit.pbx.world import muster

from stimme.pbx.apps.attendant import Attendant
from stimme.pbx.apps.fields import FieldError
from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.key_plan import check_keys, read_keys, write_keys
from stimme.pbx.features.keys import DiversionKey, KeyPlan
from stimme.pbx.groups.group import Group
from stimme.pbx.model import Tenant
from stimme.phones.keys import snom, yealink

WHOLE: list[dict[str, Any]] = [
    {"position": 1, "kind": "line", "target": "11", "label": ""},
    {"position": 2, "kind": "dial", "target": "030123", "label": "Zahnarzt"},
    {"position": 3, "kind": "group", "target": "30", "label": ""},
    {"position": 4, "kind": "park", "target": "701", "label": ""},
    {"position": 5, "kind": "night", "target": "2", "label": ""},
    {"position": 6, "kind": "diversion", "target": "always", "number": "12", "label": ""},
    {"position": 7, "kind": "dnd", "label": ""},
    {"position": 8, "kind": "pickup", "label": ""},
]


def house() -> Tenant:
    tenant = muster()
    tenant.groups["30"] = Group("g", "30", "Einkauf & Lager", ("u10", "u11"))
    tenant.pickup_groups.append(frozenset({"u10", "u11"}))
    tenant.attendant = Attendant("0", "10", nights=("11", "12"))
    return tenant


def test_what_was_written_is_read_in_the_order_of_positions() -> None:
    assert write_keys(read_keys(list(reversed(WHOLE)))) == WHOLE


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ({"position": 0, "kind": "dnd"}, "keys.0.position"),
        ({"position": 121, "kind": "dnd"}, "keys.0.position"),
        ({"position": 1, "kind": "magic"}, "keys.0.kind"),
        ({"position": 1, "kind": "line"}, "keys.0.target"),
        ({"position": 1, "kind": "line", "target": "+49"}, "keys.0.target"),
        ({"position": 1, "kind": "dial", "target": "anna"}, "keys.0.target"),
        ({"position": 1, "kind": "dial", "target": ""}, "keys.0.target"),
        ({"position": 1, "kind": "night", "target": "3"}, "keys.0.target"),
        ({"position": 1, "kind": "diversion", "target": "always"}, "keys.0.number"),
        ({"position": 1, "kind": "diversion", "target": "always", "number": "112"}, "keys.0.number"),
        ({"position": 1, "kind": "dnd", "target": "1"}, "keys.0.target"),
        ({"position": 1, "kind": "dnd", "label": "x" * 41}, "keys.0.label"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_its_place(key: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        read_keys([key])
    assert refused.value.path == field


def test_a_position_holds_one_key() -> None:
    with pytest.raises(FieldError, match="twice"):
        read_keys([{"position": 1, "kind": "dnd"}, {"position": 1, "kind": "pickup"}])


def test_what_is_there_is_accepted() -> None:
    check_keys(house(), "u10", read_keys(WHOLE))


@pytest.mark.parametrize(
    ("kind", "target"),
    [("line", "99"), ("group", "31"), ("park", "9"), ("night", "1"), ("pickup", None)],
)
def test_what_is_not_there_is_refused(kind: str, target: str | None) -> None:
    keys = read_keys([{"position": 1, "kind": kind, **({} if target is None else {"target": target})}])
    with pytest.raises(FieldError) as refused:
        check_keys(muster(), "u10", keys)
    assert refused.value.path == "keys.0.target"


def test_nobody_logs_in_to_a_group_of_others() -> None:
    with pytest.raises(FieldError):
        check_keys(house(), "u12", read_keys([{"position": 1, "kind": "group", "target": "30"}]))


def test_a_plan_knows_what_is_where() -> None:
    plan = KeyPlan(read_keys(WHOLE))
    assert plan.at(6) == DiversionKey(DiversionKind.ALWAYS, "12")
    assert plan.at(9) is None
    assert plan.diversion(DiversionKind.ALWAYS) == "12"
    assert plan.diversion(DiversionKind.BUSY) is None


def test_a_yealink_telephone_watches_positions_and_dials_numbers() -> None:
    lines = dict(line.split(" = ") for line in yealink(house(), read_keys(WHOLE)).splitlines())
    assert (lines["linekey.1.type"], lines["linekey.1.value"], lines["linekey.1.label"]) == (
        "16",
        "key.1",
        "User 11",
    )
    assert (lines["linekey.2.type"], lines["linekey.2.value"], lines["linekey.2.label"]) == (
        "13",
        "030123",
        "Zahnarzt",
    )
    assert lines["linekey.3.label"] == "Einkauf & Lager"
    assert lines["linekey.8.label"] == "Heranholen"


def test_a_snom_telephone_gets_well_formed_settings() -> None:
    keys = [
        {"position": 3, "kind": "group", "target": "30"},
        {"position": 4, "kind": "dial", "target": "*39#"},
    ]
    first, second = ElementTree.fromstring(snom(house(), read_keys(keys)))
    assert (first.get("idx"), first.get("label"), first.text) == (
        "2",
        "Einkauf & Lager",
        "blf sip:key.3@muster.example",
    )
    assert second.text == "speed *39#"


def test_a_label_cannot_bring_a_setting_of_its_own() -> None:
    keys = [{"position": 1, "kind": "dnd", "label": 'A"\nlinekey.2.type = 13'}]
    assert len(yealink(house(), read_keys(keys)).splitlines()) == 4
    (key,) = ElementTree.fromstring(snom(house(), read_keys(keys)))
    assert key.get("label") == 'A" linekey.2.type = 13'
