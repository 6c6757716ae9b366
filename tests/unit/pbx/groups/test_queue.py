"""The wait queue (K13)."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.groups.distribution import Stage
from stimme.pbx.groups.estimate import WaitEstimate
from stimme.pbx.groups.group import Group, GroupError, Strategy
from stimme.pbx.groups.membership import Member, Membership
from stimme.pbx.groups.queue import (
    TRANSITIONS,
    Action,
    Announce,
    Offer,
    QueueSettings,
    Refuse,
    SendOn,
    Take,
    WaitEvent,
    WaitQueue,
    WaitState,
)
from stimme.prompts.say import Say

GROUP = Group("q", "40", "Support", ("anna", "bert"), Strategy.LONGEST_IDLE, ring_seconds=10.0, overflow="10")
SETTINGS = QueueSettings(GROUP, exits={"0": "10", "#": "11"}, max_waiting=3, max_wait=300.0)


def staff(*, busy: str = "", out: str = "") -> list[Member]:
    return [
        Member(
            name,
            Membership(logged_in=name not in out.split(), idle_since=float(place)),
            busy=name in busy.split(),
        )
        for place, name in enumerate(("anna", "bert"))
    ]


FREE = staff()
BUSY = staff(busy="anna bert")
NOBODY = staff(out="anna bert")


def queue(**changes: object) -> WaitQueue:
    return WaitQueue(replace(SETTINGS, **changes), rng=random.Random(1))  # type: ignore[arg-type]


def offered(actions: list[Action]) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.call_id, item.stage.user_ids) for item in actions if isinstance(item, Offer)]


def announced(actions: list[Action]) -> list[tuple[str, tuple[Say, ...]]]:
    return [(item.call_id, item.words) for item in actions if isinstance(item, Announce)]


def test_every_transition_leads_somewhere() -> None:
    assert {state for state, _ in TRANSITIONS} == {WaitState.WAITING, WaitState.OFFERED}
    assert {event for _, event in TRANSITIONS} == set(WaitEvent)


def test_a_free_member_rings_at_once() -> None:
    assert queue().join("c1", FREE, 0.0) == [Take("c1", answer=True), Offer("c1", Stage(("anna",), 10.0))]


def test_alerting_queues_do_not_answer() -> None:
    assert queue(answer="alerting").join("c1", BUSY, 0.0) == [Take("c1", answer=False)]


def test_only_the_caller_in_front_is_offered_and_the_next_after_the_answer() -> None:
    line = queue()
    line.join("c1", FREE, 0.0)
    assert line.join("c2", FREE, 1.0) == [Take("c2", answer=True)]
    assert line.call_ids == ("c1", "c2")
    assert line.position("c2") == 2
    assert offered(line.connected("c1", staff(busy="anna"), 5.0)) == [("c2", ("bert",))]
    assert line.position("c2") == 1


def test_the_next_member_is_tried_when_one_does_not_answer_and_the_caller_stays_in_front() -> None:
    line = queue()
    line.join("c1", FREE, 0.0)
    line.join("c2", FREE, 1.0)
    assert offered(line.stage_over("c1", FREE, 10.0)) == [("c1", ("bert",))]
    assert offered(line.stage_over("c1", FREE, 20.0)) == [("c1", ("anna",))]
    assert line.call_ids == ("c1", "c2")


def test_a_member_who_becomes_free_gets_the_caller_in_front() -> None:
    line = queue()
    line.join("c1", BUSY, 0.0)
    line.join("c2", BUSY, 1.0)
    assert offered(line.run(BUSY, 1.5)) == []
    assert offered(line.run(staff(busy="anna"), 1.6)) == [("c1", ("bert",))]


def test_a_caller_who_hangs_up_makes_room() -> None:
    line = queue()
    line.join("c1", FREE, 0.0)
    line.join("c2", FREE, 1.0)
    assert offered(line.left("c1", FREE, 2.0)) == [("c2", ("anna",))]
    assert line.left("unknown", FREE, 2.0) == []


def test_who_declines_is_asked_again_only_in_the_next_round() -> None:
    line = queue()
    line.join("c1", FREE, 0.0)
    line.declined("c1", "anna")
    assert offered(line.stage_over("c1", FREE, 1.0)) == [("c1", ("bert",))]
    line.declined("c1", "bert")
    assert offered(line.stage_over("c1", FREE, 2.0)) == []
    assert line.next_wakeup(FREE, 2.0) == 32.0
    line.run(FREE, 50.0)
    assert line.next_wakeup(FREE, 50.0) == 60.0
    assert offered(line.run(FREE, 60.0)) != []


def test_the_first_announcement_once_and_the_second_again_and_again() -> None:
    line = queue()
    assert announced(line.join("c1", BUSY, 0.0)) == []
    assert line.next_wakeup(BUSY, 0.0) == 2.0
    (first,) = announced(line.run(BUSY, 2.0))
    assert first == (
        "c1",
        (
            Say("queue.please_wait"),
            Say("queue.position", {"position": 1}),
            Say("queue.expected_wait", {"minutes": 2}),
        ),
    )
    assert line.next_wakeup(BUSY, 2.0) == 32.0
    assert announced(line.run(BUSY, 31.9)) == []
    for now in (32.0, 62.0, 92.0):
        ((_, words),) = announced(line.run(BUSY, now))
        assert words[0] == Say("queue.still_waiting")


def test_the_end_of_a_wrap_up_wakes_the_queue() -> None:
    line = queue()
    tired = [Member("anna", Membership(wrap_up_until=20.0))]
    assert line.next_wakeup(tired, 0.0) is None
    line.join("c1", tired, 3.0)
    line.run(tired, 5.0)
    assert line.next_wakeup(tired, 5.0) == 20.0
    assert offered(line.run(tired, 20.0)) == [("c1", ("anna",))]


def test_announcements_can_be_bare() -> None:
    line = queue(say_position=False, say_wait=False, first_after=0.0, announcement_1="own.hello")
    assert announced(line.join("c1", BUSY, 0.0)) == [("c1", (Say("own.hello"),))]


def test_nobody_promises_a_wait_when_nobody_is_there() -> None:
    line = queue(when_empty="wait", first_after=0.0)
    ((_, words),) = announced(line.join("c1", NOBODY, 0.0))
    assert [word.prompt for word in words] == ["queue.please_wait", "queue.position"]


def test_an_exit_digit_leaves_the_queue() -> None:
    line = queue()
    line.join("c1", FREE, 0.0)
    line.join("c2", FREE, 0.0)
    assert line.digit("c1", "7", FREE, 1.0) == []
    assert line.digit("c1", "#", FREE, 1.0) == [SendOn("c1", "11"), Offer("c2", Stage(("anna",), 10.0))]
    assert line.digit("c1", "#", FREE, 1.0) == []
    assert line.call_ids == ("c2",)


def test_a_full_queue_overflows_or_is_busy() -> None:
    line = queue()
    for name in ("c1", "c2", "c3"):
        line.join(name, BUSY, 0.0)
    assert line.join("c4", BUSY, 0.0) == [SendOn("c4", "10")]
    without = queue(group=replace(GROUP, overflow=None), max_waiting=1)
    without.join("c1", BUSY, 0.0)
    assert without.join("c2", BUSY, 0.0) == [Refuse("c2", 486)]


def test_who_waits_too_long_overflows() -> None:
    line = queue()
    line.join("c1", BUSY, 0.0)
    line.join("c2", BUSY, 100.0)
    assert SendOn("c1", "10") in line.run(BUSY, 300.0)
    assert line.call_ids == ("c2",)


def test_without_an_overflow_callers_wait_as_long_as_they_like() -> None:
    line = queue(group=replace(GROUP, overflow=None))
    line.join("c1", BUSY, 0.0)
    line.run(BUSY, 10_000.0)
    assert line.call_ids == ("c1",)


def test_the_last_member_logs_out_with_callers_waiting() -> None:
    line = queue()
    line.join("c1", BUSY, 0.0)
    line.join("c2", BUSY, 0.0)
    assert line.run(NOBODY, 1.0) == [SendOn("c1", "10"), SendOn("c2", "10")]
    assert line.join("c3", NOBODY, 2.0) == [SendOn("c3", "10")]
    patient = queue(when_empty="wait")
    patient.join("c1", BUSY, 0.0)
    assert patient.run(NOBODY, 1.0) == []
    assert patient.call_ids == ("c1",)


def test_a_caller_cannot_wait_twice() -> None:
    line = queue()
    line.join("c1", BUSY, 0.0)
    with pytest.raises(GroupError):
        line.join("c1", BUSY, 1.0)


def test_the_queue_comes_back_after_a_crash_in_its_order() -> None:
    line = queue()
    for name in ("c1", "c2"):
        line.join(name, BUSY, 0.0)
    line.run(BUSY, 2.0)
    again = queue()
    again.restore(line.snapshot(), 50.0)
    assert again.call_ids == ("c1", "c2")
    assert offered(again.run(FREE, 50.0)) == [("c1", ("anna",))]
    ((_, words), _) = announced(again.run(FREE, 80.0))
    assert words[0] == Say("queue.still_waiting")


@pytest.mark.parametrize(
    "changes",
    [
        {"repeat_after": 0.0},
        {"first_after": -1.0},
        {"max_waiting": 0},
        {"max_wait": -1.0},
        {"exits": {"12": "1"}},
    ],
)
def test_settings_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(GroupError):
        queue(**changes)


def test_the_estimate_learns_and_is_said_in_whole_minutes() -> None:
    estimate = WaitEstimate(100.0)
    assert estimate.seconds(3, 2) == 150.0
    assert estimate.minutes(3, 2) == 3
    assert estimate.minutes(1, 50) == 1
    assert estimate.minutes(1, 0) is None
    for _ in range(60):
        estimate = estimate.learn(300.0)
    assert 299 < estimate.average_seconds <= 300


steps = st.lists(
    st.tuples(
        st.sampled_from(["join", "left", "connected", "stage_over", "digit", "run"]),
        st.integers(0, 5),
        st.sampled_from(["free", "anna", "busy", "out"]),
        st.floats(0, 40),
    ),
    max_size=60,
)


@given(steps)
def test_whatever_happens_the_order_of_arrival_is_kept(
    happenings: list[tuple[str, int, str, float]],
) -> None:
    line = queue()
    states = {"free": FREE, "anna": staff(busy="bert"), "busy": BUSY, "out": NOBODY}
    now, arrivals, offers = 0.0, 0, list[str]()
    for what, which, state, pause in happenings:
        now += pause
        ids = line.call_ids
        members = states[state]
        actions: list[Action] = []
        if what == "join":
            arrivals += 1
            actions = line.join(f"c{arrivals:03}", members, now)
        elif what == "run":
            actions = line.run(members, now)
        elif what == "digit" and ids:
            actions = line.digit(ids[which % len(ids)], "0", members, now)
        elif what == "left" and ids:
            actions = line.left(ids[which % len(ids)], members, now)
        elif ids and offers and offers[-1] == ids[0] and line.snapshot():
            front = ids[0]
            try:
                act = line.connected if what == "connected" else line.stage_over
                actions = act(front, members, now)
            except KeyError:
                actions = []
        for call_id, rung in offered(actions):
            offers.append(call_id)
            assert call_id == line.call_ids[0]
            assert set(rung) <= {member.user_id for member in members if member.present(now)}
        assert list(line.call_ids) == sorted(line.call_ids)
        assert len(line.call_ids) <= SETTINGS.max_waiting
    assert offers == sorted(offers)
