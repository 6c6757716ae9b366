"""What the command line writes into files."""

from pathlib import Path

from stimme.cli_output import save


def test_a_private_file_is_private_even_when_it_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "customer.yaml"
    file.write_text("what was there before")
    file.chmod(0o644)
    save(True, file, "secrets", private=True)
    assert file.read_text() == "secrets"
    assert file.stat().st_mode & 0o777 == 0o600
