"""Park and retrieve (P2): slots of a customer, with their lamps.

Policy:
    * A call is parked in the named slot, or in the first free one; the parked party hears music.
    * Anybody of the customer retrieves it by the slot. One retrieval wins; the next finds the slot empty.
    * After the recall time it rings at the one who parked it, showing the slot; not answered there, it goes
      to the attendant, and without one it stays parked and recalls again.
    * A parked party who hangs up frees the slot.
"""

from dataclasses import dataclass, field
from typing import Any


class ParkError(ValueError):
    """A call that cannot be parked or retrieved; `prompt` says why."""

    def __init__(self, prompt: str) -> None:
        super().__init__(prompt)
        self.prompt = prompt


@dataclass(frozen=True, slots=True)
class Parked:
    """A call in a slot: who parked it, and when it recalls. Times are seconds of the wall clock."""

    slot: str
    call_id: str
    by: str
    since: float
    recall_at: float


@dataclass(frozen=True, slots=True)
class ParkRecall:
    """Ring the one who parked the call; the call is out of its slot."""

    parked: Parked


@dataclass(slots=True)
class ParkLot:
    """The slots of one customer."""

    slots: tuple[str, ...] = tuple(str(number) for number in range(701, 711))
    recall_seconds: float = 120.0
    _parked: dict[str, Parked] = field(default_factory=dict)

    def park(self, call_id: str, by: str, now: float, slot: str | None = None) -> Parked:
        """Parks a call. Raises ParkError for a slot that is taken or unknown, or when all are taken."""
        if slot is None:
            slot = next((free for free in self.slots if free not in self._parked), None)
            if slot is None:
                raise ParkError("park.full")
        if slot not in self.slots:
            raise ParkError("code.refused")
        if slot in self._parked:
            raise ParkError("park.occupied")
        parked = Parked(slot, call_id, by, now, now + self.recall_seconds)
        self._parked[slot] = parked
        return parked

    def retrieve(self, slot: str) -> Parked:
        """Takes the call out of a slot. Raises ParkError when there is none."""
        parked = self._parked.pop(slot, None)
        if parked is None:
            raise ParkError("park.empty")
        return parked

    def left(self, call_id: str) -> Parked | None:
        """The parked party hung up."""
        parked = next((item for item in self._parked.values() if item.call_id == call_id), None)
        return self._parked.pop(parked.slot) if parked is not None else None

    def at(self, slot: str) -> Parked | None:
        """What is in a slot, for its lamp."""
        return self._parked.get(slot)

    def run(self, now: float) -> list[ParkRecall]:
        """Takes out the calls whose recall time is up."""
        due = [parked for parked in self._parked.values() if parked.recall_at <= now]
        for parked in due:
            del self._parked[parked.slot]
        return [ParkRecall(parked) for parked in due]

    def put_back(self, parked: Parked, now: float) -> Parked:
        """Nobody took the recall and there is no attendant: the call goes back, into its slot or a free one.

        Raises ParkError when every slot is taken.
        """
        free = parked.slot not in self._parked
        return self.park(parked.call_id, parked.by, now, parked.slot if free else None)

    def next_wakeup(self) -> float | None:
        """When `run` has something to do."""
        return min((parked.recall_at for parked in self._parked.values()), default=None)

    def snapshot(self) -> list[dict[str, Any]]:
        """What is parked, for the journal."""
        return [
            {
                "slot": item.slot,
                "call_id": item.call_id,
                "by": item.by,
                "since": item.since,
                "recall_at": item.recall_at,
            }
            for item in self._parked.values()
        ]

    def restore(self, snapshot: list[dict[str, Any]]) -> None:
        """Takes back what was parked. Raises KeyError, TypeError or ValueError for a damaged snapshot."""
        self._parked = {str(item["slot"]): Parked(**item) for item in snapshot}
