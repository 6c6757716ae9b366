"""The catalogue of prompts."""

import datetime

import pytest

from stimme.prompts.catalogue import GRAMMARS, Piece, catalogue, check_translation, read_prompts
from stimme.prompts.grammar import SpeechError
from stimme.prompts.say import Say


@pytest.mark.parametrize(
    ("say", "german", "english"),
    [
        (Say("dnd.on"), "Der Anrufschutz ist eingeschaltet.", "Do not disturb is on."),
        (
            Say("queue.position", {"position": 21}),
            "Sie sind an Position einundzwanzig.",
            "You are at position twenty-one.",
        ),
        (
            Say("queue.expected_wait", {"minutes": 1}),
            "Die Wartezeit beträgt etwa eine Minute.",
            "The expected wait is about one minute.",
        ),
        (
            Say("queue.expected_wait", {"minutes": 3}),
            "Die Wartezeit beträgt etwa drei Minuten.",
            "The expected wait is about three minutes.",
        ),
        (
            Say("menu.press_for_extension", {"key": 1, "extension": "10"}),
            "Für die Durchwahl eins null drücken Sie die eins.",
            "For extension one zero press one.",
        ),
        (
            Say(
                "voicemail.received",
                {
                    "on": datetime.date(2026, 11, 24),
                    "at": datetime.time(9, 5),
                    "today": datetime.date(2026, 11, 25),
                },
            ),
            "Nachricht gestern neun Uhr fünf.",
            "Message received yesterday nine oh five a.m.",
        ),
    ],
)
def test_what_is_said(say: Say, german: str, english: str) -> None:
    assert catalogue("de").text(say) == german
    assert catalogue("en").text(say) == english


def test_every_prompt_can_be_said_in_every_language() -> None:
    kinds: dict[str, object] = {
        "number": 7,
        "digits": "+49 30 12",
        "time": datetime.time(7, 30),
        "date": datetime.date(2026, 5, 1),
    }
    for language in GRAMMARS:
        texts = catalogue(language)
        rendered = frozenset(texts.all_texts())
        for prompt in texts.prompts.values():
            values = {slot.name: kinds[slot.kind] for slot in prompt.slots}
            for count in (1, 2):
                if prompt.by is not None:
                    values[prompt.by] = count
                pieces = texts.pieces(Say(prompt.id, values))  # type: ignore[arg-type]
                assert pieces
                assert {piece.spoken for piece in pieces} <= rendered


def test_a_language_that_we_do_not_speak_gets_english() -> None:
    assert catalogue("fi").language == "en"


def test_the_voice_stays_up_before_a_value_and_names_tell_the_parts() -> None:
    first, *_ = catalogue("de").pieces(Say("queue.position", {"position": 2}))
    assert first == Piece("Sie sind an Position", "queue.position.1", goes_on=True)
    assert first.spoken == "Sie sind an Position,"
    assert catalogue("de").pieces(Say("dnd.on"))[0].recording == "dnd.on"


@pytest.mark.parametrize(
    "say",
    [
        Say("no.such"),
        Say("queue.position"),
        Say("queue.position", {"position": "two"}),
        Say("queue.position", {"position": -1}),
        Say("queue.expected_wait", {"minutes": "1"}),
        Say("clock.now", {"at": "noon"}),
    ],
)
def test_what_cannot_be_said_is_refused(say: Say) -> None:
    with pytest.raises(SpeechError):
        catalogue("de").pieces(say)


@pytest.mark.parametrize(
    "text",
    [
        "[a",
        "[a]\nb = 5",
        '[a.b]\nother = "x"',
        '[a.b]\nby = "n"\none = "x"',
        '[a]\nb = "Position {position}"',
        '[a]\nb = "Position {position:roman}"',
    ],
)
def test_faulty_texts_are_refused(text: str) -> None:
    with pytest.raises(SpeechError):
        read_prompts(text)


@pytest.mark.parametrize(
    "translated", ["", '[a]\nb = "{y:number}"', '[a]\nb = "{x:digits}"', '[a]\nb = "{x:number}"\nc = "more"']
)
def test_a_translation_asks_for_the_same(translated: str) -> None:
    reference = read_prompts('[a]\nb = "{x:number}"')
    check_translation(reference, read_prompts('[a]\nb = "Number {x:number} in another order"'))
    with pytest.raises(SpeechError):
        check_translation(reference, read_prompts(translated))
