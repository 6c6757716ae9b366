"""The catalogue: what every prompt says, in every language, from the files in `texts/`.

A prompt is a text with values in braces, each with the way it is said: `{position:number}`,
`{extension:digits}`, `{at:time}`, `{on:date}`. A prompt whose words depend on a count is a table of plural
categories, and `by` names the count. A language is a file `texts/<code>.toml` and a grammar; a file that
lacks a prompt, or asks for another value than the German text, is refused when it is read.

What is said is a list of pieces, each of which is rendered once: the fixed parts of a text and the words of
values.
"""

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stimme.prompts.english import English
from stimme.prompts.german import German
from stimme.prompts.grammar import Grammar, SpeechError
from stimme.prompts.say import Say, Value

REFERENCE = "de"
GRAMMARS: Mapping[str, Grammar] = {"de": German(), "en": English()}
_TEXTS = Path(__file__).with_name("texts")
_VALUE = re.compile(r"\{(?P<name>[a-z_]+):(?P<kind>number|digits|time|date)\}")
_STOPS = (".", "!", "?", ",", ":", ";")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value is said, and how."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are rendered as one sound.

    Attributes:
        recording: the name under which a customer may replace it; empty for the words of values.
        goes_on: a value follows, so the voice stays up.
    """

    text: str
    recording: str = ""
    goes_on: bool = False

    @property
    def spoken(self) -> str:
        """The text for the synthesiser."""
        return f"{self.text}," if self.goes_on else self.text


Part = Piece | Slot


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in one language: its parts by plural category; without a count there is only `other`."""

    id: str
    forms: Mapping[str, tuple[Part, ...]]
    by: str | None = None

    @property
    def slots(self) -> frozenset[Slot]:
        """The values that it says in any form."""
        return frozenset(part for form in self.forms.values() for part in form if isinstance(part, Slot))


class Catalogue:
    """Every prompt of one language."""

    def __init__(self, language: str, prompts: Mapping[str, Prompt], grammar: Grammar) -> None:
        self.language = language
        self.prompts = prompts
        self.grammar = grammar

    def pieces(self, say: Say) -> list[Piece]:
        """What is said, piece by piece. Raises SpeechError."""
        prompt = self.prompts.get(say.prompt)
        if prompt is None:
            raise SpeechError(f"there is no prompt {say.prompt!r} in {self.language}")
        form = prompt.forms["other"]
        if prompt.by is not None:
            count = _typed(say, prompt.by, int)
            form = prompt.forms.get(self.grammar.plural(count), form)
        pieces: list[Piece] = []
        for part in form:
            pieces += [part] if isinstance(part, Piece) else map(Piece, self._say(part, say))
        return pieces

    def text(self, say: Say) -> str:
        """What is said, as a sentence to be read."""
        text = " ".join(piece.text for piece in self.pieces(say))
        return text if text.endswith(_STOPS) else f"{text}."

    def all_texts(self) -> Iterator[str]:
        """The text of everything that `pieces` can ever give, to be rendered."""
        for prompt in self.prompts.values():
            for form in prompt.forms.values():
                yield from (part.spoken for part in form if isinstance(part, Piece))
        yield from self.grammar.vocabulary()

    def _say(self, slot: Slot, say: Say) -> list[str]:
        match slot.kind:
            case "number":
                return self.grammar.number(_typed(say, slot.name, int))
            case "digits":
                return self.grammar.digits(str(_typed(say, slot.name, object)))
            case "time":
                return self.grammar.time(_typed(say, slot.name, datetime.time))
            case _:
                today = say.values.get("today")
                known = today if isinstance(today, datetime.date) else None
                return self.grammar.date(_typed(say, slot.name, datetime.date), known)


def _typed(say: Say, name: str, wanted: type[Any]) -> Any:
    value: Value | None = say.values.get(name)
    if value is None or not isinstance(value, wanted):
        raise SpeechError(f"{say.prompt}: {name} has no value that can be said: {value!r}")
    return value


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language, else the English one. Raises SpeechError for a faulty file."""
    code = language if language in GRAMMARS else "en"
    prompts = read_prompts((_TEXTS / f"{code}.toml").read_text(encoding="utf-8"))
    if code != REFERENCE:
        check_translation(catalogue(REFERENCE).prompts, prompts)
    return Catalogue(code, prompts, GRAMMARS[code])


def read_prompts(text: str) -> dict[str, Prompt]:
    """Reads a file of texts. Raises SpeechError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpeechError(f"the texts cannot be read: {error}") from error
    prompts: dict[str, Prompt] = {}
    for group, entries in tables.items():
        for name, entry in entries.items():
            prompt_id = f"{group}.{name}"
            prompts[prompt_id] = _prompt(prompt_id, entry)
    return prompts


def check_translation(reference: Mapping[str, Prompt], translated: Mapping[str, Prompt]) -> None:
    """Refuses a translation with other prompts, or with other values in them. Raises SpeechError."""
    different = set(reference) ^ set(translated)
    if different:
        raise SpeechError(f"in one language only: {', '.join(sorted(different))}")
    for prompt_id, prompt in reference.items():
        if prompt.slots != translated[prompt_id].slots or prompt.by != translated[prompt_id].by:
            raise SpeechError(f"{prompt_id} asks for different values in another language")


def _prompt(prompt_id: str, entry: Any) -> Prompt:
    if isinstance(entry, str):
        return Prompt(prompt_id, {"other": _parts(prompt_id, prompt_id, entry)})
    if not isinstance(entry, dict) or "by" not in entry or "other" not in entry:
        raise SpeechError(f"{prompt_id} is neither a text nor plural forms with `by` and `other`")
    forms = {
        name: _parts(prompt_id, f"{prompt_id}.{name}", text) for name, text in entry.items() if name != "by"
    }
    return Prompt(prompt_id, forms, entry["by"])


def _parts(prompt_id: str, recording: str, text: str) -> tuple[Part, ...]:
    parts: list[str | Slot] = []
    end = 0
    for found in _VALUE.finditer(text):
        parts += _fixed(text[end : found.start()])
        parts.append(Slot(found["name"], found["kind"]))
        end = found.end()
    parts += _fixed(text[end:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise SpeechError(f"{prompt_id} has braces that name no value")
    if len(parts) == 1 and isinstance(parts[0], str):
        return (Piece(parts[0], recording),)
    return tuple(
        Piece(part, f"{recording}.{place}", goes_on=place < len(parts) and not part.endswith(_STOPS))
        if isinstance(part, str)
        else part
        for place, part in enumerate(parts, start=1)
    )


def _fixed(text: str) -> list[str]:
    text = text.strip().lstrip("".join(_STOPS)).strip()
    return [text] if text else []
