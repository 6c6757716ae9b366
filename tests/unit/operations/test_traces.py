"""Stored traces: files that come back as they were, bounded, and of calls only."""

import os
from pathlib import Path

import pytest

from stimme.operations.traces import StoredTrace, TraceFiles
from stimme.pbx.sip_calls import MAX_LEGS, SipCalls
from stimme.sip.trace import TraceEntry

ENTRY = TraceEntry(1.5, True, "udp", ("192.0.2.1", 5060), b"INVITE \xff\r\n\r\n")


def test_a_stored_trace_comes_back(tmp_path: Path) -> None:
    files = TraceFiles(tmp_path / "traces")
    files.store("muster", "c1", [ENTRY])
    assert files.load("c1") == StoredTrace("muster", (ENTRY,))
    assert (tmp_path / "traces" / "c1.json").stat().st_mode & 0o077 == 0
    assert files.load("c2") is None


def test_the_oldest_leave(tmp_path: Path) -> None:
    files = TraceFiles(tmp_path, most=2)
    for number in range(4):
        files.store("muster", f"c{number}", [ENTRY])
        os.utime(tmp_path / f"c{number}.json", (number, number))
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["c2", "c3"]


@pytest.mark.parametrize("call_id", ["../secret", "a/b", "", "x" * 65])
def test_what_is_no_call_is_no_file(tmp_path: Path, call_id: str) -> None:
    with pytest.raises(ValueError, match="not a call"):
        TraceFiles(tmp_path).store("muster", call_id, [ENTRY])
    assert TraceFiles(tmp_path).load(call_id) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tenant": "m", "messages": [[1]]}'])
def test_a_damaged_file_is_no_trace(tmp_path: Path, text: str) -> None:
    (tmp_path / "c1.json").write_text(text)
    assert TraceFiles(tmp_path).load("c1") is None


def test_dialogs_of_calls_are_bounded_and_no_business_of_others() -> None:
    calls = SipCalls(most=2)
    for number in range(3):
        calls.note("muster", f"c{number}", f"sip{number}")
    assert len(calls) == 2
    assert calls.of("muster", "c0") == ()
    assert calls.of("muster", "c2") == ("sip2",)
    assert calls.of("other", "c2") == ()
    for number in range(MAX_LEGS + 5):
        calls.note("muster", "c2", f"more{number}")
    assert len(calls.of("muster", "c2")) == MAX_LEGS
