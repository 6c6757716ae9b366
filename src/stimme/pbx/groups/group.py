"""What a hunt group is: its members, how a call is given to them, what happens when nobody takes it.

Every destination of a group (overflow, exits) is a number that a user could dial: an extension of a user, a
group, a menu, the attendant, a voicemail box, or a number outside. So a group needs to know nothing about
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from stimme.sentences import Sentence


class Strategy(Enum):
    """How members get a call."""

    PARALLEL = "parallel"
    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"


class CallWaiting(Enum):
    """Whether a member in a conversation gets a further call of the group, as a waiting call."""

    NEVER = "never"
    WHEN_ALL_BUSY = "when_all_busy"
    ALWAYS = "always"


class GroupError(ValueError):
    """A group that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Group:
    """A hunt group. Times are in seconds.

    Attributes:
        members: user ids, in the administrator's order.
        ring_seconds: how long one member rings before the next is tried (longest idle, first of round robin).
        timeout_seconds: how long the group as a whole may ring before the call overflows.
        wrap_up_seconds: how long a member is spared after a call of the group.
        overflow: the number that gets the call when nobody took it; None: the caller hears busy or no answer.
        display: text before the caller's name on the member's telephone, such as "Sales".
    """

    id: str
    extension: str
    name: str
    members: tuple[str, ...] = ()
    strategy: Strategy = Strategy.PARALLEL
    ring_seconds: float = 15.0
    timeout_seconds: float = 60.0
    wrap_up_seconds: float = 0.0
    call_waiting: CallWaiting = CallWaiting.NEVER
    overflow: str | None = None
    display: str = ""

    def __post_init__(self) -> None:
        if len(set(self.members)) != len(self.members):
            raise GroupError(
                Sentence("member-twice", "group {name}: a member is named twice", name=self.name)
            )
        if self.ring_seconds <= 0 or self.timeout_seconds <= 0 or self.wrap_up_seconds < 0:
            raise GroupError(
                Sentence("time-not-positive", "group {name}: a time is not positive", name=self.name)
            )
        if self.overflow == self.extension:
            raise GroupError(f"group {self.name} overflows into itself")


def overflow_chain(groups: Mapping[str, Group], extension: str) -> tuple[str, ...]:
    """The numbers that a call passes from a group on, by overflow alone; the last is no group or has none.

    Args:
        groups: every group by its extension.
        extension: where the call begins.

    Raises:
        GroupError: when the chain comes back to a group that it has passed.
    """
    chain = [extension]
    while (group := groups.get(chain[-1])) is not None and group.overflow is not None:
        if group.overflow in chain:
            raise GroupError(f"the overflow goes round: {' → '.join([*chain, group.overflow])}")
        chain.append(group.overflow)
    return tuple(chain)


def overflow_of(group: Group, visited: frozenset[str]) -> str | None:
    """Where a call goes on that the group did not take; None when it has been everywhere it could go.

    The configuration is checked by `overflow_chain`, but a diversion or a menu may lead back in: so a call
    keeps the extensions of the groups that it has passed, and no group gets it twice.
    """
    return group.overflow if group.overflow is not None and group.overflow not in visited else None
