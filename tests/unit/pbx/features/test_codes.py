"""Feature codes: the table, what customers may change, what was dialled."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.pbx.apps.attendant import Position
from stimme.pbx.features import commands as c
from stimme.pbx.features.codes import FEATURES, CodeTable, Dialled, InCallKeys, Incomplete
from stimme.pbx.features.codes_page import page
from stimme.pbx.features.patterns import CodeError, Pattern, compile_pattern
from stimme.prompts.catalogue import catalogue

TABLE = CodeTable()
ALWAYS, NO_REPLY = c.DiversionKind.ALWAYS, c.DiversionKind.NO_REPLY


def command(dialled: str, table: CodeTable = TABLE) -> c.Command | None:
    found = table.parse(dialled)
    return found.command if isinstance(found, Dialled) else None


@pytest.mark.parametrize(
    ("dialled", "expected"),
    [
        ("*21*030901820#", c.SetDiversion(ALWAYS, "030901820")),
        ("*21*12", c.SetDiversion(ALWAYS, "12")),
        ("*21*+4930901820#", c.SetDiversion(ALWAYS, "+4930901820")),
        ("*21*030 90-18/20#", c.SetDiversion(ALWAYS, "030901820")),
        ("#21#", c.ClearDiversion(ALWAYS)),
        ("##21#", c.ClearDiversion(ALWAYS)),
        ("#21", c.ClearDiversion(ALWAYS)),
        ("*#21#", c.SayDiversion(ALWAYS)),
        ("*67*99#", c.SetDiversion(c.DiversionKind.BUSY, "99")),
        ("*61*12#", c.SetDiversion(NO_REPLY, "12")),
        ("*61*12*25#", c.SetDiversion(NO_REPLY, "12", 25)),
        ("*62*12#", c.SetDiversion(c.DiversionKind.NOT_REGISTERED, "12")),
        ("##002#", c.ClearDiversion(None)),
        ("*26#", c.Dnd(on=True)),
        ("#26#", c.Dnd(on=False)),
        ("*43#", c.CallWaiting(on=True)),
        ("*31#030901820", c.ClirOnce("030901820")),
        ("*31*030901820#", c.ClirOnce("030901820")),
        ("#31#030901820", c.ClirOnce("030901820", hidden=False)),
        ("*32#", c.Clir(on=True)),
        ("*8#", c.Pickup()),
        ("*8*12#", c.PickupOf("12")),
        ("*16#", c.Park()),
        ("*16*701#", c.Park("701")),
        ("#16*701#", c.Retrieve("701")),
        ("*50#", c.LoginGroup()),
        ("#50*30#", c.LogoutGroup("30")),
        ("*37#", c.Callback()),
        ("*37*12#", c.Callback("12")),
        ("#37#", c.CallbackCancel()),
        ("*40#", c.HotDeskLogin()),
        ("*40*12*4711#", c.HotDeskLogin("12", "4711")),
        ("#40#", c.HotDeskLogout()),
        ("*45#", c.SwitchNight(Position.NIGHT_1)),
        ("*45*2#", c.SwitchNight(Position.NIGHT_2)),
        ("#45#", c.SwitchNight(Position.DAY)),
        ("*45*0#", c.SwitchNight(None)),
        ("*90*12#", c.TransferTo("12")),
        ("*90#", c.Transfer()),
        ("*91#", c.Conference()),
        ("*66#", c.Redial()),
        ("#65#", c.AutoRedial(on=False)),
        ("*80*12#", c.Intercom("12")),
        ("*27*12#", c.CallThrough("12")),
        ("*39#", c.NoteMaliciousCall()),
        ("*77#;phone-context=muster.example", c.EmergencyTest()),
    ],
)
def test_what_was_dialled(dialled: str, expected: c.Command) -> None:
    assert command(dialled) == expected


@pytest.mark.parametrize(
    "dialled", ["12", "030901820", "", "*21*12*12#", "*99*1#", "#1#2", "*21*abc#", "*٢١*1#"]
)
def test_other_keys_are_no_code(dialled: str) -> None:
    assert TABLE.parse(dialled) is None


@pytest.mark.parametrize("dialled", ["*", "#", "*2", "*21", "*21*", "*61*12*", "*40*12*471", "*#2", "##0"])
def test_the_beginning_of_a_code_is_incomplete(dialled: str) -> None:
    assert TABLE.parse(dialled) == Incomplete()


def test_key_by_key_a_code_ends_only_where_it_must() -> None:
    assert TABLE.parse("*8", overlap=True) == Incomplete()
    assert TABLE.parse("*8*1", overlap=True) == Incomplete()
    assert TABLE.parse("*21*12", overlap=True) == Incomplete()
    for done in ("*8#", "*8*1#", "*21*12#"):
        assert isinstance(TABLE.parse(done, overlap=True), Dialled)


@pytest.mark.parametrize("dialled", ["*31#112", "#31#110", "*112#", "*31#0112", "*112", "112", "110#"])
def test_no_code_takes_an_emergency_call(dialled: str) -> None:
    assert TABLE.parse(dialled) is None


def test_a_pin_shows_nowhere() -> None:
    assert "4711" not in repr(TABLE.parse("*40*12*4711#"))


def test_a_customer_changes_codes_and_takes_them_away() -> None:
    table = CodeTable({"pickup": ["*59#"], "pickup_of": ["*59*{extension}#"], "malicious": []})
    assert command("*59#", table) == c.Pickup()
    assert command("*59*12#", table) == c.PickupOf("12")
    assert command("*8#", table) is None
    assert command("*39#", table) is None
    assert table.codes_of("pickup") == ["*59#"]
    assert table.codes_of("malicious") == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pickup": ["*21#", "*26#"]}, "means the same"),
        ({"pickup": ["*26"]}, "means the same"),
        ({"pickup": ["*21*{number}#"]}, "means the same"),
        ({"pickup_of": ["*{extension}#"]}, "means the same"),
        ({"pickup": ["*112#"]}, "emergency"),
        ({"pickup": ["#110"]}, "emergency"),
        ({"pickup": ["8#"]}, "begins with"),
        ({"pickup": ["*"]}, "too short"),
        ({"pickup": ["*8x#"]}, "not a key"),
        ({"pickup_of": ["*8*{who}#"]}, "unknown"),
        ({"pickup_of": ["*8#"], "pickup": []}, "needs {extension}"),
        ({"divert_always": ["*21*{number}*{number}#"]}, "twice"),
        ({"teleport": ["*1#"]}, "no feature"),
    ],
)
def test_changes_that_cannot_be_are_refused(changes: dict[str, list[str]], reason: str) -> None:
    with pytest.raises(CodeError, match=reason):
        CodeTable(changes)


def test_a_service_code_may_begin_with_another() -> None:
    assert command("*800#", CodeTable({"time": ["*800#"]})) == c.SayTime()


KEYS = st.text("0123456789*#+", max_size=14)
SAMPLES = [
    compile_pattern(text)
    for text in (
        "*8#",
        "*8*{extension}#",
        "*21*{number}#",
        "*2{slot}#",
        "*31#{number}",
        "#1{pin}#",
        "*8{seconds}1#",
    )
]


@given(st.sampled_from(SAMPLES), st.sampled_from(SAMPLES), KEYS)
def test_patterns_that_do_not_overlap_never_match_the_same_keys(
    one: Pattern, other: Pattern, keys: str
) -> None:
    if not one.overlaps(other):
        assert one.values(keys) is None or other.values(keys) is None


@given(st.sampled_from([code for feature in FEATURES for code in feature.codes]), st.data())
def test_every_prefix_of_a_code_may_become_it(code: str, data: st.DataObject) -> None:
    pattern = compile_pattern(code)
    dialled = data.draw(st.from_regex(pattern.expression, fullmatch=True))
    assert pattern.values(dialled) is not None
    for length in range(1, len(dialled)):
        assert pattern.may_become(dialled[:length])
    if dialled.partition(";")[0] == dialled:
        found = TABLE.parse(dialled)
        assert found is None or isinstance(found, Dialled)


@given(st.text(max_size=24))
def test_no_text_stops_the_table(dialled: str) -> None:
    TABLE.parse(dialled)
    TABLE.parse(dialled, overlap=True)


def test_every_confirmation_is_a_prompt() -> None:
    prompts = catalogue("de").prompts
    assert [feature.id for feature in FEATURES if feature.said and feature.said not in prompts] == []
    assert len({feature.id for feature in FEATURES}) == len(FEATURES)


def test_the_page_in_docs_is_the_table() -> None:
    written = Path(__file__).parents[4] / "docs" / "feature-codes.md"
    assert written.read_text(encoding="utf-8") == page()


# -- keys within a conversation -----------------------------------------------------------------------------


def press(keys: str, *, pause: float = 0.3) -> list[tuple[c.Command | None, str]]:
    """What comes of keys, and of the time after them."""
    handset, now = InCallKeys(), 0.0
    out = []
    for key in keys:
        now += pause
        due = handset.next_wakeup()
        if due is not None and due <= now:
            out.append(handset.timeout(due))
        out.append(handset.key(key, now))
    due = handset.next_wakeup()
    if due is not None:
        assert handset.timeout(due - 0.1) == (None, "")
        out.append(handset.timeout(due))
        assert handset.next_wakeup() is None
    return [item for item in out if item != (None, "")]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("**0", [(c.RejectWaiting(), "")]),
        ("**1", [(c.EndAndTakeHeld(), "")]),
        ("**2", [(c.Swap(), "")]),
        ("**3", [(c.Conference(), "")]),
        ("**4", [(c.Transfer(), "")]),
        ("**", [(c.Hold(), "")]),
        ("*", [(None, "*")]),
        ("1", [(None, "1")]),
        ("*1", [(None, "*1")]),
        ("**7", [(None, "**7")]),
        ("***", [(None, "***")]),
        ("12**2", [(None, "1"), (None, "2"), (c.Swap(), "")]),
    ],
)
def test_keys_within_a_conversation(keys: str, expected: list[tuple[c.Command | None, str]]) -> None:
    assert press(keys) == expected


@given(st.text("0123456789*#", max_size=20), st.floats(0.1, 5))
def test_no_key_is_lost(keys: str, pause: float) -> None:
    out = press(keys, pause=pause)
    heard = sum(len(passed) for _, passed in out)
    commands = [given_command for given_command, _ in out if given_command is not None]
    taken = sum(2 if isinstance(item, c.Hold) else 3 for item in commands)
    assert heard + taken == len(keys)
