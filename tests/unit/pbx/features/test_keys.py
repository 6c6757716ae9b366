"""Function keys: addresses, lamps, what pressing does."""

import pytest

from stimme.pbx.apps.attendant import Position
from stimme.pbx.features import commands as c
from stimme.pbx.features.keys import (
    DialKey,
    DiversionKey,
    DndKey,
    GroupKey,
    Key,
    Lamp,
    LineKey,
    NightKey,
    OwnKey,
    ParkKey,
    PickupKey,
    parse_key,
    press,
)

ALWAYS = c.DiversionKind.ALWAYS


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("12", LineKey("12")),
        ("group.30", GroupKey("30")),
        ("park.701", ParkKey("701")),
        ("night.1", NightKey(Position.NIGHT_1)),
        ("night.2", NightKey(Position.NIGHT_2)),
        ("divert.always", DiversionKey(ALWAYS)),
        ("divert.no_reply", DiversionKey(c.DiversionKind.NO_REPLY)),
        ("divert.always.12", DiversionKey(ALWAYS, "12")),
        ("divert.busy.+4930231250", DiversionKey(c.DiversionKind.BUSY, "+4930231250")),
        ("divert.always.", None),
        ("divert.always.x", None),
        ("dnd", DndKey()),
        ("pickup", PickupKey()),
        ("pickup.1", None),
        ("key.1", OwnKey(1)),
        ("key.120", OwnKey(120)),
        ("key.0", None),
        ("key.121", None),
        ("key.00000000000000000001", None),
        ("dnd.1", None),
        ("night.3", None),
        ("group.", None),
        ("group.x", None),
        ("divert.sometimes", None),
        ("anna", None),
        ("", None),
        ("١٢", None),
    ],
)
def test_addresses_of_keys(address: str, key: Key | None) -> None:
    assert parse_key(address) == key


@pytest.mark.parametrize(
    ("key", "lamp", "does"),
    [
        (LineKey("12"), Lamp.OFF, "12"),
        (LineKey("12"), Lamp.ON, "12"),
        (LineKey("12"), Lamp.BLINKING, c.PickupOf("12")),
        (GroupKey("30"), Lamp.OFF, c.LoginGroup("30")),
        (GroupKey("30"), Lamp.ON, c.LogoutGroup("30")),
        (ParkKey("701"), Lamp.ON, c.Retrieve("701")),
        (ParkKey("701"), Lamp.OFF, None),
        (NightKey(Position.NIGHT_2), Lamp.OFF, c.SwitchNight(Position.NIGHT_2)),
        (NightKey(Position.NIGHT_2), Lamp.ON, c.SwitchNight(Position.DAY)),
        (DiversionKey(ALWAYS), Lamp.ON, c.ClearDiversion(ALWAYS)),
        (DiversionKey(ALWAYS), Lamp.OFF, None),
        (DndKey(), Lamp.OFF, c.Dnd(on=True)),
        (DndKey(), Lamp.ON, c.Dnd(on=False)),
        (DiversionKey(ALWAYS, "12"), Lamp.OFF, c.SetDiversion(ALWAYS, "12")),
        (PickupKey(), Lamp.BLINKING, c.Pickup()),
        (PickupKey(), Lamp.OFF, c.Pickup()),
        (DialKey("030123"), Lamp.OFF, "030123"),
        (OwnKey(1), Lamp.OFF, None),
    ],
)
def test_pressing_a_key(key: Key, lamp: Lamp, does: c.Command | str | None) -> None:
    assert press(key, lamp) == does


def test_a_park_key_parks_what_is_held_and_a_diversion_key_knows_its_last_number() -> None:
    assert press(ParkKey("701"), Lamp.OFF, holding=True) == c.Park("701")
    assert press(DiversionKey(ALWAYS), Lamp.OFF, remembered="12") == c.SetDiversion(ALWAYS, "12")
