"""A call as the journal keeps it: what a restarted call control needs to go on with it, as JSON types."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from stimme.pbx.call import Call
from stimme.pbx.leg import Leg
from stimme.pbx.states import CallState


def snapshot_of(call: Call, engine: str) -> dict[str, Any]:
    """The journal entry of an answered call; `engine` is the process that its endpoints live in."""
    return {
        "id": call.id,
        "tenant_id": call.tenant_id,
        "direction": call.direction,
        "caller": call.caller.to_json(),
        "callee": call.callee.to_json(),
        "trunk_id": call.trunk_id,
        "started_at": call.started_at.isoformat(),
        "ringing_at": call.ringing_at.isoformat() if call.ringing_at else None,
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "called_user_ids": list(call.called_user_ids),
        "answered_by": call.answered_by,
        "stage": call.stage.snapshot(),
        "engine": engine,
        "anchor": call.anchor.id if call.anchor is not None else None,
        "legs": [leg.snapshot() for leg in call.talking_legs],
    }


def take_snapshot(call: Call, value: dict[str, Any], restore_leg: Callable[[dict[str, Any]], Leg]) -> None:
    """Makes a new call the answered one of a journal entry.

    Raises KeyError, TypeError or ValueError for a damaged one.
    """
    call.started_at = datetime.fromisoformat(value["started_at"])
    call.ringing_at = datetime.fromisoformat(value["ringing_at"]) if value["ringing_at"] else None
    call.answered_at = datetime.fromisoformat(value["answered_at"])
    call.called_user_ids = tuple(value["called_user_ids"])
    call.answered_by = value["answered_by"]
    call.state = CallState.ANSWERED
    call.status = 200
    for item in value["legs"]:
        leg = restore_leg(item)
        call.take_in(leg)
        if leg.id == value["anchor"]:
            call.anchor = leg
        else:
            call.partner = leg
