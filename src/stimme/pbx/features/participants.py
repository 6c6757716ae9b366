"""Who is in a conference (K3), and when it ends.

Policy: a conference of three is begun by a user who has two calls. It lives on when its starter leaves, as
long as two parties remain, of whom at least one belongs to the customer: two strangers are not left with
each other on the customer's trunks. A room that is dialled lives while anybody is in it. A party on hold
stays in, and hears the others no more than they hear that one.
"""

from dataclasses import dataclass, field


class ConferenceFullError(Exception):
    """A further party does not fit; the prompt is `conference.full`."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One party: its leg, and its user; None for somebody outside."""

    leg_id: str
    user_id: str | None
    on_hold: bool = False


@dataclass(slots=True)
class Conference:
    """The parties of one conference, in the order of their coming."""

    room: bool = False
    most: int = 3
    _parties: dict[str, Participant] = field(default_factory=dict)

    @property
    def parties(self) -> tuple[Participant, ...]:
        """Who is in."""
        return tuple(self._parties.values())

    @property
    def heard(self) -> tuple[str, ...]:
        """The legs that hear each other: all but those on hold."""
        return tuple(item.leg_id for item in self._parties.values() if not item.on_hold)

    def join(self, participant: Participant) -> None:
        """A party comes in. Raises ConferenceFullError."""
        if participant.leg_id not in self._parties and len(self._parties) >= self.most:
            raise ConferenceFullError
        self._parties[participant.leg_id] = participant

    def hold(self, leg_id: str, *, on_hold: bool) -> None:
        """A party holds the conference, or comes back. Raises KeyError for a leg that is not in it."""
        former = self._parties[leg_id]
        self._parties[leg_id] = Participant(leg_id, former.user_id, on_hold)

    def leave(self, leg_id: str) -> tuple[str, ...]:
        """A party leaves; gives the legs that are to be ended because the conference is over.

        A leg that is not in it changes nothing.
        """
        if self._parties.pop(leg_id, None) is None or self.goes_on:
            return ()
        last = tuple(self._parties)
        self._parties.clear()
        return last

    @property
    def goes_on(self) -> bool:
        """Whether there is still a conference."""
        if self.room:
            return bool(self._parties)
        ours = any(item.user_id is not None for item in self._parties.values())
        return len(self._parties) >= 2 and ours
