"""Scenario files: what is in them, checked before anything runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.integration.scenarios.language import Language

_KEYS = {"name", "rows", "people", "steps", "finally", "slow", "own_system", "interop"}


class ScriptError(ValueError):
    """A scenario file cannot be used; the message names file and scenario."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        file: The name of its file without ending.
        name: One sentence: what is shown.
        rows: The rows of the feature table that it shows.
        people: Who has a telephone, each with its properties.
        steps: Its sentences.
        afterwards: Sentences that are said in any case, to leave the system as it was.
        slow: It belongs to the nightly run.
        interop: The program of others that it shows to work with us, and at what (docs/interop.md).
        own_system: It breaks what others need: it gets a system of its own.
    """

    file: str
    name: str
    rows: tuple[str, ...]
    people: tuple[str, ...]
    steps: tuple[str, ...]
    afterwards: tuple[str, ...] = ()
    slow: bool = False
    own_system: bool = False
    interop: tuple[str, str] | None = None


def read_scenarios(folder: Path, language: Language) -> list[Scenario]:
    """All scenarios of all files. Raises ScriptError, also for a sentence that nobody understands."""
    found: list[Scenario] = []
    for file in sorted(folder.glob("*.yaml")):
        items = yaml.safe_load(file.read_text())
        if not isinstance(items, list):
            raise ScriptError(f"{file.name}: a list of scenarios is expected")
        found += [_scenario(file, item, language) for item in items]
    names = [(each.file, each.name) for each in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ScriptError(f"two scenarios have the same name: {sorted(twice)}")
    return found


def _scenario(file: Path, item: Any, language: Language) -> Scenario:
    where = f"{file.name}, {item.get('name', '?') if isinstance(item, dict) else item}"
    if not isinstance(item, dict) or not {"name", "rows", "people", "steps"} <= item.keys() <= _KEYS:
        raise ScriptError(f"{where}: name, rows, people and steps are needed; {sorted(_KEYS)} are known")
    steps, afterwards = _sentences(item["steps"]), _sentences(item.get("finally", ""))
    for sentence in (*steps, *afterwards):
        try:
            language.find(" ".join(sentence.split()))
        except AssertionError as error:
            raise ScriptError(f"{where}: {error}") from error
    return Scenario(
        file.stem,
        str(item["name"]),
        tuple(map(str, item["rows"])),
        tuple(map(str, item["people"])),
        steps,
        afterwards,
        slow=bool(item.get("slow", False)),
        own_system=bool(item.get("own_system", False)),
        interop=_interop(where, item.get("interop")),
    )


def _sentences(text: object) -> tuple[str, ...]:
    """One a line, so that `#` and `*` need no quotes."""
    return tuple(line.strip() for line in str(text).splitlines() if line.strip())


def _interop(where: str, pair: Any) -> tuple[str, str] | None:
    if pair is None:
        return None
    if not isinstance(pair, list) or len(pair) != 2:
        raise ScriptError(f"{where}: interop is a program and what it does")
    return str(pair[0]), str(pair[1])
