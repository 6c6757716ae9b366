"""Who may record a call; what a recording leaves in the journal."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import muster

from stimme.pbx.apps.fields import FieldError
from stimme.pbx.call import Call
from stimme.pbx.features import recording
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.leg import Leg, LegRecording
from stimme.pbx.ports import RecordedCall
from stimme.pbx.recording_policy import RecordingPolicy, read_recording
from stimme.pbx.records import Direction, Party
from stimme.pbx.talking import Talking


class Files:
    """Notes what is to be recorded."""

    def __init__(self) -> None:
        self.begun: list[RecordedCall] = []

    def begin(self, made: RecordedCall) -> Path:
        self.begun.append(made)
        return Path("x.wav")


async def line(policy: RecordingPolicy) -> Telephone:
    tenant = muster()
    tenant.recording = policy
    made = await telephone(tenant)
    made.pbx.recordings = Files()
    return made


def conversation(phone: Telephone, direction: Direction = "internal") -> tuple[Call, Leg]:
    call = phone.pbx.new_call(direction, Party("10"), Party("11"))
    call.stage = Talking(call)
    leg = Leg("leg", lambda event: None, user_id="u10")
    leg.endpoint = object()  # type: ignore[assignment]
    return call, leg


@pytest.mark.parametrize(
    ("policy", "direction", "status"),
    [
        (RecordingPolicy(), "internal", 403),
        (RecordingPolicy(members=frozenset({"u11"})), "internal", 403),
        (RecordingPolicy(everybody=True), "emergency", 403),
        (RecordingPolicy(everybody=True), "internal", None),
        (RecordingPolicy(members=frozenset({"u10"})), "outgoing", None),
    ],
)
async def test_who_may_record(policy: RecordingPolicy, direction: Direction, status: int | None) -> None:
    phone = await line(policy)
    call, leg = conversation(phone, direction)
    user = phone.pbx.tenant.users["u10"]
    if status is None:
        recording.start(phone.pbx, call, leg, user)
        return
    with pytest.raises(FeatureRefusedError) as refused:
        recording.start(phone.pbx, call, leg, user)
    assert refused.value.status == status


async def test_nothing_is_recorded_before_somebody_talks_or_where_it_is_not_kept() -> None:
    phone = await line(RecordingPolicy(everybody=True))
    call, leg = conversation(phone)
    leg.endpoint = None
    user = phone.pbx.tenant.users["u10"]
    with pytest.raises(FeatureRefusedError) as refused:
        recording.start(phone.pbx, call, leg, user)
    assert refused.value.status == 480
    phone.pbx.recordings = None
    with pytest.raises(FeatureRefusedError) as refused:
        recording.start(phone.pbx, call, leg, user)
    assert refused.value.status == 501


async def test_a_recording_that_is_not_there_cannot_be_ended() -> None:
    phone = await line(RecordingPolicy(everybody=True))
    call, leg = conversation(phone)
    with pytest.raises(FeatureRefusedError):
        recording.stop(phone.pbx, call, leg)
    leg.recording = LegRecording("r", "an engine that died", 7)
    with pytest.raises(FeatureRefusedError):
        recording.stop(phone.pbx, call, leg)


def test_the_journal_knows_what_records_a_leg() -> None:
    leg, again = Leg("leg", lambda event: None), Leg("leg", lambda event: None)
    again.take_snapshot(leg.snapshot())
    assert again.recording is None
    leg.recording = LegRecording("r", "engine", 7)
    again.take_snapshot(leg.snapshot())
    assert again.recording == leg.recording


def test_the_rules_as_json() -> None:
    assert read_recording({}) == RecordingPolicy()
    written = {"members": ["u10"], "announcement": False, "keep_days": 7}
    assert read_recording(written) == RecordingPolicy(False, frozenset({"u10"}), False, 7)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"keep_days": 0}, "keep_days"),
        ({"keep_days": "ever"}, "keep_days"),
        ({"everybody": 1}, "everybody"),
        ({"who": "all"}, "who"),
    ],
)
def test_rules_that_cannot_be(value: dict[str, Any], path: str) -> None:
    with pytest.raises(FieldError) as refused:
        read_recording(value)
    assert refused.value.path == path
