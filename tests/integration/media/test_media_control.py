"""The control socket: batches, order, clients that come, go and misbehave; and the silence of peers."""

import asyncio
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgpack
import pytest
from tests.integration.media.harness import Client, EngineProcess
from tests.integration.media.phone import Phone

from stimme.media import DtmfReceived, EngineError, EngineLostError, MediaStarted, MediaTimeout, Silence

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]


async def test_requests_of_one_moment_are_done_in_order(client: Client) -> None:
    made = await asyncio.gather(
        *(client.engine.create_endpoint("rtp", tag=f"leg {number}") for number in range(50))
    )
    assert [leg.id for leg in made] == sorted(leg.id for leg in made)
    assert len({leg.local.port for leg in made}) == 50
    assert all(leg.local.port % 2 == 0 and leg.local.rtcp_port == leg.local.port + 1 for leg in made)
    listed = await client.engine.endpoints()
    assert [(info.tag, info.owner, info.kind) for info in listed] == [
        (f"leg {number}", "test", "rtp") for number in range(50)
    ]
    await asyncio.gather(*(leg.delete() for leg in made))
    assert await client.engine.endpoints() == []


async def test_events_come_in_order_and_behind_the_answers_they_follow(
    client: Client, phones: Phones
) -> None:
    all_phones = [await phones("PCMA") for _ in range(5)]
    for phone in all_phones:
        await client.leg(phone)
    for phone in all_phones:
        await phone.press("7", milliseconds=40, pause=0)
    await client.event(DtmfReceived, count=5)
    kinds = [type(event) for event in client.events]
    assert kinds == [MediaStarted, DtmfReceived] * 5
    assert [event.tag for event in client.seen(DtmfReceived)] == [f"leg-{phone.port}" for phone in all_phones]


async def test_a_client_that_comes_back_finds_what_it_made(
    engine_process: EngineProcess, client: Client, phones: Phones
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    bridge = await client.engine.bridge(legs[0], legs[1], tag="call 7")
    await client.engine.close()
    with pytest.raises(EngineLostError):
        await legs[0].stats()

    again = await Client.connect(engine_process)
    assert again.engine.instance == client.engine.instance
    found = await again.engine.endpoints()
    assert [(info.id, info.tag, info.local, info.bridge) for info in found] == [
        (leg.id, leg.tag, leg.local, bridge.id) for leg in legs
    ]
    (listed,) = await again.engine.bridges()
    assert (listed.tag, listed.a, listed.b) == ("call 7", legs[0].id, legs[1].id)
    handle = again.engine.attach(found[0])
    await again.engine.attach_bridge(listed).delete()
    await handle.play(Silence(40))
    await a.hears(2)
    await handle.delete()
    assert [info.id for info in await again.engine.endpoints()] == [legs[1].id]
    await again.engine.close()


_DYING_CLIENT = """
import asyncio, sys
from pathlib import Path
from stimme.media import Codec, Engine, RemoteMedia

async def main() -> None:
    engine = await Engine.connect(Path(sys.argv[1]), owner="mortal", on_event=lambda event: None)
    legs = [await engine.create_endpoint("rtp", tag=port) for port in sys.argv[2:]]
    for leg in legs:
        await leg.configure(RemoteMedia("127.0.0.1", int(leg.tag)), [Codec("PCMA", 8, 8000)])
    await engine.bridge(*legs, tag="call")
    print(*(leg.local.port for leg in legs), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_media_flow_on_when_the_client_is_killed(
    engine_process: EngineProcess, client: Client, phones: Phones
) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    command = [sys.executable, "-c", _DYING_CLIENT, str(engine_process.socket), str(a.port), str(b.port)]
    mortal = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert mortal.stdout is not None
    ports = (await asyncio.to_thread(mortal.stdout.readline)).split()
    for phone, leg, port in zip((a, b), await client.engine.endpoints(), ports, strict=True):
        assert leg.local.port == int(port)
        phone.dial(leg.local)
    talk = asyncio.gather(a.speak(500, 1.0), b.speak(900, 1.0))
    await b.hears(10)
    mortal.send_signal(signal.SIGKILL)
    await asyncio.to_thread(mortal.communicate)
    await talk
    await asyncio.gather(a.hears(50), b.hears(50))
    gaps = [y.at - x.at for x, y in zip(a.heard, a.heard[1:], strict=False)]
    assert max(gaps) < 0.1
    assert {info.owner for info in await client.engine.endpoints()} == {"mortal"}


async def test_a_client_that_stands_still_delays_nobody(
    engine_process: EngineProcess, client: Client, phones: Phones
) -> None:
    sleeper = socket.socket(socket.AF_UNIX)
    sleeper.connect(str(engine_process.socket))
    sleeper.sendall(_frame([0, 1, "hello", {"protocol": 1, "owner": "sleeper"}]))
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    flood = b"".join(_frame([0, number, "list-endpoints", {}]) for number in range(2, 3000))
    sleeper.setblocking(False)
    sent = 0
    talk = asyncio.create_task(a.speak(500, 1.0))
    while not talk.done():
        try:
            sent += sleeper.send(flood[sent:] or flood[:1])
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            await asyncio.sleep(0.01)
    await b.hears(50)
    assert len(b.heard) == 50
    assert len(await client.engine.endpoints()) == 2
    sleeper.close()


async def test_silence_is_told_once(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone, timeout=0.5)
    await phone.speak(500, 0.2)
    silence = await client.event(MediaTimeout, within=2)
    assert (silence.endpoint_id, silence.tag) == (leg.id, leg.tag)
    assert silence.silent_seconds == pytest.approx(0.6, abs=0.2)
    await asyncio.sleep(0.6)
    assert len(client.seen(MediaTimeout)) == 1
    await phone.speak(500, 0.1)
    await client.event(MediaTimeout, count=2)
    await leg.configure(phone.remote, phone.codecs, timeout=None)
    await asyncio.sleep(0.8)
    assert len(client.seen(MediaTimeout)) == 2


async def test_statistics_count(client: Client, phones: Phones) -> None:
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    await client.engine.bridge(legs[0], legs[1], tag="call")
    await a.speak(500, 0.2)
    a.sequence += 2
    await a.speak(500, 0.2)
    stats, other = await legs[0].stats(), await legs[1].stats()
    assert (stats.packets_received, stats.bytes_received, stats.packets_lost) == (20, 3200, 2)
    assert (stats.packets_sent, other.packets_sent, other.bytes_sent) == (0, 20, 3200)
    assert (stats.codec, other.codec) == ("PCMA", None)
    assert stats.jitter_ms < 10


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    leg = await client.engine.create_endpoint("rtp", tag="short")
    await leg.delete()
    await leg.delete()
    with pytest.raises(EngineError) as missing:
        await leg.stats()
    assert missing.value.code == "not-found"


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (struct.pack(">I", 2**31), "bad-request"),
        (struct.pack(">I", 3) + b"\xc1\xc1\xc1", "bad-request"),
        (struct.pack(">I", 6) + b"\x94\x00\x01\xa3fl", "bad-request"),
    ],
    ids=["too long", "no MessagePack", "cut off"],
)
async def test_garbage_ends_the_connection_with_a_reason(
    engine_process: EngineProcess, client: Client, request_bytes: bytes, code: str
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(engine_process.socket))
    writer.write(_frame([0, 1, "hello", {"protocol": 1, "owner": "vandal"}]) + request_bytes)
    answers = [await _read(reader), await _read(reader)]
    assert answers[1][0] == 2
    assert answers[1][2] == code
    assert await reader.read() == b""
    writer.close()
    assert await client.engine.endpoints() == []


async def test_hello_comes_first_and_speaks_our_version(
    engine_process: EngineProcess, client: Client
) -> None:
    for request, code in (
        ([0, 1, "list-endpoints", {}], "hello-first"),
        ([0, 1, "hello", {"protocol": 99, "owner": "future"}], "unsupported"),
    ):
        reader, writer = await asyncio.open_unix_connection(str(engine_process.socket))
        writer.write(_frame(request))
        answer = await _read(reader)
        assert answer[:3] == [2, 1, code]
        assert await reader.read() == b""
        writer.close()
    assert client.engine.version


async def test_ports_come_back(engine_process: EngineProcess, client: Client) -> None:
    """Twice as many endpoints as there are ports, two at a time; no file descriptor is left open."""
    descriptors = Path(f"/proc/{engine_process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(1000):
        made = await asyncio.gather(*(client.engine.create_endpoint("rtp", tag="leg") for _ in range(2)))
        await asyncio.gather(*(leg.delete() for leg in made))
    assert len(list(descriptors.iterdir())) == before


async def test_all_ports_taken_is_an_error_of_its_own(tmp_path: Path) -> None:
    process = EngineProcess(tmp_path, "32000-32007")
    try:
        await process.ready()
        client = await Client.connect(process)
        made = [await client.engine.create_endpoint("rtp", tag="leg") for _ in range(4)]
        with pytest.raises(EngineError) as full:
            await client.engine.create_endpoint("rtp", tag="one too many")
        assert full.value.code == "no-ports"
        await made[0].delete()
        assert (await client.engine.create_endpoint("rtp", tag="leg")).local.port == made[0].local.port
        await client.engine.close()
    finally:
        assert process.stop() == 0


def _frame(message: object) -> bytes:
    body: bytes = msgpack.packb(message)
    return struct.pack(">I", len(body)) + body


async def _read(reader: asyncio.StreamReader) -> list[object]:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    answer: list[object] = msgpack.unpackb(await reader.readexactly(length))
    return answer
