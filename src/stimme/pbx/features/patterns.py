"""Patterns of feature codes: `*21*{number}#`.

A pattern is a row of keys with values in braces. It is compared key by key, so that an unfinished code is
recognised (overlap dialling, RFC 3578), and so that two patterns that could mean the same keys are found
before somebody dials them.

The last # may be left out: many telephones take it for "dial now" and do not send it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from stimme.sentences import Sentence

_DIGITS = frozenset("0123456789")
_KEYS = _DIGITS | {"*", "#"}
_VALUE = re.compile(r"\{([a-z]+)\}")

# What a value may be: how many keys at least and at most. A number may begin with + on telephones that can
# write it.
VALUES = {
    "number": (1, 20),
    "extension": (1, 12),
    "slot": (1, 4),
    "pin": (4, 12),
    "short": (1, 4),
    "seconds": (1, 3),
}


class CodeError(ValueError):
    """A feature code that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One key of a pattern; an optional one may be passed over."""

    keys: frozenset[str]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `head` are the keys that it always begins with."""

    text: str
    head: str
    steps: tuple[_Step, ...]
    expression: re.Pattern[str]

    def values(self, dialled: str) -> dict[str, str] | None:
        """The values in what was dialled, None when that is another code."""
        found = self.expression.fullmatch(dialled)
        return found.groupdict() if found is not None else None

    def may_become(self, dialled: str) -> bool:
        """True when further keys could complete this code."""
        places = self._after(dialled)
        return any(place < len(self.steps) for place in places)

    def overlaps(self, other: "Pattern") -> bool:
        """True when some keys mean both patterns."""
        if not (self.head.startswith(other.head) or other.head.startswith(self.head)):
            return False
        seen: set[tuple[int, int]] = set()
        todo = [(0, 0)]
        while todo:
            pair = todo.pop()
            if pair in seen:
                continue
            seen.add(pair)
            mine, theirs = (_reached(self.steps, pair[0]), _reached(other.steps, pair[1]))
            if len(self.steps) in mine and len(other.steps) in theirs:
                return True
            todo += [
                (a + 1, b + 1)
                for a in mine
                for b in theirs
                if a < len(self.steps) and b < len(other.steps) and self.steps[a].keys & other.steps[b].keys
            ]
        return False

    def _after(self, dialled: str) -> frozenset[int]:
        places = frozenset({0})
        for key in dialled:
            places = frozenset(
                place + 1
                for start in places
                for place in _reached(self.steps, start)
                if place < len(self.steps) and key in self.steps[place].keys
            )
        return places


def _reached(steps: tuple[_Step, ...], start: int) -> list[int]:
    """Every place that is reached from one without a key."""
    places = [start]
    while places[-1] < len(steps) and steps[places[-1]].optional:
        places.append(places[-1] + 1)
    return places


@lru_cache(maxsize=2048)
def compile_pattern(text: str) -> Pattern:
    """Reads a pattern. Raises CodeError."""
    if text[:1] not in {"*", "#"}:
        raise CodeError(Sentence("code-begin", "{code}: a feature code begins with * or #", code=text))
    steps: list[_Step] = []
    expression: list[str] = []
    names: set[str] = set()
    position = 0
    while position < len(text):
        value = _VALUE.match(text, position)
        if value is None:
            key = text[position]
            if key not in _KEYS:
                raise CodeError(Sentence("code-key", "{code}: {key} is not a key", code=text, key=repr(key)))
            last = position == len(text) - 1 and key == "#" and position > 1
            steps.append(_Step(frozenset({key}), optional=last))
            expression.append(f"{re.escape(key)}?" if last else re.escape(key))
            position += 1
            continue
        name = value[1]
        if name not in VALUES or name in names:
            raise CodeError(
                Sentence(
                    "code-value", "{code}: {value} is unknown or there twice", code=text, value=f"{{{name}}}"
                )
            )
        names.add(name)
        _add_value(name, steps, expression)
        position = value.end()
    if len(steps) < 2:
        raise CodeError(Sentence("code-short", "{code}: too short for a feature code", code=text))
    return Pattern(text, _head(steps), tuple(steps), re.compile("".join(expression), re.ASCII))


def _head(steps: list[_Step]) -> str:
    fixed = takewhile(lambda step: len(step.keys) == 1 and not step.optional, steps)
    return "".join(key for step in fixed for key in step.keys)


def _add_value(name: str, steps: list[_Step], expression: list[str]) -> None:
    shortest, longest = VALUES[name]
    plus = name == "number"
    if plus:
        steps.append(_Step(frozenset({"+"}), optional=True))
    steps += [_Step(_DIGITS)] * shortest
    steps += [_Step(_DIGITS, optional=True)] * (longest - shortest)
    prefix = r"\+?" if plus else ""
    expression.append(f"(?P<{name}>{prefix}\\d{{{shortest},{longest}}})")
