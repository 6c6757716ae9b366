"""Our own side: a node with one customer, one trunk and one telephone, and the engine alone."""

import asyncio
import datetime
import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.bench import sip_client
from tests.bench.processes import BenchError, Server

from stimme.media import Engine
from stimme.store import migrate
from stimme.store.database import Database
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, open_vault

RELEASE = Path("target/release")
DOMAIN = "bench.example"
_DEVICE = "bench-telephone"
PASSWORD = "a password for the bench"
HEAD = "+4930231250"

_CONFIGURATION = """\
[node]
data = "{data}"
[sip]
udp = ["127.0.0.1:{sip}"]
trace_megabytes = {trace}
[web]
listen = "127.0.0.1:{web}"
[tls]
certificate = "{data}/certificate.pem"
key = "{data}/key.pem"
[media]
socket = "{data}/run/media.sock"
ports = "{first_media}-{last_media}"
binary = "{binary}"
[store]
url = "{store}"
[metrics]
listen = "127.0.0.1:{metrics}"
[limits]
enabled = false
[calls]
media_timeout = 3600
[log]
level = "warning"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A node whose only trunk is sipp's caller, known by its address; its only telephone is sipp's callee.

    Attributes:
        directory: Where configuration, database and logs go.
        sip_port: UDP port the node listens on; all ports are of 127.0.0.1.
        web_port: Port of its API.
        metrics_port: Port of its metrics.
        trunk_port: Port the caller calls from.
        extension: Digits behind the head number that lead to the telephone.
        trace_megabytes: Memory for the messages of calls.
        furnish: Puts more into the database: gets it with the ids of the provider and of the customer.
    """

    directory: Path
    sip_port: int
    web_port: int
    metrics_port: int
    trunk_port: int
    extension: str = "10"
    trace_megabytes: int = 32
    furnish: Callable[[Database, Provisioning, str, str], Awaitable[None]] | None = None

    @property
    def number(self) -> str:
        """The number to dial for the telephone."""
        return HEAD + self.extension

    def server(self) -> Server:
        """`stimme serve` with this site's configuration; not started yet."""
        configuration = self.directory / "stimme.toml"
        store = f"sqlite+aiosqlite:///{self.directory}/stimme.db"
        configuration.write_text(
            _CONFIGURATION.format(
                data=self.directory,
                sip=self.sip_port,
                trace=self.trace_megabytes,
                web=self.web_port,
                metrics=self.metrics_port,
                first_media=46_000,
                last_media=60_000,
                binary=_built("stimme-media").resolve(),
                store=store,
            )
        )
        _write_certificate(self.directory)
        asyncio.run(self._provision(store))
        command = ["bin/stimme", "serve", "--config", str(configuration)]
        return Server("stimme", command, log=self.directory / "stimme.log")

    def register_telephone(self, port: int, user: str = "") -> None:
        """Register a telephone, by default the one, at 127.0.0.1:`port`; that has to be free for a moment."""
        sip_client.register(
            self.sip_port, local_port=port, user=user or _DEVICE, domain=DOMAIN, password=PASSWORD
        )

    async def _provision(self, store: str) -> None:
        database = Database(store)
        try:
            await migrate.upgrade(database.engine)
            customers = Provisioning(database, open_vault(self.directory / "secret.key"), Passwords())
            provider = await customers.create_provider("Bench", "bench", PASSWORD)
            customer = await customers.create_customer(provider, "Bench", DOMAIN)
            user = await customers.create_user(
                customer, self.extension, "Bench", package="klare", number=self.number
            )
            await customers.create_device(user, _DEVICE, password=PASSWORD)
            trunk = await customers.create_trunk(
                customer,
                "sipp",
                kind="static",
                host="127.0.0.1",
                port=self.trunk_port,
                transport="udp",
                username="",
                password="",
            )
            await customers.add_numbers(trunk, HEAD, len(self.extension))
            if self.furnish is not None:
                await self.furnish(database, customers, provider, customer)
        finally:
            await database.close()


def engine(directory: Path, socket: Path, *, first_port: int, last_port: int) -> Server:
    """Our media engine alone; not started yet."""
    command = [str(_built("stimme-media")), "--socket", str(socket), "--address", "127.0.0.1"]
    command += ["--ports", f"{first_port}-{last_port}"]
    return Server("stimme-media", command, log=directory / "stimme-media.log")


class DrivenEngine:
    """The media engine alone, driven by its Python face as call control does."""

    address = "127.0.0.1"

    def __init__(self, stack: ExitStack, scratch: Path) -> None:
        path = scratch / "media.sock"
        self.server = stack.enter_context(engine(scratch, path, first_port=44_000, last_port=53_000))
        self.server.wait_until(path.exists)
        self.runner = stack.enter_context(asyncio.Runner())
        self.engine = self.runner.run(Engine.connect(path, owner="bench", on_event=lambda _event: None))
        stack.callback(lambda: self.runner.run(self.engine.close()))


def example(name: str) -> Path:
    """An example program of crates/media, built."""
    return _built(f"examples/{name}")


def _built(name: str) -> Path:
    path = RELEASE / name
    if not path.exists():
        raise BenchError(f"{path} is missing: cargo build --release --package stimme-media --bins --examples")
    return path


def _write_certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
