"""Floods from one source, and the trace of a call."""

import asyncio
import socket

import pytest
from tests.unit.sip.agents import Network, wire
from tests.unit.sip.test_transport import Answering, until

from stimme.sip.trace import Trace
from stimme.sip.transport.flood import MAX_SOURCES, FloodGuard, FloodLimits
from stimme.sip.transport.runner import SipRunner

REGISTER, RESPONSE = b"REGISTER sip:b SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n"


class Guarded:
    def __init__(self, **limits: float) -> None:
        self.now = 0.0
        self.blocked: list[str] = []
        self.guard = FloodGuard(lambda: self.now, FloodLimits(**limits), self.blocked.append)  # type: ignore[arg-type]

    def sends(self, count: int, data: bytes = REGISTER, source: str = "attacker") -> int:
        """How many of these messages are read."""
        return sum(self.guard.admits(source, data) for _ in range(count))


def test_burst_then_rate() -> None:
    guarded = Guarded()
    assert guarded.sends(300) == 200
    guarded.now = 1.0
    assert guarded.sends(300) == 50
    assert guarded.guard.counts.throttled == 350
    guarded.now = 10.0
    assert guarded.sends(300) == 200


def test_responses_count_a_tenth_and_malformed_messages_five() -> None:
    guarded = Guarded()
    assert guarded.sends(5000, RESPONSE) == 2000
    guarded = Guarded()
    for _ in range(40):
        guarded.guard.malformed("attacker")
    assert guarded.sends(1) == 0


def test_source_that_goes_on_is_blocked_for_a_time() -> None:
    guarded = Guarded()
    guarded.sends(200 + 500)
    assert guarded.blocked == ["attacker"]
    assert guarded.guard.blocked("attacker")
    assert guarded.sends(10, RESPONSE) == 0
    assert guarded.sends(10, source="phone") == 10
    guarded.now = 301.0
    assert not guarded.guard.blocked("attacker")
    assert guarded.sends(10) == 10
    assert (guarded.guard.counts.blocks, guarded.guard.counts.refused) == (1, 10)


def test_few_drops_over_a_long_time_block_nobody() -> None:
    guarded = Guarded()
    for minute in range(20):
        guarded.now = minute * 61.0
        guarded.sends(600)
    assert guarded.blocked == []


def test_trusted_source_may_send_more() -> None:
    guarded = Guarded()
    guarded.sends(700)
    guarded.guard.trust("attacker")
    assert guarded.sends(9000) == 8000, "somebody authenticated from there: forty times as much"
    assert guarded.blocked == ["attacker"]
    guarded.now = 3601.0
    assert guarded.sends(9000) == 200


def test_switched_off() -> None:
    guarded = Guarded(enabled=False)
    assert guarded.sends(10_000) == 10_000


def test_tables_are_bounded() -> None:
    guarded = Guarded()
    for number in range(MAX_SOURCES + 100):
        guarded.guard.admits(f"{number}", REGISTER)
        guarded.guard.trust(f"{number}")
    assert (len(guarded.guard._buckets), len(guarded.guard._trusted)) == (MAX_SOURCES, MAX_SOURCES)


async def test_flood_over_a_socket() -> None:
    """The attacker is throttled and blocked; who authenticated before is served from the same node."""
    application = Answering()
    runner = SipRunner(application, product="test", flood=FloodLimits(rate=1, burst=10, drops=20))
    blocked: list[str] = []
    runner.on_blocked = blocked.append
    try:
        address = await runner.listen("udp", "127.0.0.1", 0)
        tcp = await runner.listen("tcp", "127.0.0.1", 0)
        runner.release()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            for number in range(60):
                attacker.sendto(wire("OPTIONS", branch=f"z9hG4bK{number}", call_id=f"{number}"), address)
                await asyncio.sleep(0)
            await until(lambda: blocked == ["127.0.0.1"])
            assert len(application.transactions) == 10
            reader, writer = await asyncio.open_connection(*tcp)
            assert await asyncio.wait_for(reader.read(), 5) == b"", "no new connection from there"
            writer.close()
            runner.guard.trust("127.0.0.1")
            attacker.sendto(wire("OPTIONS", branch="z9hG4bKlast", call_id="last"), address)
            await until(lambda: len(application.transactions) == 11)
    finally:
        await runner.close()


# -- the trace ----------------------------------------------------------------------------------------------


def test_trace_of_a_call() -> None:
    net = Network()
    trace = net.caller.ua._trace = Trace(lambda: net.caller.now)
    session, _, _, _ = net.established()
    net.caller.run_to(3)
    session.bye()
    net.settle()
    entries = net.caller.ua.trace(session.call_id)
    sent = [entry.data.split(b" ")[0] for entry in entries if entry.sent]
    assert sent == [b"INVITE", b"ACK", b"BYE"]
    assert {(entry.transport, entry.peer) for entry in entries} == {("udp", ("192.0.2.2", 5060))}
    assert (entries[0].at, entries[-1].at) == (0, 3)
    assert trace.of("another") == []
    assert net.callee.ua.trace(session.call_id) == []


def message(call_id: str, extra: bytes = b"") -> bytes:
    return wire("INFO", call_id=call_id, body=extra)


def test_trace_is_bounded() -> None:
    trace = Trace(lambda: 0.0, most_bytes=20_000)
    for number in range(1000):
        trace.note(message(f"call-{number}"), sent=False, transport="udp", peer=("h", 1))
    assert trace.size <= 20_000
    assert trace.of("call-0") == []
    assert len(trace.of("call-999")) == 1


def test_all_legs_of_a_call_are_read_together_in_order() -> None:
    times = iter(range(10))
    trace = Trace(lambda: float(next(times)))
    for call_id in ("first", "other", "second", "first"):
        trace.note(message(call_id), sent=True, transport="udp", peer=("h", 1))
    assert [entry.at for entry in trace.of("first", "second")] == [0, 2, 3]
    trace.note(message("else", b"first"), sent=True, transport="udp", peer=("h", 1))  # only in its body
    assert len(trace.of("first")) == 2


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            b'Authorization: Digest username="a", response="0123", cnonce="45"',
            b'response="***", cnonce="***"',
        ),
        (b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20", b"inline:***|2^20"),
        (b"a=ice-pwd:secret\r\n", b"a=ice-pwd:***"),
    ],
)
def test_secrets_are_blotted_out(line: bytes, shown: bytes) -> None:
    trace = Trace(lambda: 0.0)
    trace.note(message("c", line), sent=True, transport="udp", peer=("h", 1))
    assert shown in trace.of("c")[0].data


def test_nothing_is_kept_when_switched_off_or_without_a_call() -> None:
    trace = Trace(lambda: 0.0, most_bytes=0)
    trace.note(message("c"), sent=True, transport="udp", peer=("h", 1))
    other = Trace(lambda: 0.0)
    other.note(b"nonsense", sent=True, transport="udp", peer=("h", 1))
    assert trace.size == 0
    assert other.of("") == []
