"""Number blocks and providers' ways of writing (T2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.trunks.numbers import (
    Block,
    NumberError,
    NumberFormat,
    Range,
    check_blocks,
    from_provider,
    to_provider,
)

HEAD = "+4930231250"


@pytest.mark.parametrize(
    ("block", "number", "extension"),
    [
        (Block(HEAD, 2), f"{HEAD}12", "12"),
        (Block(HEAD, 2), f"{HEAD}0", "0"),
        (Block(HEAD, 2), HEAD, ""),
        (Block(HEAD, 2), f"{HEAD}123", None),
        (Block(HEAD, 2), "+4930231251", None),
        (Block(HEAD), HEAD, ""),
        (Block(HEAD), f"{HEAD}1", None),
        (Block(HEAD, 2, (Range("10", "49"),)), f"{HEAD}10", "10"),
        (Block(HEAD, 2, (Range("10", "49"),)), f"{HEAD}50", None),
        (Block(HEAD, 2, (Range("10", "49"),)), f"{HEAD}1", None),
        (Block(HEAD, 2, (Range("0", "0"), Range("10", "49"))), f"{HEAD}0", "0"),
        (Block(HEAD, 2, (Range("10", "49"),)), HEAD, ""),
    ],
)
def test_which_numbers_belong_to_a_block(block: Block, number: str, extension: str | None) -> None:
    assert block.extension_of(number) == extension


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Block(HEAD, 2), Block(HEAD, 2), True),
        (Block(HEAD, 2), Block(f"{HEAD}1", 1), True),
        (Block(HEAD, 2), Block(f"{HEAD}12"), True),
        (Block(HEAD, 2), Block(f"{HEAD}123"), False),
        (Block(HEAD, 2), Block("+4930231251", 2), False),
        (Block(HEAD), Block(f"{HEAD}1"), False),
        (Block(HEAD, 2, (Range("00", "49"),)), Block(f"{HEAD}60"), False),
        (Block(HEAD, 2, (Range("00", "49"),)), Block(f"{HEAD}40"), True),
        (Block(HEAD, 2, (Range("00", "49"),)), Block(f"{HEAD}5", 1), False),
        (Block(HEAD, 2, (Range("00", "49"),)), Block(f"{HEAD}4", 1), True),
        (Block(HEAD, 2, (Range("00", "49"),)), Block(HEAD, 2, (Range("50", "99"),)), True),
    ],
)
def test_blocks_that_share_a_number(one: Block, other: Block, overlap: bool) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap
    if overlap:
        with pytest.raises(NumberError, match="in common"):
            check_blocks([one, other])
    else:
        check_blocks([one, other])


blocks = st.builds(
    lambda head, digits, ranges: Block(
        f"+49{head}", digits, tuple(item for item in ranges if len(item.first) <= digits)
    ),
    st.text("12", min_size=1, max_size=3),
    st.integers(0, 2),
    st.lists(
        st.integers(1, 2).flatmap(
            lambda length: st.tuples(
                st.text("0123", min_size=length, max_size=length),
                st.text("0123", min_size=length, max_size=length),
            ).map(lambda pair: Range(min(pair), max(pair)))
        ),
        max_size=2,
    ),
)


@given(blocks, blocks)
def test_overlap_is_what_counting_says(one: Block, other: Block) -> None:
    tails = [""] + [str(value) for value in range(10)] + [f"{value:02}" for value in range(100)]
    numbers = {head + tail for head in (one.head, other.head) for tail in tails}
    shared = [
        number
        for number in numbers
        if one.extension_of(number) is not None and other.extension_of(number) is not None
    ]
    assert one.overlaps(other) is bool(shared)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Block("030231250", 2),
        lambda: Block("+0301", 2),
        lambda: Block("+", 2),
        lambda: Block("+49x", 2),
        lambda: Block(HEAD, -1),
        lambda: Block(HEAD, 6),
        lambda: Block(HEAD, 1, (Range("10", "20"),)),
        lambda: Range("10", "9"),
        lambda: Range("20", "10"),
        lambda: Range("a", "b"),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(NumberError):
        wrong()  # type: ignore[operator]


F = NumberFormat


@pytest.mark.parametrize(
    ("number", "form", "written"),
    [
        ("+4930901820", F.E164, "+4930901820"),
        ("+4930901820", F.E164_BARE, "4930901820"),
        ("+4930901820", F.INTERNATIONAL, "004930901820"),
        ("+4930901820", F.NATIONAL, "030901820"),
        ("+442079460958", F.NATIONAL, "00442079460958"),
        *(("112", form, "112") for form in F),
        *(("115", form, "115") for form in F),
    ],
)
def test_a_number_as_the_provider_wants_it(number: str, form: NumberFormat, written: str) -> None:
    assert to_provider(number, form) == written


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4930901820", "+4930901820"),
        ("004930901820", "+4930901820"),
        ("030901820", "+4930901820"),
        ("030 90-18/20", "+4930901820"),
        ("901820", "+4930901820"),
        ("00442079460958", "+442079460958"),
        ("+4930901820;phone-context=p", "+4930901820"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("12", "12"),
        ("112", "112"),
        ("0", "0"),
    ],
)
def test_a_number_as_providers_write_it(text: str, number: str) -> None:
    assert from_provider(text, HEAD) == number


def test_a_bare_international_number_needs_to_be_known_as_one() -> None:
    assert from_provider("4930901820", HEAD, F.E164_BARE) == "+4930901820"
    assert from_provider("030901820", HEAD, F.E164_BARE) == "+4930901820"


@given(st.from_regex(r"\+(49(30|89|40|171)[1-9][0-9]{6}|44207946[0-9]{4}|1212555[0-9]{4})", fullmatch=True))
def test_there_and_back_in_every_form(number: str) -> None:
    for form in F:
        assert from_provider(to_provider(number, form), HEAD, form) == number


@given(st.text(max_size=20))
def test_no_text_stops_the_reading(text: str) -> None:
    assert isinstance(from_provider(text, HEAD), str)
