"""The command line's verb that runs a node; ``stimme.cli`` adds it to its own.

Policy: as ``stimme.cli`` says. ``bin/stimme`` starts this module by itself: the supervisor lives as long as
the node and needs nothing of what the other verbs load, which took more than a second of every start.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from stimme.cli_output import load
from stimme.operations.supervisor import serve as serve_node

serving = typer.Typer(name="stimme", add_completion=False)

ConfigFile = Annotated[Path, typer.Option("--config", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]


@serving.callback()
def _root() -> None:
    """Business phone system."""


@serving.command("serve")
def serve(config: ConfigFile, as_json: AsJson = False) -> None:
    """Run a node until SIGTERM or SIGINT."""
    settings = load(config, as_json=as_json)
    raise typer.Exit(asyncio.run(serve_node(settings, config)))


if __name__ == "__main__":
    serving(prog_name="stimme")
