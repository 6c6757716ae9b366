"""The command line ``stimme``.

Policy: exit status 0 when done, 1 when refused, 2 for wrong usage. With ``--json`` one JSON document goes
to standard output, also on refusal (``{"error": …}``); people's sentences go to standard error. Passwords
are asked for or read from standard input, never taken from the command line, where other processes could
read them.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from stimme.cli_business import business
from stimme.cli_node import node
from stimme.cli_output import done, load, read_secret, refuse
from stimme.cli_privacy import privacy
from stimme.cli_serve import serving
from stimme.demo import system as demo_system
from stimme.demo.welcome import welcome
from stimme.operations.traces import TraceFiles
from stimme.sip.ladder import ladder
from stimme.store import migrate
from stimme.store.accounts import Accounts
from stimme.store.database import Database
from stimme.store.provisioning import ConflictError, Provisioning, WeakPasswordError, check_password
from stimme.store.secrets import Passwords, SecretKeyError, open_vault

app = typer.Typer(name="stimme", help="Business phone system.", no_args_is_help=True, add_completion=True)
app.add_typer(business)
app.add_typer(node)
app.add_typer(serving)
app.add_typer(privacy, name="personal-data", help="What is kept about a user: hand it over, forget it.")

ConfigFile = Annotated[Path, typer.Option("--config", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]


@app.callback()
def _root() -> None:
    """Business phone system."""


@app.command("check-config")
def check_config(
    file: Annotated[Path, typer.Argument(help="The configuration file.")], as_json: AsJson = False
) -> None:
    """Check a configuration file without starting anything."""
    load(file, as_json=as_json)
    done(as_json, {"file": str(file), "valid": True}, f"{file}: valid.")


@app.command("demo")
def demo(
    data: Annotated[Path, typer.Option(help="Folder for state and logs.")],
    base_port: Annotated[int, typer.Option(help="The lowest of the ports.")] = 20000,
    as_json: AsJson = False,
    no_limits: Annotated[
        bool, typer.Option("--no-limits", help="Switch the guards off, for load measurements.")
    ] = False,
) -> None:
    """Run the whole system with a demo customer and a simulated public network until SIGTERM or SIGINT."""

    async def run() -> None:
        prepared = await demo_system.prepare(data.resolve(), base_port, limits=not no_limits)
        description = prepared.description()
        text = json.dumps(description) if as_json else welcome(description)
        await demo_system.run(prepared, lambda: print(text, flush=True))

    try:
        asyncio.run(run())
    except demo_system.DemoError as error:
        refuse(as_json, [str(error)])


@app.command("create-provider")
def create_provider(
    config: ConfigFile,
    name: Annotated[str, typer.Option(help="The provider's name.")],
    login: Annotated[str, typer.Option(help="Login of its first account.")],
    as_json: AsJson = False,
) -> None:
    """Create the provider and its first account; the password is asked for or read from standard input."""
    settings = load(config, as_json=as_json)
    password = read_secret("Password", confirm=True)

    async def create() -> str:
        database = Database(settings.store.url)
        try:
            await migrate.upgrade(database.engine)
            vault = open_vault(settings.secret_key_file)
            return await Provisioning(database, vault, Passwords()).create_provider(name, login, password)
        finally:
            await database.close()

    try:
        settings.node.data.mkdir(parents=True, exist_ok=True)
        provider_id = asyncio.run(create())
    except ConflictError:
        refuse(as_json, ["there is a provider, or an account of that login, already"])
    except (WeakPasswordError, SecretKeyError, OSError) as error:
        refuse(as_json, [str(error)])
    done(as_json, {"id": provider_id, "login": login}, f"Provider {name} created.")


@app.command("trace")
def trace(
    call: Annotated[str, typer.Argument(help="Id of the call, as in the call records.")],
    config: ConfigFile,
    messages: Annotated[bool, typer.Option("--messages", help="Show the messages, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw the SIP trace of a call that was stored (PUT /calls/{id}/trace)."""
    settings = load(config, as_json=as_json)
    stored = TraceFiles(settings.node.data / "traces").load(call)
    if stored is None:
        refuse(as_json, ["there is no stored trace of this call"])
    drawn = ladder(stored.entries)
    texts = [entry.data.decode("utf-8", "replace") for entry in stored.entries]
    shown = "\n".join([drawn, *texts]) if messages else drawn
    done(as_json, {"call": call, "customer": stored.tenant_id, "ladder": drawn, "messages": texts}, shown)


@app.command("reset-password")
def reset_password(
    config: ConfigFile,
    login: Annotated[str, typer.Option(help="Whose password.")],
    as_json: AsJson = False,
) -> None:
    """Give an account a new password and end its sessions."""
    settings = load(config, as_json=as_json)
    password = read_secret("Password", confirm=True)

    async def reset() -> bool:
        database = Database(settings.store.url)
        try:
            return await Accounts(database).set_password(login, Passwords().hash(password))
        finally:
            await database.close()

    try:
        check_password(password)
    except WeakPasswordError as error:
        refuse(as_json, [str(error)])
    if not asyncio.run(reset()):
        refuse(as_json, [f"there is no account {login}"])
    done(as_json, {"login": login}, f"Password of {login} changed.")


def main() -> None:
    """Run the command line, under the name that shells complete, however it was started."""
    app(prog_name="stimme")


if __name__ == "__main__":
    main()
