"""The page that tells what is shown."""

from tests.feature_results import Shown, page

_ROWS = """\
## 4.1 K: telephony
| id | feature | exact meaning | proof |
|---|---|---|---|
| K3 | Hold | … | |
| K7 | Pickup | … | |
"""


def test_each_row_names_what_shows_it() -> None:
    results = {
        each.test: each
        for each in (
            Shown("t/test_scenarios.py::test_scenario[hold: Music]", ("K3",), "passed"),
            Shown("t/test_features.py::test_hold", ("K3", "T1"), "failed"),
        )
    }
    written = page(_ROWS, results)
    assert "| K3 | Hold | hold: Music | passed |" in written
    assert "| K3 | Hold | `test_features.py::test_hold` | failed |" in written
    assert "| K7 | Pickup | – | – |" in written
    assert "| id |" not in written
