"""Callback on busy and on no reply (P3): the states of RFC 6910, within one customer.

Policy:
    * Busy (CCBS): the callee is free again. No reply (CCNR): the callee was active and is free again, so is
      there.
    * A callee who becomes free is left alone for a moment (idle guard), to place a call of their own.
    * The caller's telephone rings first; once answered there, the callee is called as in any call. A caller
      who does not answer has lost the callback; one who is busy keeps the place, and the next in line is
      served meanwhile.
    * A callee who is busy again keeps the request in its place. Callers are served in the order of their
      requests.
    * Three requests a user at most, one to each callee; CCBS ends after 45 minutes, CCNR after three hours.

Sans-I/O. Times are seconds of the wall clock; `run` is called after every change of a line and at
`next_wakeup`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

MOST_PER_USER = 3
IDLE_GUARD = 3.0
RECALL_SECONDS = 20.0


class Kind(Enum):
    """Why the first call failed (RFC 6910 §4, the `m` parameter); the value is the life of a request."""

    BUSY = "BS"
    NO_REPLY = "NR"

    @property
    def seconds(self) -> float:
        """How long a request lives."""
        return 45 * 60.0 if self is Kind.BUSY else 180 * 60.0


class State(Enum):
    """Of a request. RFC 6910 §7.1 calls the first two `queued`, the others `ready`."""

    QUEUED = "the callee is not available"
    SUSPENDED = "the callee is available, the caller is not"
    RECALLING = "the caller's telephone rings"
    CALLING = "the caller answered, the callee is called"
    DONE = "connected, cancelled, lost or expired"


class Event(Enum):
    """What moves a request."""

    AVAILABLE = "the callee is available and the caller is free"
    CALLER_BUSY = "the callee is available, the caller is busy"
    CALLEE_GONE = "the callee is busy again"
    CALLER_ANSWERED = "the recall was answered"
    END = "no answer to the recall, cancelled, expired, connected"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.QUEUED, Event.AVAILABLE): State.RECALLING,
    (State.QUEUED, Event.CALLER_BUSY): State.SUSPENDED,
    (State.QUEUED, Event.END): State.DONE,
    (State.SUSPENDED, Event.AVAILABLE): State.RECALLING,
    (State.SUSPENDED, Event.CALLEE_GONE): State.QUEUED,
    (State.SUSPENDED, Event.END): State.DONE,
    (State.RECALLING, Event.CALLER_ANSWERED): State.CALLING,
    (State.RECALLING, Event.END): State.DONE,
    (State.CALLING, Event.CALLEE_GONE): State.QUEUED,
    (State.CALLING, Event.END): State.DONE,
}


class CallbackError(ValueError):
    """A callback that is not possible; `prompt` says why."""

    def __init__(self, prompt: str) -> None:
        super().__init__(prompt)
        self.prompt = prompt


@dataclass(slots=True)
class Request:
    """One user's wish to be called back."""

    id: str
    caller: str
    callee: str
    kind: Kind
    expires_at: float
    state: State = State.QUEUED
    was_active: bool = False

    def step(self, event: Event) -> None:
        """Moves on. Raises KeyError where the state does not allow it."""
        self.state = TRANSITIONS[(self.state, event)]

    @property
    def waits(self) -> bool:
        """The callee's queue holds it."""
        return self.state in (State.QUEUED, State.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Recall:
    """Ring the caller's telephones, for `RECALL_SECONDS`; once answered, call the callee from there."""

    request_id: str
    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A request is over without a call; for lists and lamps."""

    request_id: str
    caller: str
    reason: str


Action = Recall | Ended


@dataclass(slots=True)
class Callbacks:
    """All requests of one customer, in order.

    Args:
        is_free: whether a user's line could take a call now.
    """

    is_free: Callable[[str], bool]
    requests: list[Request] = field(default_factory=list)
    _free_since: dict[str, float] = field(default_factory=dict)

    def request(self, request_id: str, caller: str, callee: str, kind: Kind, now: float) -> Request:
        """A user wants to be called back. A second wish for the same callee takes the place of the first.

        Raises:
            CallbackError: for oneself, or when the user has as many as are possible.
        """
        if caller == callee:
            raise CallbackError("code.refused")
        again = next((item for item in self._of(caller) if item.callee == callee), None)
        if again is not None and not again.waits:
            raise CallbackError("code.refused")
        if again is None and len(self._of(caller)) >= MOST_PER_USER:
            raise CallbackError("callback.too_many")
        if again is not None:
            again.kind, again.expires_at = kind, now + kind.seconds
            return again
        wish = Request(request_id, caller, callee, kind, now + kind.seconds)
        self.requests.append(wish)
        return wish

    def cancel(self, caller: str, request_id: str | None = None) -> int:
        """Takes back one request, or all that wait; tells how many."""
        mine = [item for item in self._of(caller) if item.waits and request_id in (None, item.id)]
        for item in mine:
            self._end(item)
        return len(mine)

    def list_of(self, caller: str) -> list[Request]:
        """The requests of a user, oldest first."""
        return self._of(caller)

    def line_changed(self, user: str, *, free: bool, now: float) -> None:
        """A user's line became free, or is in use."""
        if free:
            self._free_since.setdefault(user, now)
            return
        self._free_since.pop(user, None)
        for item in self.requests:
            if item.callee == user:
                item.was_active = True
                if item.state is State.SUSPENDED:
                    item.step(Event.CALLEE_GONE)

    def run(self, now: float) -> list[Action]:
        """Does what is due."""
        actions: list[Action] = []
        for item in list(self.requests):
            if item.waits and item.expires_at <= now:
                self._end(item)
                actions.append(Ended(item.id, item.caller, "expired"))
        for callee in dict.fromkeys(item.callee for item in self.requests):
            actions += self._serve(callee, now)
        return actions

    def recall_answered(self, request_id: str) -> None:
        """The caller answered: the callee is being called. Raises KeyError for an unknown request."""
        self._find(request_id).step(Event.CALLER_ANSWERED)

    def recall_failed(self, request_id: str) -> Ended:
        """The caller did not answer, or refused. Raises KeyError for an unknown request."""
        item = self._find(request_id)
        self._end(item)
        return Ended(item.id, item.caller, "not answered")

    def call_over(self, request_id: str, *, busy: bool) -> None:
        """The call to the callee was answered, or failed; busy keeps the request. Raises KeyError."""
        item = self._find(request_id)
        if busy:
            item.step(Event.CALLEE_GONE)
            item.was_active = True
            self._free_since.pop(item.callee, None)
        else:
            self._end(item)

    def next_wakeup(self, now: float) -> float | None:
        """When `run` is to be called though nothing changes; None when nobody waits."""
        times = [item.expires_at for item in self.requests if item.waits]
        guarded = {item.callee for item in self.requests if item.state is State.QUEUED}
        times += [self._free_since[user] + IDLE_GUARD for user in guarded if user in self._free_since]
        return min((time for time in times if time > now), default=None)

    def snapshot(self) -> list[dict[str, Any]]:
        """What outlives a restart; recalls that were going on begin anew."""
        return [
            {
                "id": item.id,
                "caller": item.caller,
                "callee": item.callee,
                "kind": item.kind.value,
                "expires_at": item.expires_at,
                "was_active": item.was_active,
            }
            for item in self.requests
        ]

    def restore(self, snapshot: list[dict[str, Any]]) -> None:
        """Takes back what outlived. Raises KeyError or ValueError for a damaged snapshot."""
        self.requests = [
            Request(
                str(item["id"]),
                str(item["caller"]),
                str(item["callee"]),
                Kind(item["kind"]),
                float(item["expires_at"]),
                was_active=bool(item["was_active"]),
            )
            for item in snapshot
        ]

    def _serve(self, callee: str, now: float) -> list[Action]:
        line = [item for item in self.requests if item.callee == callee]
        if any(not item.waits for item in line) or not self._available(callee, now):
            return []
        for item in line:
            if item.kind is Kind.NO_REPLY and not item.was_active:
                continue
            if self.is_free(item.caller):
                item.step(Event.AVAILABLE)
                return [Recall(item.id, item.caller, item.callee)]
            if item.state is State.QUEUED:
                item.step(Event.CALLER_BUSY)
        return []

    def _available(self, callee: str, now: float) -> bool:
        since = self._free_since.get(callee)
        if since is None and self.is_free(callee):
            since = self._free_since.setdefault(callee, now)
        return since is not None and now >= since + IDLE_GUARD and self.is_free(callee)

    def _of(self, caller: str) -> list[Request]:
        return [item for item in self.requests if item.caller == caller]

    def _find(self, request_id: str) -> Request:
        for item in self.requests:
            if item.id == request_id:
                return item
        raise KeyError(request_id)

    def _end(self, item: Request) -> None:
        item.step(Event.END)
        self.requests.remove(item)
        if not any(other.callee == item.callee for other in self.requests):
            self._free_since.pop(item.callee, None)
