"""When jobs are due: at the start, then at their times, sooner when they ask, again when they fail."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from stimme.operations.agenda import RETRY, Agenda, Daily, Every

START = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_everything_is_due_at_the_start_and_then_at_its_time() -> None:
    agenda = Agenda({"a": Every(HOUR), "b": Every(2 * HOUR)}, START)
    assert agenda.due(START) == ["a", "b"]
    agenda.begun("a", START)
    agenda.begun("b", START)
    assert agenda.due(START) == []
    assert agenda.wait(START + HOUR / 2) == HOUR / 2
    assert agenda.due(START + HOUR) == ["a"]
    assert agenda.due(START + 3 * HOUR) == ["a", "b"]
    assert agenda.wait(START + 3 * HOUR) == datetime.timedelta()


def test_a_job_may_ask_for_an_earlier_time_but_not_for_a_later_one() -> None:
    agenda = Agenda({"a": Every(HOUR)}, START)
    agenda.begun("a", START)
    agenda.sooner("a", START + 2 * HOUR)
    assert agenda.wait(START) == HOUR
    agenda.sooner("a", START + HOUR / 4)
    assert agenda.wait(START) == HOUR / 4


def test_a_failed_job_is_tried_again_soon_and_a_hurried_one_at_once() -> None:
    agenda = Agenda({"a": Every(HOUR), "b": Every(RETRY / 2)}, START)
    agenda.failed("a", START)
    agenda.failed("b", START)
    assert agenda.wait(START) == RETRY / 2
    assert agenda.due(START + RETRY) == ["b", "a"]
    agenda.begun("a", START)
    agenda.hurry("a", START)
    assert agenda.due(START) == ["a"]


def test_without_jobs_there_is_nothing_to_do() -> None:
    agenda = Agenda({}, START)
    assert agenda.due(START) == []
    assert agenda.wait(START) == RETRY


@pytest.mark.parametrize(
    ("at", "moment", "expected"),
    [
        ("03:20", "2026-11-25T12:00Z", "2026-11-26T02:20Z"),
        ("03:20", "2026-11-25T01:00Z", "2026-11-25T02:20Z"),
        ("03:20", "2026-11-25T02:20Z", "2026-11-26T02:20Z"),
        # 02:30 does not exist on 29 March and is there twice on 25 October.
        ("02:30", "2026-03-28T12:00Z", "2026-03-29T01:30Z"),
        ("02:30", "2026-10-24T12:00Z", "2026-10-25T00:30Z"),
        ("02:30", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
    ],
)
def test_daily_follows_the_clocks_of_the_zone(at: str, moment: str, expected: str) -> None:
    timing = Daily(datetime.time.fromisoformat(at), BERLIN)
    assert timing.after(datetime.datetime.fromisoformat(moment)) == datetime.datetime.fromisoformat(expected)
