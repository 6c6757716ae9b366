"""The runner with real sockets on loopback: UDP, TCP, TLS and WebSocket, and peers that misbehave."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.sip.agents import Application, Ears, wire
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from stimme.sip.flow import Flow, Target
from stimme.sip.message import Request, Response, parse_message
from stimme.sip.session import Session
from stimme.sip.timers import Timers
from stimme.sip.transaction import Failure, ServerTransaction
from stimme.sip.transport.runner import SipRunner
from stimme.sip.uri import NameAddr, SipUri, parse_uri

Address = tuple[str, int]


class Answering(Application):
    """Answers requests with 200 and calls with a body."""

    answers = True

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        super().on_request(transaction, request, flow)
        if self.answers:
            transaction.respond(200)

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        super().on_invite(session, request, flow)
        session.answer(b"answer")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def client_side(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@contextlib.asynccontextmanager
async def running(
    certificate: Path | None = None,
    *,
    trust: bool = True,
    half_open: float = 30.0,
    timers: Timers | None = None,
) -> AsyncIterator[tuple[SipRunner, Answering]]:
    application = Answering()
    runner = SipRunner(
        application,
        product="test",
        server_tls=server_side(certificate) if certificate else None,
        client_tls=client_side(certificate) if certificate and trust else ssl.create_default_context(),
        timers=timers,
        half_open=half_open,
    )
    runner.release()
    try:
        yield runner, application
    finally:
        await runner.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def options(address: Address) -> Request:
    headers = [("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>"), ("Call-ID", "x"), ("CSeq", "1 OPTIONS")]
    return Request("OPTIONS", parse_uri(f"sip:c@{address[0]}:{address[1]}"), headers)


async def ask(runner: SipRunner, target: Target) -> Response | Failure:
    """What comes back to OPTIONS."""
    result: asyncio.Future[Response | Failure] = asyncio.get_running_loop().create_future()
    runner.ua.request(
        options((target.host, target.port)),
        target,
        on_response=result.set_result,
        on_failure=result.set_result,
    )
    async with asyncio.timeout(5):
        return await result


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_request_and_call(certificate: Path, transport: str) -> None:
    async with running(certificate) as (server, application), running(certificate) as (client, _):
        address = await server.listen(transport, "127.0.0.1", 0)  # type: ignore[arg-type]
        await client.listen("udp", "127.0.0.1", 0)
        target = Target(transport, *address)
        answer = await ask(client, target)
        assert isinstance(answer, Response)
        assert answer.status == 200
        ears = Ears()
        session = client.ua.invite(
            uri=SipUri(*address[:1], "20", address[1]),
            to=target,
            from_=NameAddr(SipUri("b", "a")),
            to_header=NameAddr(SipUri("d", "c")),
            contact=client.ua.contact_for(transport, "a"),
            offer=b"offer",
            handler=ears,
            pinned=True,
        )
        await until(lambda: application.ears.heard == ["ack"])
        assert ears.heard == ["answer"]
        called = application.sessions[0]
        assert called.flow.transport == transport
        called.bye()
        await until(lambda: session.ended)


async def test_datagrams_to_a_name() -> None:
    async with running() as (server, _), running() as (client, _):
        _, port = await server.listen("udp", "127.0.0.1", 0)
        await client.listen("udp", "127.0.0.1", 0)
        answer = await ask(client, Target("udp", "localhost", port))
        assert isinstance(answer, Response)


async def test_certificate_that_is_not_trusted_or_not_for_this_name(certificate: Path) -> None:
    """RFC 5922: no connection rather than one to somebody else."""
    async with running(certificate) as (server, _):
        address = await server.listen("tls", "127.0.0.1", 0)
        async with running(certificate, trust=False) as (stranger, _):
            assert isinstance(await ask(stranger, Target("tls", *address)), Failure)
        async with running(certificate) as (client, _):
            failure = await ask(client, Target("tls", *address, server_name="other.example"))
            assert isinstance(failure, Failure)
            assert failure.status == 503


@pytest.mark.parametrize("transport", ["tcp", "tls", "udp", "ws"])
async def test_nobody_there(transport: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with running(timers=Timers(t1=0.005)) as (client, _):
            failure = await ask(client, Target(transport, "127.0.0.1", port))
            assert isinstance(failure, Failure)


@pytest.mark.parametrize("transport", ["ws", "wss"])
async def test_websocket(certificate: Path, transport: str) -> None:
    async with running(certificate) as (server, application):
        host, port = await server.listen(transport, host="127.0.0.1", port=0)  # type: ignore[arg-type]
        tls = client_side(certificate) if transport == "wss" else None
        async with connect(
            f"{transport}://{host}:{port}/", subprotocols=[Subprotocol("sip")], ssl=tls
        ) as browser:
            assert browser.subprotocol == "sip"
            for message in (
                wire("MESSAGE", transport="WS"),
                wire("MESSAGE", cseq=2, branch="z9hG4bK2").decode(),
            ):
                await browser.send(message)
                answer = await asyncio.wait_for(browser.recv(), 5)
                assert isinstance(answer, str)
                assert answer.startswith("SIP/2.0 200 OK\r\n")
            await browser.send(b"\r\n\r\n")
            assert await asyncio.wait_for(browser.recv(), 5) == "\r\n"
        await until(lambda: bool(application.transactions))


async def test_keepalive_on_a_stream() -> None:
    """RFC 5626 §3.5.1: a ping of two line breaks gets a pong of one."""
    async with running() as (server, _):
        reader, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"
        writer.close()


async def test_several_messages_in_pieces_on_one_connection() -> None:
    async with running() as (server, application):
        _, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        data = wire("MESSAGE", transport="TCP") + wire("MESSAGE", transport="TCP", cseq=2, branch="z9hG4bK2")
        for cut in range(0, len(data), 100):
            writer.write(data[cut : cut + 100])
            await writer.drain()
        await until(lambda: len(application.transactions) == 2)
        writer.close()


async def test_connection_that_says_nothing_is_closed() -> None:
    async with running(half_open=0.02) as (server, _):
        reader, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_slow_sender_is_closed() -> None:
    """Slow loris: a message that does not get complete in time ends the connection, a later one too."""
    async with running(half_open=0.05) as (server, application):
        reader, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        writer.write(wire("MESSAGE", transport="TCP") + b"MESSAGE sip:a@b SIP/2.0\r\nVia:")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        assert len(application.transactions) == 1
        writer.close()


async def test_connection_at_rest_stays_open() -> None:
    async with running(half_open=0.02) as (server, application):
        _, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        writer.write(wire("MESSAGE", transport="TCP"))
        await until(lambda: len(application.transactions) == 1)
        await asyncio.sleep(0.06)
        writer.write(wire("MESSAGE", transport="TCP", cseq=2, branch="z9hG4bK2"))
        await until(lambda: len(application.transactions) == 2)
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 70_000,
        wire("MESSAGE").replace(b"Content-Length: 0", b"Content-Length: 99999999"),
    ],
)
async def test_what_is_no_sip_ends_the_connection(data: bytes) -> None:
    async with running() as (server, _):
        reader, writer = await asyncio.open_connection(*await server.listen("tcp", "127.0.0.1", 0))
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_malformed_datagrams_are_counted_and_nothing_else() -> None:
    async with running() as (server, application):
        address = await server.listen("udp", "127.0.0.1", 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            for data in (b"\0", b"\r\n\r\n", b"nonsense", b"\xff" * 2000, wire("MESSAGE")):
                attacker.sendto(data, address)
        await until(lambda: len(application.transactions) == 1)
        assert server.malformed == 2


async def test_response_over_a_connection_that_was_closed_opens_another() -> None:
    """RFC 3261 §18.2.2: to the port that the Via names, where the peer listens."""
    async with running() as (server, application):
        application.answers = False
        address = await server.listen("tcp", "127.0.0.1", 0)
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.put_nowait(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        closed: list[Flow] = []
        server.on_flow_closed = closed.append
        _, writer = await asyncio.open_connection(*address)
        writer.write(wire("MESSAGE", transport="TCP").replace(b"192.0.2.9:5070;b", b"192.0.2.9:%d;b" % port))
        await until(lambda: len(application.transactions) == 1)
        writer.close()
        await until(lambda: bool(closed))
        application.transactions[0].respond(200)
        message = parse_message(await asyncio.wait_for(arrived.get(), 5))
        assert isinstance(message, Response)
        listener.close()


async def test_messages_wait_until_they_are_released() -> None:
    """After a restart no request may meet an agent whose calls have not been taken up again."""
    application = Answering()
    runner = SipRunner(application, product="test")
    try:
        address = await runner.listen("udp", "127.0.0.1", 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.sendto(b"nonsense", address)
            phone.sendto(wire("MESSAGE"), address)
        await until(lambda: runner.malformed == 1)
        await asyncio.sleep(0.01)
        assert application.transactions == []
        runner.release()
        assert len(application.transactions) == 1
    finally:
        await runner.close()


async def test_addresses_that_are_announced() -> None:
    async with running() as (server, _):
        first = await server.listen("udp", "127.0.0.1", 0)
        await server.listen("udp", "127.0.0.1", 0)
        server.announce("wss", ("pbx.example", 443))
        assert server.ua.addresses == {"udp": first, "wss": ("pbx.example", 443)}
        assert str(server.ua.contact_for("wss", "10")) == "sip:10@pbx.example:443;transport=ws"
        with pytest.raises(ValueError, match="certificate"):
            await server.listen("tls", "127.0.0.1", 0)
        with pytest.raises(OSError):
            await server.listen("udp", *first)
