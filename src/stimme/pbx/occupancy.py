"""Whose lines the calls of one tenant occupy: found by user, without looking at all calls."""

from collections.abc import Iterable

from stimme.pbx.call import Call
from stimme.pbx.events import LineState
from stimme.pbx.leg import Leg
from stimme.pbx.ringing import Ringing
from stimme.pbx.states import CallState

_RINGS = frozenset({CallState.ROUTING, CallState.RINGING, CallState.EARLY})


class Occupancy:
    """See the module's docstring."""

    def __init__(self) -> None:
        self._calls: dict[str, dict[str, Call]] = {}
        self._concerned: dict[str, tuple[str, ...]] = {}

    def calls_of(self, user_id: str) -> list[Call]:
        """The calls that a user takes part in or that ring there, oldest first."""
        return list(self._calls.get(user_id, {}).values())

    def conversations_of(self, user_id: str, *, besides: Call) -> list[tuple[Call, Leg]]:
        """A user's conversations with the user's own leg in each, the latest first."""
        return [
            (call, leg)
            for call in reversed(self._calls.get(user_id, {}).values())
            if call is not besides and call.answered_at is not None
            for leg in call.sides
            if leg.user_id == user_id and call.other(leg) is not None
        ]

    def line_of(self, user_id: str) -> LineState | None:
        """What a user's line does; None when no call occupies it."""
        rings = False
        for call in self._calls.get(user_id, {}).values():
            state = _state_for(call, user_id)
            if state is CallState.ANSWERED:
                return "busy"
            rings = rings or state in _RINGS
        return "ringing" if rings else None

    def note(self, call: Call, users: tuple[str, ...]) -> tuple[str, ...]:
        """Notes that a call concerns these users now (`users_of`); gives whose lines may have changed."""
        occupied = () if call.state is CallState.ENDED else tuple(dict.fromkeys((*users, *_rung_in(call))))
        return tuple(dict.fromkeys((*self._set(call, occupied), *users)))

    def drop(self, call: Call) -> tuple[str, ...]:
        """A call is over; gives whose lines may have changed."""
        return self._set(call, ())

    def _set(self, call: Call, users: tuple[str, ...]) -> tuple[str, ...]:
        before = self._concerned.pop(call.id, ())
        if users:
            self._concerned[call.id] = users
        for user_id in before:
            if user_id not in users:
                calls = self._calls[user_id]
                del calls[call.id]
                if not calls:
                    del self._calls[user_id]
        for user_id in users:
            self._calls.setdefault(user_id, {})[call.id] = call
        return (*before, *users)


def users_of(call: Call) -> tuple[str, ...]:
    """Whom a call concerns: everybody whose devices ring, later those who talk."""
    users: Iterable[str | None] = call.called_user_ids
    if call.answered_at is not None:
        users = [leg.user_id for leg in call.talking_legs]
    return tuple(dict.fromkeys([user for user in (*users, call.caller.user_id) if user]))


def _rung_in(call: Call) -> tuple[str, ...]:
    """Whose telephones ring in a call whose caller was answered before: by a menu, a queue, a transfer."""
    if call.answered_at is None or not isinstance(call.stage, Ringing):
        return ()
    return tuple(leg.user_id for leg in call.stage.called.values() if leg.user_id is not None)


def _state_for(call: Call, user_id: str) -> CallState:
    """How a call is for one user: it may ring here though its caller was answered."""
    if user_id in _rung_in(call) and all(leg.user_id != user_id for leg in call.talking_legs):
        return CallState.RINGING
    return call.state
