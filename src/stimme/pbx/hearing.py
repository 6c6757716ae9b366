"""What a call makes of the events of its legs: who has gone, what media want, keys, transfers."""

from typing import TYPE_CHECKING

from stimme.pbx import renegotiation
from stimme.pbx.leg import LegEvent
from stimme.pbx.recovery import MediaRecovery

if TYPE_CHECKING:
    from stimme.pbx.call import Call


async def hear(call: "Call", event: LegEvent) -> None:
    """A leg of the call, or one that it has left, has said something."""
    leg = event.leg
    if call.legs.get(leg.id) is not leg:
        return
    match event.kind:
        case "cancel":
            call.end(487, "caller")
        case "bye" | "ended":
            await call.stage.gone(leg, event)
        case "silent":
            call.log.info("a leg fell silent", leg=leg.id)
            call.end(call.status, "system")
        case _:
            await _hear_of_media(call, event)


async def _hear_of_media(call: "Call", event: LegEvent) -> None:
    leg = event.leg
    match event.kind:
        case "reinvite":
            await renegotiation.reinvited(call, leg, event.message)
        case "reinvite_result":
            if not await renegotiation.answered(call, leg, event.message):
                await MediaRecovery(call, call.switch).answered(leg, event.message)
        case "ack":
            await renegotiation.acknowledged(call, leg, event.message)
        case "info":
            await renegotiation.informed(call, leg, event.message)
        case "digit":
            await call.stage.digit(leg, event.value)
        case "played":
            await call.stage.played(leg)
        case "refer":
            await call.owner.refer(call, leg, event.value)
        case _:
            await call.stage.hear(event)
