"""Callback on busy and on no reply (P3, RFC 6910)."""

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.features.callback import (
    IDLE_GUARD,
    MOST_PER_USER,
    TRANSITIONS,
    Action,
    CallbackError,
    Callbacks,
    Ended,
    Event,
    Kind,
    Recall,
    State,
)


@dataclass
class House:
    """Lines that the test makes busy and free, and a clock."""

    now: float = 1000.0
    busy: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.callbacks = Callbacks(lambda user: user not in self.busy)

    def wish(self, caller: str, callee: str, kind: Kind = Kind.BUSY) -> str:
        return self.callbacks.request(f"{caller}>{callee}", caller, callee, kind, self.now).id

    def engage(self, *users: str) -> list[Action]:
        for user in users:
            self.busy.add(user)
            self.callbacks.line_changed(user, free=False, now=self.now)
        return self.callbacks.run(self.now)

    def free(self, *users: str) -> list[Action]:
        for user in users:
            self.busy.discard(user)
            self.callbacks.line_changed(user, free=True, now=self.now)
        return self.callbacks.run(self.now)

    def wait(self, seconds: float = IDLE_GUARD) -> list[Action]:
        self.now += seconds
        return self.callbacks.run(self.now)

    def states(self) -> list[State]:
        return [request.state for request in self.callbacks.requests]


@pytest.fixture
def house() -> House:
    return House()


def test_the_table_lets_every_request_end() -> None:
    alive = set(State) - {State.DONE}
    assert {state for state, event in TRANSITIONS if event is Event.END} == alive


def test_a_busy_callee_becomes_free_and_the_caller_is_rung_first(house: House) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert")
    assert house.wait(60) == []
    assert house.free("bert") == []
    assert house.callbacks.next_wakeup(house.now) == house.now + IDLE_GUARD
    assert house.wait() == [Recall(wish, "anna", "bert")]
    house.callbacks.recall_answered(wish)
    assert house.states() == [State.CALLING]
    house.callbacks.call_over(wish, busy=False)
    assert house.states() == []
    assert house.callbacks.next_wakeup(house.now) is None


def test_a_callee_who_calls_at_once_is_left_alone(house: House) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert")
    house.free("bert")
    house.now += 1
    house.engage("bert")
    assert house.wait() == []
    house.free("bert")
    assert house.wait() == [Recall(wish, "anna", "bert")]


def test_no_reply_waits_until_the_callee_was_active(house: House) -> None:
    wish = house.wish("anna", "bert", Kind.NO_REPLY)
    assert house.wait(600) == []
    house.engage("bert")
    house.free("bert")
    assert house.wait() == [Recall(wish, "anna", "bert")]


def test_callers_are_served_in_their_order_one_at_a_time(house: House) -> None:
    house.engage("bert")
    first, second = house.wish("anna", "bert"), house.wish("cora", "bert")
    house.free("bert")
    assert house.wait() == [Recall(first, "anna", "bert")]
    assert house.wait(5) == []
    house.callbacks.recall_answered(first)
    house.engage("anna", "bert")
    house.callbacks.call_over(first, busy=False)
    house.free("anna", "bert")
    assert house.wait() == [Recall(second, "cora", "bert")]


def test_a_busy_caller_keeps_the_place_and_the_next_is_served(house: House) -> None:
    house.engage("bert", "anna")
    first, second = house.wish("anna", "bert"), house.wish("cora", "bert")
    house.free("bert")
    assert house.wait() == [Recall(second, "cora", "bert")]
    assert house.states() == [State.SUSPENDED, State.RECALLING]
    house.callbacks.recall_failed(second)
    assert house.free("anna") == [Recall(first, "anna", "bert")]


def test_a_suspended_request_waits_again_when_the_callee_is_gone(house: House) -> None:
    house.engage("bert", "anna")
    house.wish("anna", "bert")
    house.free("bert")
    house.wait()
    house.engage("bert")
    assert house.states() == [State.QUEUED]
    assert house.free("anna") == []


def test_a_caller_who_does_not_answer_has_lost_it(house: House) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert")
    house.free("bert")
    house.wait()
    assert house.callbacks.recall_failed(wish) == Ended(wish, "anna", "not answered")
    assert house.wait() == []


def test_a_callee_who_is_busy_again_keeps_the_request(house: House) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert")
    house.free("bert")
    house.wait()
    house.callbacks.recall_answered(wish)
    house.engage("bert")
    house.callbacks.call_over(wish, busy=True)
    assert house.states() == [State.QUEUED]
    house.free("bert")
    assert house.wait() == [Recall(wish, "anna", "bert")]


@pytest.mark.parametrize(("kind", "minutes"), [(Kind.BUSY, 45), (Kind.NO_REPLY, 180)])
def test_a_request_expires(house: House, kind: Kind, minutes: int) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert", kind)
    assert house.callbacks.next_wakeup(house.now) == house.now + minutes * 60
    assert house.wait(minutes * 60 - 1) == []
    assert house.wait(1) == [Ended(wish, "anna", "expired")]


def test_three_a_user_and_one_a_callee(house: House) -> None:
    house.engage("b0", "b1", "b2", "b3")
    for number in range(MOST_PER_USER):
        house.wish("anna", f"b{number}")
    with pytest.raises(CallbackError) as refused:
        house.wish("anna", "b3")
    assert refused.value.prompt == "callback.too_many"
    house.now += 60
    assert house.wish("anna", "b1", Kind.NO_REPLY) == "anna>b1"
    assert len(house.callbacks.list_of("anna")) == MOST_PER_USER
    house.wish("cora", "b3")
    with pytest.raises(CallbackError):
        house.wish("anna", "anna")


def test_listing_and_cancelling(house: House) -> None:
    house.engage("b0", "b1")
    first = house.wish("anna", "b0")
    house.wish("anna", "b1")
    house.wish("cora", "b0")
    assert [wish.callee for wish in house.callbacks.list_of("anna")] == ["b0", "b1"]
    assert house.callbacks.cancel("anna", first) == 1
    assert house.callbacks.cancel("anna") == 1
    assert house.callbacks.cancel("anna") == 0
    house.free("b0")
    assert house.wait() == [Recall("cora>b0", "cora", "b0")]


def test_requests_outlive_a_restart(house: House) -> None:
    house.engage("bert")
    wish = house.wish("anna", "bert")
    again = House(now=house.now)
    again.callbacks.restore(house.callbacks.snapshot())
    assert again.wait(1) == []
    assert again.wait() == [Recall(wish, "anna", "bert")]


people = st.sampled_from(["anna", "bert", "cora"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wish", "engage", "free", "wait", "answer", "fail", "over", "busy", "cancel"]),
            people,
            people,
            st.sampled_from(Kind),
        ),
        max_size=60,
    )
)
def test_whatever_happens_a_callee_is_recalled_for_one_at_a_time(
    happenings: list[tuple[str, str, str, Kind]],
) -> None:
    house = House()
    for what, one, other, kind in happenings:
        actions: list[Action] = []
        ringing = [item.id for item in house.callbacks.requests if item.state is State.RECALLING]
        calling = [item.id for item in house.callbacks.requests if item.state is State.CALLING]
        if what == "wish":
            with contextlib.suppress(CallbackError):
                house.wish(one, other, kind)
        elif what == "engage":
            actions = house.engage(one)
        elif what == "free":
            actions = house.free(one)
        elif what == "wait":
            actions = house.wait(7.0)
        elif what == "cancel":
            house.callbacks.cancel(one)
        elif what == "answer" and ringing:
            house.callbacks.recall_answered(ringing[0])
        elif what == "fail" and ringing:
            house.callbacks.recall_failed(ringing[0])
        elif what in ("over", "busy") and calling:
            house.callbacks.call_over(calling[0], busy=what == "busy")
        for action in actions:
            if isinstance(action, Recall):
                assert action.caller not in house.busy
                assert action.callee not in house.busy
        for callee in ("anna", "bert", "cora"):
            served = [item for item in house.callbacks.requests if item.callee == callee and not item.waits]
            assert len(served) <= 1
            assert len(house.callbacks.list_of(callee)) <= MOST_PER_USER
