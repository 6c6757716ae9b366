"""Our stack against sipp over real sockets: sipp's built-in flows, and others written here."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conformance.sipp import ANSWER, LOCALHOST, Answerer, receive, scenario, send, sipp
from tests.ports import free_ports

from stimme.sip.flow import Target
from stimme.sip.transport.runner import SipRunner
from stimme.sip.uri import NameAddr, SipUri

TRANSPORTS = [("udp", "u1"), ("tcp", "t1")]
CALLS = 20
SDP = ANSWER.decode().replace("\r\n", "\n")


@contextlib.asynccontextmanager
async def listening(
    transport: str, password: str | None = None
) -> AsyncIterator[tuple[SipRunner, Answerer, str]]:
    """A bare user agent, and its address as sipp wants it."""
    answerer = Answerer(password)
    runner = SipRunner(answerer, product="stimme")
    try:
        host, port = await runner.listen("udp" if transport == "udp" else "tcp", LOCALHOST, 0)
        runner.release()
        yield runner, answerer, f"{host}:{port}"
    finally:
        await runner.close()


@pytest.mark.interop(client="sipp", feature="uac: calls us; UDP, TCP")
@pytest.mark.parametrize(("transport", "flag"), TRANSPORTS)
async def test_sipp_calls_us(tmp_path: Path, transport: str, flag: str) -> None:
    async with listening(transport) as (runner, answerer, address):
        await sipp(tmp_path, "-sn", "uac", address, "-r", "50", "-d", "20", calls=CALLS, transport=flag)
        assert Counter(answerer.heard) == {"ack": CALLS, "bye": CALLS}
        assert runner.ua.sessions == 0


@pytest.mark.interop(client="sipp", feature="uas: is called by us; UDP, TCP")
@pytest.mark.parametrize(("transport", "flag"), TRANSPORTS)
async def test_we_call_sipp(tmp_path: Path, transport: str, flag: str) -> None:
    port = free_ports(1)[0]
    async with listening(transport) as (runner, answerer, _):
        peer = asyncio.create_task(sipp(tmp_path, "-sn", "uas", "-p", str(port), calls=CALLS, transport=flag))
        await until_it_listens(port, transport)
        for _ in range(CALLS):
            runner.ua.invite(
                uri=SipUri(LOCALHOST, "service", port),
                to=Target(transport, LOCALHOST, port),
                from_=NameAddr(SipUri(LOCALHOST, "a")),
                to_header=NameAddr(SipUri(LOCALHOST, "service")),
                contact=runner.ua.contact_for(transport, "a"),
                offer=ANSWER,
                handler=answerer,
                pinned=True,
            )
        await peer
        assert Counter(answerer.heard) == {"180": CALLS, "answer": CALLS}


async def until_it_listens(port: int, transport: str) -> None:
    """Waits until sipp has its socket, not one that a connection of others left behind."""
    table = Path(f"/proc/net/{transport}")
    listens = re.compile(
        rf"^ *\d+: \S+:{port:04X} \S+:0000 {'0A' if transport == 'tcp' else '07'} ", re.MULTILINE
    )
    async with asyncio.timeout(10):
        while not listens.search(table.read_text()):
            await asyncio.sleep(0.02)


@pytest.mark.interop(client="sipp", feature="REGISTER with digest; UDP, TCP")
@pytest.mark.parametrize(("transport", "flag"), TRANSPORTS)
async def test_registration_with_digest(tmp_path: Path, transport: str, flag: str) -> None:
    register = scenario(
        tmp_path,
        "register",
        send(
            "REGISTER sip:muster.example SIP/2.0", "Expires: 60", "CSeq: 1 REGISTER", options='retrans="500"'
        ),
        receive(401, 'auth="true"'),
        send(
            "REGISTER sip:muster.example SIP/2.0",
            "Expires: 60",
            "CSeq: 2 REGISTER",
            "[authentication username=alice password=secret]",
            options='retrans="500"',
        ),
        receive(200),
    )
    async with listening(transport, "secret") as (_, answerer, address):
        await sipp(tmp_path, "-sf", register, address, "-r", "50", calls=CALLS, transport=flag)
        assert Counter(answerer.heard) == {"REGISTER": CALLS}


@pytest.mark.interop(client="sipp", feature="call with digest, re-INVITE, INFO; UDP, TCP")
@pytest.mark.parametrize(("transport", "flag"), TRANSPORTS)
async def test_call_with_digest_and_reinvite(tmp_path: Path, transport: str, flag: str) -> None:
    invite = "INVITE sip:bob@[remote_ip]:[remote_port] SIP/2.0"
    sdp = "Content-Type: application/sdp"
    call = scenario(
        tmp_path,
        "call",
        send(invite, sdp, "CSeq: 1 INVITE", body=SDP, options='retrans="500"'),
        receive(100, 'optional="true"'),
        receive(407, 'auth="true"'),
        send("ACK sip:bob@[remote_ip]:[remote_port] SIP/2.0", "CSeq: 1 ACK", to_tag=True),
        send(
            invite,
            sdp,
            "CSeq: 2 INVITE",
            "[authentication username=alice password=secret]",
            body=SDP,
            options='retrans="500"',
        ),
        receive(100, 'optional="true"'),
        receive(180),
        receive(200, 'rrs="true"'),
        send("ACK [next_url] SIP/2.0", "CSeq: 2 ACK", to_tag=True),
        send(
            "INVITE [next_url] SIP/2.0", sdp, "CSeq: 3 INVITE", to_tag=True, body=SDP, options='retrans="500"'
        ),
        receive(100, 'optional="true"'),
        receive(200),
        send("ACK [next_url] SIP/2.0", "CSeq: 3 ACK", to_tag=True),
        send("INFO [next_url] SIP/2.0", "CSeq: 4 INFO", to_tag=True, options='retrans="500"'),
        receive(200),
        send("BYE [next_url] SIP/2.0", "CSeq: 5 BYE", to_tag=True, options='retrans="500"'),
        receive(200),
    )
    async with listening(transport, "secret") as (_, answerer, address):
        await sipp(tmp_path, "-sf", call, address, "-r", "50", calls=CALLS, transport=flag)
        # The ACK of the 407 is the transaction's own; that of a re-INVITE is told only when it has a body.
        assert Counter(answerer.heard) == {"ack": CALLS, "reinvite": CALLS, "info": CALLS, "bye": CALLS}


@pytest.mark.interop(client="sipp", feature="a tenth of the messages lost")
async def test_calls_over_a_lossy_network(tmp_path: Path) -> None:
    """sipp drops a tenth of what it sends and receives; retransmissions bring every call through."""
    async with listening("udp") as (runner, answerer, address):
        await sipp(tmp_path, "-sn", "uac", address, "-r", "20", "-lost", "10", calls=CALLS)
        # sipp takes a repeated 200 of its INVITE for that of its BYE and ends: such a call is still up here.
        assert Counter(answerer.heard)["bye"] + runner.ua.sessions == CALLS


@pytest.mark.interop(client="sipp", feature="3PCC controller: delayed offer, answer in the ACK")
async def test_third_party_call_control(tmp_path: Path) -> None:
    """sipp's two controllers call us twice for each call, the first time without an offer (RFC 3725)."""
    async with listening("udp") as (runner, answerer, address):
        meeting = f"{LOCALHOST}:{free_ports(1)[0]}"
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
        second = asyncio.create_task(
            sipp(tmp_path / "b", "-sn", "3pcc-C-B", "-3pcc", meeting, address, calls=5)
        )
        await until_it_listens(int(meeting.rpartition(":")[2]), "tcp")
        await sipp(tmp_path / "a", "-sn", "3pcc-C-A", "-3pcc", meeting, address, "-r", "5", calls=5)
        await second
        assert Counter(answerer.heard) == {"ack": 10, "bye": 10}
        assert runner.ua.sessions == 0


@pytest.mark.interop(client="sipp", feature="PRACK and UPDATE (RFC 3262, 3311); UDP, TCP")
@pytest.mark.parametrize(("transport", "flag"), TRANSPORTS)
async def test_prack_and_update(tmp_path: Path, transport: str, flag: str) -> None:
    call = scenario(
        tmp_path,
        "prack",
        send(
            "INVITE sip:bob@[remote_ip]:[remote_port] SIP/2.0",
            "Content-Type: application/sdp",
            "CSeq: 1 INVITE",
            "Require: 100rel",
            body=SDP,
            options='retrans="500"',
        ),
        receive(100, 'optional="true"'),
        receive(183, 'rrs="true"'),
        send(
            "PRACK [next_url] SIP/2.0",
            "CSeq: 2 PRACK",
            "RAck: 1 1 INVITE",
            to_tag=True,
            options='retrans="500"',
        ),
        receive(200),
        receive(200, 'rrs="true"'),
        send("ACK [next_url] SIP/2.0", "CSeq: 1 ACK", to_tag=True),
        send(
            "UPDATE [next_url] SIP/2.0",
            "Content-Type: application/sdp",
            "CSeq: 3 UPDATE",
            to_tag=True,
            body=SDP,
            options='retrans="500"',
        ),
        receive(200),
        send("BYE [next_url] SIP/2.0", "CSeq: 4 BYE", to_tag=True, options='retrans="500"'),
        receive(200),
    )
    async with listening(transport) as (runner, answerer, address):
        answerer.early = True
        await sipp(tmp_path, "-sf", call, address, "-r", "20", calls=CALLS, transport=flag)
        assert Counter(answerer.heard) == {"ack": CALLS, "reinvite": CALLS, "bye": CALLS}
        assert runner.ua.sessions == 0
