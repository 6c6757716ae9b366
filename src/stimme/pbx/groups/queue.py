"""The wait queue (K13): callers wait in order until a member of the group is free.

Policy:
    * Strict first in, first out: only the caller in front is offered to members, and the next one only when
      that caller has been connected or is gone.
    * The first announcement comes once, the second again and again; each says the position and the expected
      wait when the queue is set so.
    * A digit leaves the queue for the destination that is set for it.
    * Who has waited too long, or finds the queue full, goes to the overflow; a full queue without one is
      busy (486).
    * When the last member logs out, callers wait on, or go to the overflow, as is set; one who arrives then
      likewise.

Sans-I/O: every method gets the time (seconds of the wall clock) and gives what is to be done. `run` is to
be called after every change of a member's state, and at `next_wakeup`.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from stimme.pbx.groups.distribution import Hunt, Stage, begin, next_stage
from stimme.pbx.groups.estimate import WaitEstimate
from stimme.pbx.groups.group import Group, GroupError
from stimme.pbx.groups.membership import Member
from stimme.prompts.say import Say
from stimme.sentences import Sentence


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a queue behaves. Times are in seconds.

    Attributes:
        announcement_1, announcement_2: prompts of the catalogue or of the customer's own.
        answer: the caller is connected from the start, or hears everything as early media without charge.
        exits: destination by digit.
        max_wait: 0 is no limit.
        music: the customer's stream that callers hear.
    """

    group: Group
    answer: Literal["connected", "alerting"] = "connected"
    announcement_1: str = "queue.please_wait"
    announcement_2: str = "queue.still_waiting"
    first_after: float = 2.0
    repeat_after: float = 30.0
    say_position: bool = True
    say_wait: bool = True
    exits: Mapping[str, str] = field(default_factory=dict)
    max_waiting: int = 50
    max_wait: float = 600.0
    when_empty: Literal["wait", "overflow"] = "overflow"
    music: str = "hold"

    def __post_init__(self) -> None:
        if self.repeat_after <= 0 or self.first_after < 0 or self.max_wait < 0 or self.max_waiting < 1:
            raise GroupError(
                Sentence(
                    "time-not-positive", "queue {name}: a time or size is not positive", name=self.group.name
                )
            )
        if any(len(digit) != 1 or digit not in "0123456789*#" for digit in self.exits):
            raise GroupError(
                Sentence("exit-one-digit", "queue {name}: an exit is one digit", name=self.group.name)
            )


@dataclass(frozen=True, slots=True)
class Take:
    """The caller is in the queue: answer, or send early media, and play the music on hold."""

    call_id: str
    answer: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """Say something, then go on with the music."""

    call_id: str
    words: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these members for this caller; then tell `stage_over`, `declined`, `connected` or `left`."""

    call_id: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class SendOn:
    """The caller leaves the queue for another destination; members who ring for the call stop."""

    call_id: str
    to: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The caller cannot be taken."""

    call_id: str
    status: int


Action = Take | Announce | Offer | SendOn | Refuse


class WaitState(Enum):
    """Of a caller in the queue."""

    WAITING = "waiting"
    OFFERED = "offered"
    GONE = "gone"


class WaitEvent(Enum):
    """What moves a caller."""

    OFFER = "members ring"
    NO_ANSWER = "they did not take the call"
    CONNECT = "a member answered"
    LEAVE = "hung up, exit, overflow"


TRANSITIONS: dict[tuple[WaitState, WaitEvent], WaitState] = {
    (WaitState.WAITING, WaitEvent.OFFER): WaitState.OFFERED,
    (WaitState.WAITING, WaitEvent.LEAVE): WaitState.GONE,
    (WaitState.OFFERED, WaitEvent.NO_ANSWER): WaitState.WAITING,
    (WaitState.OFFERED, WaitEvent.CONNECT): WaitState.GONE,
    (WaitState.OFFERED, WaitEvent.LEAVE): WaitState.GONE,
}


@dataclass(slots=True)
class Waiting:
    """One caller in the queue."""

    call_id: str
    joined_at: float
    announce_at: float
    announced: int = 0
    state: WaitState = WaitState.WAITING
    hunt: Hunt | None = None


class WaitQueue:
    """See the module's docstring."""

    def __init__(
        self, settings: QueueSettings, *, rng: random.Random, estimate: WaitEstimate | None = None
    ) -> None:
        self.settings = settings
        self.estimate = estimate or WaitEstimate()
        self._rng = rng
        self._waiting: list[Waiting] = []

    @property
    def call_ids(self) -> tuple[str, ...]:
        """Who waits, in order."""
        return tuple(waiting.call_id for waiting in self._waiting)

    def position(self, call_id: str) -> int | None:
        """1 for the caller in front, None for a call that does not wait here."""
        ids = self.call_ids
        return ids.index(call_id) + 1 if call_id in ids else None

    # -- what happens to callers ----------------------------------------------------------------------------

    def join(self, call_id: str, members: list[Member], now: float) -> list[Action]:
        """A caller arrives. Raises GroupError for one who waits already."""
        if call_id in self.call_ids:
            raise GroupError(f"{call_id} waits already")
        overflow = self.settings.group.overflow
        if len(self._waiting) >= self.settings.max_waiting:
            return [Refuse(call_id, 486) if overflow is None else SendOn(call_id, overflow)]
        if self._deserted(members) and overflow is not None:
            return [SendOn(call_id, overflow)]
        self._waiting.append(Waiting(call_id, now, now + self.settings.first_after))
        return [Take(call_id, self.settings.answer == "connected"), *self.run(members, now)]

    def left(self, call_id: str, members: list[Member], now: float) -> list[Action]:
        """A caller hung up, or was taken out by somebody else (pickup)."""
        self._leave(call_id, WaitEvent.LEAVE)
        return self.run(members, now)

    def connected(self, call_id: str, members: list[Member], now: float) -> list[Action]:
        """A member answered: the next caller's turn. Raises KeyError for a call that was not offered."""
        self._leave(call_id, WaitEvent.CONNECT)
        return self.run(members, now)

    def stage_over(self, call_id: str, members: list[Member], now: float) -> list[Action]:
        """The members rang in vain. Raises KeyError for a call that was not offered."""
        waiting = self._find(call_id)
        if waiting is not None:
            waiting.state = TRANSITIONS[(waiting.state, WaitEvent.NO_ANSWER)]
        return self.run(members, now)

    def declined(self, call_id: str, user_id: str) -> None:
        """A member refused the call: it is not offered to that one again."""
        waiting = self._find(call_id)
        if waiting is not None and waiting.hunt is not None:
            waiting.hunt = waiting.hunt.decline(user_id)

    def digit(self, call_id: str, digit: str, members: list[Member], now: float) -> list[Action]:
        """A waiting caller pressed a key."""
        to = self.settings.exits.get(digit)
        if to is None or self._find(call_id) is None:
            return []
        self._leave(call_id, WaitEvent.LEAVE)
        return [SendOn(call_id, to), *self.run(members, now)]

    # -- time -----------------------------------------------------------------------------------------------

    def run(self, members: list[Member], now: float) -> list[Action]:
        """Does what is due: overflow, offers, announcements."""
        actions: list[Action] = [*self._overflow(members, now)]
        actions += self._offer(members, now)
        actions += self._announce(members, now)
        return actions

    def next_wakeup(self, members: list[Member], now: float) -> float | None:
        """When `run` is to be called though nothing else happens; None for an empty queue."""
        if not self._waiting:
            return None
        times = [waiting.announce_at for waiting in self._waiting]
        front = self._waiting[0]
        if front.state is WaitState.WAITING:
            ends = [member.membership.wrap_up_until for member in members]
            times += [end for end in ends if end > now]
            times += [front.hunt.deadline] if front.hunt is not None else []
        if self.settings.max_wait and self.settings.group.overflow is not None:
            times += [waiting.joined_at + self.settings.max_wait for waiting in self._waiting]
        return min(times)

    def _overflow(self, members: list[Member], now: float) -> Iterator[Action]:
        overflow = self.settings.group.overflow
        if overflow is None:
            return
        deserted = self._deserted(members)
        for waiting in list(self._waiting):
            late = self.settings.max_wait and now >= waiting.joined_at + self.settings.max_wait
            if late or deserted:
                self._leave(waiting.call_id, WaitEvent.LEAVE)
                yield SendOn(waiting.call_id, overflow)

    def _offer(self, members: list[Member], now: float) -> Iterator[Action]:
        if not self._waiting or self._waiting[0].state is not WaitState.WAITING:
            return
        front = self._waiting[0]
        # A round of the hunt ends with its time: the caller stays in front, and who declined is asked again.
        hunt = front.hunt if front.hunt is not None and front.hunt.deadline > now else None
        hunt = hunt or begin(self.settings.group, now)
        following = next_stage(self.settings.group, members, hunt, now=now, rng=self._rng)
        if following is None:
            front.hunt = hunt if hunt.declined else None
            return
        front.hunt, stage = following
        front.state = TRANSITIONS[(front.state, WaitEvent.OFFER)]
        yield Offer(front.call_id, stage)

    def _announce(self, members: list[Member], now: float) -> Iterator[Action]:
        for place, waiting in enumerate(self._waiting, start=1):
            if waiting.announce_at > now:
                continue
            first = waiting.announced == 0
            words = [Say(self.settings.announcement_1 if first else self.settings.announcement_2)]
            if self.settings.say_position:
                words.append(Say("queue.position", {"position": place}))
            minutes = self.estimate.minutes(place, _on_duty(members))
            if self.settings.say_wait and minutes is not None:
                words.append(Say("queue.expected_wait", {"minutes": minutes}))
            waiting.announced += 1
            waiting.announce_at = now + self.settings.repeat_after
            yield Announce(waiting.call_id, tuple(words))

    def _deserted(self, members: list[Member]) -> bool:
        return self.settings.when_empty == "overflow" and _on_duty(members) == 0

    def _find(self, call_id: str) -> Waiting | None:
        return next((waiting for waiting in self._waiting if waiting.call_id == call_id), None)

    def _leave(self, call_id: str, event: WaitEvent) -> None:
        waiting = self._find(call_id)
        if waiting is not None:
            waiting.state = TRANSITIONS[(waiting.state, event)]
            self._waiting.remove(waiting)

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> list[dict[str, Any]]:
        """Who waits, for the journal."""
        return [
            {"call_id": item.call_id, "joined_at": item.joined_at, "announced": item.announced}
            for item in self._waiting
        ]

    def restore(self, snapshot: list[dict[str, Any]], now: float) -> None:
        """Takes the callers back in their order; those who hung up meanwhile are to be reported by `left`."""
        self._waiting = [
            Waiting(
                str(item["call_id"]),
                float(item["joined_at"]),
                now + self.settings.repeat_after,
                int(item["announced"]),
            )
            for item in snapshot
        ]


def _on_duty(members: list[Member]) -> int:
    """Members who take calls now or after their present one."""
    return sum(member.membership.logged_in and member.reachable and not member.silent for member in members)
