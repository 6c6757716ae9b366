"""Every refusal can be said in every language of the web client: by its code or by its problem type."""

import ast
import json
import re
import string
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from pydantic_core._pydantic_core import list_all_errors

from stimme.api.field_faults import CODES, field_sentence
from stimme.licensing import errors as licensing
from stimme.sentences import Sentence, sentence_of

_ROOT = Path(__file__).parents[3]
_LOCALES = _ROOT / "web" / "src" / "shared" / "i18n" / "locales"
_LANGUAGES = sorted(file.stem for file in _LOCALES.glob("*.json"))
_PLACEHOLDER = re.compile(r"{{(\w+)}}")


def _calls(wanted: str) -> Iterator[ast.Call]:
    for file in (_ROOT / "src" / "stimme").rglob("*.py"):
        if wanted not in (text := file.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name == wanted:
                    yield node


def _literal(node: ast.Call, place: int) -> Any:
    argument = node.args[place] if len(node.args) > place else None
    return argument.value if isinstance(argument, ast.Constant) else None


def _sentences() -> dict[str, set[str]]:
    """The codes that our source says, and the values of each."""
    found = {code: set(values) for code, values in CODES.items()}
    for call in (*_calls("Sentence"), *_calls("said")):
        code = _literal(call, 0)
        if code is not None:
            found.setdefault(code, set()).update(word.arg for word in call.keywords if word.arg)
            template = _literal(call, 1)
            if isinstance(template, str):
                named = {name for _, name, _, _ in string.Formatter().parse(template) if name}
                assert named <= {word.arg for word in call.keywords}, template
    return found


def _types() -> set[str]:
    """The problem types: ours, those of licensing, and what the framework refuses by itself."""
    named = {_literal(call, 1) for call in _calls("ProblemError")} - {None}
    derived = {error.slug for error in vars(licensing).values() if hasattr(error, "slug")}
    refused = (404, 405)
    return {*named, *derived, *(HTTPStatus(code).phrase.lower().replace(" ", "-") for code in refused)}


def _texts(language: str, part: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((_LOCALES / f"{language}.json").read_text())["refusal"][part]
    return texts


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_code_has_a_text(language: str) -> None:
    codes, texts = _sentences(), _texts(language, "code")
    assert set(codes) - set(texts) == set()
    for code, values in codes.items():
        assert set(_PLACEHOLDER.findall(texts[code])) <= values, texts[code]


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_problem_type_has_a_text(language: str) -> None:
    assert _types() - set(_texts(language, "type")) == set()


def test_whatever_the_schema_check_finds_has_a_code() -> None:
    for known in list_all_errors():
        detail = {"type": known["type"], "msg": "so it is {not}", "ctx": known["example_context"] or {}}
        found = field_sentence(detail)
        assert found.code in CODES
        assert found == "so it is {not}"


def test_a_sentence_is_a_text_with_a_code_and_values() -> None:
    said = Sentence("demo-users", "A demo licence has at most {count} users.", count=3)
    assert said == "A demo licence has at most 3 users."
    assert (said.code, said.values) == ("demo-users", {"count": 3})
    assert sentence_of(licensing.LicenceLimitError(said)) is said
    assert sentence_of(ValueError("as others say it")).code == "unfit"
