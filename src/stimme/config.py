"""The configuration of one node: a TOML file checked before anything starts.

Policy: an unknown or malformed setting stops the start with one sentence per mistake, each naming its field
(``sip.udp[0]: …``); nothing is guessed. Relative paths are relative to the folder of the configuration file.
All values are immutable once loaded; a change takes effect at the next start.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

_MAX_PORT = 65535


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        problems: One sentence per mistake, each beginning with the field's name.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listen(_Section):
    """A local address to listen on, written ``host:port`` or ``[v6]:port``; port 0 lets the system choose."""

    host: str
    port: int = Field(ge=0, le=_MAX_PORT)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _parse_listen(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise ValueError(f"'{value}' is not an address; write it as host:port")
    if int(port) > _MAX_PORT:
        raise ValueError(f"'{value}' has a port above {_MAX_PORT}")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"'{host}' is not an IP address; listeners need one") from None
    return {"host": host, "port": int(port)}


ListenAddress = Annotated[Listen, BeforeValidator(_parse_listen)]


class PortRange(_Section):
    """Inclusive range of UDP ports for media, written ``first-last``."""

    first: int = Field(ge=1024, le=_MAX_PORT)
    last: int = Field(ge=1024, le=_MAX_PORT)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def _parse_ports(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    first, separator, last = value.partition("-")
    if not separator or not first.strip().isdigit() or not last.strip().isdigit():
        raise ValueError(f"'{value}' is not a port range; write it as first-last, for example 16384-32767")
    if int(first) >= int(last):
        raise ValueError(f"'{value}' is empty; the first port must be below the last")
    return {"first": int(first), "last": int(last)}


def _parse_path(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if not value:
        raise ValueError("a path must not be empty")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / Path(value).expanduser()


ConfiguredPath = Annotated[Path, BeforeValidator(_parse_path)]


class NodeConfig(_Section):
    """``[node]``: where this node keeps its state and which address it tells others."""

    data: ConfiguredPath
    name: str = Field(default="node1", min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")
    public_address: str = "127.0.0.1"


class SipConfig(_Section):
    """``[sip]``: listeners per transport. SIP over WebSocket rides on the web listener at ``/sip``."""

    udp: tuple[ListenAddress, ...] = ()
    tcp: tuple[ListenAddress, ...] = ()
    tls: tuple[ListenAddress, ...] = ()
    server_name: str = "stimme"
    digest: tuple[Literal["SHA-256", "MD5"], ...] = Field(default=("MD5",), min_length=1)
    """Algorithms offered in challenges, the preferred one first (RFC 8760); all are accepted. Only MD5 by
    default: telephones in the field fail on a challenge with an algorithm that they do not know."""
    require_agreement: bool = False
    """Telephones must agree with us on security (RFC 3329): few can, so only where all of them are known."""
    trace_megabytes: int = Field(default=32, ge=0)
    """Memory for the messages of the calls of late (``stimme.sip.trace``); 0 keeps none."""

    @property
    def ports(self) -> dict[str, int]:
        """The first port of each transport, for the settings of telephones."""
        listeners = {"udp": self.udp, "tcp": self.tcp, "tls": self.tls}
        return {name: each[0].port for name, each in listeners.items() if each and each[0].port}


class WebConfig(_Section):
    """``[web]``: the HTTPS listener for the web client, the API and SIP over WebSocket."""

    listen: ListenAddress
    static: ConfiguredPath | None = None
    origins: tuple[str, ...] = ()
    """Further origins (``https://host:port``) whose pages may open WebSockets; the own one always may."""
    private_identity_providers: bool = False
    """Identity providers of customers may stand in the node's own network, and are asked there."""


class TlsConfig(_Section):
    """``[tls]``: PEM files of this node's certificate (with chain), its key, the authorities it trusts."""

    certificate: ConfiguredPath
    key: ConfiguredPath
    ca: ConfiguredPath | None = None


class MediaConfig(_Section):
    """``[media]``: how to reach and start the media engine."""

    socket: ConfiguredPath
    address: str = "127.0.0.1"
    ports: Annotated[PortRange, BeforeValidator(_parse_ports)] = PortRange(first=16384, last=32767)
    binary: ConfiguredPath
    prompts: Annotated[Path, Field(validate_default=True), BeforeValidator(_parse_path)] = Path("prompts")
    """The folder that ``python -m stimme.prompts.render`` filled."""
    metrics: ListenAddress | None = None
    """The engine's own plain HTTP listener for Prometheus."""
    threads: int | None = Field(default=None, ge=1, le=256)
    """Threads that share the engine's endpoints; by default one for each processor that it may use."""
    nice: int = Field(default=-10, ge=-20, le=19)
    """How the engine stands beside other programs (nice(1)), where that is allowed; 0: as it is started."""


class StoreConfig(_Section):
    """``[store]``: the database, as an SQLAlchemy URL with an asynchronous driver."""

    url: str = Field(pattern=r"^[a-z]+\+[a-z]+://")


class MetricsConfig(_Section):
    """``[metrics]``: plain HTTP listener for Prometheus."""

    listen: ListenAddress


class LimitsConfig(_Section):
    """``[limits]``: guards against guessing and flooding; off only for load measurements."""

    enabled: bool = True


class CallsConfig(_Section):
    """``[calls]``: timers of a call in seconds."""

    ring_timeout: float = Field(default=120.0, gt=0)
    media_timeout: float = Field(default=30.0, gt=0)


class PrivacyConfig(_Section):
    """``[privacy]``: how long calls keep names and full numbers of outsiders, in days after their end."""

    shorten_calls_after: int = Field(default=90, ge=1)


class LogConfig(_Section):
    """``[log]``: level, and a file when the log shall not go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: ConfiguredPath | None = None


class Config(_Section):
    """Everything one node is started with."""

    node: NodeConfig
    sip: SipConfig = SipConfig()
    web: WebConfig
    tls: TlsConfig
    media: MediaConfig
    store: StoreConfig
    metrics: MetricsConfig | None = None
    limits: LimitsConfig = LimitsConfig()
    calls: CallsConfig = CallsConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    log: LogConfig = LogConfig()

    @property
    def secret_key_file(self) -> Path:
        """Where the key lies that encrypts secrets in the database (mode 0600, made at first start)."""
        return self.node.data / "secret.key"

    @property
    def run_directory(self) -> Path:
        """Where pid files and sockets of the running node are."""
        return self.node.data / "run"


def parse_config(values: Mapping[str, Any], *, folder: Path = Path()) -> Config:
    """Check a configuration that was already read.

    Args:
        values: The nested tables of the TOML file.
        folder: What relative paths are relative to.

    Raises:
        ConfigError: With one sentence per mistake.
    """
    try:
        return Config.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError([_sentence(detail) for detail in error.errors()]) from None


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: When the file cannot be read, is not TOML, or has mistakes.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: is not TOML: {error}."]) from error
    return parse_config(values, folder=path.resolve().parent)


def _sentence(detail: ErrorDetails) -> str:
    field = ""
    for part in detail["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else part
    match detail["type"]:
        case "missing":
            return f"{field}: is required."
        case "extra_forbidden":
            return f"{field}: is not a known setting."
        case _:
            text = detail["msg"].removeprefix("Value error, ")
            return f"{field}: {text[0].lower()}{text[1:]}."
