"""Park slots (P2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.features.park import Parked, ParkError, ParkLot, ParkRecall


def lot(*slots: str) -> ParkLot:
    return ParkLot(slots or ("701", "702"), recall_seconds=60.0)


def test_a_call_is_parked_in_the_first_free_slot_and_retrieved_once() -> None:
    slots = lot()
    assert slots.park("c1", "anna", 0.0) == Parked("701", "c1", "anna", 0.0, 60.0)
    assert slots.park("c2", "anna", 0.0).slot == "702"
    assert slots.retrieve("701").call_id == "c1"
    with pytest.raises(ParkError) as empty:
        slots.retrieve("701")
    assert empty.value.prompt == "park.empty"
    assert slots.at("701") is None
    assert slots.at("702") is not None


@pytest.mark.parametrize(
    ("slot", "prompt"), [("701", "park.occupied"), ("999", "code.refused"), (None, "park.full")]
)
def test_what_cannot_be_parked(slot: str | None, prompt: str) -> None:
    slots = lot("701")
    slots.park("c1", "anna", 0.0, "701")
    with pytest.raises(ParkError) as refused:
        slots.park("c2", "bert", 0.0, slot)
    assert refused.value.prompt == prompt


def test_a_forgotten_call_comes_back_to_who_parked_it() -> None:
    slots = lot()
    parked = slots.park("c1", "anna", 10.0)
    assert slots.next_wakeup() == 70.0
    assert slots.run(69.9) == []
    assert slots.run(70.0) == [ParkRecall(parked)]
    assert slots.at("701") is None
    assert slots.put_back(parked, 100.0) == Parked("701", "c1", "anna", 100.0, 160.0)
    slots.run(160.0)
    slots.park("c2", "bert", 160.0, "701")
    assert slots.put_back(parked, 160.0).slot == "702"


def test_who_hangs_up_frees_the_slot() -> None:
    slots = lot("701")
    slots.park("c1", "anna", 0.0)
    assert slots.left("c1") is not None
    assert slots.left("c1") is None
    assert slots.park("c2", "anna", 0.0).slot == "701"
    assert slots.next_wakeup() == 60.0


def test_parked_calls_outlive_a_crash() -> None:
    slots = lot()
    parked = slots.park("c1", "anna", 0.0, "702")
    again = lot()
    again.restore(slots.snapshot())
    assert again.at("702") == parked


@given(st.lists(st.tuples(st.sampled_from(["park", "take", "left", "run"]), st.integers(0, 4)), max_size=40))
def test_a_call_is_in_one_slot_and_a_slot_holds_one_call(happenings: list[tuple[str, int]]) -> None:
    slots, inside, now = lot("701", "702", "703"), dict[str, str](), 0.0
    for number, (what, which) in enumerate(happenings):
        now += 7.0
        if what == "park":
            try:
                inside[slots.park(f"c{number}", "anna", now).slot] = f"c{number}"
            except ParkError:
                assert len(inside) == 3
        elif what == "take":
            slot = f"70{which % 3 + 1}"
            try:
                assert slots.retrieve(slot).call_id == inside.pop(slot)
            except ParkError:
                assert slot not in inside
        elif what == "left" and inside:
            slot, call_id = sorted(inside.items())[which % len(inside)]
            slots.left(call_id)
            del inside[slot]
        for recall in slots.run(now):
            del inside[recall.parked.slot]
        assert {slot: found.call_id for slot in slots.slots if (found := slots.at(slot))} == inside
