"""A call of a hunt group: which members ring, one stage after the other, and where the call overflows to."""

import time
from typing import TYPE_CHECKING

from stimme.pbx.call import Call
from stimme.pbx.groups.distribution import begin, next_stage
from stimme.pbx.groups.group import Group, overflow_of
from stimme.pbx.groups.membership import Member
from stimme.pbx.leg import Leg
from stimme.pbx.ringing import Ringing

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_NOBODY = 480


class Hunting:
    """Leads one call through a group.

    Args:
        pbx: the tenant.
        call: whose caller waits.
        group: the group.
    """

    def __init__(self, pbx: "Pbx", call: Call, group: Group) -> None:
        self._pbx = pbx
        self._call = call
        self._group = group
        self._hunt = begin(group, time.monotonic())

    async def begin(self) -> None:
        """The first stage."""
        self._call.display = self._group.display
        self._call.declined_by = self._declined
        self._call.group = self._group.extension
        self._call.passed |= {self._group.extension}
        await self._next(_NOBODY)

    def _declined(self, leg: Leg) -> None:
        if leg.user_id is not None:
            self._hunt = self._hunt.decline(leg.user_id)

    async def _next(self, status: int) -> None:
        following = next_stage(
            self._group, self._members(), self._hunt, now=time.monotonic(), rng=self._pbx.rng
        )
        if following is None:
            await self._overflow(status)
            return
        self._hunt, stage = following
        users = [self._pbx.tenant.users[user_id] for user_id in stage.user_ids]
        legs = [leg for user in users for leg in self._pbx.placing.to_user(user)]
        if not legs:
            await self._overflow(status)
            return
        called = dict.fromkeys((*self._call.called_user_ids, *stage.user_ids))
        self._call.called_user_ids = tuple(called)
        await self._call.become(Ringing(self._call, legs, seconds=stage.seconds, given_up=self._next))

    def _members(self) -> list[Member]:
        return [self._pbx.groups.member(self._group, user_id) for user_id in self._group.members]

    async def _overflow(self, status: int) -> None:
        target = overflow_of(self._group, self._call.passed)
        self._call.declined_by = self._call.group = None
        if target is None:
            await self._call.fail(status)
            return
        await self._pbx.directing.to_internal(self._call, target)
