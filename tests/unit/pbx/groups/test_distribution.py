"""Distribution of calls in a hunt group (K8): examples, properties, fairness by counting."""

import random
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.groups.distribution import Hunt, Stage, begin, joining, next_stage
from stimme.pbx.groups.group import CallWaiting, Group, GroupError, Strategy, overflow_chain, overflow_of
from stimme.pbx.groups.membership import Member, Membership, eligible

NAMES = ("anna", "bert", "cora", "dirk")


def group(strategy: Strategy, **changes: object) -> Group:
    return replace(Group("g", "30", "Sales", NAMES, strategy), **changes)  # type: ignore[arg-type]


def members(*names: str, now: float = 0.0) -> list[Member]:
    return [
        Member(name, Membership(idle_since=now - 10 * place)) for place, name in enumerate(names or NAMES)
    ]


def stages(
    of: Group, line: list[Member], *, rng: random.Random | None = None, answered: int = 99
) -> list[Stage]:
    """Every stage of a call that nobody takes, with time going on as the stages say."""
    now, hunt, out = 0.0, begin(of, 0.0), list[Stage]()
    rng = rng or random.Random(7)
    while len(out) < answered and (following := next_stage(of, line, hunt, now=now, rng=rng)) is not None:
        hunt, stage = following
        out.append(stage)
        now += stage.seconds
    return out


def test_parallel_rings_everybody_until_the_time_is_up() -> None:
    assert stages(group(Strategy.PARALLEL), members()) == [Stage(NAMES, 60.0)]


def test_longest_idle_goes_from_the_longest_idle_on_and_around_again() -> None:
    order = [
        stage.user_ids[0] for stage in stages(group(Strategy.LONGEST_IDLE, ring_seconds=10.0), members())
    ]
    assert order == ["dirk", "cora", "bert", "anna", "dirk", "cora"]


def test_the_last_stage_ends_with_the_group_s_time() -> None:
    seconds = [stage.seconds for stage in stages(group(Strategy.LONGEST_IDLE, ring_seconds=25.0), members())]
    assert seconds == [25.0, 25.0, 10.0]


def test_round_robin_is_one_at_random_and_then_all_others_together() -> None:
    first, second = stages(group(Strategy.ROUND_ROBIN), members())
    assert len(first.user_ids) == 1
    assert set(first.user_ids) | set(second.user_ids) == set(NAMES)
    assert not set(first.user_ids) & set(second.user_ids)
    assert (first.seconds, second.seconds) == (15.0, 45.0)


def test_round_robin_with_one_member_rings_that_one_on() -> None:
    assert stages(group(Strategy.ROUND_ROBIN), members("anna")) == [
        Stage(("anna",), 15.0),
        Stage(("anna",), 45.0),
    ]


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize(
    "away",
    [
        Member("anna", Membership(logged_in=False)),
        Member("anna", Membership(wrap_up_until=90.0)),
        Member("anna", reachable=False),
        Member("anna", silent=True),
        Member("anna", busy=True),
    ],
)
def test_who_cannot_take_a_call_does_not_ring(strategy: Strategy, away: Member) -> None:
    assert stages(group(strategy), [away]) == []
    assert all("anna" not in stage.user_ids for stage in stages(group(strategy), [away, *members("bert")]))


@pytest.mark.parametrize(
    ("rule", "busy", "expected"),
    [
        (CallWaiting.NEVER, {"anna"}, {"bert"}),
        (CallWaiting.NEVER, {"anna", "bert"}, set()),
        (CallWaiting.WHEN_ALL_BUSY, {"anna"}, {"bert"}),
        (CallWaiting.WHEN_ALL_BUSY, {"anna", "bert"}, {"anna", "bert"}),
        (CallWaiting.ALWAYS, {"anna"}, {"anna", "bert"}),
    ],
)
def test_the_call_waiting_rule(rule: CallWaiting, busy: set[str], expected: set[str]) -> None:
    line = [replace(member, busy=member.user_id in busy) for member in members("anna", "bert")]
    chosen = eligible(group(Strategy.PARALLEL, call_waiting=rule), line, 0.0)
    assert {member.user_id for member in chosen} == expected


def test_a_member_who_declined_is_not_rung_again() -> None:
    of = group(Strategy.LONGEST_IDLE)
    following = next_stage(of, members("anna", "bert"), begin(of, 0.0), now=0.0, rng=random.Random(1))
    assert following is not None
    hunt = following[0].decline("bert")
    again = next_stage(of, members("anna", "bert"), hunt, now=1.0, rng=random.Random(1))
    assert again is not None
    assert again[1].user_ids == ("anna",)
    assert next_stage(of, members("bert"), hunt, now=1.0, rng=random.Random(1)) is None


def test_who_becomes_free_joins_a_parallel_call() -> None:
    of = group(Strategy.PARALLEL)
    busy = [replace(member, busy=member.user_id == "dirk") for member in members()]
    following = next_stage(of, busy, begin(of, 0.0), now=0.0, rng=random.Random(1))
    assert following is not None
    hunt, stage = following
    ringing = frozenset(stage.user_ids)
    assert joining(of, busy, hunt, ringing, now=5.0) == []
    assert joining(of, members(), hunt, ringing, now=5.0) == ["dirk"]
    assert joining(of, members(), hunt.decline("dirk"), ringing, now=5.0) == []


def test_who_let_it_ring_first_does_not_join_the_second_stage_of_round_robin() -> None:
    of = group(Strategy.ROUND_ROBIN)
    first = next_stage(of, members(), begin(of, 0.0), now=0.0, rng=random.Random(1))
    assert first is not None
    assert joining(of, members(), first[0], frozenset(first[1].user_ids), now=1.0) == []
    second = next_stage(of, members(), first[0], now=15.0, rng=random.Random(1))
    assert second is not None
    newcomer = [*members(), Member("eva")]
    assert joining(of, newcomer, second[0], frozenset(second[1].user_ids), now=16.0) == ["eva"]


# -- fairness over 1,000 calls ------------------------------------------------------------------------------


@dataclass
class Office:
    """Four members who take what they are given, and a clock."""

    of: Group
    rng: random.Random
    now: float = 0.0

    def __post_init__(self) -> None:
        self.memberships = {name: Membership() for name in NAMES}
        self.taken: Counter[str] = Counter()
        self.rung: Counter[str] = Counter()
        self.first: Counter[str] = Counter()

    def call(self, talk_seconds: float, *, lazy: frozenset[str] = frozenset()) -> None:
        """One call; who is lazy never answers."""
        hunt = begin(self.of, self.now)
        line = [Member(name, membership) for name, membership in self.memberships.items()]
        while (following := next_stage(self.of, line, hunt, now=self.now, rng=self.rng)) is not None:
            hunt, stage = following
            self.rung.update(stage.user_ids)
            if hunt.stages == 1:
                self.first.update(stage.user_ids)
            willing = [name for name in stage.user_ids if name not in lazy]
            if willing:
                winner = self.rng.choice(willing)
                self.taken[winner] += 1
                self.now += talk_seconds
                self.memberships[winner] = self.memberships[winner].call_ended(self.now, 0.0)
                return
            self.now += stage.seconds


def test_longest_idle_gives_everybody_the_same_number_of_calls() -> None:
    office = Office(group(Strategy.LONGEST_IDLE), random.Random(11))
    for _ in range(1000):
        office.call(office.rng.uniform(10, 600))
    assert office.taken == Counter(dict.fromkeys(NAMES, 250))


def test_round_robin_begins_with_everybody_equally_often() -> None:
    office = Office(group(Strategy.ROUND_ROBIN), random.Random(11))
    for _ in range(1000):
        office.call(60)
    assert sum(office.taken.values()) == 1000
    # Four equal chances, 1,000 times: a standard deviation is 13.7, so 55 is four of them.
    assert all(abs(office.taken[name] - 250) <= 55 for name in NAMES)
    assert office.rung == office.first


def test_round_robin_passes_over_a_member_who_never_answers() -> None:
    office = Office(group(Strategy.ROUND_ROBIN), random.Random(11))
    for _ in range(1000):
        office.call(60, lazy=frozenset({"anna"}))
    assert office.taken["anna"] == 0
    assert sum(office.taken.values()) == 1000
    assert abs(office.first["anna"] - 250) <= 55


def test_parallel_rings_everybody_for_every_call() -> None:
    office = Office(group(Strategy.PARALLEL), random.Random(11))
    for _ in range(1000):
        office.call(60)
    assert office.rung == Counter(dict.fromkeys(NAMES, 1000))
    assert sum(office.taken.values()) == 1000


# -- promises -----------------------------------------------------------------------------------------------

lines = st.lists(
    st.builds(
        Member,
        user_id=st.sampled_from([f"m{number}" for number in range(8)]),
        membership=st.builds(
            Membership,
            logged_in=st.booleans(),
            idle_since=st.floats(0, 1000),
            wrap_up_until=st.floats(0, 200),
        ),
        reachable=st.booleans(),
        busy=st.booleans(),
        silent=st.booleans(),
    ),
    unique_by=lambda member: member.user_id,
    max_size=8,
)
groups = st.builds(
    Group,
    id=st.just("g"),
    extension=st.just("30"),
    name=st.just("Sales"),
    strategy=st.sampled_from(Strategy),
    ring_seconds=st.floats(1, 40),
    timeout_seconds=st.floats(1, 120),
    call_waiting=st.sampled_from(CallWaiting),
)


@given(groups, lines, st.randoms(use_true_random=False))
def test_a_call_always_ends_and_rings_only_who_may_ring(
    of: Group, line: list[Member], rng: random.Random
) -> None:
    now, hunt, count = 100.0, begin(of, 100.0), 0
    while (following := next_stage(of, line, hunt, now=now, rng=rng)) is not None:
        hunt, stage = following
        allowed = {member.user_id for member in eligible(of, line, now)}
        assert stage.user_ids
        assert set(stage.user_ids) <= allowed
        assert len(set(stage.user_ids)) == len(stage.user_ids)
        assert stage.seconds > 0
        now += stage.seconds
        count += 1
        assert count <= 130
    assert not eligible(of, line, now) or now >= hunt.deadline


@given(groups, lines, st.randoms(use_true_random=False), st.integers(1, 8))
def test_everybody_who_can_be_rung_is_rung_before_anybody_again(
    of: Group, line: list[Member], rng: random.Random, count: int
) -> None:
    of = replace(of, timeout_seconds=10_000.0)
    free = eligible(of, line, 0.0)
    hunt, seen = begin(of, 0.0), list[str]()
    for _ in range(min(count, len(free))):
        following = next_stage(of, line, hunt, now=0.0, rng=rng)
        assert following is not None
        hunt = following[0]
        if len(seen) < len(free):
            seen += following[1].user_ids
    assert len(set(seen)) == len(seen)


# -- memberships, overflow ----------------------------------------------------------------------------------


def test_logging_in_begins_at_the_end_of_the_line() -> None:
    member = Membership(logged_in=False, idle_since=5.0)
    assert member.log_in(100.0) == Membership(logged_in=True, idle_since=100.0)
    assert member.log_in(100.0).log_in(200.0).idle_since == 100.0
    assert not member.log_in(100.0).log_out().logged_in


def test_wrap_up_spares_a_member_until_it_ends_or_is_ended() -> None:
    after = Membership().call_ended(100.0, 30.0)
    assert not Member("anna", after).present(129.9)
    assert Member("anna", after).present(130.0)
    assert Member("anna", after.ready(110.0)).present(110.0)
    assert after.ready(500.0) == after
    assert Membership.from_json(after.to_json()) == after


def test_overflow_chains_are_followed_and_loops_refused() -> None:
    def chained(extension: str, overflow: str | None) -> Group:
        return Group(extension, extension, extension, overflow=overflow)

    line = {number: chained(number, to) for number, to in (("30", "31"), ("31", "32"), ("32", "10"))}
    assert overflow_chain(line, "30") == ("30", "31", "32", "10")
    assert overflow_chain(line, "99") == ("99",)
    line["32"] = chained("32", "30")
    with pytest.raises(GroupError, match="30 → 31 → 32 → 30"):
        overflow_chain(line, "30")
    assert overflow_of(line["32"], frozenset({"30", "31"})) is None
    assert overflow_of(line["32"], frozenset({"31"})) == "30"


@pytest.mark.parametrize(
    "changes",
    [
        {"members": ("anna", "anna")},
        {"ring_seconds": 0.0},
        {"timeout_seconds": -1.0},
        {"wrap_up_seconds": -1.0},
        {"overflow": "30"},
    ],
)
def test_groups_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(GroupError):
        group(Strategy.PARALLEL, **changes)


def test_a_hunt_is_a_value() -> None:
    hunt = Hunt(60.0)
    assert hunt.decline("anna") == Hunt(60.0, declined=frozenset({"anna"}))
    assert hunt == Hunt(60.0)
