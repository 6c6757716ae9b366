"""A telephone whose connection is gone is told later that its call is over."""

from typing import Any

from tests.unit.sip.agents import Network, Way

from stimme.pbx.leg import Leg
from stimme.pbx.pending_byes import PendingByes
from stimme.sip.flow import Destination, Target


class World:
    """A confirmed call of a telephone on TCP, whose connection is as the test says."""

    def __init__(self, way: Destination) -> None:
        net = Network("tcp")
        session, _, _, _ = net.established()
        session.destination = way
        self.leg = Leg("leg", lambda event: None, user_id="u", device_id="d")
        self.leg.session = session
        self.now = 1000.0
        self.said: list[tuple[str, Destination]] = []
        self.pending = PendingByes(lambda: self.now, self._say)

    def _say(self, dialog: dict[str, Any], destination: Destination) -> None:
        self.said.append((dialog["role"], destination))


CLOSED = Way("tcp", closed=True)
AGAIN = Way("tcp", remote=("192.0.2.9", 5099))


def test_a_bye_that_cannot_be_said_is_said_when_the_telephone_is_back() -> None:
    for gone in (CLOSED, Target("tls", "192.0.2.9", 5070)):
        world = World(gone)
        world.pending.defer(world.leg)
        assert world.said == []
        world.pending.registered("another", AGAIN)
        world.pending.registered("d", None)
        assert world.said == []
        world.pending.registered("d", AGAIN)
        world.pending.registered("d", AGAIN)
        assert world.said == [("dialog", AGAIN)], "once"


def test_who_can_be_told_now_is_owed_nothing() -> None:
    for way in (Way("tcp"), Way("udp", closed=True)):
        world = World(way)
        world.pending.defer(world.leg)
        world.pending.registered("d", AGAIN)
        assert world.said == []


def test_a_telephone_that_stays_away_is_forgotten() -> None:
    world = World(CLOSED)
    world.pending.defer(world.leg)
    world.now += 4000
    world.pending.registered("d", AGAIN)
    assert world.said == []


def test_few_are_kept() -> None:
    world = World(CLOSED)
    for _ in range(50):
        world.pending.defer(world.leg)
    world.pending.registered("d", AGAIN)
    assert len(world.said) == 8
