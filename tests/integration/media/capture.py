"""What a telephone has heard, as a capture file that others' programs read, and what tshark says of it."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.media.phone import Packet

_RAW_IP = 101
"""Link type of packets that begin with their IP header (LINKTYPE_RAW)."""
_GLOBAL = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_IP = struct.Struct(">BBHHHBBH4s4s")
_UDP = struct.Struct(">HHHH")
_RTP = struct.Struct(">BBHII")
_ADDRESS = bytes((127, 0, 0, 1))
_SENDER = 40_000


@dataclass(frozen=True, slots=True)
class Stream:
    """One line of tshark's analysis: the packets of an SSRC.

    Attributes:
        lost: gaps in the sequence numbers, in packets.
        problems: tshark has found a timestamp, sequence number or payload that does not go on as it should.
    """

    ssrc: int
    payload: str
    packets: int
    lost: int
    problems: bool


def write_capture(path: Path, packets: Sequence[Packet], port: int) -> Path:
    """Writes a capture file in libpcap's format: what came to `port`, and when."""
    lines = [_GLOBAL.pack(0xA1B2C3D4, 2, 4, 0, 0, 65_535, _RAW_IP)]
    for packet in packets:
        kind = packet.payload_type | 0x80 * packet.marker
        rtp = _RTP.pack(0x80, kind, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload
        udp = _UDP.pack(_SENDER, port, _UDP.size + len(rtp), 0) + rtp
        ip = _IP.pack(0x45, 0, _IP.size + len(udp), 0, 0, 64, 17, 0, _ADDRESS, _ADDRESS) + udp
        microseconds = round(packet.at * 1e6)
        lines += [_RECORD.pack(*divmod(microseconds, 1_000_000), len(ip), len(ip)), ip]
    path.write_bytes(b"".join(lines))
    return path


def streams(capture: Path, port: int) -> list[Stream]:
    """tshark's RTP analysis of a capture file."""
    command = ["tshark", "-r", str(capture), "-d", f"udp.port=={port},rtp", "-q", "-z", "rtp,streams"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [_stream(line) for line in text.splitlines() if " 0x" in line]


def _stream(line: str) -> Stream:
    fields = line.split()
    at = next(number for number, field in enumerate(fields) if field.startswith("0x"))
    percent = next(number for number, field in enumerate(fields) if field.startswith("("))
    return Stream(
        ssrc=int(fields[at], 16),
        payload=" ".join(fields[at + 1 : percent - 2]),
        packets=int(fields[percent - 2]),
        lost=int(fields[percent - 1]),
        problems=fields[-1] == "X",
    )
