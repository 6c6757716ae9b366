"""Callbacks carried out: whoever fell due is called, however the clock falls."""

import asyncio

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import muster

from stimme.pbx.features import callback, callback_call
from stimme.pbx.leg import Leg
from stimme.pbx.model import User

STEP = 0.004
GUARD = 0.006


class Ticking:
    """A clock that goes on by a step whenever it is read."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0

    def time(self) -> float:
        self._now += STEP
        return self._now


async def test_what_falls_due_while_it_is_looked_at_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The colleague's moment of rest ends between two readings of the clock."""
    line = await telephone(muster())
    states = {"u10": "free", "u12": "busy"}
    monkeypatch.setattr(line.pbx, "line_state", states.__getitem__)
    monkeypatch.setattr(callback_call, "time", Ticking())
    monkeypatch.setattr(callback, "IDLE_GUARD", GUARD)
    users, callbacks = line.pbx.tenant.users, line.pbx.features.callbacks
    recalled = asyncio.Event()

    def telephones(user: User) -> list[Leg]:
        recalled.set()
        return []

    monkeypatch.setattr(line.pbx.placing, "to_user", telephones)
    callbacks.request(users["u10"], users["u12"], None)
    await asyncio.sleep(0)
    states["u12"] = "free"
    callbacks.line_changed("u12")
    await asyncio.wait_for(recalled.wait(), 5)
    await line.pbx.close()
