"""The whole system on loopback: a node with the demo customer, and the simulated public network around it.

Policy: state lives in one folder, ports are counted from one base, so several systems run side by side. The
address of every part is told only once every part answers. SIGTERM and SIGINT end everything.
"""

import asyncio
import datetime
import hashlib
import json
import signal
import ssl
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimme.config import Config, ConfigError, load_config
from stimme.demo import network
from stimme.demo.certificates import ensure_certificates
from stimme.demo.customer import DOMAIN, Credentials, load_credentials, provision
from stimme.demo.ports import HOST, DemoPorts, PortError
from stimme.operations.supervisor import Patience, Supervisor, commands_of
from stimme.store.secrets import SecretKeyError

_ROOT = Path(__file__).resolve().parents[3]
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_LONGEST_SOCKET_PATH = 100
"""A Unix socket's path has at most 107 bytes (unix(7))."""

_CONFIGURATION = """\
# Written at each start of the demo.
[node]
data = {data}
name = "demo"

[sip]
udp = ["{host}:{sip}"]
tcp = ["{host}:{sip}"]
tls = ["{host}:{sip_tls}"]

[web]
listen = "{host}:{web}"
static = {static}
# In a demo the identity provider that is tried out stands on the same machine.
private_identity_providers = true

[tls]
certificate = {certificate}
key = {key}
ca = {ca}

[media]
socket = {socket}
address = "{host}"
ports = "{first_media}-{last_media}"
binary = {binary}
prompts = {prompts}
metrics = "{host}:{engine_metrics}"

[store]
url = {url}

[metrics]
listen = "{host}:{metrics}"

[limits]
enabled = {limits}
"""


class DemoError(Exception):
    """The demo cannot run here, with a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is about to start: its folder, ports, passwords and configuration."""

    data: Path
    ports: DemoPorts
    credentials: Credentials
    config_file: Path
    config: Config

    def description(self) -> dict[str, Any]:
        """What programs are told (docs/contracts.md)."""
        ports = self.ports
        web = f"https://{HOST}:{ports.web}"
        return {
            "web": web,
            "api": f"{web}/api/v1",
            "ca": str(self.config.tls.ca),
            "sip": {
                "udp": f"{HOST}:{ports.sip}",
                "tcp": f"{HOST}:{ports.sip}",
                "tls": f"{HOST}:{ports.sip_tls}",
                "wss": f"wss://{HOST}:{ports.web}/sip",
            },
            "domain": DOMAIN,
            "accounts": self._accounts(),
            "users": [
                {
                    "extension": employee.extension,
                    "name": employee.name,
                    "number": employee.number,
                    "package": employee.package,
                    "login": employee.login,
                    "password": employee.password,
                    "devices": [
                        {"sip_user": phone.sip_user, "sip_password": phone.sip_password}
                        for phone in employee.devices
                    ],
                }
                for employee in self.credentials.employees
            ],
            "provider": {
                "sip": f"{HOST}:{ports.network.exchange}",
                "trunk_number": network.HEAD_NUMBER,
                "branch_number": network.BRANCH_NUMBER,
                "spare": {
                    "username": self.credentials.spare.username,
                    "password": self.credentials.spare.password,
                    "head": self.credentials.spare.head,
                },
            },
            "outside": {
                "echo": network.ECHO,
                "speech": network.SPEECH,
                "expensive": network.EXPENSIVE,
                "busy": network.BUSY,
                "no_answer": network.NO_ANSWER,
                "unknown": network.UNKNOWN,
                "emergency": network.EMERGENCY,
            },
            "emergency_log": str(network.emergency_log(self.data)),
            "metrics": f"http://{HOST}:{ports.metrics}/metrics",
            "engine_metrics": f"http://{HOST}:{ports.engine_metrics}/metrics",
        }

    def _accounts(self) -> list[dict[str, str]]:
        signs = [(sign.role, sign.login, sign.password) for sign in self.credentials.accounts]
        signs += [("user", each.login, each.password) for each in self.credentials.employees]
        return [{"role": role, "login": login, "password": password} for role, login, password in signs]


async def prepare(data: Path, base_port: int, *, limits: bool) -> Demo:
    """Write configuration, certificates and database, as far as they are missing.

    Args:
        data: Where state, logs and sockets go; an absolute path.
        base_port: The lowest port.
        limits: Whether the guards against guessing and flooding are on.

    Raises:
        DemoError: When a port is taken or the folder cannot be used.
    """
    try:
        ports = DemoPorts.counted_from(base_port)
        ports.require_free()
        for folder in (data, data / "log", data / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        credentials = load_credentials(data / "credentials.json")
        file = _write_configuration(data, ports, limits=limits)
        config = load_config(file)
        await provision(config.store.url, config.secret_key_file, credentials, ports.network.exchange)
    except (PortError, ConfigError, SecretKeyError, OSError, ValueError) as error:
        raise DemoError(str(error)) from error
    return Demo(data, ports, credentials, file, config)


def _write_configuration(data: Path, ports: DemoPorts, *, limits: bool) -> Path:
    certificates = ensure_certificates(data / "tls", DOMAIN, datetime.datetime.now(datetime.UTC))
    first_media, last_media = ports.media
    text = _CONFIGURATION.format(
        host=HOST,
        sip=ports.sip,
        sip_tls=ports.sip_tls,
        web=ports.web,
        metrics=ports.metrics,
        engine_metrics=ports.engine_metrics,
        first_media=first_media,
        last_media=last_media,
        limits="true" if limits else "false",
        data=_quoted(data),
        static=_quoted(_ROOT / "web" / "dist"),
        certificate=_quoted(certificates.certificate),
        key=_quoted(certificates.key),
        ca=_quoted(certificates.ca),
        socket=_quoted(_socket_path(data)),
        binary=_quoted(_ROOT / "target" / "release" / "stimme-media"),
        prompts=_quoted(_ROOT / "build" / "prompts"),
        url=json.dumps(f"sqlite+aiosqlite:///{data / 'stimme.db'}"),
    )
    file = data / "stimme.toml"
    file.write_text(text)
    return file


def _quoted(path: Path) -> str:
    # TOML's basic strings escape as JSON's do.
    return json.dumps(str(path), ensure_ascii=False)


def _socket_path(data: Path) -> Path:
    beside = data / "run" / "media.sock"
    if len(str(beside).encode()) <= _LONGEST_SOCKET_PATH:
        return beside
    word = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"stimme-{word}.sock"


async def run(demo: Demo, announce: Callable[[], None]) -> None:
    """Run the demo until SIGTERM or SIGINT.

    Args:
        demo: As prepared.
        announce: Called once every part answers.

    Raises:
        DemoError: When a part is missing, or does not answer in time.
    """
    try:
        outside = network.prepare(
            demo.data, demo.ports.network, (*demo.credentials.trunks, demo.credentials.spare)
        )
    except network.NetworkError as error:
        raise DemoError(str(error)) from error
    supervisor = Supervisor(
        [*commands_of(demo.config, demo.config_file), *outside], demo.data, Patience(grace=2.5)
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    running = asyncio.create_task(supervisor.run())
    ready = asyncio.create_task(_all_answer(demo))
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await ready
            announce()
    finally:
        ready.cancel()
        if ready.done() and not ready.cancelled() and ready.exception() is not None:
            supervisor.stop()
        await running


async def _all_answer(demo: Demo) -> None:
    trust = ssl.create_default_context(cafile=str(demo.config.tls.ca))
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while True:
        missing = await asyncio.to_thread(_missing, demo, trust)
        if missing is None:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise DemoError(f"{missing} does not answer; its log is in {demo.data / 'log'}")
        await asyncio.sleep(_POLL_SECONDS)


def _missing(demo: Demo, trust: ssl.SSLContext) -> str | None:
    """The first part that does not answer yet."""
    silent = demo.ports.silent()
    if silent is not None:
        return silent.part
    status = _read(f"https://{HOST}:{demo.ports.web}/api/v1/health", trust).get("status")
    return None if status == "ok" else f"the node (health: {status})"


def _read(url: str, trust: ssl.SSLContext) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=2, context=trust) as answer:  # noqa: S310  our own address
            document: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return {}
    return document
