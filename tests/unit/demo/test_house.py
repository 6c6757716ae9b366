"""The demo customer's services: each can be used, together they are what people are told to try."""

from datetime import UTC, datetime

from stimme.demo.house import OPENING, services
from stimme.pbx.apps.attendant import Position
from stimme.pbx.groups.group import Strategy
from stimme.pbx.model import Tenant
from stimme.store.services import add_services

USERS = {str(number): f"u{number}" for number in range(10, 22)}


def house() -> Tenant:
    tenant = Tenant("muster", "Muster GmbH", "muster.example")
    assert add_services(tenant, [(kind, value) for kind, _, value in services(USERS)]) == []
    return tenant


def test_sales_is_round_robin_and_support_is_a_queue() -> None:
    tenant = house()
    assert tenant.groups["31"].strategy is Strategy.ROUND_ROBIN
    assert tenant.groups["31"].name == "Vertrieb"
    assert tenant.queues["32"].group.name == "Support"
    assert tenant.menu_at("40") is not None
    assert tenant.pickup_groups == [frozenset({"u10", "u11", "u12"})]
    assert tenant.park_slots == ("701", "702", "703", "704", "705")


def test_the_reception_is_closed_on_berlins_holidays_and_over_christmas() -> None:
    attendant = house().attendant
    assert attendant is not None
    assert attendant.scheduled(datetime(2027, 3, 8, 11, tzinfo=UTC)) is Position.NIGHT_1  # only Berlin has it
    assert attendant.scheduled(datetime(2026, 12, 28, 11, tzinfo=UTC)) is Position.NIGHT_1
    assert attendant.scheduled(datetime(2026, 11, 25, 2, tzinfo=UTC)) is Position.DAY
    assert [kind for kind, _, value in services(USERS) if value.get("calendar") == OPENING] == ["attendant"]
