"""The verbs about customers, months and backups, as typed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stimme.cli import app

from .test_config import GOOD


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "stimme.toml"
    path.write_text(GOOD.replace("///data", f"///{tmp_path}/data"))
    made = run(
        "create-provider", "--config", str(path), "--name", "P", "--login", "root", said="a long password\n"
    )
    assert made[0] == 0
    return path


def run(*words: str, said: str = "") -> tuple[int, Any]:
    answer = CliRunner().invoke(app, [*words, "--json"], input=said)
    return answer.exit_code, json.loads(answer.stdout.splitlines()[-1])


CUSTOMER = """
format: stimme-customer/1
customer: {id: c, name: Neu, domain: neu.example, language: de}
licence: {base: base}
users:
- {id: u, extension: '10', name: Anna, package: volle}
"""


def test_import_export_and_plan(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(CUSTOMER)
    where = ("--config", str(config))
    status, planned = run("import", str(file), *where, "--plan")
    assert (status, planned["done"]) == (0, False)
    assert [one["label"] for one in planned["changes"] if one["section"] == "users"] == ["Anna"]
    assert run("export", "neu.example", *where)[0] == 1
    assert run("import", str(file), *where)[1]["changes"] == planned["changes"]
    out = tmp_path / "out.yaml"
    assert run("export", "neu.example", *where, "--output", str(out), "--secrets")[0] == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("import", str(out), *where)[1]["changes"] == []
    file.write_text(CUSTOMER.replace("volle", "gold"))
    assert run("import", str(file), *where)[1]["error"] == "users[0].package: 'gold' is no package"


def test_personal_data_is_handed_over_and_forgotten(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        CUSTOMER + "- {id: v, extension: '11', name: Bert, package: volle, number: '+4930231299'}\n"
    )
    where = ("--config", str(config))
    assert run("import", str(file), *where)[0] == 0
    status, shown = run("personal-data", "export", "10", "--customer", "neu.example", *where)
    assert (status, shown["user"]["name"], shown["devices"]) == (0, "Anna", [])
    assert run("personal-data", "export", "10", *where) == (
        1,
        {"error": "There is no user '10'.", "problems": ["There is no user '10'."]},
    )
    assert run("personal-data", "export", "10", "--customer", "other.example", *where)[0] == 1
    out = tmp_path / "out.json"
    out.write_text("of before, readable by all")
    assert run("personal-data", "export", "+4930231299", *where, "--output", str(out)) == (
        0,
        {"file": str(out)},
    )
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(out.read_text())["user"]["name"] == "Bert"
    status, refused = run("personal-data", "forget", "u", *where)
    assert (status, "--yes" in refused["error"]) == (1, True)
    run_directory = tmp_path / "data" / "run"
    run_directory.mkdir(parents=True)
    (run_directory / "call-control.pid").write_text("1")
    status, refused = run("personal-data", "forget", "u", *where, "--yes")
    assert (status, "running" in refused["error"]) == (1, True)
    status, refused = run("personal-data", "forget", "u", *where, "--yes", "--login", "root", said="x\n")
    assert (status, "does not answer" in refused["error"]) == (1, True)
    (run_directory / "call-control.pid").unlink()
    assert run("personal-data", "forget", "u", *where, "--yes") == (0, {"user": "u", "forgotten": True})
    assert run("personal-data", "export", "u", *where)[0] == 1
    assert run("personal-data", "export", "v", *where)[0] == 0


def test_months_are_closed_from_the_command_line(config: Path) -> None:
    where = ("--config", str(config))
    assert "is not a month" in run("close-month", "2026-13", *where)[1]["error"]
    assert "can be closed from" in run("close-month", "2999-01", *where)[1]["error"]
    assert "no billing address" in run("close-month", "2020-01", *where)[1]["error"]


def test_backup_and_restore(config: Path, tmp_path: Path) -> None:
    where = ("--config", str(config))
    key, target = tmp_path / "k", tmp_path / "b.age"
    assert run("backup-key", str(key))[1]["public"].startswith("age1")
    status, made = run("backup", str(target), *where, "--key-file", str(key))
    assert (status, made["file"]) == (0, str(target))
    status, refused = run("restore", str(target), *where, "--key-file", str(key))
    assert (status, "exists" in refused["error"]) == (1, True)
    run_directory = tmp_path / "data" / "run"
    run_directory.mkdir(parents=True)
    (run_directory / "call-control.pid").write_text("1")
    assert "running" in run("restore", str(target), *where, "--key-file", str(key), "--force")[1]["error"]
    (run_directory / "call-control.pid").unlink()
    assert run("restore", str(target), *where, "--key-file", str(key), "--force")[0] == 0
    worded = tmp_path / "w.age"
    assert run("backup", str(worded), *where, said="some words\n")[0] == 0
    assert run("restore", str(worded), *where, "--force", said="other words\n")[0] == 1
