"""Janus with one plugin alone, and its JSON protocol over a Unix socket (SOCK_SEQPACKET)."""

import json
import secrets
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.bench.processes import BenchError, Server

_LIBRARIES = Path("/usr/lib/x86_64-linux-gnu/janus")
_ANSWER_SECONDS = 5.0
_LONGEST = 65_536
_ATTEMPTS = 8

_GENERAL = """\
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{folder}"
    loggers_folder = "{folder}"
    debug_level = 2
    debug_colors = false
    interface = "127.0.0.1"
    session_timeout = 0
    protected_folders = [ ]
}}
media: {{ rtp_port_range = "{first}-{last}" }}
nat: {{ ice_lite = true, ice_ignore_list = "vmnet" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = false }}
"""
_SOCKET = """\
general: {{ enabled = true, json = "compact", path = "{path}", type = "SOCK_SEQPACKET" }}
admin: {{ admin_enabled = false }}
"""
_LOCAL = {
    "audiobridge": 'general: { local_ip = "127.0.0.1" }\n',
    "nosip": 'general: {{ local_ip = "127.0.0.1", rtp_port_range = "{first}-{last}" }}\n',
    "videoroom": "general: { }\n",
}


def server(
    directory: Path, path: Path, *, first_port: int, last_port: int, plugin: str = "audiobridge"
) -> Server:
    """Janus with nothing but a plugin and the socket at `path`; not started yet."""

    def others(folder: str, kept: str) -> str:
        names = sorted(file.name for file in (_LIBRARIES / folder).glob("*.so"))
        return ",".join(name for name in names if name != kept)

    folder = directory / "janus"
    folder.mkdir(exist_ok=True)
    general = _GENERAL.format(
        folder=folder,
        libraries=_LIBRARIES,
        first=first_port,
        last=last_port,
        plugins=others("plugins", f"libjanus_{plugin}.so"),
        transports=others("transports", "libjanus_pfunix.so"),
    )
    (folder / "janus.jcfg").write_text(general)
    (folder / "janus.transport.pfunix.jcfg").write_text(_SOCKET.format(path=path))
    (folder / f"janus.plugin.{plugin}.jcfg").write_text(
        _LOCAL[plugin].format(first=last_port + 1, last=last_port + 4000)
        if plugin == "nosip"
        else _LOCAL[plugin]
    )
    command = ["janus", f"--config={folder / 'janus.jcfg'}", f"--configs-folder={folder}"]
    return Server("janus", command, log=directory / "janus.log")


def start(
    stack: ExitStack,
    directory: Path,
    path: Path,
    *,
    first_port: int,
    last_port: int,
    plugin: str = "audiobridge",
) -> Server:
    """As `server`, started; the stack ends it.

    The thread of Janus 1.1.2 for its socket now and then finds the transport not ready yet, and ends: then it
    is started once more.

    Raises:
        BenchError: It does not start at all.
    """
    for _ in range(_ATTEMPTS - 1):
        attempt = server(directory, path, first_port=first_port, last_port=last_port, plugin=plugin)
        attempt.__enter__()
        try:
            attempt.wait_until(lambda: _answers(path))
        except BenchError:
            attempt.stop()
        else:
            stack.callback(attempt.stop)
            return attempt
    last = stack.enter_context(
        server(directory, path, first_port=first_port, last_port=last_port, plugin=plugin)
    )
    last.wait_until(lambda: _answers(path))
    return last


def reachable_address() -> str:
    """An address of this machine at which Janus reaches browsers: for ICE it uses no loopback interface.

    Packets between addresses of one machine do not leave it. Without a network it is 127.0.0.1, in vain.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.settimeout(_ANSWER_SECONDS)
        try:
            probe.connect(str(path))
            probe.send(json.dumps({"janus": "ping", "transaction": "ready"}).encode())
            return b"pong" in probe.recv(_LONGEST)
        except OSError:
            return False


class Session:
    """A session, and handles of one plugin in it."""

    def __init__(self, path: Path, plugin: str) -> None:
        self._plugin = plugin
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_ANSWER_SECONDS)
        self._socket.connect(str(path))
        self._session = int(self._ask({"janus": "create"})["data"]["id"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def attach(self) -> int:
        """A handle of the plugin, which stands for one peer."""
        return int(self._ask({"janus": "attach", "plugin": f"janus.plugin.{self._plugin}"})["data"]["id"])

    def tell(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Asks the plugin; what it does later is told by an event of the same transaction.

        Returns:
            What the plugin says, and the session description that comes with it, or nothing.
        """
        described = {} if jsep is None else {"jsep": jsep}
        answer = self._ask({"janus": "message", "handle_id": handle, "body": body, **described})
        data: dict[str, Any] = answer["plugindata"]["data"]
        if "error" in data:
            raise BenchError(f"janus refuses {body['request']}: {data}")
        return data, answer.get("jsep", {})

    def leave(self, handle: int) -> None:
        """Ends what a handle stands for."""
        self._ask({"janus": "detach", "handle_id": handle})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        transaction = secrets.token_hex(6)
        session = {"session_id": self._session} if hasattr(self, "_session") else {}
        self._socket.send(json.dumps({**request, **session, "transaction": transaction}).encode())
        try:
            while True:
                answer: dict[str, Any] = json.loads(self._socket.recv(_LONGEST))
                if answer.get("transaction") == transaction and answer["janus"] != "ack":
                    break
        except TimeoutError as error:
            raise BenchError(f"janus does not answer {request}") from error
        if answer["janus"] == "error":
            raise BenchError(f"janus refuses {request}: {answer['error']}")
        return answer


class Control(Session):
    """The AudioBridge: rooms are made and telephones join them as plain RTP participants."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "audiobridge")
        self._maker = self.attach()

    def create_room(self, number: int, rate: int) -> None:
        """Open a room that mixes so many samples a second."""
        body = {"request": "create", "room": number, "sampling_rate": rate, "allow_rtp_participants": True}
        self._bridge(self._maker, {**body, "audiolevel_event": False, "permanent": False}, "created")

    def join(self, room: int, port: int) -> int:
        """Let a telephone in that speaks PCMU and listens at a port; returns the port that it sends to."""
        body = {"request": "join", "room": room, "codec": "pcmu"}
        rtp = {"ip": "127.0.0.1", "port": port, "payload_type": 0}
        joined = self._bridge(self.attach(), {**body, "rtp": rtp}, "joined")
        return int(joined["rtp"]["port"])

    def destroy_room(self, number: int) -> None:
        """Close a room."""
        self._bridge(self._maker, {"request": "destroy", "room": number}, "destroyed")

    def _bridge(self, handle: int, body: dict[str, Any], done: str) -> dict[str, Any]:
        data, _ = self.tell(handle, body)
        if data.get("audiobridge") != done:
            raise BenchError(f"janus refuses {body['request']}: {data}")
        return data
