"""Extended reports (RFC 3611): told to whom speaks of them, and kept of what a peer tells."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone

from stimme.media import RemoteMedia

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
_LOST = (30, 31, 33)


def extended_report(ssrc: int, source: int) -> bytes:
    """An empty receiver report, and VoIP metrics of `source` with a figure of its own in each field."""
    metrics = struct.pack(
        ">4B4H4B4B2B3H",
        26,
        13,
        128,
        1,
        80,
        4000,
        30,
        70,
        127,
        127,
        127,
        16,
        81,
        127,
        41,
        39,
        0,
        0,
        40,
        60,
        500,
    )
    block = struct.pack(">BBHI", 7, 0, 8, source) + metrics
    return struct.pack(">BBHI", 0x80, 201, 1, ssrc) + struct.pack(">BBHI", 0x80, 207, 10, ssrc) + block


def metrics_of(compound: bytes) -> bytes:
    """The block of VoIP metrics of a compound packet, from its source on; empty without one."""
    while len(compound) >= 4:
        length = 4 + 4 * struct.unpack_from(">H", compound, 2)[0]
        if compound[1] == 207 and compound[8] == 7:
            return compound[12:length]
        compound = compound[length:]
    return b""


async def test_metrics_are_exchanged_with_a_telephone_that_knows_them(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reports:
        reports.bind(("127.0.0.1", 0))
        reports.setblocking(False)
        leg = await client.engine.create_endpoint("rtp", tag="leg")
        remote = RemoteMedia("127.0.0.1", phone.port, rtcp_port=reports.getsockname()[1])
        await leg.configure(remote, phone.codecs)
        phone.dial(leg.local)
        await leg.send_dtmf("1")
        await phone.hears(1)
        assert leg.local.rtcp_port is not None
        reports.sendto(extended_report(phone.ssrc, phone.heard[0].ssrc), ("127.0.0.1", leg.local.rtcp_port))
        for number in range(100):
            if number in _LOST:
                phone.sequence += 1
            else:
                phone.send(b"\xd5" * 160)
            phone.advance()
            await asyncio.sleep(0.005)
        async with asyncio.timeout(8):
            while not (metrics := metrics_of(await loop.sock_recv(reports, 2048))):
                pass
    source, loss, discarded, burst_density, gap_density, burst_ms, gap_ms = struct.unpack_from(
        ">I4BHH", metrics
    )
    assert source == phone.ssrc
    assert (loss, discarded) == (256 * 3 // 100, 0)
    assert burst_density == 256 * 3 // 4, "three of the four packets from the first to the last that was lost"
    assert (gap_density, burst_ms, gap_ms) == (0, 80, 96 * 20 // 2)
    r_factor, _, listening, conversation = metrics[20:24]
    assert 70 <= r_factor <= 93
    assert 36 <= conversation <= listening <= 44
    told = (await leg.stats()).xr
    assert told is not None
    assert (told.loss, told.discarded) == (26 / 256, 13 / 256)
    assert (told.burst_density, told.gap_density, told.burst_ms, told.gap_ms) == (0.5, 1 / 256, 80, 4000)
    assert (told.round_trip_ms, told.end_system_delay_ms, told.buffer_ms) == (30, 70, 40)
    assert (told.r_factor, told.mos_listening, told.mos_conversation) == (81, 4.1, 3.9)
