"""Faxes between the engine and machines that have only spandsp in common with it: RTP and UDPTL are ours."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from tests.integration.media.fax_documents import check_document, document
from tests.integration.media.fax_machine import FaxMachine, LineMachine, Outcome, PacketMachine
from tests.integration.media.harness import Client
from tests.integration.media.lossy_network import LossyNetwork
from tests.integration.media.test_media_fax import PCMA, finished, leg
from tests.integration.media.udptl import MalformedError, Udptl

from stimme.media import T38, Endpoint, FaxFinished, FaxRelayed

pytestmark = pytest.mark.integration
OURS, THEIRS = "+49 30 231250", "+49 89 123456"
PAGES = 2
LOSS = 0.05

Transfer = Callable[[Client, Endpoint, FaxMachine, Path], Awaitable[None]]


async def to_machine(client: Client, endpoint: Endpoint, machine: FaxMachine, folder: Path) -> None:
    """The engine sends, the machine receives; both tell the same, and the pages are the same."""
    received, sent = folder / f"{endpoint.tag}.tif", document(folder / f"{endpoint.tag}-sent.tif", PAGES)
    # The machine picks up first.
    outcome, _ = await asyncio.gather(
        machine.receive(received, ident=THEIRS), endpoint.send_fax(sent, ident=OURS)
    )
    agree(await finished(client, endpoint.tag), outcome)
    check_document(received, PAGES)


async def from_machine(client: Client, endpoint: Endpoint, machine: FaxMachine, folder: Path) -> None:
    """The machine sends, the engine receives."""
    received = folder / f"{endpoint.tag}.tif"
    await endpoint.receive_fax(received, ident=OURS)
    outcome = await machine.send(document(folder / f"{endpoint.tag}-sent.tif", PAGES), ident=THEIRS)
    end = await finished(client, endpoint.tag)
    agree(end, outcome)
    assert end.path == received
    check_document(received, PAGES)


def agree(end: FaxFinished, outcome: Outcome) -> None:
    """All pages with error correction, by what either side tells."""
    assert (end.result, end.pages, end.ecm, end.ident) == ("ok", PAGES, True, THEIRS), end
    carried(outcome, OURS)


def carried(outcome: Outcome, ident: str) -> None:
    """All pages with error correction, by what a machine tells."""
    assert (outcome.code, outcome.pages, outcome.ecm, outcome.ident) == (0, PAGES, True, ident), outcome


async def by_t38(
    client: Client,
    folder: Path,
    transfer: Transfer,
    loss: float,
    repair: Literal["t38UDPRedundancy", "t38UDPFEC"] = "t38UDPRedundancy",
) -> None:
    """Through a network that loses datagrams in both directions."""
    endpoint = await leg(client, f"{transfer.__name__} {loss} {repair}")
    network = await LossyNetwork.open(loss)
    with closing(network), closing(await PacketMachine.open()) as machine:
        machine.parity = repair == "t38UDPFEC"
        network.peers = [endpoint.local.port, machine.port]
        machine.dial(network.remote)
        await endpoint.configure(network.remote, [], t38=T38(error_correction=repair))
        await transfer(client, endpoint, machine, folder)
        assert (network.lost > 0) == (loss > 0)
        if transfer is to_machine:
            # Most datagrams went to the machine: it knows what was repaired.
            assert (machine.udptl.repaired > 0) == (loss > 0)
        if loss == 0:
            assert machine.udptl.lost == 0


async def over_a_line(client: Client, folder: Path, transfer: Transfer) -> None:
    """By modem within G.711."""
    endpoint = await leg(client, f"{transfer.__name__} line")
    with closing(await LineMachine.open()) as machine:
        machine.dial(endpoint.local)
        await endpoint.configure(machine.remote, [PCMA])
        await transfer(client, endpoint, machine, folder)
        assert machine.missed == 0


async def through_a_gateway(client: Client, folder: Path, *, from_the_line: bool) -> None:
    """Both machines are none of ours, and the engine joins the modem of one with the T.38 of the other."""
    tag = f"from the {'line' if from_the_line else 'packets'}"
    line, packets = await leg(client, f"{tag}: line"), await leg(client, f"{tag}: packets")
    with closing(await LineMachine.open()) as modem, closing(await PacketMachine.open()) as terminal:
        modem.dial(line.local)
        terminal.dial(packets.local)
        await line.configure(modem.remote, [PCMA])
        await packets.configure(terminal.remote, [], t38=T38())
        bridge = await client.engine.bridge(line, packets, tag=tag)
        sender: FaxMachine = modem if from_the_line else terminal
        receiver: FaxMachine = terminal if from_the_line else modem
        received = folder / f"{tag}.tif"
        outcomes = await asyncio.gather(
            sender.send(document(folder / f"{tag}-sent.tif", PAGES), ident=OURS),
            receiver.receive(received, ident=THEIRS),
        )
        for outcome, ident in zip(outcomes, (THEIRS, OURS), strict=True):
            carried(outcome, ident)
        check_document(received, PAGES)
        await bridge.delete()
        await client.event(FaxRelayed, within=5, tag=tag)
        ends = [end for end in client.seen(FaxRelayed) if end.tag == tag]
        assert [(end.pages, end.ecm) for end in ends] == [(PAGES, True)]


@pytest.mark.interop(client="spandsp", feature="fax: T.38 with 5 % loss, and G.711, both ways")
async def test_documents_go_both_ways(client: Client, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as ways:
        for transfer in (to_machine, from_machine):
            ways.create_task(by_t38(client, tmp_path, transfer, LOSS))
            ways.create_task(over_a_line(client, tmp_path, transfer))


@pytest.mark.slow
async def test_documents_go_both_ways_by_whatever_is_negotiated(client: Client, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as ways:
        for transfer in (to_machine, from_machine):
            ways.create_task(by_t38(client, tmp_path, transfer, 0))
            ways.create_task(by_t38(client, tmp_path, transfer, LOSS, "t38UDPFEC"))
        for from_the_line in (True, False):
            ways.create_task(through_a_gateway(client, tmp_path, from_the_line=from_the_line))


def test_a_datagram_is_as_the_standard_writes_it() -> None:
    ours, theirs = Udptl(), Udptl()
    # Numbers 0 and 1: indicators "no signal" and CNG; the second brings the first once more.
    assert [ours.pack(packet).hex() for packet in (b"\x00", b"\x02")] == ["000001000000", "0001010200010100"]
    assert theirs.unpack(bytes.fromhex("0001010200010100")) == [(0, b"\x00"), (1, b"\x02")]
    assert (theirs.repaired, theirs.lost) == (1, 0)
    assert theirs.unpack(bytes.fromhex("000001000000")) == []
    for wrong in ("", "0001", "000101020001", "00010102000101", "000101020001010000", "0001ff02000000"):
        with pytest.raises(MalformedError):
            theirs.unpack(bytes.fromhex(wrong))


def test_parities_give_back_three_in_a_row() -> None:
    ours, theirs = Udptl(parity=True), Udptl()
    packets = [bytes([number] * (number % 7 + 1)) for number in range(40)]
    came = [theirs.unpack(ours.pack(packet)) for packet in packets[:20]]
    for packet in packets[20:23]:
        ours.pack(packet)
    came += [theirs.unpack(ours.pack(packet)) for packet in packets[23:]]
    told = [each for some in came for each in some]
    assert [number for number, _ in told] == list(range(40))
    # A packet that was shorter than others under its parity has zeros behind it.
    assert [packet.rstrip(b"\x00") for _, packet in told] == [packet.rstrip(b"\x00") for packet in packets]
    assert (theirs.repaired, theirs.lost) == (3, 0)
