"""Sentences: each has a pattern with named parts, and what it does on the stage."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Deed = Callable[..., Awaitable[None]]


class UnknownSentenceError(AssertionError):
    """No pattern fits a sentence, or more than one does."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A pattern as it is written down, `<name>` standing for a part, and what it does."""

    pattern: str
    expression: re.Pattern[str]
    deed: Deed


class Language:
    """All the sentences that a scenario may consist of."""

    def __init__(self) -> None:
        self.sentences: list[Sentence] = []

    def sentence(self, *patterns: str) -> Callable[[Deed], Deed]:
        """Makes a function the meaning of some patterns; it gets the stage, then the parts by their names.

        A part in square brackets may be missing: its value is None then.
        """

        def register(deed: Deed) -> Deed:
            self.sentences += [Sentence(pattern, _expression(pattern), deed) for pattern in patterns]
            return deed

        return register

    def find(self, text: str) -> tuple[Deed, dict[str, str | None]]:
        """What a sentence means. Raises UnknownSentenceError."""
        fitting = [(each, match) for each in self.sentences if (match := each.expression.fullmatch(text))]
        # "Anna hears music" says more than "<who> hears <other>": the fewest open parts win.
        fewest = min((len(match.groupdict()) for _, match in fitting), default=0)
        found = [(each, match) for each, match in fitting if len(match.groupdict()) == fewest]
        if len(found) != 1:
            which = ", ".join(repr(each.pattern) for each, _ in found) or "no sentence"
            raise UnknownSentenceError(f"{text!r}: {which} fits")
        return found[0][0].deed, found[0][1].groupdict()

    async def say(self, stage: Any, text: str) -> None:
        """Does what a sentence says; what fails is told with the sentence."""
        deed, parts = self.find(" ".join(text.split()))
        try:
            await deed(stage, **parts)
        except (AssertionError, TimeoutError) as failure:
            raise AssertionError(f"“{text}”: {failure}") from failure

    def listing(self) -> list[tuple[str, str]]:
        """Every pattern with the first line of what it does, for the handbook."""
        return [(each.pattern, (inspect.getdoc(each.deed) or "").split("\n")[0]) for each in self.sentences]


_TEXT = r'(?:"[^"]*"|\S+)'


def _expression(pattern: str) -> re.Pattern[str]:
    """`<who>` takes a word or a quoted text; `[by <x>]` may be missing."""
    written = re.escape(pattern).replace(r"\ ", " ")
    written = re.sub(r" ?\\\[(.*?)\\\]", lambda found: f"(?: {found[1].strip()})?", written)
    written = re.sub(r"<(\w+)>", lambda found: f"(?P<{found[1]}>{_TEXT})", written)
    return re.compile(written)
