"""Medians, the table and the files."""

import json
from pathlib import Path

import pytest
from tests.bench import report
from tests.bench.report import Measurement, Outcome

MACHINE: dict[str, str | int] = {"cpu": "a processor", "cores": 2}


def compare(ours: list[float], peer: list[float]) -> Measurement:
    return report.compare(
        "sip-call",
        ours,
        peer,
        peer_name="Kamailio",
        target=4.0,
        unit="ms",
        command="run me",
        machine=MACHINE,
    )


def test_medians_are_compared_so_one_disturbed_run_does_not_matter() -> None:
    measurement = compare([3.0, 2.0, 90.0], [1.0, 50.0, 0.5])
    assert (measurement.ours, measurement.peer, measurement.ratio, measurement.runs) == (3.0, 1.0, 3.0, 3)


@pytest.mark.parametrize(("ours", "peer"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0])])
def test_nothing_is_compared_that_was_not_measured_on_both_sides(
    ours: list[float], peer: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"runs|no time"):
        compare(ours, peer)


def test_the_file_holds_what_others_rely_on(tmp_path: Path) -> None:
    path = report.write([Outcome(compare([2.0], [1.0]), [{"run": 1}], ["note"])], tmp_path)
    (entry,) = json.loads(path.read_text())
    assert path.name == "bench.json"
    assert set(entry) == {
        "name",
        "ours",
        "peer",
        "peer_name",
        "ratio",
        "target",
        "unit",
        "runs",
        "command",
        "machine",
    }
    assert json.loads((tmp_path / "bench" / "sip-call.json").read_text())["runs"] == [{"run": 1}]


def test_the_table_names_every_measurement() -> None:
    header, line = report.table([compare([2.5], [1.0])]).splitlines()
    assert header.split()[:5] == ["measurement", "ours", "peer", "ratio", "target"]
    assert line.split()[:5] == ["sip-call", "2.500", "1.000", "2.50", "4.00"]


def test_the_processor_is_named_as_the_kernel_does() -> None:
    assert (
        report.parse_cpu_model("processor\t: 0\nmodel name\t: Some(R)  CPU @ 2GHz\n") == "Some(R) CPU @ 2GHz"
    )
    assert report.parse_cpu_model("") == "unknown"


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("version: kamailio 5.6.3 (x86_64/linux)", "5.6.3"),
        ("Version: 10.5.3.5-1+deb12u1", "10.5.3.5-1+deb12u1"),
        ("SIPp v3.6.1-SCTP-PCAP-RTPSTREAM.", "3.6.1-SCTP-PCAP-RTPSTREAM"),
        ("", "missing"),
    ],
)
def test_versions_are_found_in_what_programs_print(line: str, version: str) -> None:
    assert report.parse_version(line) == version
