"""Which call a pickup takes (K7)."""

import pytest

from stimme.pbx.features.pickup import RingingCall, pickup_from_groups, pickup_of

SALES, SUPPORT = {"anna", "bert", "cora"}, {"anna", "dirk"}
GROUPS = [SALES, SUPPORT]


def ringing(call_id: str, since: float, *users: str) -> RingingCall:
    return RingingCall(call_id, frozenset(users), since)


CALLS = [
    ringing("young", 9.0, "bert"),
    ringing("old", 1.0, "cora"),
    ringing("mine", 0.0, "anna"),
    ringing("both", 0.5, "anna", "bert"),
    ringing("far", 0.2, "eva"),
]


@pytest.mark.parametrize(
    ("user", "calls", "taken"),
    [
        ("anna", CALLS, "old"),
        ("anna", CALLS[:1], "young"),
        ("anna", CALLS[2:], None),
        ("dirk", CALLS, "mine"),
        ("dirk", CALLS[:2], None),
        ("eva", CALLS, None),
        ("anna", [ringing("hunt", 3.0, "bert", "eva")], "hunt"),
        ("anna", [], None),
    ],
)
def test_the_group_key_takes_what_rings_longest_elsewhere(
    user: str, calls: list[RingingCall], taken: str | None
) -> None:
    found = pickup_from_groups(user, GROUPS, calls)
    assert (found.call_id if found is not None else None) == taken


@pytest.mark.parametrize(("of", "taken"), [("bert", "young"), ("cora", "old"), ("dirk", None)])
def test_directed_pickup_takes_the_call_of_one(of: str, taken: str | None) -> None:
    found = pickup_of("anna", of, GROUPS, CALLS)
    assert (found.call_id if found is not None else None) == taken


def test_directed_pickup_needs_a_common_group_unless_it_is_open() -> None:
    with pytest.raises(PermissionError):
        pickup_of("dirk", "bert", GROUPS, CALLS)
    found = pickup_of("dirk", "bert", GROUPS, CALLS, open_to_all=True)
    assert found is not None
    assert found.call_id == "both"


def test_the_own_call_is_answered_not_picked_up() -> None:
    assert pickup_of("anna", "bert", GROUPS, [CALLS[3]]) is None
