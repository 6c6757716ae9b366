"""Where messages come from and go to."""

from dataclasses import dataclass
from typing import Protocol

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}


class Flow(Protocol):
    """The way back to a peer (RFC 5626 §2): a connection, or a UDP socket and the peer's address."""

    @property
    def transport(self) -> str:
        """`udp`, `tcp`, `tls`, `ws` or `wss`."""

    @property
    def local(self) -> tuple[str, int]:
        """Our address."""

    @property
    def remote(self) -> tuple[str, int]:
        """The peer's address as its packets show it."""

    @property
    def closed(self) -> bool:
        """True when nothing can be sent on it any more."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address to send to when there is no flow: the transport finds or opens one."""

    transport: str
    host: str
    port: int
    server_name: str | None = None


Destination = Flow | Target


def is_reliable(destination: Destination) -> bool:
    """True for transports that do not lose messages: the transaction timers A, E and G stay off."""
    return destination.transport != "udp"


def address_of(destination: Destination) -> tuple[str, int]:
    """Host and port of the peer at the other end."""
    if isinstance(destination, Target):
        return (destination.host, destination.port)
    return destination.remote
