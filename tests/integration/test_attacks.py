"""Attacks on the whole system with SIPVicious and floods, while registered telephones go on working.

Every attacker has a loopback address of its own, which is what gets throttled and blocked.
"""

import asyncio
import contextlib
import random
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from tests.integration.listening import eventually
from tests.peers.rawphone import RawPhone, raw_phone
from tests.peers.system import Demo


def counted(demo: Demo, kind: str) -> int:
    """What the metrics say was refused."""
    text = httpx.get(demo.facts["metrics"], timeout=5).text
    found = re.search(rf'stimme_sip_attacks_total\{{kind="{kind}"\}} ([0-9.e+]+)', text)
    assert found is not None, kind
    return int(float(found[1]))


class Relay(asyncio.DatagramProtocol):
    """Carries datagrams between an attacker and us under an address of the attacker's own.

    SIPVicious sends from the machine's usual address, which is that of the telephones, too.
    """

    def __init__(self, source: str, target: tuple[str, int]) -> None:
        self._target = target
        self._attacker: tuple[str, int] | None = None
        self._inside: asyncio.DatagramTransport | None = None
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.bind((source, 0))
        self._out.setblocking(False)
        asyncio.get_running_loop().add_reader(self._out.fileno(), self._answered)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inside = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._attacker = addr
        with contextlib.suppress(OSError):
            self._out.sendto(data, self._target)

    def _answered(self) -> None:
        with contextlib.suppress(OSError):
            data = self._out.recv(65_536)
            if self._inside is not None and self._attacker is not None:
                self._inside.sendto(data, self._attacker)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._out.fileno())
        self._out.close()


async def sipvicious(
    demo: Demo, folder: Path, tool: str, source: str, *arguments: str, seconds: float = 8.0
) -> str:
    """Runs one of its programs against us from this address, so long at most; gives what it said."""
    loop = asyncio.get_running_loop()
    transport, relay = await loop.create_datagram_endpoint(
        lambda: Relay(source, address(demo)), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    said = folder / "said"
    with said.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            tool,
            "-p",
            str(port),
            *arguments,
            "127.0.0.1",
            cwd=folder,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), seconds)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            transport.close()
            relay.close()
    return said.read_text(errors="replace")


def address(demo: Demo) -> tuple[str, int]:
    host, _, port = demo.facts["sip"]["udp"].rpartition(":")
    return host, int(port)


@contextlib.asynccontextmanager
async def service_goes_on(demo: Demo) -> AsyncIterator[list[float]]:
    """Two telephones that register and call each other again and again; gives the seconds of each round."""
    rounds: list[float] = []
    async with raw_phone(demo.line("13")) as alice, raw_phone(demo.line("14")) as bob:
        working = asyncio.create_task(_work(alice, bob, rounds))
        try:
            await eventually(lambda: rounds or None, "the first call before the attack")
            yield rounds
            told = len(rounds)
            await eventually(lambda: len(rounds) > told or working.done() or None, "a call after the attack")
        finally:
            working.cancel()
            failed = (await asyncio.gather(working, return_exceptions=True))[0]
        assert isinstance(failed, asyncio.CancelledError), f"a telephone was not served: {failed!r}"
        assert max(rounds) < 3, rounds
        await bob.register(";expires=0")


async def _work(alice: RawPhone, bob: RawPhone, rounds: list[float]) -> None:
    domain = alice.line.domain
    while True:
        began = time.monotonic()
        assert (await bob.register()).status == 200
        response, dialog = await alice.call_address(f"sip:14@{domain}")
        assert response.status == 200, response.start
        ended, _ = await alice.ask("BYE", "", dialog=dialog)
        assert ended.status == 200, ended.start
        rounds.append(time.monotonic() - began)
        await asyncio.sleep(0.1)


@pytest.mark.interop(client="SIPVicious svmap", feature="attacker: learns that a server is there, no more")
async def test_a_scan_for_servers(demo: Demo, tmp_path: Path) -> None:
    said = await sipvicious(demo, tmp_path, "svmap", "127.0.66.10")
    assert "127.0.0.1:" in said
    assert "muster" not in said


@pytest.mark.feature("T7")
@pytest.mark.interop(client="SIPVicious svwar", feature="attacker: cannot tell who exists, is throttled")
@pytest.mark.parametrize(
    "method",
    [
        pytest.param("REGISTER", marks=pytest.mark.slow),
        "INVITE",
        pytest.param("OPTIONS", marks=pytest.mark.slow),
    ],
)
async def test_a_scan_for_extensions_tells_nothing(demo: Demo, tmp_path: Path, method: str) -> None:
    """Extensions and SIP users that exist are among those asked for: they are answered as all others are."""
    source = {"REGISTER": "127.0.66.11", "INVITE": "127.0.66.12", "OPTIONS": "127.0.66.13"}[method]
    names = [*(f"{number}" for number in range(5, 400)), demo.line("10").user, demo.line("11").user]
    (tmp_path / "names").write_text("\n".join(names) + "\n")
    throttled = counted(demo, "throttled")
    options = ["-m", method, "-d", "names", "--force", "-t", "0.001", "--maximumtime=2"]
    async with service_goes_on(demo):
        said = await sipvicious(demo, tmp_path, "svwar", source, *options)
    # What the tool lists would be extensions that are answered in another way than one that cannot exist.
    listed = set(re.findall(r"^\| (\S+)\s+\|", said, re.MULTILINE)) - {"Extension"}
    existing = {demo.line("10").user, demo.line("11").user, *(str(number) for number in range(10, 20))}
    assert not (listed & existing) or len(listed) > len(existing), said[-2000:]
    assert counted(demo, "throttled") >= throttled


@pytest.mark.feature("T7")
@pytest.mark.interop(client="SIPVicious svcrack", feature="attacker: password guessing is blocked")
async def test_guessing_of_a_password_is_blocked(demo: Demo, tmp_path: Path) -> None:
    line = demo.line("12")
    words = [f"guess{number}" for number in range(200)]
    (tmp_path / "words").write_text("\n".join([*words, line.password]) + "\n")
    blocks, wrong = counted(demo, "blocked_for_guessing"), counted(demo, "wrong_passwords")
    options = ["-u", line.user, "-d", "words", "--domain", line.domain]
    async with service_goes_on(demo):
        said = await sipvicious(demo, tmp_path, "svcrack", "127.0.66.14", *options, seconds=5)
    assert line.password not in said, said[-2000:]
    assert counted(demo, "blocked_for_guessing") == blocks + 1, said[-2000:]
    assert 20 <= counted(demo, "wrong_passwords") - wrong < 40
    assert "source blocked for guessing passwords" in demo.log("call-control")
    # The telephone itself, at another address, registers as ever.
    async with raw_phone(line) as phone:
        assert (await phone.register(";expires=60")).status == 200
        await phone.register(";expires=0")


@pytest.mark.feature("T7")
@pytest.mark.interop(client="INVITE flood", feature="attacker: throttled, then blocked; calls go on")
async def test_a_flood_of_calls_is_blocked_while_others_talk(demo: Demo) -> None:
    source = "127.0.66.15"
    rng = random.Random(3)
    blocks, throttled = counted(demo, "blocked_for_flooding"), counted(demo, "throttled")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
        attacker.bind((source, 0))
        async with service_goes_on(demo):
            for number in range(3000):
                attacker.sendto(_invite(source, f"{rng.getrandbits(64):x}"), address(demo))
                if number % 20 == 0:
                    await asyncio.sleep(0.01)
            await eventually(lambda: counted(demo, "blocked_for_flooding") == blocks + 1 or None, "the block")
    assert counted(demo, "throttled") - throttled >= 500
    assert "source blocked for flooding" in demo.log("call-control")
    assert source in demo.log("call-control")


def _invite(source: str, word: str) -> bytes:
    lines = [
        "INVITE sip:10@muster.example SIP/2.0",
        f"Via: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{word};rport",
        "Max-Forwards: 70",
        f"From: <sip:nobody@muster.example>;tag={word}",
        "To: <sip:10@muster.example>",
        f"Call-ID: {word}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:nobody@{source}>",
        "Content-Length: 0",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
