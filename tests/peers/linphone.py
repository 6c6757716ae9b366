"""linphone's console (`linphonec`) as a telephone: it plays a tone from a file, records what it hears into
another, and is driven over its standard input.

It speaks only once it has seen a network come up: `auto_net_state_mon` stays on, and its folders must exist.
"""

import asyncio
import contextlib
import os
import struct
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.audio import Samples, sine
from tests.peers.baresip import Line
from tests.ports import free_ports

_SECONDS = 40
_RATE = 8000
_HEADER_BYTES = 44
_CONFIGURATION = """[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
guess_hostname=0
default_proxy=0
[proxy_0]
reg_proxy=<sip:{line.proxy}>
reg_route=<sip:{line.proxy};lr>
reg_identity="{line.user}" <sip:{line.user}@{line.domain}>
reg_expires=300
reg_sendregister=1
[auth_info_0]
username={line.user}
passwd={line.password}
realm={line.domain}
domain={line.domain}
[net]
firewall_policy=0
[rtp]
audio_rtp_port={media}
[sound]
echocancellation=0
remote_ring=
[video]
enabled=0
"""


@dataclass(slots=True)
class Linphone:
    """A running telephone; made by `linphone`."""

    home: Path
    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Reads what it says until it ends."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            async with self._changed:
                self.said.append(line.decode(errors="replace").rstrip())
                self._changed.notify_all()

    async def command(self, text: str) -> None:
        """Types a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()

    async def says(self, words: str, *, after: int = 0, seconds: float = 15.0) -> str:
        """Waits for a line with these words, among those after number `after`. Raises TimeoutError."""

        def found() -> str | None:
            return next((line for line in self.said[after:] if words in line), None)

        try:
            async with self._changed:
                await asyncio.wait_for(self._changed.wait_for(lambda: found() is not None), seconds)
        except TimeoutError:
            raise TimeoutError(f"{self.home.name}: no {words!r}; said: {self.said[-30:]}") from None
        line = found()
        assert line is not None
        return line

    async def registered(self) -> None:
        """Waits until the registration stands. Raises TimeoutError."""
        async with asyncio.timeout(20):
            while not any("registered," in line for line in self.said):
                await self.command("status register")
                await asyncio.sleep(0.3)

    def heard(self) -> tuple[Samples, int]:
        """Everything that it has recorded, and the sample rate."""
        data = (self.home / "heard.wav").read_bytes()
        assert len(data) > _HEADER_BYTES, f"{self.home.name} has heard nothing"
        # Its header is written at the end of the call.
        channels, rate = struct.unpack_from("<HI", data, 22) if data[22] else (1, _RATE)
        samples = np.frombuffer(data[_HEADER_BYTES : len(data) - len(data) % 2], dtype="<i2")
        return samples[::channels].astype(np.int16), rate


@contextlib.asynccontextmanager
async def linphone(folder: Path, name: str, line: Line, *, tone: int = 440) -> AsyncIterator[Linphone]:
    """A telephone for the length of a block, registered at its begin; it says a tone for 40 seconds.

    Args:
        folder: for its configuration and recordings.
        name: names its folder.
        line: what it registers with, over UDP.
        tone: in hertz.
    """
    home = folder / name
    for each in (".local/share/linphone", ".config/linphone", "linphone"):
        (home / each).mkdir(parents=True)
    port, media = free_ports(2)
    (home / "linphonerc").write_text(_CONFIGURATION.format(port=port, media=media, line=line))
    with wave.open(str(home / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(sine(tone, _SECONDS, _RATE).tobytes())
    process = await asyncio.create_subprocess_exec(
        "stdbuf", "-oL", "linphonec", "-c", str(home / "linphonerc"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=home,
        env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share")},
    )  # fmt: skip
    phone = Linphone(home, process)
    listening = asyncio.create_task(phone.listen())
    try:
        await phone.command("soundcard use files")
        await phone.says("Using wav files")
        await phone.command(f"play {home / 'tone.wav'}")
        await phone.command(f"record {home / 'heard.wav'}")
        await phone.registered()
        yield phone
    finally:
        with contextlib.suppress(ConnectionError):
            await phone.command("quit")
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
        listening.cancel()
