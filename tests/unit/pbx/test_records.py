"""What remains of a call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stimme.pbx.records import CallRecord, Party, Result, call_list_entries, result_of

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ANNA = Party("10", "Anna", "u10")
BERT = Party("11", "Bert", "u11")
OUTSIDE = Party("+4930901820")


def record(caller: Party, callee: Party, result: Result, *, answered_by: str | None = None) -> CallRecord:
    answered = NOON + timedelta(seconds=5) if result == "answered" else None
    return CallRecord(
        id="c1",
        tenant_id="muster",
        direction="internal",
        caller=caller,
        callee=callee,
        answered_by=answered_by,
        started_at=NOON,
        ringing_at=NOON + timedelta(seconds=1),
        answered_at=answered,
        ended_at=NOON + timedelta(seconds=65),
        result=result,
        sip_status=200,
    )


@pytest.mark.parametrize(
    ("status", "answered", "cancelled", "result"),
    [
        (200, True, False, "answered"),
        (487, False, True, "cancelled"),
        (486, False, False, "busy"),
        (600, False, False, "busy"),
        (603, False, False, "declined"),
        (408, False, False, "no_answer"),
        (480, False, False, "no_answer"),
        (404, False, False, "failed"),
        (503, False, False, "failed"),
        (486, True, True, "answered"),
    ],
)
def test_the_final_status_says_how_a_call_ended(
    status: int, answered: bool, cancelled: bool, result: Result
) -> None:
    assert result_of(status, answered=answered, cancelled=cancelled) == result


def test_an_answered_call_stands_in_both_lists_with_its_length() -> None:
    lines = call_list_entries(record(ANNA, BERT, "answered", answered_by="u11"), ("u11",))
    assert [
        (line.user_id, line.direction, line.result, line.peer, line.duration_seconds) for line in lines
    ] == [
        ("u10", "outgoing", "answered", BERT, 60),
        ("u11", "incoming", "answered", ANNA, 60),
    ]


def test_a_call_taken_by_a_colleague_is_missed_by_the_others() -> None:
    lines = call_list_entries(record(OUTSIDE, BERT, "answered", answered_by="u11"), ("u11", "u12"))
    assert [(line.user_id, line.result, line.answered_at, line.duration_seconds) for line in lines] == [
        ("u11", "answered", NOON + timedelta(seconds=5), 60),
        ("u12", "missed", None, None),
    ]


@pytest.mark.parametrize(
    ("result", "callers", "callees"),
    [
        ("cancelled", "cancelled", "missed"),
        ("no_answer", "no_answer", "missed"),
        ("busy", "busy", "busy"),
        ("declined", "declined", "declined"),
        ("failed", "failed", "missed"),
    ],
)
def test_what_each_side_reads_about_a_call_without_conversation(
    result: Result, callers: Result, callees: Result
) -> None:
    outgoing, incoming = call_list_entries(record(ANNA, BERT, result), ("u11",))
    assert (outgoing.result, incoming.result) == (callers, callees)
    assert outgoing.duration_seconds is None


def test_a_clock_that_went_back_gives_no_negative_length() -> None:
    odd = replace(record(ANNA, BERT, "answered", answered_by="u11"), ended_at=NOON)
    assert [line.duration_seconds for line in call_list_entries(odd, ("u11",))] == [0, 0]


def test_strangers_have_no_list() -> None:
    assert call_list_entries(record(OUTSIDE, OUTSIDE, "failed"), ()) == []
