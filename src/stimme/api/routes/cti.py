"""Commands on live calls: what a program or a button of the client does to a call of the signed-in user.

Policy: a call that the user takes no part in is not there (404), but for picking up one that rings at a
colleague. What cannot be done with the call as it is now is a conflict (409); a call to or from the emergency
services can only be hung up (403). Each command answers with the call that comes of it: its id is what
further commands name.
"""

from typing import Annotated

from fastapi import APIRouter, Depends

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import NoSuchCallError, OrderRefusedError, Telephony
from stimme.pbx.features import cti
from stimme.sentences import Sentence

_WORDS = {
    403: Sentence("call-not-like-that", "This call, or this number, cannot be treated like that."),
    404: Sentence("no-such-call", "There is no such call or slot."),
    480: Sentence("call-state", "The call, or the telephone, is not in a state in which that can be done."),
    486: Sentence("slot-taken", "The slot is taken, or no slot is free."),
}


def cti_routes(authentication: Authentication, telephony: Telephony) -> APIRouter:
    """Build the routes below ``/calls/{call_id}``."""
    router = APIRouter(tags=["calls"])
    signed_in = Depends(authentication.caller)

    def order(caller: Caller, call_id: str, wanted: cti.Order) -> schemas.LiveCall:
        user = caller.person.user
        if user is None:
            raise problems.not_found("This account has no extension.")
        try:
            return telephony.order(user.customer_id, user.id, call_id, wanted)
        except NoSuchCallError:
            raise problems.not_found("There is no such call.") from None
        except OrderRefusedError as refusal:
            words = _WORDS.get(refusal.status, _WORDS[480])
            if refusal.status == 403:
                raise problems.forbidden(words) from None
            raise problems.ProblemError(409, "conflict", words) from None

    @router.post("/calls/{call_id}/answer")
    async def answer(call_id: str, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """Ask the own ringing telephone to answer (NOTIFY with ``Event: talk``)."""
        return order(caller, call_id, cti.Answer())

    @router.put("/calls/{call_id}/hold")
    async def hold(call_id: str, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """Hold the call: the other party hears music. Holding twice changes nothing."""
        return order(caller, call_id, cti.Hold(on=True))

    @router.delete("/calls/{call_id}/hold")
    async def resume(call_id: str, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """Go on with a call that is held."""
        return order(caller, call_id, cti.Hold(on=False))

    @router.put("/calls/{call_id}/recording")
    async def record(call_id: str, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """Record the own conversation, where the customer's rules allow it; doing so twice is no error."""
        return order(caller, call_id, cti.RecordIt(on=True))

    @router.delete("/calls/{call_id}/recording")
    async def stop_recording(call_id: str, caller: Annotated[Caller, signed_in]) -> schemas.LiveCall:
        """End the own recording of a call."""
        return order(caller, call_id, cti.RecordIt(on=False))

    @router.post("/calls/{call_id}/transfer")
    async def transfer(
        call_id: str, body: schemas.TransferOrder, caller: Annotated[Caller, signed_in]
    ) -> schemas.LiveCall:
        """Connect the other party with a number (blind) or with another call of one's own (attended)."""
        if body.call_id is not None:
            return order(caller, call_id, cti.JoinWith(body.call_id))
        return order(caller, call_id, cti.TransferTo(body.number or ""))

    @router.post("/calls/{call_id}/park")
    async def park(
        call_id: str, body: schemas.ParkOrder, caller: Annotated[Caller, signed_in]
    ) -> schemas.LiveCall:
        """Park the other party; the parked call's callee is the slot."""
        return order(caller, call_id, cti.ParkIn(body.slot))

    @router.post("/calls/{call_id}/pickup")
    async def pick_up(
        call_id: str, body: schemas.PickupOrder, caller: Annotated[Caller, signed_in]
    ) -> schemas.LiveCall:
        """Take a call that rings at a colleague: the own telephone rings, and has it when it is lifted."""
        return order(caller, call_id, cti.PickUp(body.device_id))

    @router.post("/calls/{call_id}/conference")
    async def confer(
        call_id: str, body: schemas.ConferenceOrder, caller: Annotated[Caller, signed_in]
    ) -> schemas.LiveCall:
        """Make one conference of two calls; the telephone of the second stays in it."""
        return order(caller, call_id, cti.ConferWith(body.call_id))

    return router
