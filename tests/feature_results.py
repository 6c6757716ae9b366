"""Which rows of the feature table are shown by which test: gathered in runs, told in docs/features.md.

A test names its rows with `@pytest.mark.feature("K3", "K7")`, scenarios in their files. Results are kept in
build/features.json, so that several runs add up; `make features` runs what is marked and writes the page.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[1]
RESULTS = _ROOT / "build" / "features.json"
PAGE = _ROOT / "docs" / "features.md"
_ROWS = _ROOT / "docs" / "spec" / "features.md"
_PROPERTY = "rows of the feature table"
_ROW = re.compile(r"^\| ([A-Z]\d+) \| ([^|]+) \|", re.MULTILINE)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """One test, the rows that it shows, and how it ended."""

    test: str
    rows: tuple[str, ...]
    result: str


def note_rows(item: pytest.Item) -> None:
    """Lets the report of a test carry its rows, also from one process to another."""
    rows = [str(row) for marker in item.iter_markers("feature") for row in marker.args]
    if rows:
        item.user_properties.append((_PROPERTY, rows))


class Collector:
    """A plugin that keeps the results of marked tests."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over; the worst phase counts."""
        rows: Any = dict(report.user_properties).get(_PROPERTY)
        known = self._shown.get(report.nodeid)
        if rows and (report.failed or known is None or known.result == "passed"):
            self._shown[report.nodeid] = Shown(report.nodeid, tuple(rows), report.outcome)

    def pytest_sessionfinish(self) -> None:
        """Add what this run has shown to what earlier ones have."""
        if self._shown:
            results = read_results()
            results.update(self._shown)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(
                json.dumps({each.test: [list(each.rows), each.result] for each in results.values()}, indent=1)
            )


def read_results() -> dict[str, Shown]:
    """What has been shown so far, by test."""
    if not RESULTS.exists():
        return {}
    stored = json.loads(RESULTS.read_text())
    return {test: Shown(test, tuple(rows), result) for test, (rows, result) in stored.items()}


def page(rows: str, results: dict[str, Shown]) -> str:
    """The page: for each row of the feature table what shows it, and how that ended."""
    parts = [
        "# What is shown, row by row",
        "",
        "Written by `make features` from a run of the tests; do not edit. Rows are those of"
        " [the feature table](spec/features.md); a row without a test is not shown end to end.",
    ]
    for line in rows.splitlines():
        heading, row = _HEADING.match(line), _ROW.match(line)
        if heading is not None:
            parts += [
                "",
                f"## {heading[1]}",
                "",
                "| row | feature | shown by | result |",
                "|---|---|---|---|",
            ]
        elif row is not None and row[1] != "id":
            parts += _lines(row[1], row[2], results)
    return "\n".join(parts) + "\n"


def _lines(row: str, feature: str, results: dict[str, Shown]) -> list[str]:
    shown = sorted((each for each in results.values() if row in each.rows), key=lambda each: each.test)
    if not shown:
        return [f"| {row} | {feature} | – | – |"]
    return [f"| {row} | {feature} | {_name(each.test)} | {each.result} |" for each in shown]


def _name(test: str) -> str:
    scenario = re.search(r"test_scenario\[(.+)\]$", test)
    if scenario is not None:
        return scenario[1].replace("|", "/")
    return f"`{test.rpartition('/')[2]}`".replace("|", "/")


def main() -> int:
    """Write the page; fails when a marked test failed."""
    results = read_results()
    PAGE.write_text(page(_ROWS.read_text(), results))
    failed = [each.test for each in results.values() if each.result == "failed"]
    print(f"{PAGE.relative_to(_ROOT)}: {len(results)} tests, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
