"""Which program of others did what with us: gathered in runs, told in docs/interop.md.

A test says so with `@pytest.mark.interop(client="baresip", feature="hold")`; several tests, or one with
parameters, may show the same, and then all of them must have passed. Results are kept in build/interop.json,
so that several runs add up; `make interop` runs what is marked and writes the page.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[1]
RESULTS = _ROOT / "build" / "interop.json"
PAGE = _ROOT / "docs" / "interop.md"
_PROPERTY = "what works with a program of others"
_PACKAGES = {
    "baresip": "baresip-core",
    "Glewlwyd": "glewlwyd",
    "Kamailio": "kamailio",
    "linphone": "linphone-cli",
    "sipp": "sip-tester",
    "SIPVicious": "sipvicious",
    "spandsp": "libspandsp2",
    "JsSIP in Chromium": "chromium",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One test: with whom, what, and how it ended."""

    test: str
    client: str
    feature: str
    result: str


def note_clients(item: pytest.Item) -> None:
    """Lets the report of a test carry what it shows, also from one process to another."""
    shown = [[str(m.kwargs["client"]), str(m.kwargs["feature"])] for m in item.iter_markers("interop")]
    if shown:
        item.user_properties.append((_PROPERTY, shown))


class Interop:
    """A plugin that keeps the results of marked tests."""

    def __init__(self) -> None:
        self._shown: dict[str, list[Shown]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over; the worst phase counts."""
        shown: Any = dict(report.user_properties).get(_PROPERTY)
        known = self._shown.get(report.nodeid)
        if shown and (report.failed or known is None or known[0].result == "passed"):
            self._shown[report.nodeid] = [
                Shown(report.nodeid, client, feature, report.outcome) for client, feature in shown
            ]

    def pytest_sessionfinish(self) -> None:
        """Adds what this run has shown to what earlier ones have."""
        if self._shown:
            results = read_results()
            results.update(self._shown)
            RESULTS.parent.mkdir(exist_ok=True)
            rows = {test: [[s.client, s.feature, s.result] for s in shown] for test, shown in results.items()}
            RESULTS.write_text(json.dumps(rows, indent=1))


def read_results() -> dict[str, list[Shown]]:
    """What has been shown so far, by test."""
    if not RESULTS.exists():
        return {}
    stored = json.loads(RESULTS.read_text())
    return {test: [Shown(test, *row) for row in rows] for test, rows in stored.items()}


def page(results: dict[str, list[Shown]], versions: dict[str, str]) -> str:
    """The page: for each client what was tried, how it ended, and by which tests."""
    rows: dict[tuple[str, str], list[Shown]] = {}
    for shown in results.values():
        for each in shown:
            rows.setdefault((each.client, each.feature), []).append(each)
    parts = [
        "# What works with programs of others",
        "",
        "Written by `make interop` from a run of the tests; do not edit. A row has passed when every test"
        " that shows it has, over every transport and codec that it is tried with.",
        "",
        "| client | feature | result | tests |",
        "|---|---|---|---|",
    ]
    for client, feature in sorted(rows):
        tried = rows[client, feature]
        passed = sum(each.result == "passed" for each in tried)
        result = "passed" if passed == len(tried) else f"{passed} of {len(tried)} passed"
        tests = sorted({each.test.partition("[")[0].rpartition("/")[2] for each in tried})
        parts.append(f"| {client} | {feature} | {result} | {', '.join(f'`{test}`' for test in tests)} |")
    parts += ["", "Versions of the run: " + ", ".join(f"{k} {v}" for k, v in sorted(versions.items())) + "."]
    return "\n".join(parts) + "\n"


def installed() -> dict[str, str]:
    """The versions of the programs, as far as Debian's package manager knows them."""
    query = shutil.which("dpkg-query")
    if query is None:
        return {}
    found = {}
    for name, package in _PACKAGES.items():
        command = [query, "-W", "-f=${Version}", package]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found[name] = result.stdout
    return found


def main() -> int:
    """Write the page; fails when a marked test failed."""
    results = read_results()
    PAGE.write_text(page(results, installed()))
    failed = [each.test for shown in results.values() for each in shown if each.result == "failed"]
    print(f"{PAGE.relative_to(_ROOT)}: {len(results)} tests, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
