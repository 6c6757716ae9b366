"""A page by multicast: telephones that listen to an address hear the speaker without a call."""

import audioop
import socket
import uuid
from pathlib import Path

import numpy as np
import pytest
from tests.audio import Samples, dominant_tone
from tests.integration.listening import eventually
from tests.peers.baresip import telephone
from tests.peers.system import Demo

_FENCE = {"X-Requested-With": "stimme"}
_ADDRESS = "239.255.77.33"
_ANNA = 470


class Loudspeaker:
    """Joined to a multicast address on loopback, at an even port that was free; G.711 A-law (RFC 3551)."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sound = bytearray()
        membership = socket.inet_aton(_ADDRESS) + socket.inet_aton("127.0.0.1")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        sock.setblocking(False)
        self.port: int = sock.getsockname()[1]

    def heard(self) -> Samples:
        """Everything so far, 8,000 samples a second."""
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                return np.frombuffer(bytes(self._sound), dtype="<i2").astype(np.int16)
            assert packet[1] & 0x7F == 8
            self._sound += audioop.alaw2lin(packet[12:], 2)


def even_port() -> socket.socket:
    """A socket at the multicast address; RTP wants an even port."""
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((_ADDRESS, 0))
        if sock.getsockname()[1] % 2 == 0:
            return sock
        sock.close()


@pytest.mark.feature("P2")
async def test_loudspeakers_hear_a_page_without_a_call(demo: Demo, tmp_path: Path) -> None:
    path = f"/services/{uuid.uuid4()}"
    with even_port() as sock, demo.as_role("customer") as admin:
        loudspeaker = Loudspeaker(sock)
        multicast = {"address": _ADDRESS, "port": loudspeaker.port, "codec": "PCMA"}
        group = {"id": "hall", "extension": "34", "name": "Halle", "members": [], "multicast": multicast}
        customer = admin.get("/users").json()["items"][0]["customer_id"]
        body = {"customer_id": customer, "kind": "paging", "settings": group}
        admin.put(path, json=body, headers=_FENCE).raise_for_status()
        try:
            async with telephone(tmp_path, "anna", demo.line("10"), tone=_ANNA) as anna:
                await anna.dial("34")
                await anna.event("CALL_ESTABLISHED")

                def speaks() -> bool:
                    samples = loudspeaker.heard()
                    return len(samples) > 8000 and abs(dominant_tone(samples[-3200:], 8000)[0] - _ANNA) < 5

                await eventually(speaks, "the loudspeaker hears Anna")
                await anna.hang_up()
        finally:
            admin.delete(path, headers=_FENCE).raise_for_status()
