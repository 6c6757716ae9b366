"""Call control: the composition root, the only place that wires the parts together.

Policy at start: the store is brought to the current version; the listeners open; what arrives waits until
the tenants are loaded, the media engine has been heard of and the calls of the journal have been taken up
again. Then everything is let in at once. At SIGTERM or SIGINT the listeners close and the store is written;
calls are not ended: their media goes on in the engine, and the next start takes them up.
"""

import argparse
import asyncio
import contextlib
import datetime
import hashlib
import hmac
import random
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import structlog
import uvloop

from stimme import __version__
from stimme.api.application import create_api
from stimme.api.metrics import Metrics
from stimme.api.openid.client import OpenIdClient
from stimme.api.openid.fetching import HttpFetch
from stimme.api.server import HttpServer, server_tls
from stimme.api.services import Services
from stimme.api.telephony import NodeTelephony
from stimme.config import Config, ConfigError, load_config
from stimme.directory.shelf import Shelf
from stimme.licensing.printing import Printer
from stimme.logs import configure_logs
from stimme.messaging.sending import Sending
from stimme.operations.garbage import collect_young, settle_memory
from stimme.operations.huge_pages import use_huge_pages
from stimme.operations.jobs import JobRunner, node_jobs
from stimme.operations.preload import keep_running
from stimme.operations.supervisor import Patience
from stimme.operations.traces import TraceFiles
from stimme.pbx.bus import EventBus
from stimme.pbx.model import Tenant
from stimme.pbx.node import Node
from stimme.prompts.sound import Sounds
from stimme.sip.trace import Trace
from stimme.sip.transport.dns import SystemResolver
from stimme.sip.transport.flood import FloodLimits
from stimme.sip.transport.runner import SipRunner
from stimme.store import migrate
from stimme.store.accounts import Accounts, utc_now
from stimme.store.billing import Billing
from stimme.store.call_recordings import (
    RECORDINGS,
    RECORDINGS_FOLDER,
    CallRecordings,
    NewRecordings,
    RecordingFiles,
)
from stimme.store.calls import CallHistory
from stimme.store.database import Database
from stimme.store.directory import DirectoryRepository
from stimme.store.journal import CallJournal
from stimme.store.letters import Letters
from stimme.store.live import (
    LIVE_TABLES,
    RECORD_SECONDS,
    RECORD_TABLES,
    Bindings,
    Records,
    States,
    load_tenants,
)
from stimme.store.own_sounds import OwnSoundRepository
from stimme.store.phone_books import PhoneBookRepository, fill_shelf
from stimme.store.secrets import Passwords, SecretKeyError, Vault, open_vault
from stimme.store.writer import WriteBehind

_ENGINE_PATIENCE = 5.0
"""Seconds that requests wait for the media engine at start; without it new calls are refused with 503."""

_log = structlog.get_logger("stimme.app")


class Application:
    """One node's call control with its API; everything it is made of lives between `start` and `close`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._resources = contextlib.AsyncExitStack()
        self._shelf = Shelf(loaded=False)

    async def start(self) -> None:
        """Bring everything up.

        Raises:
            OSError: When a listener's address is taken, or a file cannot be read.
            ssl.SSLError: When certificate and key do not fit.
            SecretKeyError: When the secrets in the store do not fit the key.
        """
        try:
            await self._start()
        except BaseException:
            await self._resources.aclose()
            raise

    async def close(self) -> None:
        """Close listeners and connections, write what the store has not got yet."""
        await self._resources.aclose()

    async def _start(self) -> None:
        config = self._config
        vault = open_vault(config.secret_key_file)
        database = await self._open_store()
        writer = WriteBehind(database, (*LIVE_TABLES, RECORDINGS))
        calls = WriteBehind(database, RECORD_TABLES, interval=RECORD_SECONDS)
        journal = CallJournal(config.node.data / "calls.journal", calls.then, vault)
        self._resources.callback(journal.close)
        for each in (writer, calls):
            each.start()
            self._resources.push_async_callback(each.close)
        sounds = Sounds(config.media.prompts, config.node.data / "recordings", config.node.data / "joined")
        await OwnSoundRepository(database, sounds.own).write_files()
        node = Node(
            bus=EventBus(),
            bindings=Bindings(database, writer),
            journal=journal,
            records=Records(database, calls, writer),
            store=States(database, writer),
            sounds=sounds,
            clock=asyncio.get_running_loop().time,
            wall_clock=time.time,
            rng=random.SystemRandom(),
            key=_signing_key(config.secret_key_file),
            algorithms=config.sip.digest,
            limits=config.limits.enabled,
            ring_timeout=config.calls.ring_timeout,
            media_timeout=config.calls.media_timeout,
            resolver=SystemResolver(),
            recordings=NewRecordings(writer, RecordingFiles(config.node.data / RECORDINGS_FOLDER)),
            agreement_required=config.sip.require_agreement,
        )
        self._resources.push_async_callback(node.close)
        tls = server_tls(config.tls.certificate, config.tls.key)
        runner = await self._open_sip(node, tls)
        history = CallHistory(database, calls)
        telephony = await self._open_web(
            node, runner, database, history=history, vault=vault, tls=tls, sounds=sounds
        )
        loaded = utc_now()
        await node.add_tenants(map(self._with_books, await load_tenants(database, vault)))
        await self._meet_engine(node)
        settle_memory()
        use_huge_pages()
        runner.release()
        node.start()
        self._spawn(fill_shelf(PhoneBookRepository(database), self._shelf), "phone-books")
        self._spawn(collect_young(), "memory")
        self._spawn(node.watch_expiry(), "registrations")
        self._spawn(self._jobs(database, vault, telephony, loaded).run(), "jobs")
        if config.metrics is not None:
            await self._open_metrics(config, telephony)
        _log.info("call control is up", node=config.node.name, tenants=len(node.tenants), version=__version__)

    async def _open_store(self) -> Database:
        database = Database(self._config.store.url)
        self._resources.push_async_callback(database.close)
        await migrate.upgrade(database.engine)
        return database

    async def _open_sip(self, node: Node, tls: ssl.SSLContext) -> SipRunner:
        config = self._config
        runner = SipRunner(
            node,
            product=f"{config.sip.server_name}/{__version__}",
            server_tls=tls,
            client_tls=_client_tls(config.tls.ca),
            public_address=config.node.public_address,
            flood=FloodLimits(enabled=config.limits.enabled),
            trace=Trace(time.time, most_bytes=config.sip.trace_megabytes << 20),
        )
        node.attach(runner.ua, runner.guard.trust)
        runner.on_flow_closed = node.flow_closed
        self._resources.push_async_callback(runner.close)
        for listen in config.sip.udp:
            await runner.listen("udp", listen.host, listen.port)
        for listen in config.sip.tcp:
            await runner.listen("tcp", listen.host, listen.port)
        for listen in config.sip.tls:
            await runner.listen("tls", listen.host, listen.port)
        return runner

    async def _open_web(
        self,
        node: Node,
        runner: SipRunner,
        database: Database,
        *,
        history: CallHistory,
        vault: Vault,
        tls: ssl.SSLContext,
        sounds: Sounds,
    ) -> NodeTelephony:
        config = self._config

        async def reload(tenant_id: str) -> None:
            tenants = await load_tenants(database, vault, only=tenant_id)
            for tenant in tenants:
                await node.update_tenant(self._with_books(tenant))
            if not tenants:
                await node.remove_tenant(tenant_id)
                self._shelf.forget(tenant_id)
                sounds.own.forget(tenant_id)

        telephony = NodeTelephony(node, reload, lambda: runner.messages, runner.attacks)
        services = Services(
            database=database,
            accounts=Accounts(database),
            passwords=Passwords(),
            directory=DirectoryRepository(database, vault),
            history=history,
            telephony=telephony,
            events=node.bus,
            sip=runner,
            limits=config.limits.enabled,
            static=config.web.static,
            origins=config.web.origins,
            traces=TraceFiles(config.node.data / "traces"),
            sounds=sounds,
            sip_ports=config.sip.ports,
            openid=OpenIdClient(
                HttpFetch(_client_tls(config.tls.ca), private=config.web.private_identity_providers)
            ),
            recordings=RecordingFiles(config.node.data / RECORDINGS_FOLDER),
            shelf=self._shelf,
        )
        web = HttpServer(create_api(services), tls=tls)
        address = await web.start(config.web.listen.host, config.web.listen.port)
        self._resources.push_async_callback(web.close)
        runner.announce("wss", address)
        return telephony

    def _with_books(self, tenant: Tenant) -> Tenant:
        """A customer's configuration with its phone books, which are not read anew with it."""
        books = self._shelf.of(tenant.id)
        books.keep(tenant.users)
        tenant.phone_books = books
        return tenant

    async def _meet_engine(self, node: Node) -> None:
        ready = asyncio.Event()
        self._spawn(node.keep_engine(self._config.media.socket, ready), "media-engine")
        try:
            await asyncio.wait_for(ready.wait(), _ENGINE_PATIENCE)
        except TimeoutError:
            _log.error("the media engine does not answer", socket=str(self._config.media.socket))

    async def _open_metrics(self, config: Config, telephony: NodeTelephony) -> None:
        if config.metrics is None:
            return
        metrics = Metrics(telephony.figures)
        server = HttpServer(metrics.app)
        await server.start(config.metrics.listen.host, config.metrics.listen.port)
        self._resources.push_async_callback(server.close)
        self._spawn(metrics.watch_loop(), "event-loop-lag")

    def _jobs(
        self, database: Database, vault: Vault, telephony: NodeTelephony, loaded: datetime.datetime
    ) -> JobRunner:
        kept = datetime.timedelta(days=self._config.privacy.shorten_calls_after)
        tls = _client_tls(self._config.tls.ca)
        sending = Sending(Letters(database, vault), Billing(database), Printer().pdf, tls)
        jobs = node_jobs(
            database,
            telephony,
            sending.run,
            recordings=CallRecordings(database, RecordingFiles(self._config.node.data / RECORDINGS_FOLDER)),
            shorten_after=kept,
            started=loaded,
        )
        return JobRunner(jobs, utc_now)

    def _spawn(self, work: Awaitable[None], name: str) -> None:
        """Runs until the application closes; a failure of it is logged and ends the process."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: _end_process_on_failure(done, name))

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._resources.push_async_callback(end)


def _end_process_on_failure(task: "asyncio.Future[None]", name: str) -> None:
    """A part that must run for ever has failed: better to be started again by the supervisor than to limp."""
    if task.cancelled():
        return
    failure = task.exception()
    if failure is not None:
        _log.error("a background task failed", task=name, exc_info=failure)
        signal.raise_signal(signal.SIGTERM)


def _signing_key(secret_key_file: Path) -> bytes:
    """Signs digest nonces and the like; derived from the node's key, so that they outlive a restart."""
    return hmac.digest(secret_key_file.read_bytes().strip(), b"call control", hashlib.sha256)


def _client_tls(ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Application]:
    """Call control for the length of a block. Raises what `Application.start` raises."""
    application = Application(config)
    await application.start()
    try:
        yield application
    finally:
        await application.close()


async def run(config: Config) -> None:
    """Run call control until SIGTERM or SIGINT. Raises what `Application.start` raises."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config):
        await stop.wait()
        _log.info("call control ends")


def main() -> None:
    """``python -m stimme.app --config FILE``, as the supervisor starts it."""
    parser = argparse.ArgumentParser(prog="stimme.app", description="Call control of a node.")
    parser.add_argument("--config", type=Path, required=True)
    try:
        config = load_config(parser.parse_args().config)
    except ConfigError as error:
        sys.exit(str(error))
    configure_logs(config.log.level, config.log.file)
    sys.exit(keep_running(lambda: _work(config), config.run_directory / "call-control.pid", Patience()))


def _work(config: Config) -> int:
    try:
        uvloop.run(run(config))
    except (OSError, ssl.SSLError, SecretKeyError) as error:
        _log.error("call control cannot start", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    main()
