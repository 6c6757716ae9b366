"""Faxes in real time: documents over G.711, over T.38 through a network that loses, and through a gateway."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image
from tests.integration.media.fax_documents import check_document, document
from tests.integration.media.harness import Client
from tests.integration.media.lossy_network import LossyNetwork

from stimme.media import (
    T38,
    Codec,
    Endpoint,
    EngineError,
    FaxFinished,
    FaxPageDone,
    FaxRelayed,
    RemoteMedia,
)

pytestmark = pytest.mark.integration
PCMA = Codec("PCMA", 8, 8000)
MINUTES = 120.0


async def leg(client: Client, tag: str) -> Endpoint:
    return await client.engine.create_endpoint("rtp", tag=tag)


def at(endpoint: Endpoint) -> RemoteMedia:
    """An endpoint as another one's peer."""
    return RemoteMedia(endpoint.local.address, endpoint.local.port)


async def finished(client: Client, tag: str) -> FaxFinished:
    """The end of the fax of an endpoint."""
    return await client.event(FaxFinished, within=MINUTES, tag=tag)


async def transfer(client: Client, sender: Endpoint, receiver: Endpoint, folder: Path, pages: int) -> None:
    """Sends a document and checks what both sides are told, and what came."""
    sent = document(folder / f"{sender.tag}.tif", pages)
    received = folder / f"{receiver.tag}.tif"
    await receiver.receive_fax(received, ident="+49 89 123456")
    fax = await sender.send_fax(sent, ident="+49 30 231250", header="Muster GmbH" if pages > 1 else "")
    ends = await finished(client, sender.tag), await finished(client, receiver.tag)
    assert [(end.result, end.pages, end.ecm) for end in ends] == [("ok", pages, True)] * 2, ends
    assert (ends[0].ident, ends[1].ident) == ("+49 89 123456", "+49 30 231250")
    assert (ends[0].path, ends[1].path) == (None, received)
    told = [event.page for event in client.seen(FaxPageDone) if event.fax_id == fax.id]
    assert told == list(range(1, pages + 1))
    if pages == 1:
        check_document(received, pages)
    with Image.open(received) as image:
        assert getattr(image, "n_frames", 1) == pages


@pytest.mark.slow
async def test_documents_arrive_by_every_way(client: Client, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as ways:
        for way in (_by_t38_with_losses, _by_g711, _by_a_gateway, _by_t38_after_g711):
            ways.create_task(way(client, tmp_path))


async def _by_t38_with_losses(client: Client, folder: Path) -> None:
    network = await LossyNetwork.open(0.1)
    sides = await leg(client, "t38-a"), await leg(client, "t38-b")
    network.peers = [side.local.port for side in sides]
    for side in sides:
        await side.configure(network.remote, [], t38=T38())
    try:
        await transfer(client, *sides, folder, 1)
    finally:
        network.close()
    assert network.lost > 5


async def _by_g711(client: Client, folder: Path) -> None:
    a, b = await leg(client, "line-a"), await leg(client, "line-b")
    await a.configure(at(b), [PCMA])
    await b.configure(at(a), [PCMA])
    await transfer(client, a, b, folder, 2)


async def _by_a_gateway(client: Client, folder: Path) -> None:
    a, line, packets, b = [await leg(client, f"gateway-{name}") for name in ("a", "line", "packets", "b")]
    await a.configure(at(line), [PCMA])
    await line.configure(at(a), [PCMA])
    await packets.configure(at(b), [], t38=T38())
    await b.configure(at(packets), [], t38=T38())
    bridge = await client.engine.bridge(line, packets, tag="gateway")
    assert [info.bridge for info in await client.engine.faxes() if info.tag == "gateway"] == [bridge.id]
    await transfer(client, a, b, folder, 1)
    await bridge.delete()
    relayed = await client.event(FaxRelayed)
    assert (relayed.tag, relayed.pages, relayed.ecm) == ("gateway", 1, True)


async def _by_t38_after_g711(client: Client, folder: Path) -> None:
    """As calls do it: both sides begin over the line, and a re-INVITE moves them to T.38."""
    a, b = await leg(client, "moved-a"), await leg(client, "moved-b")
    await a.configure(at(b), [PCMA])
    await b.configure(at(a), [PCMA])
    carried = asyncio.create_task(transfer(client, a, b, folder, 1))
    await asyncio.sleep(2)
    await a.configure(at(b), [], t38=T38())
    await b.configure(at(a), [], t38=T38())
    await carried


async def test_a_call_that_ends_ends_the_fax(client: Client, tmp_path: Path) -> None:
    a, b = await leg(client, "a"), await leg(client, "b")
    await a.configure(at(b), [PCMA])
    await b.configure(at(a), [PCMA])
    fax = await a.receive_fax(tmp_path / "nothing.tif")
    assert [(info.id, info.tag, info.bridge) for info in await client.engine.faxes()] == [(fax.id, "a", None)]
    with pytest.raises(EngineError) as refused:
        await a.receive_fax(tmp_path / "other.tif")
    assert refused.value.code == "limit"
    await a.delete()
    end = await client.event(FaxFinished)
    assert (end.fax_id, end.result, end.pages, end.path) == (fax.id, "dropped", 0, None)
    assert list(tmp_path.glob("*.tif*")) == []
    assert await client.engine.faxes() == []
    await fax.stop()


async def test_a_fax_needs_a_line_that_carries_it(client: Client, tmp_path: Path) -> None:
    a = await leg(client, "a")
    await a.configure(RemoteMedia("127.0.0.1", 9), [Codec("opus", 111, 48_000, 2)])
    with pytest.raises(EngineError) as refused:
        await a.receive_fax(tmp_path / "x.tif")
    assert refused.value.code == "unsupported"
    await a.configure(RemoteMedia("127.0.0.1", 9), [PCMA])
    for start in (a.send_fax(tmp_path / "missing.tif"), a.receive_fax(tmp_path / "x.tif", ident="4" * 21)):
        with pytest.raises(EngineError) as refused:
            await start
        assert refused.value.code == "bad-request"
    browser = await client.engine.create_endpoint("webrtc", tag="browser")
    with pytest.raises(EngineError) as refused:
        await browser.configure(RemoteMedia("127.0.0.1", 9), [], t38=T38())
    assert refused.value.code == "bad-request"
