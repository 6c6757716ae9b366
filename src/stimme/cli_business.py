"""The command line's verbs about customers, months and backups; ``stimme.cli`` adds them to its own.

Policy: as ``stimme.cli`` says. A file with secrets is written readable by its owner only. An import shows
what it would do with ``--plan`` and does nothing. Passphrases are asked for or read from standard input.
"""

import asyncio
import dataclasses
import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from stimme.cli_output import done, load, read_secret, refuse, save
from stimme.config import Config
from stimme.licensing.errors import LicensingError
from stimme.licensing.usage import Month
from stimme.store import backup as backups
from stimme.store.audit import Actor
from stimme.store.backed_up import BackupError
from stimme.store.billing import Billing
from stimme.store.call_recordings import RECORDINGS_FOLDER
from stimme.store.database import Database, Scope
from stimme.store.errors import StoreError
from stimme.store.secrets import SecretKeyError, Vault, open_vault
from stimme.store.transfer import CustomerTransfer
from stimme.store.transfer_file import Change, TransferError, read_file, write_file

business = typer.Typer()

_T = TypeVar("_T")
_ACTOR = Actor("command line", "provider")
ConfigFile = Annotated[Path, typer.Option("--config", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]
BackupKey = Annotated[
    Path | None, typer.Option("--key-file", help="An age key instead of a passphrase.", dir_okay=False)
]


@business.command("export")
def export_customer(
    customer: Annotated[str, typer.Argument(help="Id, domain, number or name.")],
    config: ConfigFile,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; without, YAML is shown.")
    ] = None,
    secrets: Annotated[bool, typer.Option("--secrets", help="Write passwords, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a customer's whole configuration as one readable file."""
    settings = load(config, as_json=as_json)

    async def work(database: Database, vault: Vault) -> dict[str, object]:
        transfer = CustomerTransfer(database, vault)
        return await transfer.export(await transfer.find(customer), with_secrets=secrets)

    document = _run(settings, work, as_json=as_json)
    if output is None:
        done(as_json, document, write_file(document))
        return
    save(as_json, output, write_file(document), private=secrets)


@business.command("import")
def import_customer(
    file: Annotated[Path, typer.Argument(help="A file that export wrote.")],
    config: ConfigFile,
    reseller: Annotated[str | None, typer.Option(help="Id of a new customer's reseller.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done, do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a customer what a file says: create, change and delete, all or nothing."""
    settings = load(config, as_json=as_json)

    async def work(database: Database, vault: Vault) -> list[Change]:
        transfer = CustomerTransfer(database, vault)
        document = read_file(await asyncio.to_thread(file.read_text))
        if plan:
            return await transfer.plan(document)
        return await transfer.apply(document, parent_id=reseller, actor=_ACTOR)

    changes = _run(settings, work, as_json=as_json)
    lines = [
        f"{one.action} {one.section} {one.label}{': ' + ', '.join(one.fields) if one.fields else ''}"
        for one in changes
    ]
    closing = "Nothing to do." if not changes else "Nothing was done yet." if plan else "Done."
    document = {"changes": [dataclasses.asdict(one) for one in changes], "done": not plan}
    done(as_json, document, "\n".join([*lines, closing]))


@business.command("close-month")
def close_month(
    month: Annotated[str, typer.Argument(help="For example 2026-11.")],
    config: ConfigFile,
    as_json: AsJson = False,
) -> None:
    """Close a month and write its invoices; closing it again changes nothing."""
    settings = load(config, as_json=as_json)

    async def work(database: Database, _vault: Vault) -> dict[str, object]:
        closed = await Billing(database).close(Scope("provider", ""), _ACTOR, Month.parse(month))
        row = closed.closing
        return {"month": month, "now": closed.now, "invoices": row.invoices, "net": str(row.net)}

    answer = _run(settings, work, as_json=as_json)
    state = "closed" if answer["now"] else "was closed already"
    done(as_json, answer, f"{month} {state}: {answer['invoices']} invoices, {answer['net']} EUR net.")


@business.command("backup")
def backup_node(
    target: Annotated[Path, typer.Argument(help="File to write, for example stimme-2026-11-25.age.")],
    config: ConfigFile,
    key_file: BackupKey = None,
    recordings: Annotated[bool, typer.Option(help="With the recordings of calls.")] = True,
    as_json: AsJson = False,
) -> None:
    """Back up the running node's database, key and recordings of calls, encrypted."""
    settings = load(config, as_json=as_json)
    protection = _protection(key_file, confirm=True)
    now = datetime.datetime.now(datetime.UTC)
    try:
        manifest = backups.backup(
            settings.store.url,
            settings.secret_key_file,
            target,
            protection,
            now=now,
            recordings=settings.node.data / RECORDINGS_FOLDER if recordings else None,
        )
    except (BackupError, OSError) as error:
        refuse(as_json, [str(error)])
    done(as_json, {"file": str(target), **dataclasses.asdict(manifest)}, f"{target} written.")


@business.command("restore")
def restore_node(
    source: Annotated[Path, typer.Argument(help="A file that backup wrote.")],
    config: ConfigFile,
    key_file: BackupKey = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the node that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of a node that is not running."""
    settings = load(config, as_json=as_json)
    if (settings.run_directory / "call-control.pid").exists():
        refuse(as_json, ["the node is running; stop it first"])
    protection = _protection(key_file, confirm=False)
    try:
        manifest = backups.restore(
            source,
            settings.store.url,
            settings.secret_key_file,
            protection,
            force=force,
            recordings=settings.node.data / RECORDINGS_FOLDER,
        )
    except (BackupError, OSError) as error:
        refuse(as_json, [str(error)])
    done(as_json, dataclasses.asdict(manifest), f"Restored the node of {manifest.made_at}.")


@business.command("backup-key")
def backup_key(
    path: Annotated[Path, typer.Argument(help="File to write the secret key to.")], as_json: AsJson = False
) -> None:
    """Make a key for backups; its public half is enough to back up."""
    try:
        public = backups.new_key(path)
    except OSError as error:
        refuse(as_json, [str(error)])
    done(as_json, {"file": str(path), "public": public}, f"{path} written. Public key: {public}")


def _protection(key_file: Path | None, *, confirm: bool) -> backups.Protection:
    if key_file is not None:
        return backups.KeyFile(key_file)
    return backups.Passphrase(read_secret("Passphrase", confirm=confirm))


def _run(settings: Config, work: Callable[[Database, Vault], Awaitable[_T]], *, as_json: bool) -> _T:
    async def run() -> _T:
        database = Database(settings.store.url)
        try:
            return await work(database, open_vault(settings.secret_key_file))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (StoreError, LicensingError, TransferError, SecretKeyError, OSError) as error:
        refuse(as_json, [str(error)])
