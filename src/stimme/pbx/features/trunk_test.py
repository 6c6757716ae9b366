"""Test this trunk: calls to ourselves over it, and what they show, step by step in words (T1).

Policy:
    * Three calls, one after the other: one that shows our number and is answered, one that hides it and
      finds us busy, one that shows another number and finds that nobody has the number that was dialled.
    * They go to a number of the trunk's block that nobody has. Where every number belongs to somebody, the
      head number is called, and only a call that shows our own number counts as ours; the other two calls
      are left out then.
    * One test at a time. Who may: administrators by the API; anybody of the house by code, for the trunk of
      the own number, with music until the result is said.
    * Nothing of it keeps other calls from being made, and an emergency call takes the test's channel.
"""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from stimme.media import EngineError
from stimme.pbx.announcing import Announcing
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.model import Tenant, TrunkConfig, User
from stimme.pbx.records import Party
from stimme.pbx.saying import say_and_end
from stimme.pbx.self_call import Looping
from stimme.prompts.say import Say
from stimme.sentences import Sentence
from stimme.sip.session import Session
from stimme.trunks.identity import caller_of, outgoing_number
from stimme.trunks.profiles.facts import Showing
from stimme.trunks.registration import TrunkState
from stimme.trunks.test_report import Outcome, Report, write_report

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

FOREIGN_NUMBER = "+4922147100000"
"""What the call shows that shows a number of its own choice: of the range kept free for films."""
_CALLS: tuple[tuple[Showing, int], ...] = (("network", 200), ("hidden", 486), ("other", 404))
_TRIED = 100
LONGEST = 60.0
"""Seconds after which a call to ourselves is given up, whatever has become of it."""


class TrunkTestError(Exception):
    """A trunk cannot be tested now, with the reason in words."""


class TrunkTests:
    """The tests of one tenant's trunks, with the last report of each."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self._under_way: Looping | None = None
        self._number = ""
        self._free = False
        self._trunk_id = ""
        self._busy = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.last: dict[str, tuple[datetime, Report]] = {}

    def close(self) -> None:
        """The tenant leaves this node."""
        for task in self._tasks:
            task.cancel()

    async def run(self, trunk: TrunkConfig, language: str) -> Report:
        """Tests a trunk; takes ten seconds and more.

        Raises:
            TrunkTestError: without licence or number, or while another test is under way.
        """
        tenant = self._pbx.tenant
        if self._busy:
            raise TrunkTestError(Sentence("test-under-way", "a test is under way already"))
        if not tenant.licensed_at(datetime.now(UTC)):
            raise TrunkTestError(
                Sentence("test-without-licence", "the customer has no licence, so calls cannot be made")
            )
        head = next((block.head for block in tenant.numbers if block.trunk_id == trunk.id), None)
        if head is None:
            raise TrunkTestError(
                Sentence("test-without-number", "the trunk has no number that could be called")
            )
        free = free_number(tenant, trunk)
        self._busy, self._trunk_id = True, trunk.id
        self._number, self._free = free or head, free is not None
        try:
            outcomes: dict[str, Outcome] = {}
            for showing, reaction in _CALLS if self._free else _CALLS[:1]:
                outcomes[showing] = await self._call(trunk, showing, reaction)
                if outcomes["network"].call.arrived is None:
                    break
        finally:
            self._busy, self._under_way = False, None
        state, said = self._pbx.trunk_state(trunk.id)
        good = state in (TrunkState.REGISTERED, TrunkState.REACHABLE)
        report = write_report(language, (good, said), head, outcomes)
        self.last[trunk.id] = (datetime.now(UTC), report)
        return report

    async def _call(self, trunk: TrunkConfig, showing: Showing, reaction: int) -> Outcome:
        pbx = self._pbx
        own = outgoing_number(pbx.tenant, None, trunk)
        call = pbx.new_call("outgoing", Party(own), Party(self._number), trunk.id)
        shown = FOREIGN_NUMBER if showing == "other" else None
        leg = pbx.placing.to_trunk(None, trunk, self._number, withheld=showing == "hidden", shown=shown)
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        looping = Looping(call, leg, shown or own, showing=showing, reaction=reaction, done=done)
        self._under_way = looping
        pbx.begin(call, None, partial(call.become, looping))
        try:
            async with asyncio.timeout(LONGEST):
                return await done
        except TimeoutError:
            raise TrunkTestError(
                Sentence("test-endless", "the call to ourselves did not come to an end")
            ) from None

    def takes(self, session: Session, trunk: TrunkConfig, number: str) -> bool:
        """Whether a call from the public network is one of ours: then it has been taken."""
        looping = self._under_way
        if looping is None or not looping.waits or trunk.id != self._trunk_id or number != self._number:
            return False
        own = outgoing_number(self._pbx.tenant, None, trunk)
        if not self._free and (session.request is None or caller_of(session.request).number != own):
            return False
        session.pinned = False
        looping.arrive(session, self._pbx.placing.incoming(session, trunk_id=trunk.id))
        return True

    def begin_for(self, call: Call, trunk: TrunkConfig) -> None:
        """Tests for a call that waits for the result."""
        task = asyncio.get_running_loop().create_task(self._tell(call, trunk), name=f"trunk-test-{call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, call: Call, trunk: TrunkConfig) -> None:
        try:
            passed = (await self.run(trunk, self._pbx.tenant.language)).passed
            said = Say("trunk_test.passed" if passed else "trunk_test.failed")
        except TrunkTestError:
            said = Say("code.refused")
        call.ask(partial(say_and_end, self._pbx, call, said, 480))


def free_number(tenant: Tenant, trunk: TrunkConfig) -> str | None:
    """A number of the trunk's blocks that nobody has; None when there is none among the highest."""
    for block in tenant.numbers:
        if block.trunk_id != trunk.id or not block.extension_digits:
            continue
        highest = 10**block.extension_digits - 1
        for value in range(highest, max(-1, highest - _TRIED), -1):
            extension = f"{value:0{block.extension_digits}d}"
            taken = tenant.by_number(block.head + extension) is not None or tenant.is_service(extension)
            if not taken and extension not in tenant.park_slots:
                return block.head + extension
    return None


async def test_trunk(pbx: "Pbx", call: Call, user: User, command: c.TrunkTest) -> None:
    """By code: music, then the result."""
    trunk = pbx.tenant.trunk_for(user)
    if trunk is None:
        raise FeatureRefusedError("code.refused", 503)
    try:
        music = await pbx.music()
    except EngineError:
        raise FeatureRefusedError("code.refused", 503) from None

    async def nothing() -> None:
        """The music has no end."""

    await call.become(Announcing(call, music, nothing))
    pbx.features.trunk_tests.begin_for(call, trunk)
