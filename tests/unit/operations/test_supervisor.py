"""The supervisor with real, harmless children."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from stimme.config import parse_config
from stimme.operations.supervisor import ChildState, Command, Patience, Supervisor, commands_of

SLEEPER = Command("sleeper", ["sleep", "1000"])


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor([SLEEPER], tmp_path)
    running = asyncio.create_task(supervisor.run())
    child = supervisor.children[0]
    await child.reached(starts=1)
    first = int((tmp_path / "run/sleeper.pid").read_text())
    os.kill(first, signal.SIGKILL)
    await child.reached(starts=2)
    assert int((tmp_path / "run/sleeper.pid").read_text()) != first
    supervisor.stop()
    await running
    assert child.state is ChildState.STOPPED
    assert not (tmp_path / "run/sleeper.pid").exists()


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    stubborn = Command(
        "stubborn", ["sh", "-c", f"trap '' TERM; echo > {ready}; while :; do read x; sleep 1000; done"]
    )
    supervisor = Supervisor([stubborn], tmp_path, Patience(grace=0.05))
    running = asyncio.create_task(supervisor.run())
    await asyncio.to_thread(ready.read_bytes)
    supervisor.stop()
    await running
    assert supervisor.children[0].state is ChildState.STOPPED


def _beating(fifo: Path, beats: int) -> list[str]:
    """A program that shows so many signs of life, each after a line from the pipe, and then hangs."""
    script = (
        "import os, signal, socket; notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "notify.connect(os.environ['NOTIFY_SOCKET'].replace('@', chr(0), 1)); notify.send(b'READY=1'); "
        f"[notify.send(b'WATCHDOG=1') for _ in zip(range({beats}), open({str(fifo)!r}))]; signal.pause()"
    )
    return [sys.executable, "-S", "-c", script]


async def test_a_child_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    child = Command("heart", _beating(fifo, 2), watchdog=3.0)
    supervisor = Supervisor([child], tmp_path)
    running = asyncio.create_task(supervisor.run())
    await supervisor.children[0].reached(starts=1)
    beats = await asyncio.to_thread(fifo.open, "w", 1)
    beats.write("one\n")
    beats.write("two\n")
    before = asyncio.get_running_loop().time()
    await supervisor.children[0].reached(starts=2)
    assert asyncio.get_running_loop().time() - before > 2.0, "it lived as long as it was granted"
    beats.close()
    supervisor.stop()
    await running


async def test_output_goes_to_the_log_of_the_child(tmp_path: Path) -> None:
    talker = Command("talker", ["sh", "-c", 'echo "$WORD"; echo error >&2'], {"WORD": "hello"})
    supervisor = Supervisor([talker], tmp_path)
    running = asyncio.create_task(supervisor.run())
    await supervisor.children[0].reached(starts=2)
    supervisor.stop()
    await running
    assert (tmp_path / "log/talker.log").read_text().startswith("hello\nerror\n")


async def test_a_program_that_does_not_exist_can_be_stopped(tmp_path: Path) -> None:
    supervisor = Supervisor([Command("nothing", [str(tmp_path / "nothing")])], tmp_path)
    running = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0)
    supervisor.stop()
    await running
    assert supervisor.children[0].starts == 0


def test_only_repeated_quick_deaths_wait() -> None:
    patience = Patience()
    assert [patience.wait_after(count) for count in (1, 3, 4, 5, 100)] == [0, 0, 0.25, 0.5, 10]


def test_a_node_is_the_engine_and_call_control(tmp_path: Path) -> None:
    config = parse_config(
        {
            "node": {"data": "data"},
            "web": {"listen": "127.0.0.1:8443"},
            "tls": {"certificate": "cert.pem", "key": "key.pem"},
            "media": {"socket": "media.sock", "ports": "30000-30100", "binary": "stimme-media"},
            "store": {"url": "sqlite+aiosqlite:///stimme.db"},
        },
        folder=tmp_path,
    )
    engine, control = commands_of(config, tmp_path / "node.toml")
    assert engine.watchdog is not None
    assert list(engine.arguments) == [
        str(tmp_path / "stimme-media"),
        *("--socket", str(tmp_path / "media.sock")),
        *("--address", "127.0.0.1", "--ports", "30000-30100", "--log-level", "info", "--nice", "-10"),
    ]
    assert list(control.arguments) == [
        *(sys.executable, "-m", "stimme.app", "--config", str(tmp_path / "node.toml"))
    ]
    media = config.media.model_copy(update={"threads": 3, "nice": 0})
    engine, _ = commands_of(config.model_copy(update={"media": media}), tmp_path / "node.toml")
    assert list(engine.arguments)[-4:] == ["--log-level", "info", "--threads", "3"]
