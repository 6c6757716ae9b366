"""What a call asks of the tenant's actor."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from stimme.media.types import Source
from stimme.pbx.leg import Leg
from stimme.pbx.records import CallRecord, HangupBy
from stimme.pbx.stages import Stage
from stimme.sip.session import Session
from stimme.sip.transfer import Referral

if TYPE_CHECKING:
    from stimme.pbx.call import Call


class CallOwner(Protocol):
    """The tenant's actor, as a call sees it."""

    def call_changed(self, call: "Call") -> None:
        """The call's state, or who takes part in it, changed."""

    def held(self) -> AbstractContextManager[None]:
        """What is sent within this block leaves at its end, after what was noted in it."""

    def call_confirmed(self, call: "Call", stage: Stage | None = None) -> None:
        """The call's journal entry must be written (again); `stage` is what it is about to become."""

    def call_ended(self, call: "Call", record: CallRecord) -> None:
        """The call is over."""

    def invite(self, call: "Call", leg: Leg, offer: bytes) -> Session:
        """Places the INVITE of a called leg."""

    def leg_joined(self, leg: Leg, call: "Call") -> None:
        """A leg belongs to a call: what the engine says of its endpoint goes there."""

    def leg_ends(self, leg: Leg) -> None:
        """A leg is about to be ended: a telephone that cannot be told now is told later."""

    def leg_left(self, leg: Leg, call: "Call") -> None:
        """A leg belongs to a call no longer."""

    async def music(self) -> Source:
        """What somebody on hold hears. Raises EngineError."""

    async def key(self, call: "Call", leg: Leg, digit: str) -> None:
        """A key was pressed within a conversation, or while somebody is called from one."""

    def left_alone(self, call: "Call", leg: Leg) -> None:
        """The other party of a leg has hung up; the leg may go on in another call."""

    async def declined(self, call: "Call", leg: Leg, status: int) -> None:
        """A called device refused, or could not be reached."""

    async def refer(self, call: "Call", leg: Leg, referral: Referral) -> None:
        """A telephone wants its call to be transferred."""

    async def failed(self, call: "Call", status: int, by: HangupBy | None) -> None:
        """The call leads nowhere: tell the caller."""
