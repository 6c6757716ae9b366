"""SIP written by hand on a UDP socket, for measurements of single messages: a provider's calls, answers."""

import re
import socket
from dataclasses import dataclass

_SDP = (
    "v=0\r\no=probe 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)
_BUFFER = 4 << 20


def open_at(port: int, server_port: int) -> socket.socket:
    """A socket of 127.0.0.1 that speaks with a server there, and waits a second for what it says."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    endpoint.bind(("127.0.0.1", port))
    endpoint.connect(("127.0.0.1", server_port))
    endpoint.settimeout(1.0)
    return endpoint


def receive(endpoint: socket.socket, start: str) -> str:
    """The next message that begins so; others are let by. Raises TimeoutError after a second of silence."""
    while True:
        text = endpoint.recv(65_535).decode()
        if text.startswith(start):
            return text


def field(message: str, name: str) -> str:
    """The first header line of a name. Raises ValueError without one."""
    found = re.search(rf"^{name}: .*$", message.replace("\r\n", "\n"), re.MULTILINE)
    if found is None:
        raise ValueError(f"there is no {name} in {message[:200]!r}")
    return found[0]


def response(request: str, status: str) -> bytes:
    """A response without a body to a request that has a single Via."""
    copied = [field(request, name) for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    copied[2] += "" if ";tag=" in copied[2] else ";tag=hand"
    return "\r\n".join([f"SIP/2.0 {status}", *copied, "Content-Length: 0", "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a provider: `name` is unique, `uri` is who is called, `trunk` is the provider's socket."""

    name: str
    uri: str
    trunk: socket.socket

    def invite(self) -> None:
        """Calls."""
        self.trunk.send(self._request("INVITE", "", _SDP))

    def acknowledge(self, refusal: str) -> None:
        """Takes note of a refusal (RFC 3261 §17.1.1.3)."""
        self.trunk.send(self._request("ACK", field(refusal, "To").partition(">")[2]))

    def _request(self, method: str, tag: str, body: str = "") -> bytes:
        address = f"127.0.0.1:{self.trunk.getsockname()[1]}"
        return (
            f"{method} {self.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {address};branch=z9hG4bK{self.name}\r\n"
            f"From: <sip:probe@{address}>;tag={self.name}\r\nTo: <{self.uri}>{tag}\r\n"
            f"Call-ID: {self.name}@probe\r\nCSeq: 1 {method}\r\nContact: <sip:probe@{address}>\r\n"
            f"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
