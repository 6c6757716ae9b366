"""What the journal keeps of a call that is over, or never came about, is its record."""

import json
from datetime import UTC, datetime, timedelta

from stimme.pbx.records import CallRecord, Party
from stimme.pbx.snapshot import ended_of, record_of_setup

_START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_record_comes_back_as_it_was() -> None:
    record = CallRecord(
        id="c1",
        tenant_id="t1",
        direction="incoming",
        caller=Party("+49301", "Somebody"),
        callee=Party("10", "Anna", "u10"),
        answered_by="u10",
        started_at=_START,
        ringing_at=None,
        answered_at=_START + timedelta(seconds=4.5),
        ended_at=_START + timedelta(minutes=3),
        result="answered",
        sip_status=200,
        trunk_id="k1",
        hangup_by="callee",
    )
    entry = json.loads(json.dumps(ended_of(record, ("u10", "u11"))))
    assert CallRecord.from_json(entry["ended"]) == record
    assert (entry["tenant_id"], entry["called_user_ids"]) == ("t1", ["u10", "u11"])


def test_a_call_that_was_being_set_up_has_failed() -> None:
    record = record_of_setup(
        {
            "id": "c1",
            "tenant_id": "t1",
            "direction": "internal",
            "caller": {"number": "10", "name": "Anna", "user_id": "u10"},
            "callee": {"number": "11", "name": "Bernd", "user_id": "u11"},
            "trunk_id": None,
            "started_at": _START.isoformat(),
        }
    )
    assert (record.result, record.sip_status, record.hangup_by) == ("failed", 503, "system")
    assert record.ended_at >= record.started_at == _START
