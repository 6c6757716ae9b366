"""An engine of two threads: they share the load, and who is joined from both of them notices nothing."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.audio import dominant_tone, longest_gap, read_wav, tone_level
from tests.integration.media.fax_machine import LineMachine, PacketMachine
from tests.integration.media.harness import Client, EngineProcess
from tests.integration.media.phone import Phone
from tests.integration.media.speech import RATES
from tests.integration.media.test_media_fax import PCMA
from tests.integration.media.test_media_fax_machines import from_machine, to_machine
from tests.integration.media.test_media_operations import figures

from stimme.media import T38, Endpoint, FaxPageDone, RecorderFinished, RemoteMedia

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
HALF = 31_000
"""Ports of the first thread are below, those of the second are not."""


@pytest.fixture
def engine_process(tmp_path: Path) -> Iterator[EngineProcess]:
    """A process of two threads that shows its figures."""
    process = EngineProcess(tmp_path, "30000-31999", "--threads", "2", "--metrics", "127.0.0.1:0")
    try:
        yield process
    finally:
        assert process.stop() == 0, process.log.read_text()


def born(legs: list[Endpoint]) -> list[int]:
    """In which thread each endpoint was made."""
    return [int(leg.local.port >= HALF) for leg in legs]


async def test_two_threads_share_the_load(
    client: Client, phones: Phones, engine_process: EngineProcess
) -> None:
    speakers = [await phones("PCMA") for _ in range(4)]
    legs = [await client.leg(phone) for phone in speakers]
    assert born(legs) == [0, 1, 0, 1]
    for a, b in ((0, 2), (1, 3)):
        await client.engine.bridge(legs[a], legs[b], tag=f"call {a}")
    tones = (500, 700, 900, 1100)
    said = await asyncio.gather(*(phone.speak(hz, 1.2) for phone, hz in zip(speakers, tones, strict=True)))
    for hearer, speaker in ((0, 2), (2, 0), (1, 3), (3, 1)):
        await speakers[hearer].hears(60)
        assert speakers[hearer].payloads() == said[speaker]
    async with asyncio.timeout(5):
        while (seen := await figures(engine_process))["stimme_media_packets_received_total"] < 240:
            await asyncio.sleep(0.1)
    assert [seen[f"stimme_media_shard_endpoints/{shard}"] for shard in (0, 1)] == [2, 2]
    busy = [seen[f"stimme_media_shard_busy_seconds_total/{shard}"] for shard in (0, 1)]
    assert min(busy) > 0
    assert sum(busy) == pytest.approx(seen["stimme_media_loop_busy_seconds_total"])
    assert {info.bridge is None for info in await client.engine.endpoints()} == {False}


async def test_who_is_connected_further_across_threads_loses_no_packet(
    client: Client, phones: Phones, tmp_path: Path
) -> None:
    """The caller goes to the first one's thread, and while it speaks and is recorded to the second one's."""
    caller, first, second = [await phones("PCMA") for _ in range(3)]
    legs = [await client.leg(phone) for phone in (caller, first, second)]
    assert born(legs) == [0, 1, 0]
    await client.engine.bridge(legs[0], legs[1], tag="first")
    recorder = await legs[0].record(tmp_path / "caller.wav", what="received")
    talk = asyncio.create_task(caller.speak(700, 2.0))
    await first.hears(50)
    bridge = await client.engine.bridge(legs[0], legs[2], tag="second")
    said = await talk
    await second.hears(100 - len(first.heard))
    assert first.payloads() + second.payloads() == said
    for heard in (first.heard, second.heard):
        steps = {(after.sequence - before.sequence) & 0xFFFF for before, after in itertools.pairwise(heard)}
        assert steps == {1}
    (listed,) = await client.engine.bridges()
    assert (listed.id, listed.a, listed.b) == (bridge.id, legs[0].id, legs[2].id)
    await recorder.stop()
    assert (await client.event(RecorderFinished)).recorder_id == recorder.id
    (audio,), rate = read_wav(tmp_path / "caller.wav")
    spoken = audio[rate // 5 : rate * 9 // 5]
    assert dominant_tone(spoken, rate)[0] == pytest.approx(700, abs=2)
    assert longest_gap(spoken, rate, 700, below_dbfs=-25) <= 0.02 + caller.lag
    stats = [await leg.stats() for leg in legs]
    assert [each.packets_received for each in stats] == [100, 0, 0]
    assert sum(each.packets_sent for each in stats) == 100


async def test_a_room_takes_in_from_both_threads(client: Client, phones: Phones) -> None:
    members = [await phones(codec) for codec in ("PCMA", "G722", "opus")]
    legs = [await client.leg(phone) for phone in members]
    assert born(legs) == [0, 1, 0]
    room = await client.engine.create_room(tag="meeting")
    for leg in legs:
        await room.add(leg)
    tones = (500.0, 900.0, 1400.0)
    await asyncio.gather(*(phone.speak(hz, 1.5) for phone, hz in zip(members, tones, strict=True)))
    for phone, own in zip(members, tones, strict=True):
        rate = RATES[phone.codec]
        audio = phone.audio()[rate // 2 : rate * 5 // 4]
        for hz in tones:
            assert (tone_level(audio, rate, hz) > -20) == (hz != own), f"{phone.codec}, {hz} Hz"
    (listed,) = await client.engine.rooms()
    assert [member.endpoint for member in listed.members] == [leg.id for leg in legs]


async def test_a_fax_goes_on_while_its_endpoint_moves(
    client: Client, engine_process: EngineProcess, tmp_path: Path
) -> None:
    """Two of them, T.38 to a machine and a modem's from another, move after their first page of two."""
    create = client.engine.create_endpoint
    packets, other, line, another = [
        await create("rtp", tag=tag) for tag in ("packets", "other", "line", "another")
    ]
    # So many are in the first thread that both faxes are to leave it for whom they are joined with.
    fellows = [await create("rtp", tag="fellow", near=line) for _ in range(2)]
    assert born([packets, other, line, another, *fellows]) == [0, 1, 0, 1, 0, 0]
    for partner in (other, another):
        await partner.configure(RemoteMedia("127.0.0.1", 9), [PCMA])

    async def move(fax: Endpoint, partner: Endpoint) -> None:
        await client.event(FaxPageDone, within=60, tag=fax.tag)
        await client.engine.bridge(partner, fax, tag=fax.tag)
        assert [page.page for page in client.seen(FaxPageDone) if page.tag == fax.tag] == [1]

    with closing(await PacketMachine.open()) as terminal, closing(await LineMachine.open()) as modem:
        terminal.dial(packets.local)
        await packets.configure(terminal.remote, [], t38=T38())
        modem.dial(line.local)
        await line.configure(modem.remote, [PCMA])
        async with asyncio.TaskGroup() as doings:
            doings.create_task(to_machine(client, packets, terminal, tmp_path))
            doings.create_task(from_machine(client, line, modem, tmp_path))
            doings.create_task(move(packets, other))
            doings.create_task(move(line, another))
        assert (terminal.udptl.repaired, terminal.udptl.lost, modem.missed) == (0, 0, 0)
    for tag in ("packets", "line"):
        pages = [page for page in client.seen(FaxPageDone) if page.tag == tag]
        assert [(page.page, page.retries) for page in pages] == [(1, 0), (2, 0)]
    assert await client.engine.faxes() == []
    async with asyncio.timeout(5):
        while [
            (await figures(engine_process))[f"stimme_media_shard_endpoints/{shard}"] for shard in (0, 1)
        ] != [2, 4]:
            await asyncio.sleep(0.1)
