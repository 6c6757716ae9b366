"""The command line's verbs about personal data; ``stimme.cli`` adds them to its own.

Policy: as ``stimme.cli`` says. What is kept about a user is read from the database, also while the node runs.
Forgetting a user cannot be undone and is asked for again (or ``--yes``). A node that runs is asked to do it
by its API, by somebody who may, because it has the user in its memory, too; otherwise the database is changed
directly. A file with personal data is readable by its owner only.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from stimme.cli_node import Node, RefusedError
from stimme.cli_output import done, load, read_secret, refuse, save
from stimme.config import Config
from stimme.store.audit import Actor
from stimme.store.changes import ANY, Authority
from stimme.store.database import Database, Scope
from stimme.store.errors import StoreError
from stimme.store.privacy import Privacy

privacy = typer.Typer(no_args_is_help=True)

_ACTOR = Actor("command line", "provider")
_ALL = Scope("provider", "")
UserName = Annotated[
    str, typer.Argument(metavar="USER", help="Id, login or number in full; with --customer an extension.")
]
CustomerName = Annotated[
    str | None, typer.Option("--customer", help="Id, domain or name of the user's customer.")
]
ConfigFile = Annotated[Path, typer.Option("--config", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]


@privacy.command("export")
def export_personal_data(
    user: UserName,
    config: ConfigFile,
    customer: CustomerName = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; without, it is shown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand over everything that is kept about a user (GDPR article 15), without secrets."""
    settings = load(config, as_json=as_json)

    async def work(found: Privacy) -> dict[str, Any]:
        return await found.personal_data(_ALL, await found.find(user, customer))

    document = _run(settings, work, as_json=as_json)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if output is None:
        done(as_json, document, text)
        return
    save(as_json, output, text + "\n", private=True)


@privacy.command("forget")
def forget_user(
    *,
    user: UserName,
    config: ConfigFile,
    customer: CustomerName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    login: Annotated[
        str | None, typer.Option(help="While the node runs: an account that may delete users.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete a user, and its name and number wherever calls of others name it (GDPR article 17)."""
    settings = load(config, as_json=as_json)

    async def look(found: Privacy) -> tuple[str, str]:
        user_id = await found.find(user, customer)
        kept = await found.personal_data(_ALL, user_id)
        return user_id, f"{kept['user']['name']} ({kept['user']['extension']})"

    user_id, name = _run(settings, look, as_json=as_json)
    running = (settings.run_directory / "call-control.pid").exists()
    if running and login is None:
        refuse(as_json, ["the node is running; name an account that may delete users with --login"])
    if not yes and not _confirmed(name):
        refuse(as_json, ["nothing was deleted; confirm, or say --yes"])
    if running and login is not None:
        try:
            node = Node(settings, None)
            node.sign_in(login, read_secret("Password", confirm=False))
            node.ask("DELETE", f"/users/{user_id}?forget=true")
        except RefusedError as error:
            refuse(as_json, [str(error)])
    else:

        async def forget(found: Privacy) -> None:
            await found.forget(Authority(_ALL, _ACTOR), user_id, ANY)

        _run(settings, forget, as_json=as_json)
    done(as_json, {"user": user_id, "forgotten": True}, f"{name} is forgotten.")


def _confirmed(name: str) -> bool:
    return sys.stdin.isatty() and typer.confirm(f"Delete {name} for good?", err=True)


def _run(settings: Config, work: Any, *, as_json: bool) -> Any:
    async def run() -> Any:
        database = Database(settings.store.url)
        try:
            return await work(Privacy(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (StoreError, OSError) as error:
        refuse(as_json, [str(error)])
