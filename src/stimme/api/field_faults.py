"""What the schema check finds, as sentences with codes: pydantic's many names in our few."""

from collections.abc import Mapping
from typing import Any

from stimme.sentences import Sentence, Value, sentence_of

# By pydantic's name of the error: our code, and which of its values the sentence is about.
_CODES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "missing": ("missing", {}),
    "extra_forbidden": ("unknown-field", {}),
    "string_too_short": ("too-short", {"min_length": "count"}),
    "string_too_long": ("too-long", {"max_length": "count"}),
    "too_short": ("too-few", {"min_length": "count"}),
    "too_long": ("too-many", {"max_length": "count"}),
    "greater_than": ("not-above", {"gt": "least"}),
    "greater_than_equal": ("too-small", {"ge": "least"}),
    "less_than": ("not-below", {"lt": "most"}),
    "less_than_equal": ("too-large", {"le": "most"}),
    "string_pattern_mismatch": ("wrong-form", {}),
    "enum": ("none-of", {"expected": "known"}),
    "literal_error": ("none-of", {"expected": "known"}),
    "json_invalid": ("not-json", {}),
    "decimal_max_places": ("too-many-decimals", {"decimal_places": "count"}),
    "decimal_max_digits": ("too-large", {"max_digits": "most"}),
    "decimal_whole_digits": ("too-large", {"whole_digits": "most"}),
    "timezone_aware": ("time-zone-missing", {}),
}
# The rest by how its name begins.
_KINDS: tuple[tuple[str, str], ...] = (
    ("string_", "not-a-text"),
    ("int_", "not-whole"),
    ("float_", "not-a-quantity"),
    ("decimal_", "not-a-quantity"),
    ("finite_", "not-a-quantity"),
    ("bool_", "not-a-flag"),
    ("list_", "not-a-list"),
    ("set_", "not-a-list"),
    ("dict_", "not-an-object"),
    ("model_", "not-an-object"),
    ("date_", "not-a-date"),
    ("datetime_", "not-a-time"),
    ("timezone_", "not-a-time"),
    ("time_", "not-a-time"),
    ("uuid_", "not-an-id"),
)
CODES: Mapping[str, frozenset[str]] = {
    "empty": frozenset(),
    "unfit": frozenset({"reason"}),
    **{code: frozenset[str]() for _, code in _KINDS},
    **{code: frozenset(names.values()) for code, names in _CODES.values()},
}
"""Every code of what the schema check finds, with its values; what our own checks in it say comes beside."""


def field_sentence(detail: Mapping[str, Any]) -> Sentence:
    """Return what is wrong with a field.

    Args:
        detail: One of ``ValidationError.errors()``.
    """
    kind, text, context = str(detail["type"]), str(detail["msg"]), detail.get("ctx") or {}
    if kind == "value_error" and isinstance(context.get("error"), ValueError):
        return sentence_of(context["error"])
    if kind in {"string_too_short", "too_short"} and context.get("min_length") == 1:
        return Sentence.said("empty", text)
    if kind in _CODES:
        code, names = _CODES[kind]
        return Sentence.said(code, text, {ours: _plain(context.get(name)) for name, ours in names.items()})
    code = next((code for start, code in _KINDS if kind.startswith(start)), "unfit")
    return Sentence.said(code, text, {"reason": text} if code == "unfit" else {})


def _plain(value: Any) -> Value:
    return value if isinstance(value, int) else "" if value is None else str(value)
