"""Video as it travels to and from the engine: forwarded between browsers, never transcoded."""

from dataclasses import dataclass
from typing import Any

from stimme.media.types import Codec, Content, Direction


@dataclass(frozen=True, slots=True)
class VideoStream:
    """A video stream of a browser as negotiated, an m-line of the SDP.

    Attributes:
        mid: identifies it in the SDP (RFC 5888), letters and digits.
        codecs: `VP8`, `VP9`, `H264`, and `rtx` (RFC 4588) with `apt=` the payload type it repairs.
        direction: from our side.
        layers: what the peer sends in simulcast (RFC 8853), by name, the lowest first; empty for one stream.
        ssrc: what we send with, as our SDP says; the engine draws one where it is None.
        resend_ssrc: the same for retransmissions.
    """

    mid: str
    codecs: tuple[Codec, ...]
    direction: Direction = "sendrecv"
    content: Content = "main"
    layers: tuple[str, ...] = ()
    ssrc: int | None = None
    resend_ssrc: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {
            "mid": self.mid,
            "codecs": [codec.to_wire() for codec in self.codecs],
            "direction": self.direction,
            "content": self.content,
            "layers": list(self.layers),
            "ssrc": self.ssrc,
            "resend_ssrc": self.resend_ssrc,
        }


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """A header extension (RFC 8285) that was negotiated: its number, 1 to 14, and which it is."""

    id: int
    uri: str

    def to_wire(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"id": self.id, "uri": self.uri}
