"""Where a provider is and whether it answers: OPTIONS on a clock set by hand, and a DNS of the test."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.unit.sip.agents import Agent, Ears, answer_to

from stimme.pbx.model import TrunkConfig
from stimme.sip.flow import Target
from stimme.sip.message import Request
from stimme.sip.transport.locating import Locator, NaptrRecord, SrvRecord
from stimme.sip.uri import NameAddr, SipUri
from stimme.trunks.profiles.health import FAILURES, State
from stimme.trunks.provider import PATIENCE, Provider

TRUNK = TrunkConfig("t", "Berlin", "static", "sip.provider.example", 5060)
FIRST, SECOND = Target("udp", "192.0.2.51", 5060), Target("udp", "192.0.2.52", 5070)


@dataclass
class Dns:
    """Two servers of one provider, the first preferred."""

    empty: bool = False

    async def naptr(self, name: str) -> Sequence[NaptrRecord]:
        return []

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        if self.empty or name != "_sip._udp.sip.provider.example":
            return []
        return [SrvRecord(10, 1, 5060, "a.provider.example"), SrvRecord(20, 1, 5070, "b.provider.example")]

    async def addresses(self, name: str) -> Sequence[str]:
        return {"a.provider.example": ["192.0.2.51"], "b.provider.example": ["192.0.2.52"]}.get(name, [])


@dataclass
class Line:
    """A provider, the agent that asks it, and what was told."""

    dns: Dns = field(default_factory=Dns)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.agent = Agent()
        self.locator = Locator(self.dns, rng=random.Random(1), clock=lambda: self.agent.now)
        self.agent.ua.on_unreachable = self.locator.failed
        self.provider = Provider(
            self.agent.ua,
            TRUNK,
            self.locator,
            changed=lambda: self.told.append(self.provider.health.state.value),
            moved=lambda: self.told.append("moved"),
        )

    async def begin(self) -> None:
        self.provider.start()
        for _ in range(10):
            await asyncio.sleep(0)

    def answer(self, status: int) -> None:
        self.agent.receive(answer_to(self.agent.last_request("OPTIONS"), status))


async def test_the_servers_come_from_the_dns() -> None:
    line = Line()
    assert line.provider.ways() == [Target("udp", "sip.provider.example", 5060)]
    await line.begin()
    assert line.provider.ways() == [FIRST, SECOND]
    assert line.told == ["moved"]
    line.provider.stop()


async def test_without_a_dns_answer_the_name_itself_is_used() -> None:
    line = Line(Dns(empty=True))
    await line.begin()
    assert line.provider.ways() == [Target("udp", "sip.provider.example", 5060)]
    line.provider.stop()


async def test_a_provider_that_answers_is_up_whatever_it_says() -> None:
    line = Line()
    await line.begin()
    line.agent.run_to(0.1)
    line.agent.now = 0.112
    line.answer(405)
    assert line.provider.health.state is State.UP
    assert line.provider.describe() == "the provider answers in 112 ms, 100.0% of the signs were good"
    assert line.told == ["moved", "up"]
    line.agent.run_to(59)
    assert sum(isinstance(m, Request) for _, m in line.agent.log) == 1
    line.agent.run_to(62)
    assert sum(isinstance(m, Request) for _, m in line.agent.log) > 1
    line.provider.stop()


async def test_a_provider_that_is_silent_is_down_before_anybody_calls() -> None:
    line = Line()
    await line.begin()
    line.agent.run_to(60)
    assert line.told == ["moved", "doubtful", "down"]
    assert not line.provider.usable
    assert line.provider.describe().startswith("the provider has not answered for ")
    # Both servers were asked each time, and none longer than the patience.
    asked = {d for d in line.agent.destinations if isinstance(d, Target)}
    assert asked == {FIRST, SECOND}
    line.provider.answered()  # a call came through meanwhile
    assert line.provider.usable
    assert line.told[-1] == "up"
    line.provider.stop()
    line.agent.run_to(80)  # what was under way is given up
    sent = len(line.agent.log)
    line.agent.run_to(500)
    assert len(line.agent.log) == sent
    assert FAILURES * 2 * PATIENCE < 60


async def test_a_call_goes_to_the_next_server_and_remembers_it() -> None:
    line = Line()
    await line.begin()
    ears = Ears()
    first, *others = line.provider.ways()
    line.agent.ua.invite(
        uri=SipUri("sip.provider.example", "+4930"),
        to=first,
        from_=NameAddr(SipUri("muster.example", "10")),
        to_header=NameAddr(SipUri("sip.provider.example", "+4930")),
        contact=SipUri("192.0.2.1", "10", 5060),
        offer=b"offer",
        handler=ears,
        alternatives=others,
        patience=PATIENCE,
    )
    line.agent.take()
    line.agent.run_to(4.5)
    invites = [
        (d.host if isinstance(d, Target) else "")
        for (_, m), d in zip(line.agent.log, line.agent.destinations, strict=True)
        if isinstance(m, Request) and m.method == "INVITE"
    ]
    assert invites[-1] == "192.0.2.52"
    assert line.provider.ways() == [SECOND, FIRST]
    line.agent.run_to(9.5)
    assert ears.heard == ["failure 408"]
    line.provider.stop()
