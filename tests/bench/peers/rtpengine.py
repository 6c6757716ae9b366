"""rtpengine as a relay in user space, and its `ng` control protocol: one bencoded dictionary a datagram."""

import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Self, TypeAlias

from tests.bench.processes import BenchError, Server

Value: TypeAlias = "int | str | list[Value] | dict[str, Value]"

_SDP = """\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP 0\r
a=rtpmap:0 PCMU/8000\r
a=ptime:20\r
a=sendrecv\r
"""
_ANSWER_SECONDS = 3.0


def bencode(value: Value) -> bytes:
    """Encode a value as bencode; strings are UTF-8, keys of dictionaries are sorted."""
    match value:
        case int():
            return b"i%de" % value
        case str():
            raw = value.encode()
            return b"%d:%s" % (len(raw), raw)
        case list():
            return b"l" + b"".join(bencode(item) for item in value) + b"e"
        case dict():
            return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def bdecode(data: bytes) -> Value:
    """Decode one bencoded value that fills all of `data`.

    Raises:
        ValueError: The data is not bencode, or goes on after the value.
    """
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the value")
    return value


def _decode(data: bytes, at: int) -> tuple[Value, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Value] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = _decode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        return {str(key): value for key, value in zip(items[::2], items[1::2], strict=True)}, at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    if end > len(data):
        raise ValueError("string ends early")
    return data[colon + 1 : end].decode(), end


def audio_port(sdp: str) -> int:
    """The port of the first audio line of a session description.

    Raises:
        ValueError: There is no audio line.
    """
    found = re.search(r"^m=audio (\d+) ", sdp, re.MULTILINE)
    if found is None:
        raise ValueError("no audio in the session description")
    return int(found[1])


def relay(directory: Path, *, control_port: int, first_port: int, last_port: int) -> Server:
    """rtpengine without its kernel module (`--table=-1`) on 127.0.0.1; not started yet.

    One thread: on one core more only get in each other's way. Logs errors only.
    """
    command = [
        "rtpengine",
        "--config-file=none",
        "--foreground",
        "--table=-1",
        "--interface=127.0.0.1",
        "--num-threads=1",
    ]
    command += [
        f"--listen-ng=127.0.0.1:{control_port}",
        f"--port-min={first_port}",
        f"--port-max={last_port}",
    ]
    command += [
        "--log-stderr",
        "--log-level=3",
        "--delete-delay=0",
        f"--pidfile={directory / 'rtpengine.pid'}",
    ]
    return Server("rtpengine", command, log=directory / "rtpengine.log")


class Control:
    """Asks rtpengine over UDP, one request at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def answers_ping(self) -> bool:
        """Whether rtpengine is there."""
        try:
            return self._ask({"command": "ping"}, seconds=0.2)["result"] == "pong"
        except (BenchError, ConnectionRefusedError):
            return False

    def connect_call(self, call_id: str, caller_port: int, callee_port: int) -> tuple[int, int]:
        """Set up one call between two parties on 127.0.0.1.

        Returns:
            The ports of the relay that the caller and the callee are to send to.
        """
        offer, answer = _SDP.format(port=caller_port), _SDP.format(port=callee_port)
        for_callee, for_caller = self.exchange(call_id, offer, answer)
        return audio_port(for_caller), audio_port(for_callee)

    def exchange(
        self, call_id: str, offer: str, answer: str, asked: Mapping[str, Value] | None = None
    ) -> tuple[str, str]:
        """Set up one call by these descriptions; `asked` goes with the offer.

        Returns:
            What the callee and what the caller are given.
        """
        common: dict[str, Value] = {
            "call-id": call_id,
            "from-tag": "a",
            "ICE": "remove",
            "DTLS": "off",
            "rtcp-mux": ["demux"],
        }
        offered = self._ask({"command": "offer", "sdp": offer, **common, **(asked or {})})
        answered = self._ask({"command": "answer", "to-tag": "b", "sdp": answer, **common})
        return str(offered["sdp"]), str(answered["sdp"])

    def delete_call(self, call_id: str) -> None:
        """End a call."""
        self._ask({"command": "delete", "call-id": call_id, "from-tag": "a"})

    def _ask(self, request: dict[str, Value], *, seconds: float = _ANSWER_SECONDS) -> dict[str, Value]:
        cookie = secrets.token_hex(6).encode()
        self._socket.settimeout(seconds)
        self._socket.send(cookie + b" " + bencode(request))
        try:
            while True:
                echoed, _, body = self._socket.recv(65_535).partition(b" ")
                if echoed == cookie:
                    break
        except TimeoutError as error:
            raise BenchError(f"rtpengine does not answer {request['command']}") from error
        reply = bdecode(body)
        if not isinstance(reply, dict) or reply.get("result") not in ("ok", "pong"):
            raise BenchError(f"rtpengine refuses {request['command']}: {reply}")
        return reply
