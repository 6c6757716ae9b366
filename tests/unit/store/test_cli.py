"""The verbs of the command line that work on the store."""

import json
import os
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from stimme.cli import app

from .test_config import GOOD, write


def test_provider_is_created_once_and_its_password_reset(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/cli.db"
    config = str(write(tmp_path, GOOD.replace("sqlite+aiosqlite:///data/stimme.db", url)))
    runner = CliRunner()
    create = ["create-provider", "--config", config, "--name", "P", "--login", "root", "--json"]
    refused = runner.invoke(app, create, input="short\n")
    assert refused.exit_code == 1
    assert "10 characters" in json.loads(refused.stdout)["error"]
    created = runner.invoke(app, create, input="a long password\n")
    assert (created.exit_code, json.loads(created.stdout)["login"]) == (0, "root")
    assert runner.invoke(app, create, input="a long password\n").exit_code == 1
    reset = ["reset-password", "--config", config, "--json", "--login"]
    assert runner.invoke(app, [*reset, "root"], input="another password\n").exit_code == 0
    assert runner.invoke(app, [*reset, "nobody"], input="another password\n").exit_code == 1


def test_mistakes_in_the_configuration_are_listed(tmp_path: Path) -> None:
    path = str(write(tmp_path, GOOD.replace("[store]", "[store]\nurll = 1")))
    answer = CliRunner().invoke(app, ["check-config", path, "--json"])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["problems"] == ["store.urll: is not a known setting."]


def test_shells_complete_the_verbs_of_the_launcher() -> None:
    launcher = Path(__file__).parents[3] / "bin" / "stimme"
    typed = {"_STIMME_COMPLETE": "complete_bash", "COMP_WORDS": "stimme re", "COMP_CWORD": "1"}
    told = subprocess.run([launcher], env={**os.environ, **typed}, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["reset-password", "restore"]
