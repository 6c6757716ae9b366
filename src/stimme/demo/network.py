"""The simulated public telephone network: Kamailio as exchange and baresip processes as its subscribers.

Policy: real parts, started by the supervisor, on loopback only. Kamailio registers the customer's trunks,
passes calls below the head number of each to it and their calls to the subscribers outside; who calls
outside needs a trunk's credentials (digest, RFC 3261 §22). Numbers are from the ranges kept free for films.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from stimme.operations.supervisor import Command

REALM = "provider.example"
HEAD_NUMBER = "+4930231250"
BRANCH_NUMBER = "+4989999980"
"""Head number of the branch in Munich, on a trunk of its own."""
SPARE_NUMBER = "+4969900090"
"""Head number of a trunk that no customer has yet: to set up a new one."""
ECHO = "+494066969001"
SPEECH = "+494066969002"
EXPENSIVE = "+252615599999"
"""An echo, too, in a zone that toll fraud aims at."""
BUSY = "+494066969003"
NO_ANSWER = "+494066969004"
UNKNOWN = "+494066969005"
EMERGENCY = "112"

_BARESIP_MODULES = Path("/usr/lib/baresip/modules")
_SPEECH_SECONDS = 600
_ANNOUNCEMENT = (
    "Guten Tag. Sie hören die Ansage der Vorführung. Der Ton kommt aus dem simulierten öffentlichen Netz. "
)
_CONTROL_CENTRE = "Notruf der Vorführung. Niemand kommt, denn das ist nur ein simuliertes Netz. "


class NetworkError(Exception):
    """A program that the simulated network is made of is missing or has failed."""


@dataclass(frozen=True, slots=True)
class NetworkPorts:
    """Ports of the network's parts on 127.0.0.1; ``media`` is the first of four hundred for their media.

    Each subscriber takes the port after its own too, for TLS.
    """

    exchange: int
    echo: int
    speech: int
    no_answer: int
    emergency: int
    media: int


@dataclass(frozen=True, slots=True)
class TrunkAccount:
    """The credentials of a trunk, and the head number (E.164) of the calls that are passed to it."""

    username: str
    password: str
    head: str


@dataclass(frozen=True, slots=True)
class _Subscriber:
    name: str
    number: str
    port: int
    media: int
    modules: tuple[str, ...]
    source: str
    answer: str


def emergency_log(data: Path) -> Path:
    """The file with one JSON line for each call that reached the control centre."""
    return data / "log" / "emergency.jsonl"


def prepare(data: Path, ports: NetworkPorts, trunks: Sequence[TrunkAccount]) -> list[Command]:
    """Write the configuration of every part and tell how to start them.

    Args:
        data: The demo's folder; the network's files go to ``network/`` in it.
        ports: Free ports.
        trunks: Who may register and call outside.

    Raises:
        NetworkError: When Kamailio, baresip or espeak-ng is missing or fails.
    """
    folder = (data / "network").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    log = emergency_log(data).resolve()
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    announcement = _speech(folder / "announcement.wav", _ANNOUNCEMENT)
    centre = _speech(folder / "control-centre.wav", _CONTROL_CENTRE)
    g711 = ("account.so", "g711.so", "aufile.so", "aubridge.so")
    subscribers = [
        _Subscriber("echo", ECHO, ports.echo, ports.media, (*g711, "echo.so"), "aubridge,echo", "manual"),
        _Subscriber(
            "speech", SPEECH, ports.speech, ports.media + 100, g711, f"aufile,{announcement}", "auto"
        ),
        _Subscriber(
            "no-answer", NO_ANSWER, ports.no_answer, ports.media + 200, g711, "aubridge,none", "manual"
        ),
        _Subscriber(
            "emergency", EMERGENCY, ports.emergency, ports.media + 300, g711, f"aufile,{centre}", "auto"
        ),
    ]
    return [_exchange(folder, ports, trunks, log), *(_baresip(folder, each) for each in subscribers)]


def _exchange(folder: Path, ports: NetworkPorts, trunks: Sequence[TrunkAccount], log: Path) -> Command:
    program = _program("kamailio", "/usr/sbin/kamailio")
    noting = shlex.join([sys.executable, "-I", str(Path(__file__).with_name("control_centre.py")), str(log)])
    values = {
        "PORT": str(ports.exchange),
        "MODULES": _kamailio_modules(),
        "REALM": REALM,
        "ECHO": ECHO,
        "ECHO_PORT": str(ports.echo),
        "SPEECH": SPEECH,
        "EXPENSIVE": EXPENSIVE,
        "SPEECH_PORT": str(ports.speech),
        "BUSY": BUSY,
        "NO_ANSWER": NO_ANSWER,
        "NO_ANSWER_PORT": str(ports.no_answer),
        "EMERGENCY_PORT": str(ports.emergency),
        "EMERGENCY_COMMAND": noting,
    }
    for place, trunk in enumerate(trunks, start=1):
        values |= {
            f"USER_{place}": trunk.username,
            f"PASSWORD_{place}": trunk.password,
            f"HEAD_{place}": trunk.head,
            f"HEAD_{place}_LENGTH": str(len(trunk.head)),
        }
    file = folder / "kamailio.cfg"
    _write_private(file, _filled(resources.files("stimme.demo").joinpath("kamailio.cfg").read_text(), values))
    work = folder / "kamailio"
    work.mkdir(exist_ok=True)
    arguments = [
        program,
        "-DD",
        "-E",
        "-m",
        "32",
        "-M",
        "8",
        "-f",
        str(file),
        "-Y",
        str(work),
        "-w",
        str(work),
    ]
    return Command("kamailio", arguments)


def _baresip(folder: Path, subscriber: _Subscriber) -> Command:
    home = folder / subscriber.name
    home.mkdir(exist_ok=True)
    source_driver, _, source_device = subscriber.source.partition(",")
    lines = [
        f"sip_listen 127.0.0.1:{subscriber.port}",
        "call_local_timeout 86400",
        "call_max_calls 0",
        f"audio_source {source_driver},{source_device}",
        f"audio_player aubridge,{subscriber.name}",
        f"rtp_ports {subscriber.media}-{subscriber.media + 98}",
        "net_interface 127.0.0.1",
        f"module_path {_BARESIP_MODULES}",
        *(
            f"module_app {name}" if name in {"account.so", "echo.so"} else f"module {name}"
            for name in subscriber.modules
        ),
    ]
    (home / "config").write_text("\n".join(lines) + "\n")
    account = f"<sip:{subscriber.number}@127.0.0.1:{subscriber.port}>;regint=0;answermode={subscriber.answer}"
    (home / "accounts").write_text(account + "\n")
    return Command(f"baresip-{subscriber.name}", [_program("baresip"), "-4", "-f", str(home)])


def _speech(file: Path, text: str) -> Path:
    # One file long enough for any demonstration: baresip plays a file once and then falls silent.
    if file.exists():
        return file
    once = file.with_suffix(".once.wav")
    long = file.with_suffix(".part.wav")
    try:
        subprocess.run([_program("espeak-ng"), "-v", "de", "-w", str(once), text], check=True)  # noqa: S603
        repeat = [_program("sox"), str(once), "-r", "8000", "-c", "1", "-b", "16", str(long), "repeat", "200"]
        subprocess.run([*repeat, "trim", "0", str(_SPEECH_SECONDS)], check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise NetworkError(f"the announcement cannot be made: {error}") from error
    once.unlink()
    return long.rename(file)


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def _kamailio_modules() -> str:
    for folder in sorted(Path("/usr/lib").glob("*/kamailio/modules")):
        return f"{folder}/"
    raise NetworkError('the modules of Kamailio are missing; run "make packages"')


def _program(name: str, fallback: str = "") -> str:
    found = shutil.which(name) or (fallback if Path(fallback).is_file() else None)
    if found is None:
        raise NetworkError(f'{name} is missing; run "make packages"')
    return found


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)
