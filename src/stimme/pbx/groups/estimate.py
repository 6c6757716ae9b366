"""How long a caller will wait: from how long conversations of the queue take, and how many take them.

Policy: the length of a conversation with its wrap-up is a moving average over the last dozen or so, begun
with a guess of the administrator's. A caller at position p waits for p conversations to end, shared by the
members who are logged in. What is said is rounded up to whole minutes; a wrong promise should err on the
patient side.
"""

import math
from dataclasses import dataclass, replace

WEIGHT = 0.15


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """The average length of a conversation, in seconds."""

    average_seconds: float = 180.0

    def learn(self, seconds: float) -> "WaitEstimate":
        """A conversation of the queue took this long, wrap-up included."""
        return replace(self, average_seconds=self.average_seconds * (1 - WEIGHT) + max(0.0, seconds) * WEIGHT)

    def seconds(self, position: int, members: int) -> float | None:
        """The expected wait at a position (1 is next); None when there is nobody to take calls."""
        return None if members <= 0 else self.average_seconds * position / members

    def minutes(self, position: int, members: int) -> int | None:
        """The expected wait as it is said."""
        expected = self.seconds(position, members)
        return None if expected is None else max(1, math.ceil(expected / 60))
