"""A browser that checks its way to us (ICE, RFC 8445 §7.2.2) before the engine knows its description."""

import asyncio
import hmac
import secrets
import struct
import zlib
from typing import Any

import pytest
from tests.integration.media.harness import Client

from stimme.media import Codec, RemoteMedia

pytestmark = pytest.mark.integration
_COOKIE = 0x2112A442
_FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def binding_request(transaction: bytes, username: str, password: str) -> bytes:
    """As a browser that controls sends it (RFC 8489 §5, §14.5, §14.7)."""
    body = _attribute(0x0006, username.encode())
    body += _attribute(0x0024, struct.pack(">I", 0x6E0000FF))
    body += _attribute(0x802A, secrets.token_bytes(8)) + _attribute(0x0025, b"")

    def head(more: int) -> bytes:
        return struct.pack(">HHI", 1, len(body) + more, _COOKIE) + transaction

    body += _attribute(0x0008, hmac.digest(password.encode(), head(24) + body, "sha1"))
    checksum = zlib.crc32(head(8) + body) ^ 0x5354554E
    body += _attribute(0x8028, struct.pack(">I", checksum))
    return head(0) + body


class _Browser(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.heard.append(data)


async def test_checks_before_the_description_are_answered(client: Client) -> None:
    endpoint = await client.engine.create_endpoint("webrtc", tag="browser")
    local = endpoint.local
    loop = asyncio.get_running_loop()
    transport, browser = await loop.create_datagram_endpoint(
        _Browser, remote_addr=(local.address, local.port), local_addr=("127.0.0.1", 0)
    )
    try:
        transaction = secrets.token_bytes(12)
        transport.sendto(binding_request(transaction, f"{local.ice_ufrag}:frag", str(local.ice_pwd)))
        transport.sendto(bytes(2000))
        await client.engine.endpoints()
        port = int(transport.get_extra_info("sockname")[1])
        remote = RemoteMedia(
            "127.0.0.1",
            port,
            ice_ufrag="frag",
            ice_pwd="password-of-the-browser-22",
            fingerprint=_FINGERPRINT,
            dtls_setup="passive",
        )
        await endpoint.configure(remote, [Codec("opus", 111, 48_000, 2)])
        async with asyncio.timeout(3):
            while not any(data[:2] == b"\x01\x01" and data[8:20] == transaction for data in browser.heard):
                await asyncio.sleep(0.005)
    finally:
        transport.close()
