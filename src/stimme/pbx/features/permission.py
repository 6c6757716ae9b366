"""May this call go out? The one gate through which every call to the public network passes.

Policy: an emergency call passes before anything is looked at. All else is asked in this order: the licence
(an expired demo), barring of the one who pays (for a diverted call the one who diverted), the guard against
toll fraud. Channels come after this gate, since they may free themselves by pre-emption.
"""

from dataclasses import dataclass

from stimme.pbx.emergency_numbers import emergency_number
from stimme.trunks.barring import Barring, is_expensive
from stimme.trunks.fraud import FraudGuard, LimitReached


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for a call, and what that user may do.

    Attributes:
        home: the head number of the user's site, E.164.
        licensed: the customer's licence lets calls go out.
    """

    user_id: str
    barring: Barring
    home: str
    licensed: bool = True


@dataclass(frozen=True, slots=True)
class Permitted:
    """The call may go out; `watched` says that the fraud guard wants to hear of its answer and its end."""

    watched: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The call does not go out: SIP status, the prompt that says why, and what is to be reported."""

    status: int
    prompt: str
    report: LimitReached | None = None


def permit(number: str, payer: Payer, guard: FraudGuard, now: float) -> Permitted | Refused:
    """Asks the gate. `number` is as routed: E.164, or digits of an emergency or service number."""
    if emergency_number(number) is not None:
        return Permitted()
    if not payer.licensed:
        return Refused(403, "call.barred")
    barred = payer.barring.check(number, payer.home)
    if barred is not None:
        return Refused(403, barred.prompt)
    if not is_expensive(number):
        return Permitted()
    verdict = guard.begin(payer.user_id, now)
    return Permitted(watched=True) if verdict.allowed else Refused(403, "call.limit", verdict.reached)
