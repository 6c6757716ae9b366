"""How the command line speaks: sentences for people, one JSON document for programs."""

import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

from stimme.config import Config, ConfigError, load_config


def done(as_json: bool, document: dict[str, Any], sentence: str) -> None:
    """Say that it is done."""
    typer.echo(json.dumps(document, ensure_ascii=False) if as_json else sentence)


def refuse(as_json: bool, problems: Sequence[str]) -> NoReturn:
    """Say why not, and end with status 1."""
    if as_json:
        typer.echo(json.dumps({"error": problems[0], "problems": list(problems)}, ensure_ascii=False))
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(1)


def save(as_json: bool, file: Path, text: str, *, private: bool) -> None:
    """Write a file in place of what was there, and say so; a private one is readable by its owner only."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
        with os.fdopen(descriptor, "w") as stream:
            if private and stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, 0o600)  # it may have been there before
            stream.write(text)
    except OSError as error:
        refuse(as_json, [str(error)])
    done(as_json, {"file": str(file)}, f"{file} written.")


def load(path: Path, *, as_json: bool) -> Config:
    """Read the node's configuration, or end with status 1."""
    try:
        return load_config(path)
    except ConfigError as error:
        refuse(as_json, error.problems)


def read_secret(prompt: str, *, confirm: bool) -> str:
    """Ask for a secret, or take the first line of standard input."""
    if sys.stdin.isatty():
        secret: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
        return secret
    return sys.stdin.readline().rstrip("\n")
