"""The journal of calls: what a killed process leaves behind, and when a call is forgotten."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from stimme.store.journal import CallJournal
from stimme.store.secrets import Vault

VAULT = Vault(Fernet.generate_key())
KEYS = {"keys": ["1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0", "the peer's"]}


class Later:
    """The database's writer: what is to be done once everything is safe."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def written(self) -> None:
        for work in self.work:
            work()
        self.work.clear()


async def reopened(file: Path, vault: Vault = VAULT) -> dict[str, dict[str, object]]:
    journal = CallJournal(file, Later(), vault)
    try:
        return await journal.load()
    finally:
        journal.close()


async def test_calls_outlive_a_process_that_never_closed_the_file(tmp_path: Path) -> None:
    file = tmp_path / "calls.journal"
    journal = CallJournal(file, Later(), VAULT)
    journal.put("a", {"n": 1})
    journal.put("b", {"n": 2})
    journal.put("a", {"n": 3})
    assert await reopened(file) == {"a": {"n": 3}, "b": {"n": 2}}
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_call_is_forgotten_once_its_record_is_safe(tmp_path: Path) -> None:
    file, later = tmp_path / "calls.journal", Later()
    journal = CallJournal(file, later, VAULT)
    journal.put("a", {"n": 1})
    journal.settle("a")
    assert (await journal.load()) == {"a": {"n": 1}}
    later.written()
    assert (await journal.load()) == {}
    journal.close()
    assert await reopened(file) == {}


async def test_the_file_forgets_a_safe_call_with_the_next_entry(tmp_path: Path) -> None:
    file, later = tmp_path / "calls.journal", Later()
    journal = CallJournal(file, later, VAULT)
    journal.put("a", {"n": 1})
    journal.settle("a")
    later.written()
    assert await reopened(file) == {"a": {"n": 1}}, "its record is written once, however often it is reported"
    journal = CallJournal(file, later, VAULT)
    journal.settle("a")
    later.written()
    journal.put("b", {"n": 2})
    assert await reopened(file) == {"b": {"n": 2}} == await journal.load()


async def test_a_call_that_was_never_answered_costs_nothing(tmp_path: Path) -> None:
    later = Later()
    journal = CallJournal(tmp_path / "calls.journal", later, VAULT)
    journal.settle("unknown")
    assert later.work == []
    journal.close()


async def test_a_write_that_was_cut_off_loses_that_entry_alone(tmp_path: Path) -> None:
    file = tmp_path / "calls.journal"
    journal = CallJournal(file, Later(), VAULT)
    journal.put("a", {"n": 1})
    whole = file.stat().st_size
    journal.put("b", {"text": "x" * 100})
    journal.close()
    content = file.read_bytes()
    file.write_bytes(content[: whole + 20])
    assert await reopened(file) == {"a": {"n": 1}}


async def test_the_file_is_written_anew_when_it_has_grown(tmp_path: Path) -> None:
    file, later = tmp_path / "calls.journal", Later()
    journal = CallJournal(file, later, VAULT)
    journal.put("stays", {"n": 1})
    for number in range(20):
        journal.put(f"call-{number}", {"text": "x" * (1 << 20)})
        journal.settle(f"call-{number}")
        later.written()
    assert file.stat().st_size < 8 << 20
    journal.close()
    assert await reopened(file) == {"stays": {"n": 1}}


async def test_an_entry_takes_others_with_it(tmp_path: Path) -> None:
    file = tmp_path / "calls.journal"
    journal = CallJournal(file, Later(), VAULT)
    journal.put("leg", {"n": 1})
    journal.put("other", {"n": 2})
    journal.put("call", {"n": 3}, voids=["leg"])
    journal.drop("other")
    journal.drop("unknown")
    assert await reopened(file) == {"call": {"n": 3}} == await journal.load()


async def test_keys_of_speech_are_not_to_be_read_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "calls.journal"
    journal = CallJournal(file, Later(), VAULT)
    journal.put("plain", {"n": 1})
    journal.put("secured", KEYS)
    assert b"secured" in file.read_bytes()
    assert b"c2VjcmV0" not in file.read_bytes()
    assert await journal.load() == await reopened(file) == {"plain": {"n": 1}, "secured": KEYS}
    assert b"c2VjcmV0" not in file.read_bytes(), "written anew at the start"


async def test_a_call_whose_keys_another_vault_has_is_lost_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "calls.journal"
    journal = CallJournal(file, Later(), VAULT)
    journal.put("secured", KEYS)
    journal.put("plain", {"n": 1})
    assert await reopened(file, Vault(Fernet.generate_key())) == {"plain": {"n": 1}}
    assert "secured" in capsys.readouterr().out
