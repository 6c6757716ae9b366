"""Reading JSON values with precise errors: which field, what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from enum import Enum
from typing import Any, TypeVar

from stimme.sentences import Sentence

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

_OBJECT = Sentence("not-an-object", "is not an object")
_TEXT = Sentence("not-a-text", "is not a text")
_NUMBER = Sentence("not-a-quantity", "is not a number")


class FieldError(ValueError):
    """A value that cannot be read.

    Attributes:
        path: the field, such as `choices.1.to`.
        reason: what is wrong, in words.
    """

    def __init__(self, path: str, reason: Sentence) -> None:
        super().__init__(f"{path or 'the value'}: {reason}")
        self.path = path
        self.reason = reason


class Fields:
    """An object of JSON whose fields are read one by one; `done` refuses what nobody asked for."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise FieldError(path, _OBJECT)
        self._value = value
        self._path = path
        self._read: set[str] = set()

    def path(self, name: str | int) -> str:
        """The path of a field."""
        return f"{self._path}.{name}" if self._path else str(name)

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        self._read.add(name)
        return self._value.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        return self._get(name, str, _TEXT, default)

    def optional_text(self, name: str) -> str | None:
        """A text, or null."""
        return self.text(name) if self.has(name) else None

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        return self._get(name, bool, Sentence("not-a-flag", "is not true or false"), default)

    def number(self, name: str, default: float | None = None) -> float:
        """A number."""
        if isinstance(self._value.get(name), int):
            return float(self._get(name, int, _NUMBER, None))
        return self._get(name, float, _NUMBER, default)

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        return self._get(name, int, Sentence("not-whole", "is not a whole number"), default)

    def one_of(self, name: str, kind: type[E], default: E | None = None) -> E:
        """A member of an enum, by its value."""
        text = self.text(name, None if default is None else str(default.value))
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(str(item.value) for item in kind)
            raise FieldError(
                self.path(name),
                Sentence("none-of", "{text} is none of {known}", text=repr(text), known=known),
            ) from None

    def time(self, name: str) -> time:
        """A time of day, `09:30`."""
        return self._parse(name, time.fromisoformat, _time_fault)

    def date(self, name: str) -> date:
        """A date, `2026-12-24`."""
        return self._parse(name, date.fromisoformat, _date_fault)

    def items(self, name: str) -> Iterable[tuple[str, Any]]:
        """The fields of an object; nothing when it is absent."""
        value = self._get(name, dict, _OBJECT, {})
        return [(str(key), item) for key, item in value.items()]

    def list(self, name: str) -> "list[tuple[str, Any]]":
        """The elements of a list with their paths; nothing when it is absent."""
        value = self._get(name, list, Sentence("not-a-list", "is not a list"), [])
        return [(self.path(f"{name}.{place}"), item) for place, item in enumerate(value)]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = []
        for path, item in self.list(name):
            if not isinstance(item, str):
                raise FieldError(path, _TEXT)
            found.append(item)
        return tuple(found)

    def done(self) -> None:
        """Refuses fields that were not read. Raises FieldError."""
        unknown = sorted(set(self._value) - self._read)
        if unknown:
            raise FieldError(self.path(unknown[0]), Sentence("unknown-field", "is not known"))

    def _parse(self, name: str, parse: Callable[[str], T], fault: Callable[[str], Sentence]) -> T:
        text = self.text(name)
        try:
            return parse(text)
        except ValueError:
            raise FieldError(self.path(name), fault(text)) from None

    def _get(self, name: str, kind: type[T], fault: Sentence, default: T | None) -> T:
        self._read.add(name)
        value = self._value.get(name, default)
        if value is None:
            raise FieldError(self.path(name), Sentence("missing", "is missing"))
        # To Python True is a whole number, to a reader of JSON it is not.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise FieldError(self.path(name), fault)
        return value


def _time_fault(text: str) -> Sentence:
    return Sentence("not-a-time", "{text} is not a time such as 09:30", text=repr(text))


def _date_fault(text: str) -> Sentence:
    return Sentence("not-a-date", "{text} is not a date such as 2026-12-24", text=repr(text))
