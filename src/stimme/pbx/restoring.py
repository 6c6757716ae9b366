"""Calls of a process that died: made again from their journal entries, and let go on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from stimme.pbx.call import Call, Work
from stimme.pbx.features.paging import Paging, speak_again
from stimme.pbx.features.park_call import InSlot, park_again
from stimme.pbx.leg import Leg
from stimme.pbx.records import Party
from stimme.pbx.snapshot import take_snapshot
from stimme.sip.flow import Target
from stimme.sip.ua import UserAgent

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

_ANSWER_REPEATED = timedelta(seconds=32)
"""How long a 2xx is repeated until its ACK comes: 64 × T1 (RFC 3261 §13.3.1.4)."""


def restore(pbx: "Pbx", ua: UserAgent, value: dict[str, Any]) -> Call:
    """An answered call from its journal entry, not yet running.

    Raises KeyError, TypeError, ValueError or SipParseError for a damaged one.
    """
    caller, callee = Party(**value["caller"]), Party(**value["callee"])
    call = pbx.new_call(value["direction"], caller, callee, value["trunk_id"], call_id=value["id"])
    take_snapshot(call, value, partial(_restore_leg, ua, call))
    return call


def _restore_leg(ua: UserAgent, call: Call, item: dict[str, Any]) -> Leg:
    leg = Leg(
        item["id"],
        call.report,
        user_id=item["user_id"],
        device_id=item["device_id"],
        trunk_id=item.get("trunk_id"),
        webrtc=item["webrtc"],
    )
    leg.take_snapshot(item)
    session = item["session"]
    if call.answered_at is not None and datetime.now(UTC) - call.answered_at > _ANSWER_REPEATED:
        session.pop("answer", None)  # its caller has long got it
    host, port = session["address"]
    leg.session = ua.restore(session, leg, Target(session["transport"], host, port))
    return leg


def resume(pbx: "Pbx", call: Call, stage: Mapping[str, Any] | None = None) -> None:
    """Lets a restored call go on as `stage` of its journal entry says.

    A caller without partner is parked again, speaks to the same telephones again, or goes to whom the call
    was for again.
    """
    pbx.calls[call.id] = call
    if call.partner is not None:
        pbx.directing.outside.watch.restored(call)
        pbx.supervise(call, call.resume())
    elif call.anchor is not None:
        pbx.supervise(call, call.run(call.anchor, _first(pbx, call, stage or {})))
    call.owner.call_changed(call)


def _first(pbx: "Pbx", call: Call, stage: Mapping[str, Any]) -> Work:
    match stage:
        case {"kind": InSlot.kind, "slot": str(slot), "parker": str(parker)}:
            return partial(park_again, pbx, call, slot, parker)
        case {"kind": Paging.kind}:
            return partial(speak_again, pbx, call)
        case _:
            return partial(pbx.directing.to_internal, call, call.callee.number)
