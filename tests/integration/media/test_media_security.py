"""SRTP with keys from the SDP; ffmpeg is the telephone that we did not write. And what the reports say."""

import asyncio
import socket
import struct
import subprocess
from collections.abc import Awaitable, Callable

import pytest
from tests.audio import dominant_tone
from tests.integration.media.harness import Client
from tests.integration.media.phone import Phone

from stimme.media import Codec, Crypto, EngineError, MediaStarted, RemoteMedia
from stimme.sip.srtp_keys import SUITES, new_key

pytestmark = pytest.mark.integration
Phones = Callable[[str], Awaitable[Phone]]
PCMA = [Codec("PCMA", 8, 8000)]


def free_port() -> int:
    """A UDP port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
async def test_ffmpeg_speaks_srtp_to_a_plain_telephone(client: Client, phones: Phones, suite: str) -> None:
    plain = await phones("PCMA")
    secret = await client.engine.create_endpoint("rtp", tag="secret")
    crypto = Crypto(suite, new_key(suite), new_key(suite))
    await secret.configure(RemoteMedia("127.0.0.1", free_port(), crypto=crypto), PCMA)
    await client.engine.bridge(secret, await client.leg(plain), tag="call")
    command = ["ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "sine=700:duration=1.2"]
    command += ["-ar", "8000", "-ac", "1", "-c:a", "pcm_alaw", "-f", "rtp", "-srtp_out_suite", suite]
    command += ["-srtp_out_params", crypto.receive_key]
    command += [f"srtp://127.0.0.1:{secret.local.port}?pkt_size=172"]
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=20)
    await plain.hears(40)
    hz, _ = dominant_tone(plain.audio()[800:], 8000)
    assert hz == pytest.approx(700, abs=5)


@pytest.mark.parametrize("suite", list(SUITES))
async def test_two_protected_legs_hear_each_other(client: Client, phones: Phones, suite: str) -> None:
    """Two endpoints back to back: what one encrypts, the other decrypts."""
    a, b = await phones("PCMA"), await phones("PCMA")
    legs = [await client.leg(a), await client.leg(b)]
    middle = [await client.engine.create_endpoint("rtp", tag=tag) for tag in ("left", "right")]
    keys = new_key(suite), new_key(suite)
    for here, there, crypto in (
        (middle[0], middle[1], Crypto(suite, *keys)),
        (middle[1], middle[0], Crypto(suite, keys[1], keys[0])),
    ):
        await here.configure(RemoteMedia("127.0.0.1", there.local.port, crypto=crypto), PCMA)
    await client.engine.bridge(legs[0], middle[0], tag="left")
    await client.engine.bridge(middle[1], legs[1], tag="right")
    await asyncio.gather(a.speak(500, 0.4), b.speak(900, 0.4))
    await asyncio.gather(a.hears(20), b.hears(20))
    assert dominant_tone(b.audio(), 8000)[0] == pytest.approx(500, abs=5)
    assert dominant_tone(a.audio(), 8000)[0] == pytest.approx(900, abs=5)
    crypto = Crypto(suite, *keys)
    await middle[0].configure(RemoteMedia("127.0.0.1", middle[1].local.port, crypto=crypto), PCMA)
    await a.speak(500, 0.2)
    await b.hears(30)
    assert (await middle[1].stats()).packets_received == 30, "the same keys again change nothing"


async def test_who_has_no_key_is_not_heard(client: Client, phones: Phones) -> None:
    a, b, hearer = [await phones("PCMA") for _ in range(3)]
    suite = "AES_CM_128_HMAC_SHA1_80"
    crypto = Crypto(suite, new_key(suite), new_key(suite))
    secret = await client.engine.create_endpoint("rtp", tag="secret")
    await secret.configure(RemoteMedia("127.0.0.1", a.port, crypto=crypto), PCMA)
    await client.engine.bridge(secret, await client.leg(hearer), tag="call")
    for phone in (a, b):
        phone.dial(secret.local)
        await phone.speak(500, 0.1)
    assert hearer.heard == []
    assert client.seen(MediaStarted) == []
    await hearer.speak(900, 0.2)
    await a.hears(10)
    assert all(len(packet.payload) == 170 for packet in a.heard), "the tag of 80 bits"
    assert b.heard == []


async def test_keys_that_make_no_sense_are_refused(client: Client, phones: Phones) -> None:
    phone = await phones("PCMA")
    leg = await client.leg(phone)
    for crypto, code in (
        (Crypto("ROT13", "", ""), "unsupported"),
        (Crypto("AEAD_AES_128_GCM", "AAAA", "AAAA"), "bad-request"),
    ):
        with pytest.raises(EngineError) as refused:
            await leg.configure(RemoteMedia("127.0.0.1", phone.port, crypto=crypto), PCMA)
        assert refused.value.code == code
        assert "AAAA" not in str(refused.value)


async def test_the_peers_reports_are_read(client: Client, phones: Phones) -> None:
    phone, other = await phones("PCMA"), await phones("PCMA")
    leg = await client.leg(phone)
    await client.engine.bridge(leg, await client.leg(other), tag="call")
    await other.speak(500, 0.2)
    await phone.speak(500, 0.2)
    await phone.hears(10)
    block = struct.pack(">IIIIII", phone.heard[0].ssrc, 0x40000003, 20, 80, 0, 0)
    report = struct.pack(">BBHI", 0x81, 201, 7, phone.ssrc) + block
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind(("127.0.0.1", 0))
        rtcp.sendto(report, ("127.0.0.1", leg.local.rtcp_port or 0))
        async with asyncio.timeout(2):
            while (stats := await leg.stats()).remote is None:
                await asyncio.sleep(0.01)
    assert (stats.remote.packets_lost, stats.remote.loss, stats.remote.jitter_ms) == (3, 0.25, 10.0)
    assert stats.remote.mos is not None
    assert stats.remote.mos < 3
    assert stats.mos == pytest.approx(4.4, abs=0.1)
