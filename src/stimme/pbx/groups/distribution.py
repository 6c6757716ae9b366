"""Which members ring, and for how long: one call of a hunt group, stage by stage.

Policy:
    * Parallel: everybody rings until the group's time is up.
    * Longest idle: one after the other, who has been without a conversation longest first; then again from
      the beginning, until the group's time is up.
    * Round robin: a random member rings; when that one does not take the call, all others ring in parallel
      until the group's time is up.
    * Members are looked at anew at every stage: who became busy or logged out is passed over.
    * When nobody can be rung there is no stage: the call overflows at once, or waits when the group has a
      queue.
"""

import random
from dataclasses import dataclass, replace

from stimme.pbx.groups.group import Group, Strategy
from stimme.pbx.groups.membership import Member, eligible


@dataclass(frozen=True, slots=True)
class Stage:
    """Who rings together, and for how many seconds."""

    user_ids: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Hunt:
    """How far one call has come: `rung` has who rang in this round, `declined` who will not have it."""

    deadline: float
    rung: frozenset[str] = frozenset()
    stages: int = 0
    declined: frozenset[str] = frozenset()

    def decline(self, user_id: str) -> "Hunt":
        """A member refused the call: it does not ring there again."""
        return replace(self, declined=self.declined | {user_id})


def begin(group: Group, now: float) -> Hunt:
    """A call arrives at the group."""
    return Hunt(deadline=now + group.timeout_seconds)


def next_stage(
    group: Group, members: list[Member], hunt: Hunt, *, now: float, rng: random.Random
) -> tuple[Hunt, Stage] | None:
    """The next stage of a call and the hunt after it; None when time is up or nobody can be rung."""
    left = hunt.deadline - now
    candidates = _candidates(group, members, hunt, now)
    if left <= 0 or not candidates:
        return None
    match group.strategy:
        case Strategy.PARALLEL:
            stage = Stage(_ids(candidates), left)
        case Strategy.LONGEST_IDLE:
            fresh = [member for member in candidates if member.user_id not in hunt.rung]
            if not fresh:
                hunt, fresh = replace(hunt, rung=frozenset()), candidates
            stage = Stage((_longest_idle(fresh, rng).user_id,), min(group.ring_seconds, left))
        case Strategy.ROUND_ROBIN:
            stage = _round_robin(group, candidates, hunt, left, rng)
    return replace(hunt, rung=hunt.rung | frozenset(stage.user_ids), stages=hunt.stages + 1), stage


def joining(
    group: Group, members: list[Member], hunt: Hunt, ringing: frozenset[str], *, now: float
) -> list[str]:
    """Who may begin to ring in the middle of a parallel stage: became free or logged in meanwhile."""
    together = group.strategy is Strategy.PARALLEL or (
        group.strategy is Strategy.ROUND_ROBIN and hunt.stages > 1
    )
    if not together:
        return []
    passed_over = hunt.rung - ringing if group.strategy is Strategy.ROUND_ROBIN else frozenset()
    return [
        member.user_id
        for member in _candidates(group, members, hunt, now)
        if member.user_id not in ringing and member.user_id not in passed_over
    ]


def _candidates(group: Group, members: list[Member], hunt: Hunt, now: float) -> list[Member]:
    return [member for member in eligible(group, members, now) if member.user_id not in hunt.declined]


def _round_robin(
    group: Group, candidates: list[Member], hunt: Hunt, left: float, rng: random.Random
) -> Stage:
    if hunt.stages == 0:
        return Stage((rng.choice(candidates).user_id,), min(group.ring_seconds, left))
    others = [member for member in candidates if member.user_id not in hunt.rung]
    return Stage(_ids(others or candidates), left)


def _longest_idle(members: list[Member], rng: random.Random) -> Member:
    earliest = min(member.membership.idle_since for member in members)
    return rng.choice([member for member in members if member.membership.idle_since == earliest])


def _ids(members: list[Member]) -> tuple[str, ...]:
    return tuple(member.user_id for member in members)
