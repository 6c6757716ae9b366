"""What the journal is told of one tenant's calls, always before the peers can know of it.

Policy: a call is noted when it begins, when it is answered or changes, and when it ends; a called leg when
its INVITE leaves and when it is answered, until the call's own entry has it. So a crash at any moment leaves
no dialog that nobody knows of, and no call without a record (``stimme.pbx.taking_up`` reads it back).
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from stimme.pbx.leg import Leg
from stimme.pbx.ports import Journal
from stimme.pbx.records import CallRecord
from stimme.pbx.snapshot import ended_of, setup_of, snapshot_of
from stimme.pbx.stages import Stage
from stimme.pbx.switch import Switch
from stimme.sip.ua import UserAgent

if TYPE_CHECKING:
    from stimme.pbx.call import Call


class Journalling:
    """See the module's docstring."""

    def __init__(self, tenant_id: str, journal: Journal, ua: UserAgent, switch: Switch) -> None:
        self._tenant_id = tenant_id
        self._journal = journal
        self._ua = ua
        self._switch = switch

    def held(self) -> AbstractContextManager[None]:
        """What is sent within this block leaves at its end, after what was noted in it."""
        return self._ua.held()

    def joined(self, leg: Leg) -> None:
        """A leg belongs to a call: what happens to it is noted from now on."""
        leg.noted = self._leg

    def begun(self, call: "Call", anchor: Leg | None) -> None:
        """A call begins: its caller waits for an answer, or is there already."""
        if call.answered_at is not None:
            self.confirmed(call)
        else:
            self._journal.put(call.id, setup_of(call, anchor))

    def invited(self, leg: Leg) -> None:
        """A leg is being called."""
        self._leg(leg, False)

    def _leg(self, leg: Leg, hung_up: bool) -> None:
        if hung_up:  # known before the peer knows that we know: its call is ended even if we die now
            self._journal.put(leg.id, {"tenant_id": self._tenant_id, "hung_up": True})
        elif leg.session is None or leg.session.ended:
            self._journal.drop(leg.id)
        else:
            self._journal.put(leg.id, {"tenant_id": self._tenant_id, "leg": leg.session.unfinished()})

    def left(self, leg: Leg) -> None:
        """A leg left its call; one that is being cancelled is noted until that is done."""
        if leg.session is None or leg.session.ended:
            self._journal.drop(leg.id)
        elif leg.answered:
            leg.noted = None

    def confirmed(self, call: "Call", stage: Stage | None = None) -> None:
        """A call is answered, or has changed; `stage` is what it is about to become."""
        entry = snapshot_of(call, self._switch.instance, stage)
        self._journal.put(call.id, entry, voids=[leg.id for leg in call.talking_legs])

    def ended(self, call: "Call", record: CallRecord) -> None:
        """A call is over; to be followed by its record's way into the store, then `recorded`."""
        legs = [leg.id for leg in call.legs.values() if not leg.alive]
        self._journal.put(call.id, ended_of(record, call.called_user_ids), voids=legs)

    def recorded(self, call: "Call") -> None:
        """The call's record was given to the store."""
        self._journal.settle(call.id)

    def discarded(self, call: "Call") -> None:
        """A call went over into another one."""
        self._journal.drop(call.id)
