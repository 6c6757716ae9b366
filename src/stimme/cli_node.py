"""The command line's verbs that ask a running node by its API; ``stimme.cli`` adds them to its own.

Policy: as ``stimme.cli`` says. The node is where its configuration says it listens, unless another address
is given; its certificate is checked. Who asks signs in like anybody, and may what the account may.
"""

import json
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from stimme.cli_output import done, load, read_secret, refuse
from stimme.config import Config

node = typer.Typer()
_PATIENCE = 90.0
"""Seconds that an answer may take: the test of a trunk is several calls."""

ConfigFile = Annotated[Path, typer.Option("--config", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]


class RefusedError(Exception):
    """The node has said no, or nothing; the sentence says why."""


class Node:
    """The API of a node, signed in once `sign_in` was called."""

    def __init__(self, config: Config, address: str | None) -> None:
        authority = config.tls.ca
        self._address = address or f"https://{config.web.listen}"
        self._trust = ssl.create_default_context(cafile=None if authority is None else str(authority))
        self._token = ""

    def sign_in(self, login: str, password: str) -> None:
        """Raises RefusedError."""
        self._token = str(self.ask("POST", "/session", {"login": login, "password": password})["token"])

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request; None for an answer without content. Raises RefusedError."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(  # noqa: S310  https, as configured or typed
            f"{self._address}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE, context=self._trust) as answer:  # noqa: S310
                return json.load(answer) if answer.status != HTTPStatus.NO_CONTENT else None
        except urllib.error.HTTPError as error:
            raise RefusedError(_detail(error)) from error
        except (OSError, ValueError) as error:
            raise RefusedError(f"the node at {self._address} does not answer: {error}") from error


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (KeyError, TypeError, ValueError):
        return f"the node answered {error.code}"


@node.command("test-trunk")
def test_trunk(
    trunk: Annotated[str, typer.Argument(help="Id or name of the trunk.")],
    config: ConfigFile,
    login: Annotated[str, typer.Option(help="An account that may set the trunk up.")],
    url: Annotated[str | None, typer.Option(help="The node's address, if not the configured one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Call oneself over a trunk and tell each step; status 1 when one of them has failed."""
    settings = load(config, as_json=as_json)
    asked = Node(settings, url)
    try:
        asked.sign_in(login, read_secret("Password", confirm=False))
        report = asked.ask("POST", f"/trunks/{_trunk_id(asked, trunk)}/test")
    except RefusedError as refusal:
        refuse(as_json, [str(refusal)])
    marks = {"passed": "✓", "failed": "✗", "noted": "i", "skipped": "–"}
    lines = [f"{marks[step['result']]} {step['words']}" for step in report["steps"]]
    done(as_json, report, "\n".join(lines))
    if not report["passed"]:
        raise typer.Exit(1)


def _trunk_id(asked: Node, trunk: str) -> str:
    found = asked.ask("GET", "/trunks?limit=200")["items"]
    fitting = [each["id"] for each in found if trunk in (each["id"], each["name"])]
    if len(fitting) != 1:
        raise RefusedError(f"there are {len(fitting)} trunks {trunk!r}; give an id")
    return str(fitting[0])
