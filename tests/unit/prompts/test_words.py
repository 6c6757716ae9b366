"""Numbers, times and dates as words."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.prompts.catalogue import GRAMMARS
from stimme.prompts.grammar import Grammar, SpeechError

DE, EN = GRAMMARS["de"], GRAMMARS["en"]
TODAY = datetime.date(2026, 11, 25)


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        (0, "null", "zero"),
        (1, "eins", "one"),
        (11, "elf", "eleven"),
        (12, "zwölf", "twelve"),
        (16, "sechzehn", "sixteen"),
        (17, "siebzehn", "seventeen"),
        (21, "einundzwanzig", "twenty-one"),
        (30, "dreißig", "thirty"),
        (66, "sechsundsechzig", "sixty-six"),
        (70, "siebzig", "seventy"),
        (100, "einhundert", "one hundred"),
        (101, "einhundert eins", "one hundred and one"),
        (123, "einhundert dreiundzwanzig", "one hundred and twenty-three"),
        (1000, "eintausend", "one thousand"),
        (1001, "eintausend eins", "one thousand and one"),
        (1100, "eintausend einhundert", "one thousand one hundred"),
        (21_000, "einundzwanzig tausend", "twenty-one thousand"),
        (101_000, "einhundert ein tausend", "one hundred and one thousand"),
        (
            999_999,
            "neunhundert neunundneunzig tausend neunhundert neunundneunzig",
            "nine hundred and ninety-nine thousand nine hundred and ninety-nine",
        ),
    ],
)
def test_numbers(value: int, german: str, english: str) -> None:
    assert " ".join(DE.number(value)) == german
    assert " ".join(EN.number(value)) == english


@pytest.mark.parametrize(
    ("text", "german", "english"),
    [
        ("+49 30-1", "plus vier neun drei null eins", "plus four nine three zero one"),
        ("*21#", "Stern zwei eins Raute", "star two one hash"),
        ("(030) 12/3", "null drei null eins zwei drei", "zero three zero one two three"),
    ],
)
def test_digits(text: str, german: str, english: str) -> None:
    assert " ".join(DE.digits(text)) == german
    assert " ".join(EN.digits(text)) == english


@pytest.mark.parametrize(
    ("clock", "german", "english"),
    [
        ("00:00", "null Uhr", "midnight"),
        ("00:05", "null Uhr fünf", "twelve oh five a.m."),
        ("01:00", "ein Uhr", "one a.m."),
        ("01:01", "ein Uhr eins", "one oh one a.m."),
        ("12:00", "zwölf Uhr", "noon"),
        ("12:30", "zwölf Uhr dreißig", "twelve thirty p.m."),
        ("14:05", "vierzehn Uhr fünf", "two oh five p.m."),
        ("21:10", "einundzwanzig Uhr zehn", "nine ten p.m."),
        ("23:59", "dreiundzwanzig Uhr neunundfünfzig", "eleven fifty-nine p.m."),
    ],
)
def test_times(clock: str, german: str, english: str) -> None:
    value = datetime.time.fromisoformat(clock)
    assert " ".join(DE.time(value)) == german
    assert " ".join(EN.time(value)) == english


@pytest.mark.parametrize(
    ("day", "german", "english"),
    [
        ("2026-11-25", "heute", "today"),
        ("2026-11-24", "gestern", "yesterday"),
        ("2026-05-01", "am ersten Mai", "on May first"),
        ("2026-03-03", "am dritten März", "on March third"),
        ("2026-02-07", "am siebten Februar", "on February seventh"),
        ("2026-08-08", "am achten August", "on August eighth"),
        ("2026-10-20", "am zwanzigsten Oktober", "on October twentieth"),
        ("2026-01-21", "am einundzwanzigsten Januar", "on January twenty-first"),
        ("2026-07-12", "am zwölften Juli", "on July twelfth"),
        (
            "2025-12-31",
            "am einunddreißigsten Dezember zwei tausend fünfundzwanzig",
            "on December thirty-first twenty twenty-five",
        ),
        ("2000-01-01", "am ersten Januar zwei tausend", "on January first two thousand"),
        ("2005-01-01", "am ersten Januar zwei tausend fünf", "on January first two thousand and five"),
        (
            "1996-09-30",
            "am dreißigsten September neunzehnhundert sechsundneunzig",
            "on September thirtieth nineteen ninety-six",
        ),
        ("1900-01-01", "am ersten Januar neunzehnhundert", "on January first nineteen hundred"),
    ],
)
def test_dates(day: str, german: str, english: str) -> None:
    value = datetime.date.fromisoformat(day)
    assert " ".join(DE.date(value, TODAY)) == german
    assert " ".join(EN.date(value, TODAY)) == english


def test_without_knowing_today_the_whole_date_is_said() -> None:
    assert DE.date(TODAY, None) == ["am fünfundzwanzigsten", "November", "zwei", "tausend", "sechsundzwanzig"]


@pytest.mark.parametrize("grammar", GRAMMARS.values())
def test_what_has_no_words_is_refused(grammar: Grammar) -> None:
    for value in (-1, 1_000_000):
        with pytest.raises(SpeechError):
            grammar.number(value)
    for text in ("12a", "٣"):
        with pytest.raises(SpeechError):
            grammar.digits(text)


VOCABULARY = {language: frozenset(grammar.vocabulary()) for language, grammar in GRAMMARS.items()}


@pytest.mark.parametrize("language", GRAMMARS)
@given(
    number=st.integers(0, 999_999),
    digits=st.text("0123456789*#+ -/().", max_size=20),
    time=st.times(),
    date=st.dates(datetime.date(1100, 1, 1), datetime.date(2999, 12, 31)),
    today=st.none() | st.dates(datetime.date(2020, 1, 1), datetime.date(2099, 12, 31)),
)
def test_only_words_of_the_vocabulary_are_said(
    language: str,
    number: int,
    digits: str,
    time: datetime.time,
    date: datetime.date,
    today: datetime.date | None,
) -> None:
    grammar = GRAMMARS[language]
    words = [
        *grammar.number(number),
        *grammar.digits(digits),
        *grammar.time(time),
        *grammar.date(date, today),
    ]
    assert set(words) <= VOCABULARY[language]


@pytest.mark.parametrize("language", GRAMMARS)
def test_no_two_numbers_sound_the_same(language: str) -> None:
    said = {" ".join(GRAMMARS[language].number(value)) for value in range(20_000)}
    assert len(said) == 20_000
