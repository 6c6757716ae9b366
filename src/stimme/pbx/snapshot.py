"""A call as the journal keeps it: what a restarted call control needs of it, as JSON types.

There are three kinds of entries: a call that is being set up ("setup"), one that was answered ("legs"), and
one that is over and whose record may not be in the store yet ("ended").
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stimme.pbx.leg import Leg
from stimme.pbx.records import CallRecord, Party
from stimme.pbx.stages import Stage
from stimme.pbx.states import CallState

if TYPE_CHECKING:
    from stimme.pbx.call import Call


def _head_of(call: "Call") -> dict[str, Any]:
    return {
        "id": call.id,
        "tenant_id": call.tenant_id,
        "direction": call.direction,
        "caller": call.caller.to_json(),
        "callee": call.callee.to_json(),
        "trunk_id": call.trunk_id,
        "started_at": call.started_at.isoformat(),
        "ringing_at": call.ringing_at.isoformat() if call.ringing_at else None,
        "called_user_ids": list(call.called_user_ids),
    }


def setup_of(call: "Call", anchor: Leg | None) -> dict[str, Any]:
    """The journal entry of a call that is being set up: its caller's INVITE, to be refused after a crash."""
    session = anchor.session if anchor is not None else None
    return {**_head_of(call), "setup": session.unfinished() if session is not None else None}


def record_of_setup(value: dict[str, Any]) -> CallRecord:
    """The record of a call that a crash ended before anybody answered.

    Raises KeyError, TypeError or ValueError for a damaged entry.
    """
    return CallRecord(
        id=value["id"],
        tenant_id=value["tenant_id"],
        direction=value["direction"],
        caller=Party(**value["caller"]),
        callee=Party(**value["callee"]),
        answered_by=None,
        started_at=datetime.fromisoformat(value["started_at"]),
        ringing_at=None,
        answered_at=None,
        ended_at=datetime.now(UTC),
        result="failed",
        sip_status=503,
        trunk_id=value["trunk_id"],
        hangup_by="system",
    )


def ended_of(record: CallRecord, called_user_ids: tuple[str, ...]) -> dict[str, Any]:
    """The journal entry of a call that is over."""
    return {
        "id": record.id,
        "tenant_id": record.tenant_id,
        "ended": record.to_json(),
        "called_user_ids": list(called_user_ids),
    }


def snapshot_of(call: "Call", engine: str, stage: Stage | None = None) -> dict[str, Any]:
    """The journal entry of an answered call; `engine` is the process that its endpoints live in.

    `stage` is what the call is about to become, by default what it is.
    """
    return {
        **_head_of(call),
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "answered_by": call.answered_by,
        "stage": (stage or call.stage).snapshot(),
        "engine": engine,
        "anchor": call.anchor.id if call.anchor is not None else None,
        "legs": [leg.snapshot() for leg in call.talking_legs],
    }


def take_snapshot(call: "Call", value: dict[str, Any], restore_leg: Callable[[dict[str, Any]], Leg]) -> None:
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
    if call.anchor is None and call.partner is not None:  # the caller's telephone had put it on hold
        call.anchor, call.partner = call.partner, None
        call.caller, call.callee = call.callee, call.caller
