"""Channels of a trunk (T7): how many calls it carries, and which one makes room for an emergency call (T5).

Policy: a call in either direction takes a channel from its beginning to its end. An emergency call that
finds none free ends another call: one that has not been answered yet, the youngest first; else the youngest
conversation; never another emergency call. When all channels carry emergency calls, it is placed all the
same: the provider decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """A call that takes a channel. Times are on any clock."""

    call_id: str
    started_at: float
    answered: bool
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Free:
    """The call may be placed; `preempts` is to be ended first."""

    preempts: str | None = None


@dataclass(frozen=True, slots=True)
class Full:
    """All channels are taken (503, "call.no_line")."""


def take_channel(limit: int | None, uses: Iterable[ChannelUse], *, emergency: bool) -> Free | Full:
    """Whether a further call finds a channel; a limit of None is none."""
    taken = list(uses)
    if limit is None or len(taken) < limit:
        return Free()
    if not emergency:
        return Full()
    others = [use for use in taken if not use.emergency]
    victim = min(others, key=lambda use: (use.answered, -use.started_at), default=None)
    return Free(victim.call_id if victim is not None else None)
