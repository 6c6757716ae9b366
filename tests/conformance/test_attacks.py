"""Attacks on the bare stack over real sockets: what they cost us, and that others are still served."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import pytest
from tests.conformance.sipp import LOCALHOST, Answerer
from tests.unit.sip.agents import wire
from tests.unit.sip.test_transport import certificate, client_side, server_side
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from stimme.sip.transport.flood import FloodLimits
from stimme.sip.transport.runner import SipRunner

ATTACKER = "127.0.66.1"
__all__ = ["certificate"]  # the fixture of the transport's tests


@contextlib.asynccontextmanager
async def node(
    tls: Path | None = None, *, half_open: float = 30.0, flood: FloodLimits | None = None
) -> AsyncIterator[tuple[SipRunner, Answerer]]:
    """A bare node that answers every call."""
    answerer = Answerer()
    server_tls = server_side(tls) if tls is not None else None
    runner = SipRunner(
        answerer, product="stimme", server_tls=server_tls, half_open=half_open, flood=flood or FloodLimits()
    )
    runner.release()
    try:
        yield runner, answerer
    finally:
        await runner.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def served(address: tuple[str, int], number: int) -> bytes:
    """What an ordinary peer gets for a MESSAGE over TCP."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(wire("MESSAGE", transport="TCP", call_id=f"good{number}", branch=f"z9hG4bKgood{number}"))
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


async def connections(address: tuple[str, int], count: int) -> list[socket.socket]:
    """Connections of the attacker that say nothing."""
    loop, made = asyncio.get_running_loop(), []
    for _ in range(count):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((ATTACKER, 0))
        await loop.sock_connect(sock, address)
        made.append(sock)
    return made


async def ends(sock: socket.socket) -> None:
    """Waits until the other side has closed."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while await asyncio.get_running_loop().sock_recv(sock, 4096):
                pass
    sock.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_half_open_connections_are_closed_and_counted(
    certificate: Path, transport: Literal["tcp", "tls"]
) -> None:
    async with node(certificate, half_open=0.3) as (runner, _):
        address = await runner.listen(transport, LOCALHOST, 0)
        good = await runner.listen("tcp", LOCALHOST, 0) if transport == "tls" else address
        held = await connections(address, 200)
        assert b"200 OK" in await served(good, 1)
        for sock in held:
            await ends(sock)
        await until(lambda: runner._connections[ATTACKER] == 0)
        if transport == "tcp":
            assert runner.attacks()["half_open"] == 200
        assert b"200 OK" in await served(good, 2)


async def test_handshakes_that_fail_leave_nothing_behind(certificate: Path) -> None:
    async with node(certificate) as (runner, _):
        address = await runner.listen("tls", LOCALHOST, 0)
        loop = asyncio.get_running_loop()
        for sock in await connections(address, 50):
            await loop.sock_sendall(sock, b"GET / HTTP/1.1\r\n\r\n")
            await ends(sock)
        await until(lambda: not runner._connections)
        assert not runner._open
        reader, writer = await asyncio.open_connection(*address, ssl=client_side(certificate))
        writer.write(wire("MESSAGE", transport="TLS"))
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_one_source_gets_only_its_share_of_connections(
    certificate: Path, transport: Literal["tcp", "tls"]
) -> None:
    async with node(certificate) as (runner, _):
        runner.most_of_one = 20
        address = await runner.listen(transport, LOCALHOST, 0)
        held = await connections(address, 25)
        await until(lambda: runner.attacks()["connections_refused"] == 5)
        # Somebody else still gets in.
        context = client_side(certificate) if transport == "tls" else None
        reader, writer = await asyncio.open_connection(*address, ssl=context)
        writer.write(wire("MESSAGE", transport=transport.upper()))
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        for sock in held:
            sock.close()
        await until(lambda: ATTACKER not in runner._connections)


async def test_a_websocket_that_says_nothing_is_closed() -> None:
    async with node(half_open=0.2) as (runner, _):
        host, port = await runner.listen("ws", LOCALHOST, 0)
        async with connect(f"ws://{host}:{port}", subprotocols=[Subprotocol("sip")]) as quiet:
            await asyncio.wait_for(quiet.wait_closed(), 5)
        assert runner.attacks()["half_open"] == 1
        async with connect(f"ws://{host}:{port}", subprotocols=[Subprotocol("sip")]) as busy:
            await busy.send(wire("MESSAGE", transport="WS"))
            answer = await asyncio.wait_for(busy.recv(), 5)
            assert "200 OK" in (answer if isinstance(answer, str) else answer.decode())
            await asyncio.sleep(0.3)
            await busy.send(wire("MESSAGE", transport="WS", cseq=2, branch="z9hG4bK2"))
            await asyncio.wait_for(busy.recv(), 5)


async def test_slow_loris_holds_nobody_up() -> None:
    async with node(half_open=0.4) as (runner, _):
        address = await runner.listen("tcp", LOCALHOST, 0)
        held = await connections(address, 50)
        loop = asyncio.get_running_loop()

        async def drip(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):
                for byte in wire("INVITE", transport="TCP"):
                    await loop.sock_sendall(sock, bytes([byte]))
                    await asyncio.sleep(0.05)

        dripping = [asyncio.create_task(drip(sock)) for sock in held]
        for number in range(5):
            assert b"200 OK" in await served(address, number)
        await asyncio.gather(*(ends(sock) for sock in held))
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        assert runner.attacks()["half_open"] == 50


@pytest.mark.parametrize(
    "data",
    [
        b"INVITE sip:a@b SIP/2.0\r\n" + b"X: " + b"x" * 70_000,
        b"INVITE sip:a@b SIP/2.0\r\n" + b"a: b\r\n" * 40_000,
        wire("INVITE", transport="TCP").replace(b"Content-Length: 0", b"Content-Length: 999999999"),
        wire("INVITE", transport="TCP").replace(b"Content-Length: 0", b"Content-Length: -1"),
        b"\r\n" * 5000 + b"INVITE",
    ],
)
async def test_giant_messages_cost_their_connection_only(data: bytes) -> None:
    async with node(half_open=0.5) as (runner, _):
        address = await runner.listen("tcp", LOCALHOST, 0)
        (sock,) = await connections(address, 1)
        with contextlib.suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(sock, data)
        assert b"200 OK" in await served(address, 1)
        await ends(sock)


async def test_a_flood_of_datagrams_is_throttled_then_blocked_for_a_time() -> None:
    limits = FloodLimits(rate=50, burst=100, drops=200, block=0.5)
    async with node(flood=limits) as (runner, answerer):
        address = await runner.listen("udp", LOCALHOST, 0)
        blocked: list[str] = []
        runner.on_blocked = blocked.append
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker, _peer() as peer:
            attacker.bind((ATTACKER, 0))
            rng = random.Random(7)
            for number in range(600):
                word = f"{rng.getrandbits(60):x}{number}"
                attacker.sendto(wire("MESSAGE", branch=f"z9hG4bK{word}", call_id=word), address)
                if number % 50 == 0:
                    await asyncio.sleep(0.002)
            await until(lambda: blocked == [ATTACKER])
            before = len(answerer.heard)
            assert before <= 160
            assert await asked(peer, address, "during") == 200
            attacker.sendto(wire("MESSAGE", branch="z9hG4bKno", call_id="no"), address)
            await until(lambda: runner.attacks()["refused_while_blocked"] > 0)
            assert len(answerer.heard) == before + 1
            await asyncio.sleep(0.6)  # the block is over
            attacker.sendto(wire("MESSAGE", branch="z9hG4bKyes", call_id="yes"), address)
            await until(lambda: len(answerer.heard) == before + 2)


def _peer() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((LOCALHOST, 0))
    made.setblocking(False)
    return made


async def asked(peer: socket.socket, address: tuple[str, int], word: str) -> int:
    """The status that an ordinary peer gets."""
    peer.sendto(wire("MESSAGE", branch=f"z9hG4bK{word}", call_id=word), address)
    async with asyncio.timeout(5):
        data = await asyncio.get_running_loop().sock_recv(peer, 4096)
    return int(data.split()[1])


async def test_who_is_not_in_a_dialog_cannot_touch_it() -> None:
    """BYE, re-INVITE, CANCEL and ACK with wrong tags, or from another host: the call goes on."""
    async with node() as (runner, answerer):
        address = await runner.listen("udp", LOCALHOST, 0)
        loop = asyncio.get_running_loop()
        with _peer() as caller, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            attacker.bind((ATTACKER, 0))
            attacker.setblocking(False)
            caller.sendto(wire("INVITE", branch="z9hG4bKcall", call_id="call", body=b""), address)
            async with asyncio.timeout(5):
                while b"SIP/2.0 200" not in (answer := await loop.sock_recv(caller, 4096)):
                    pass
            tag = answer.decode().partition("To:")[2].partition("tag=")[2].split("\r\n")[0]
            for number, (method, to_tag, from_tag) in enumerate(
                [
                    ("BYE", "guessed", "peer"),
                    ("BYE", tag, "guessed"),
                    ("INVITE", tag, "guessed"),
                    ("INFO", tag, "guessed"),
                    ("REFER", tag, "guessed"),
                ]
            ):
                attacker.sendto(
                    wire(
                        method,
                        call_id="call",
                        to_tag=to_tag,
                        from_tag=from_tag,
                        cseq=50 + number,
                        branch=f"z9hG4bKspoof{number}",
                    ),
                    address,
                )
                async with asyncio.timeout(5):
                    refused = await loop.sock_recv(attacker, 4096)
                assert refused.startswith(b"SIP/2.0 481"), refused
            # CANCEL with the INVITE's own branch, but from another host; ACK that belongs to nobody.
            attacker.sendto(wire("CANCEL", call_id="call", branch="z9hG4bKcall"), address)
            async with asyncio.timeout(5):
                assert (await loop.sock_recv(attacker, 4096)).startswith(b"SIP/2.0 481")
            attacker.sendto(wire("ACK", call_id="call", to_tag=tag, from_tag="guessed"), address)
            await asyncio.sleep(0.05)
            assert answerer.heard == []
            assert runner.ua.sessions == 1


async def test_a_request_that_comes_back_in_a_circle_is_refused() -> None:
    """Max-Forwards at its end, and the same request once more over another way (RFC 3261 §8.2.2.2)."""
    async with node() as (runner, answerer):
        address = await runner.listen("udp", LOCALHOST, 0)
        with _peer() as peer:
            loop = asyncio.get_running_loop()

            async def status(data: bytes) -> int:
                peer.sendto(data, address)
                async with asyncio.timeout(5):
                    while (answer := int((await loop.sock_recv(peer, 4096)).split()[1])) < 200:
                        pass
                return answer

            tired = wire("INVITE", branch="z9hG4bKa", call_id="a").replace(b"Forwards: 70", b"Forwards: 0")
            assert await status(tired) == 483
            assert await status(wire("INVITE", branch="z9hG4bKb", call_id="b")) == 200
            assert await status(wire("INVITE", branch="z9hG4bKc", call_id="b")) == 482
            vias = [
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKloop{port}" for port in range(2000, 2300)
            ]
            assert await status(wire("MESSAGE", branch="z9hG4bKd", call_id="d", extra=vias)) == 400
            routes = ["Route: <sip:127.0.0.1;lr>"] * 100
            assert await status(wire("MESSAGE", branch="z9hG4bKe", call_id="e", extra=routes)) == 200
            assert "MESSAGE" in answerer.heard
