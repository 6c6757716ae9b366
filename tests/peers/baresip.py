"""baresip as a desk telephone: it sends a tone of its own, records what it hears, and is driven over its
control socket (module `ctrl_tcp`: JSON in netstrings)."""

import asyncio
import contextlib
import json
import os
import signal
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tests.audio import Samples
from tests.ports import free_ports

_MODULES = Path("/usr/lib/baresip/modules")
_START_SECONDS = 10.0
_HEADER_BYTES = 44
"""Of a WAV file with PCM samples as libsndfile writes it."""
Transport = Literal["udp", "tcp", "tls"]
Encryption = Literal["srtp", "srtp-mand", "srtp-mandf"]
"""SRTP with keys from the SDP: optional (`RTP/AVP` with keys), a must as `RTP/SAVP` or `RTP/SAVPF`."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a telephone registers with.

    Attributes:
        user: SIP user name.
        password: Its password; never of a real system.
        domain: The customer's SIP domain.
        proxy: Host and port of the system's SIP listener.
        transport: How it is reached.
        ca: The authority of its certificate, for TLS.
    """

    user: str
    password: str
    domain: str
    proxy: str
    transport: Transport = "udp"
    ca: Path | None = None


@dataclass(slots=True)
class Baresip:
    """One running telephone; made by `telephone`."""

    home: Path
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[dict[str, Any]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _answers: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _tokens: int = 0

    async def listen(self) -> None:
        """Read events and answers until the telephone ends."""
        while True:
            try:
                message = json.loads(await _read_netstring(self.reader))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if message.get("event"):
                async with self._changed:
                    self.events.append(message)
                    self._changed.notify_all()
            else:
                waiting = self._answers.pop(str(message.get("token")), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(str(message.get("data", "")))

    async def command(self, name: str, parameters: str = "") -> str:
        """Give a command of baresip's menu; returns what it printed."""
        self._tokens += 1
        token = str(self._tokens)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        text = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        self.writer.write(b"%d:%s," % (len(text), text))
        await self.writer.drain()
        return await asyncio.wait_for(answer, 10)

    async def event(self, kind: str, *, after: int = 0, seconds: float = 15.0) -> dict[str, Any]:
        """Wait for the first event of a kind among those after number `after`.

        Raises:
            TimeoutError: It did not come; what came is in the message.
        """

        def found() -> dict[str, Any] | None:
            return next((event for event in self.events[after:] if event["type"] == kind), None)

        try:
            async with self._changed:
                await asyncio.wait_for(self._changed.wait_for(lambda: found() is not None), seconds)
        except TimeoutError:
            came = [f"{event['type']} {event.get('param', '')}" for event in self.events]
            raise TimeoutError(f"{self.home.name}: no {kind}; came: {came}") from None
        event = found()
        assert event is not None
        return event

    async def nth_event(self, kind: str, number: int, *, seconds: float = 15.0) -> dict[str, Any]:
        """Wait for event `number` of a kind, the first is 0. Raises TimeoutError as `event` does."""

        def place() -> int | None:
            places = [place for place, event in enumerate(self.events) if event["type"] == kind]
            return places[number] if len(places) > number else None

        found = place()
        if found is None:
            after = len(self.events)
            while (found := place()) is None:
                await self.event(kind, after=after, seconds=seconds)
                after = len(self.events)
        return self.events[found]

    def happened(self, kind: str) -> bool:
        """Whether an event of this kind has come."""
        return any(event["type"] == kind for event in self.events)

    async def dial(self, number: str) -> None:
        """Call a number."""
        await self.command("dial", number)

    async def answer(self) -> None:
        """Take the ringing call."""
        await self.command("accept")

    async def hang_up(self) -> None:
        """End the current call, or decline the ringing one."""
        await self.command("hangup")

    async def press(self, digits: str) -> None:
        """Press keys during a call."""
        await self.command("sndcode", digits)

    def kill(self) -> None:
        """Let the telephone vanish without a word, as when its cable is pulled."""
        os.kill(self.process.pid, signal.SIGKILL)

    def heard(self) -> tuple[Samples, int]:
        """Everything that the telephone has played in its last call, and the sample rate."""
        recording = self._recording()
        assert recording is not None, f"{self.home.name} has heard nothing"
        data = recording.read_bytes()
        assert len(data) >= _HEADER_BYTES, f"{self.home.name} has heard nothing"
        # While it is being written its header does not tell the length yet.
        channels, rate = struct.unpack_from("<HI", data, 22)
        samples = np.frombuffer(data[_HEADER_BYTES : len(data) - len(data) % 2], dtype="<i2")
        return samples[::channels].astype(np.int16), rate

    def recorded_bytes(self) -> int:
        """Size of the recording of the last call: grows with each packet that comes."""
        recording = self._recording()
        return recording.stat().st_size if recording is not None else 0

    def trace(self) -> str:
        """Every SIP message so far, sent and received, with the telephone's other output."""
        return (self.home / "log").read_text(errors="replace")

    def _recording(self) -> Path | None:
        files = sorted(self.home.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime)
        return files[-1] if files else None


@contextlib.asynccontextmanager
async def telephone(
    folder: Path,
    name: str,
    line: Line,
    *,
    tone: int | None = 440,
    codecs: str = "PCMA,PCMU",
    answer: Literal["manual", "auto"] = "manual",
    register: bool = True,
    extra: Callable[[], list[str]] = list,
    publish: int = 0,
    encryption: Encryption | None = None,
    port: int | None = None,
) -> AsyncIterator[Baresip]:
    """A telephone for the length of a block; it is registered at its begin.

    Args:
        folder: For its configuration and recordings.
        name: Names its folder.
        line: What it registers with.
        tone: The frequency that it says all the time, in hertz; None for silence.
        codecs: In order of preference, as baresip names them.
        answer: Whether somebody has to lift it.
        register: False for a telephone that only calls.
        extra: Further lines of its configuration.
        publish: Seconds for which it publishes presence each time (RFC 3903); 0 publishes none.
        encryption: Of its speech; None knows no SRTP.
        port: Where it listens for SIP; with a certificate for TLS one above.
    """
    home = folder / name
    home.mkdir(parents=True)
    lines = [*extra(), *(["module_app presence.so"] if publish else [])]
    lines += ["module srtp.so"] if encryption is not None else []
    account = f";pubint={publish}" if publish else ""
    account += f";mediaenc={encryption}" if encryption is not None else ""
    control = _write_configuration(
        home, line, tone, codecs, answer, register=register, extra=lines, account=account, port=port
    )
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "baresip",
            "-4",
            "-s",
            "-f",
            str(home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
        )
    listening: asyncio.Task[None] | None = None
    try:
        reader, writer = await _connect(control, process)
        phone = Baresip(home, process, reader, writer)
        listening = asyncio.create_task(phone.listen())
        if register:
            await _registered(phone)
        yield phone
        writer.close()
    finally:
        if listening is not None:
            listening.cancel()
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _registered(phone: Baresip) -> None:
    # Its event may have come before anybody listened, so it is asked.
    try:
        async with asyncio.timeout(_START_SECONDS):
            while "OK" not in await phone.command("reginfo"):
                await asyncio.sleep(0.05)
    except TimeoutError:
        log = (phone.home / "log").read_text(errors="replace")
        raise TimeoutError(f"{phone.home.name} did not register:\n{log[-2000:]}") from None


async def _connect(
    port: int, process: asyncio.subprocess.Process
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            assert process.returncode is None, "baresip has ended"
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)


def _write_configuration(
    home: Path,
    line: Line,
    tone: int | None,
    codecs: str,
    answer: str,
    *,
    register: bool,
    extra: list[str],
    account: str,
    port: int | None,
) -> int:
    free, control, media = free_ports(3)
    source = f"ausine,{tone}" if tone is not None else "aubridge,nobody"
    lines = [
        f"sip_listen 127.0.0.1:{port or free}",
        f"audio_source {source}",
        f"audio_player aubridge,{home.name}",
        f"rtp_ports {media}-{min(media + 40, 65535)}",
        "net_interface 127.0.0.1",
        f"ctrl_tcp_listen 127.0.0.1:{control}",
        f"snd_path {home}",
        f"module_path {_MODULES}",
        "call_max_calls 4",
        "ausrc_srate 48000",
        "ausrc_channels 2",
        *(f"module {name}.so" for name in ("g711", "g722", "opus", "ausine", "aubridge", "sndfile")),
        *(f"module_app {name}.so" for name in ("account", "menu", "ctrl_tcp")),
        *([f"sip_cafile {line.ca}"] if line.ca is not None else []),
        *extra,
    ]
    (home / "config").write_text("\n".join(lines) + "\n")
    interval = 60 if register else 0
    (home / "accounts").write_text(
        f"<sip:{line.user}@{line.domain};transport={line.transport}>;auth_user={line.user};"
        f'auth_pass={line.password};outbound="sip:{line.proxy};transport={line.transport}";'
        f"regint={interval};answermode={answer};audio_codecs={codecs}{account}\n"
    )
    return control


async def _read_netstring(reader: asyncio.StreamReader) -> bytes:
    length = int((await reader.readuntil(b":"))[:-1])
    text = await reader.readexactly(length)
    await reader.readexactly(1)
    return text
