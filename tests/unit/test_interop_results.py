"""The page of what works with programs of others: rows, failures, versions."""

from tests.interop_results import Shown, page


def test_a_row_has_passed_when_all_its_tests_have() -> None:
    results = {
        "a/test_x.py::test_call[udp]": [Shown("a/test_x.py::test_call[udp]", "baresip", "call", "passed")],
        "a/test_x.py::test_call[tcp]": [Shown("a/test_x.py::test_call[tcp]", "baresip", "call", "failed")],
        "a/test_y.py::test_hold": [Shown("a/test_y.py::test_hold", "baresip", "hold", "passed")],
    }
    text = page(results, {"baresip": "1.0"})
    assert "| baresip | call | 1 of 2 passed | `test_x.py::test_call` |" in text
    assert "| baresip | hold | passed | `test_y.py::test_hold` |" in text
    assert text.endswith("Versions of the run: baresip 1.0.\n")
